"""Keycloak's login theme from npm (keycloakify), and as much of Keycloak's server as its pages talk to."""

import json
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.identity.host import PageHost
from tests.identity.installation import ESBUILD, PAGES, bundled, npm_packages
from tests.integration.fake_login_server import PASSWORD, USER

PACKAGES = ("keycloakify@11.16.0", "react@18.3.1", "react-dom@18.3.1", ESBUILD)
_PAGE = """<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in to lab</title></head><body><div id="root"></div><script>window.page = PAGE;</script>
<script type="module" src="/theme.js"></script></body></html>"""
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
_LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "français",
    "ja": "日本語",
    "fi": "suomi",
    "ka": "ქართული",
    "th": "ไทย",
}
ACTION = "/realms/lab/login-actions/authenticate"


class KeycloakHost(PageHost):
    """The pages; a step after the other, as a realm's flow has them.

    Attributes:
        language: The language of the pages; a user's choice in their own menu, kept in a cookie, precedes it.
        two_steps: Whether user name and password are asked for one after the other.
        passkeys: Whether the pages offer a passkey, in a field's completion and with a button.
        after: The page after the right password, in place of being let in: the name of a template.
        refusal: The key of the message with which the right password is refused.
    """

    def __init__(self, folder):
        npm_packages(folder, *PACKAGES)
        self._theme = bundled(folder, PAGES / "keycloak.jsx", "--format=esm")
        self._resources = Path(folder) / "node_modules/keycloakify/res/public"
        self.language, self.two_steps, self.passkeys, self.after, self.refusal = "en", False, False, "", ""
        self._shown_language = self.language
        super().__init__()

    @property
    def start(self):
        return f"{self.url}/realms/lab/protocol/openid-connect/auth?client_id=lab"

    def answer(self, method, path, headers, body):
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if parts.path == "/theme.js":
            return 200, {"content-type": _TYPES[".js"]}, self._theme
        if parts.path.startswith("/keycloakify-dev-resources/"):
            return self._resource(parts.path)
        if chosen := query.get("kc_locale"):
            cookie = f"KEYCLOAK_LOCALE={chosen}; Path=/realms/lab; HttpOnly; SameSite=Lax"
            return 302, {"location": parts.path, "set-cookie": cookie}, ""
        chosen = SimpleCookie(headers.get("cookie", "")).get("KEYCLOAK_LOCALE")
        self._shown_language = chosen.value if chosen else self.language
        if parts.path == ACTION and method == "POST":
            return self._step(form)
        if parts.path.startswith("/realms/lab"):
            return self._first()
        return 404, {}, "<h1>404</h1>"

    def _resource(self, path):
        file = self._resources / path.lstrip("/")
        if not file.is_file() or file.suffix not in _TYPES:
            return 404, {}, ""
        return 200, {"content-type": _TYPES[file.suffix]}, file.read_text(encoding="utf-8")

    def _first(self, **more):
        return self._page("login-username.ftl" if self.two_steps else "login.ftl", **more)

    def _step(self, form):
        if form.get("username") is not None and "password" not in form and self.two_steps:
            return self._page("login-password.ftl", auth={"attemptedUsername": form["username"], "showUsername": True})
        if "password" in form:
            right = form["password"] == PASSWORD and form.get("username", USER) == USER
            if right and self.refusal:
                return self._first(message=self.refusal)
            if right:
                return self._page(self.after) if self.after else (302, {"location": self.back}, "")
            if self.two_steps:
                return self._page(
                    "login-password.ftl",
                    message="invalidPasswordMessage",
                    field="password",
                    auth={"attemptedUsername": USER, "showUsername": True},
                )
            return self._first(message="invalidUserMessage", field="username")
        # The steps after the password: whatever was chosen there, the user is let in.
        return 302, {"location": self.back}, ""

    def _page(self, template, message="", field="", auth=None):
        action = {"loginAction": ACTION, "resourcesPath": "/keycloakify-dev-resources/login"}
        supported = [
            {"languageTag": tag, "label": label, "url": f"{ACTION}?kc_locale={tag}"}
            for tag, label in _LANGUAGES.items()
        ]
        overrides = {
            "url": action,
            "realm": {"name": "lab", "displayName": "Lab", "displayNameHtml": "Lab"},
            "locale": {"supported": supported, "currentLanguageTag": self._shown_language},
            "auth": auth or {},
        }
        if self.passkeys and template.startswith("login"):
            overrides |= {
                "enableWebAuthnConditionalUI": True,
                "challenge": "AAAA",
                "rpId": "127.0.0.1",
                "isUserIdentified": "false",
                "userVerification": "preferred",
            }
        page = {"pageId": template, "overrides": overrides, "messageKey": message, "fieldError": field}
        return 200, {}, _PAGE.replace("PAGE", json.dumps(page))
