"""Okta's sign-in widget from npm, and as much of its Identity Engine as it talks to."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from tests.identity.host import PageHost
from tests.identity.installation import npm_packages
from tests.integration.fake_login_server import PASSWORD, USER

PACKAGE = "@okta/okta-signin-widget@7.49.0"
_PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Lab - Sign In</title>
<link rel="stylesheet" href="/widget/css/okta-sign-in.min.css"></head><body><div id="widget"></div>
<script src="/widget/js/okta-sign-in.min.js"></script><script>
new OktaSignIn({
  baseUrl: location.origin, stateToken: "state", language: LANGUAGE, assets: {baseUrl: location.origin + "/widget"},
  features: {redirectByFormSubmit: false},
}).renderEl({el: "#widget"}, () => {}, console.error);
</script></body></html>"""
_ION = "application/ion+json; okta-version=1.0.0"
_TYPES = {".css": "text/css", ".js": "text/javascript; charset=utf-8", ".json": "application/json"}
_STATE = {"name": "stateHandle", "required": True, "value": "state", "visible": False, "mutable": False}
_PASSWORD_FIELD = {
    "name": "credentials",
    "type": "object",
    "required": True,
    "form": {"value": [{"name": "passcode", "label": "Password", "secret": True}]},
}


class OktaHost(PageHost):
    """The widget and the stub.

    Attributes:
        language: The language of the widget.
        two_steps: Whether the user name is asked for first, and the way to sign in chosen after it.
        second_factor: Whether a code of an authenticator app is asked for after the password.
        locked: Whether the account is locked.
    """

    def __init__(self, folder):
        npm_packages(folder, PACKAGE)
        self._dist = Path(folder) / "node_modules/@okta/okta-signin-widget/dist"
        self.language, self.two_steps, self.second_factor, self.locked = "en", False, False, False
        super().__init__()

    @property
    def start(self):
        return f"{self.url}/oauth2/v1/authorize?client_id=lab"

    def answer(self, method, path, _headers, body):
        place = urlsplit(path).path
        if place.startswith("/oauth2/"):
            return 200, {}, _PAGE.replace("LANGUAGE", json.dumps(self.language))
        if place.startswith("/widget/"):
            file = self._dist / place.removeprefix("/widget/")
            if file.is_file() and file.suffix in _TYPES:
                return 200, {"content-type": _TYPES[file.suffix]}, file.read_text(encoding="utf-8")
            return 404, {}, ""
        if place.startswith("/idp/idx/") and method == "POST":
            status, reply = self._idx(place.removeprefix("/idp/idx/"), json.loads(body))
            return status, {"content-type": _ION}, json.dumps(reply)
        if place == "/login/token/redirect":
            return 302, {"location": self.back}, ""
        return 404, {}, "<h1>404</h1>"

    def _idx(self, step, asked):
        if step == "introspect":
            return 200, self._identify()
        if step == "challenge":
            return 200, self._challenge("okta_password", "Password", "password")
        return (200, self._methods()) if step == "identify" and self.two_steps else self._check(asked)

    def _check(self, asked):
        given = asked.get("credentials", {})
        if asked.get("identifier", USER) != USER or given.get("passcode") != PASSWORD:
            again = self._challenge("okta_password", "Password", "password") if self.two_steps else self._identify()
            return 401, again | _message("Unable to sign in", "errors.E0000004")
        if self.locked:
            return 403, self._identify() | _message("Your account is locked.", "auth.account.locked")
        if self.second_factor:
            return 200, self._challenge("google_otp", "Google Authenticator", "app")
        onward = {"name": "success-redirect", "href": f"{self.url}/login/token/redirect"}
        return 200, self._reply() | {"success": onward}

    def _identify(self):
        fields = [
            {"name": "identifier", "label": "Username"},
            {"name": "rememberMe", "type": "boolean", "label": "Remember me"},
        ]
        return self._reply(self._remediation("identify", fields if self.two_steps else [*fields, _PASSWORD_FIELD]))

    def _methods(self):
        ways = [
            ("okta_email", "Email", "email"),
            ("okta_password", "Password", "password"),
            ("webauthn", "Security Key", "security_key"),
        ]
        options = [
            {
                "label": label,
                "value": {"form": {"value": [{"name": "id", "required": True, "value": key, "mutable": False}]}},
                "relatesTo": f"$.authenticatorEnrollments.value[{number}]",
            }
            for number, (key, label, _) in enumerate(ways)
        ]
        enrolled = [{"key": key, "type": kind, "id": key, "displayName": label} for key, label, kind in ways]
        select = {"name": "authenticator", "type": "object", "options": options}
        reply = self._reply(self._remediation("select-authenticator-authenticate", [select], step="challenge"))
        return reply | {"authenticatorEnrollments": {"type": "array", "value": enrolled}}

    def _challenge(self, key, label, kind):
        secret = kind == "password"
        field = {"name": "passcode", "label": "Password" if secret else "Enter code", "secret": secret}
        credentials = {"name": "credentials", "type": "object", "required": True, "form": {"value": [field]}}
        remediation = self._remediation("challenge-authenticator", [credentials], step="challenge/answer")
        remediation["relatesTo"] = ["$.currentAuthenticatorEnrollment"]
        current = {
            "type": "object",
            "value": {"key": key, "type": kind, "id": key, "displayName": label, "methods": [{"type": "otp"}]},
        }
        user = {"type": "object", "value": {"id": "ada", "identifier": USER}}
        return self._reply(remediation) | {"currentAuthenticatorEnrollment": current, "user": user}

    def _reply(self, *remediations):
        app = {"type": "object", "value": {"name": "oidc_client", "label": "Lab", "id": "lab"}}
        reply = {
            "version": "1.0.0",
            "stateHandle": "state",
            "expiresAt": "2999-01-01T00:00:00.000Z",
            "intent": "LOGIN",
            "app": app,
        }
        return reply | ({"remediation": {"type": "array", "value": list(remediations)}} if remediations else {})

    def _remediation(self, name, fields, step=""):
        return {
            "rel": ["create-form"],
            "name": name,
            "href": f"{self.url}/idp/idx/{step or name}",
            "method": "POST",
            "produces": _ION,
            "accepts": "application/json; okta-version=1.0.0",
            "value": [*fields, _STATE],
        }


def _message(text, key):
    return {"messages": {"type": "array", "value": [{"message": text, "i18n": {"key": key}, "class": "ERROR"}]}}
