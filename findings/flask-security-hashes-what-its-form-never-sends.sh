#!/usr/bin/env bash
# An account made with Flask-Security's hash_password cannot sign in if the password has an accented letter, though verify_password says it can.
#
# A good guess: the quick start's `create_user(email=…, password=hash_password("pässword"))` makes an account that can sign in with "pässword";
#   hash_password, verify_password and the sign-in form see the same text, or all of them normalise it.
# Why it is wrong: the forms bring what was typed into NFKD (SECURITY_PASSWORD_NORMALIZE_FORM), where ä is two characters; hash_password and
#   verify_password take the text as it is. Keyboards and editors give ä as one character (NFC), so the hash of a seeding script matches
#   verify_password("pässword"), and the form answers "Invalid password" for ever. ASCII passwords hide it. Normalised to
#   NFKD before hashing, it works, with either spelling typed.
# Versions: Flask-Security 5.9.2, Flask-SQLAlchemy 3.1.1, Python 3.11.
# Source: flask_security/password_util.py (PasswordUtil.normalize), forms.py (LoginForm), utils.py (hash_password); the description of
#   create_user in datastore.py asks for a normalised password, that of hash_password does not.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/check.py" <<'PY'
import logging
import unicodedata
from importlib.metadata import version

from flask import Flask
from flask_security import Security, SQLAlchemyUserDatastore, hash_password, verify_password
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy

logging.disable()
app = Flask(__name__)
app.config |= {
    "SECRET_KEY": "x", "SECURITY_PASSWORD_SALT": "1", "SQLALCHEMY_DATABASE_URI": "sqlite://", "WTF_CSRF_ENABLED": False,
    "SECURITY_PASSWORD_HASH": "pbkdf2_sha512",
}
db = SQLAlchemy(app)
fsqla_v3.FsModels.set_db_info(db)


class Role(db.Model, fsqla_v3.FsRoleMixin):
    pass


class WebAuthn(db.Model, fsqla_v3.FsWebAuthnMixin):
    pass


class User(db.Model, fsqla_v3.FsUserMixin):
    pass


users = SQLAlchemyUserDatastore(db, User, Role, WebAuthn)
Security(app, users)
composed = unicodedata.normalize("NFC", "a long pässword")
decomposed = unicodedata.normalize("NFKD", composed)
made_with = {"ascii": "a long password", "composed": composed, "decomposed": decomposed}
with app.app_context():
    db.create_all()
    for name, password in made_with.items():
        users.create_user(email=f"{name}@lab.example", password=hash_password(password))
    users.commit()
    stored = {name: users.find_user(email=f"{name}@lab.example").password for name in made_with}
    verified = {name: verify_password(password, stored[name]) for name, password in made_with.items()}


def signs_in(name, typed):
    answer = app.test_client().post("/login", json={"email": f"{name}@lab.example", "password": typed})
    return answer.status_code == 200


print("Flask-Security", version("flask-security"))
found = {name: (verified[name], signs_in(name, password)) for name, password in made_with.items()}
for name, (by_function, by_form) in found.items():
    print(f"  hashed {name}: verify_password {by_function}, the form with the same text {by_form}")
assert found == {"ascii": (True, True), "composed": (True, False), "decomposed": (True, True)}, found
other = signs_in("decomposed", composed)
print(f"  hashed decomposed, composed typed: the form {other}")
assert other
PY
python3 -m uv run -q --no-project --isolated --python 3.11 --with 'flask-security[common]==5.9.2' --with flask-sqlalchemy==3.1.1 python "$work/check.py"
