"""Runs Flask-Security on loopback, in an environment of its own.

Usage: ``python flask_security_host.py USER PASSWORD``. It prints its port; a sign-in begins at ``/start?to=…``;
``/state?second_factor=…&active=…&language=…`` changes the account and the pages.
"""

import logging
import sys
import unicodedata

from flask import Flask, redirect, request, session
from flask_babel import Babel
from flask_security import Security, SQLAlchemyUserDatastore, auth_required, hash_password
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy
from werkzeug.serving import make_server

USER, PASSWORD = sys.argv[1:]
logging.disable()
app = Flask(__name__)
app.config |= {
    "SECRET_KEY": "not a secret",
    "SECURITY_PASSWORD_SALT": "1",
    "SECURITY_PASSWORD_HASH": "plaintext",
    "SECURITY_PASSWORD_SCHEMES": ["plaintext"],
    "SQLALCHEMY_DATABASE_URI": "sqlite://",
    "SECURITY_POST_LOGIN_VIEW": "/done",
    "SECURITY_TWO_FACTOR": True,
    "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
    "SECURITY_TWO_FACTOR_RESCUE_MAIL": "help@lab.example",
    "SECURITY_TOTP_SECRETS": {"1": "TjQ9Qa31VOrfEzuPy4VHQWPCTmRzCnFzMKLxXYiZu9B"},
    "SECURITY_TOTP_ISSUER": "Lab",
    "SECURITY_UNIFIED_SIGNIN": False,
    "SECURITY_WEBAUTHN": True,
    "SECURITY_RECOVERABLE": False,
    "SECURITY_CONFIRMABLE": False,
    "SECURITY_I18N_DIRNAME": "builtin",
    "BABEL_DEFAULT_LOCALE": "en",
}
db = SQLAlchemy(app)
fsqla_v3.FsModels.set_db_info(db)


class Role(db.Model, fsqla_v3.FsRoleMixin):
    pass


class User(db.Model, fsqla_v3.FsUserMixin):
    pass


class WebAuthn(db.Model, fsqla_v3.FsWebAuthnMixin):
    pass


languages = ["en"]
users = SQLAlchemyUserDatastore(db, User, Role, WebAuthn)
Babel(app, locale_selector=lambda: languages[0])
security = Security(app, users)


@app.route("/start")
def start():
    session["to"] = request.args["to"]
    return redirect("/login?next=/done")


@app.route("/done")
@auth_required("session")
def done():
    return redirect(session["to"])


@app.route("/state")
def state():
    user = users.find_user(email=USER)
    second = request.args["second_factor"] == "True"
    user.tf_primary_method = "authenticator" if second else None
    user.tf_totp_secret = user.tf_totp_secret or security.totp_factory.generate_totp_secret() if second else None
    user.active = request.args["active"] == "True"
    users.commit()
    languages[:] = [request.args["language"]]
    return ""


if __name__ == "__main__":
    with app.app_context():
        db.create_all()
        # The pages bring passwords into this form before they check them; hash_password does not.
        users.create_user(email=USER, password=hash_password(unicodedata.normalize("NFKD", PASSWORD)))
        users.commit()
    server = make_server("127.0.0.1", 0, app, threaded=False)
    print(server.server_port, flush=True)
    server.serve_forever()
