"""Runs Canaille, an identity provider from PyPI, on loopback, in an environment of its own.

Usage: ``python canaille_host.py ORIGIN USER PASSWORD WRONG``. It prints its port, and counts what is sent while a field
is typed (``/counts``).
"""

import datetime as dt
import io
import json
import sys
from socketserver import ThreadingMixIn
from urllib.parse import quote_plus
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

ORIGIN, USER, *PASSWORDS = sys.argv[1:]
counts = {"checks": 0, "checks_with_password": 0}


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def counting(environ, start_response):
    """Count the checks of a field while it is typed (by htmx), and those that carry a password."""
    if environ["PATH_INFO"] == "/counts":
        start_response("200 OK", [("content-type", "application/json")])
        return [json.dumps(counts).encode()]
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        text = body.decode("utf-8", "replace")
        with_password = any(word in text or quote_plus(word) in text for word in PASSWORDS)
        check = "HTTP_HX_REQUEST" in environ
        counts["checks"] += check
        counts["checks_with_password"] += check and with_password
    return app(environ, start_response)


def make_app():
    from canaille import create_app
    from canaille.app import models
    from canaille.app.session import current_user_session
    from canaille.backends import Backend
    from flask import redirect, request, session

    settings = {"ENABLE_INTRUDER_LOCKOUT": False, "SMTP": None, "LANGUAGE": "en"}
    app = create_app(
        {
            "CANAILLE": {**settings, "LOGGING": {"version": 1, "disable_existing_loggers": True}},
            "CANAILLE_DATABASE": None,
            "CANAILLE_OIDC": {"ENABLE_OIDC": True},
            "PREFERRED_URL_SCHEME": "http",
            "SECRET_KEY": "not a secret",
            "SERVER_NAME": ORIGIN.removeprefix("http://"),
        }
    )
    with app.app_context():
        name = USER.partition("@")[0]
        user = models.User(
            formatted_name="Ada L", family_name="L", user_name=name, emails=[USER], password=PASSWORDS[0]
        )
        client = models.Client(
            client_id="lab",
            client_name="Lab",
            client_uri="http://lab.test",
            client_id_issued_at=dt.datetime.now(dt.UTC),
            grant_types=["authorization_code"],
            response_types=["code"],
            scope=["openid", "profile"],
        )
        Backend.instance.save(user)
        Backend.instance.save(client)

    @app.route("/back")
    def back():
        """Send a user who is signed in back to the address that is asked for."""
        if (known := current_user_session()) and known.user:
            return redirect(request.args["to"])
        session["redirect-after-login"] = request.full_path
        return redirect("/login")

    @app.route("/consent")
    def consent():
        """Let the application `lab` ask for access."""
        client = Backend.instance.get(models.Client, client_id="lab")
        client.redirect_uris = [request.args["to"]]
        Backend.instance.save(client)
        asked = "response_type=code&client_id=lab&scope=openid%20profile&nonce=n&state=s"
        asked += f"&ui_locales={request.args['language']}"
        return redirect(f"/oauth/authorize?{asked}&redirect_uri={quote_plus(request.args['to'])}")

    return app


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, counting, Server, Handler)
    app = make_app()
    print(server.server_port, flush=True)
    server.serve_forever()
