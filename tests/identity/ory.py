"""Ory Elements from npm, and as much of Ory Identities (Kratos) as they talk to."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.identity.host import PageHost
from tests.identity.installation import ESBUILD, PAGES, bundled, npm_packages
from tests.integration.fake_login_server import PASSWORD, USER

PACKAGES = ("@ory/elements-react@1.2.1", "@ory/client-fetch@1.22.66", "react@18.3.1", "react-dom@18.3.1", ESBUILD)
_PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Lab</title><link rel="stylesheet" href="/pages.css">
</head><body><div id="root"></div><script>window.lab = LAB;</script><script src="/pages.js"></script></body></html>"""
_JSON = {"content-type": "application/json"}
_WRONG = {
    "id": 4000006,
    "type": "error",
    "text": "The provided credentials are invalid.",
}


class OryHost(PageHost):
    """The component and the stub.

    Attributes:
        language: The language of its texts.
        two_steps: Whether the identifier is asked for first, and the way to sign in chosen after it.
        second_factor: Whether a code of an authenticator app is asked for after the password.
    """

    def __init__(self, folder):
        npm_packages(folder, *PACKAGES)
        self._pages = bundled(folder, PAGES / "ory.jsx", "--format=iife")
        self._style = (Path(folder) / "ory.bundle.css").read_text(encoding="utf-8")
        self.language, self.two_steps, self.second_factor = "en", False, False
        super().__init__()

    @property
    def start(self):
        return f"{self.url}/ui"

    def answer(self, method, path, headers, body):
        parts = urlsplit(path)
        if parts.path in {"/pages.js", "/pages.css"}:
            kind, text = (
                ("text/css", self._style)
                if parts.path.endswith("css")
                else ("text/javascript; charset=utf-8", self._pages)
            )
            return 200, {"content-type": kind}, text
        if parts.path == "/ui":
            second = "aal=aal2" in parts.query
            return (
                200,
                {},
                _PAGE.replace("LAB", json.dumps({"flow": self._flow(second=second), "language": self.language})),
            )
        if parts.path == "/done":
            return 302, {"location": self.back}, ""
        if parts.path == "/self-service/login" and method == "POST":
            sent_as_form = "json" not in headers.get("content-type", "")
            asked = {name: v[0] for name, v in parse_qs(body).items()} if sent_as_form else json.loads(body)
            status, reply = self._submit(asked)
            return status, _JSON, json.dumps(reply)
        return 404, _JSON, "{}"

    def _submit(self, asked):
        if asked.get("method") == "identifier_first":
            return 400, self._flow(identifier=asked["identifier"])
        if (asked.get("identifier"), asked.get("password")) != (USER, PASSWORD):
            return 400, self._flow(identifier=asked.get("identifier", ""), message=_WRONG)
        if self.second_factor:
            where = f"{self.url}/ui?aal=aal2"
            return 422, {"error": {"id": "browser_location_change_required", "code": 422}, "redirect_browser_to": where}
        session = {
            "id": "s",
            "active": True,
            "identity": {"id": "ada", "schema_id": "d", "schema_url": "", "traits": {}},
        }
        redirect = {"action": "redirect_browser_to", "redirect_browser_to": f"{self.url}/done"}
        return 200, {"session": session, "continue_with": [redirect]}

    def _flow(self, identifier="", message=None, *, second=False):
        if second:
            nodes = [_input("totp_code", "totp", 1070006, "Authentication code", required=True)]
            nodes += [_button("totp", "totp", 1010009, "Use Authenticator")]
        elif self.two_steps and not identifier:
            nodes = [_input("identifier", "identifier_first", 1070004, "ID", required=True)]
            nodes += [_button("identifier_first", "identifier_first", 1010022, "Continue")]
        else:
            nodes = [_input("identifier", "default", 1070004, "ID", value=identifier, required=True)]
            nodes += [
                _input(
                    "password",
                    "password",
                    1070001,
                    "Password",
                    kind="password",
                    autocomplete="current-password",
                    required=True,
                )
            ]
            nodes += [_button("password", "password", 1010022, "Sign in with password")]
            if self.two_steps:
                nodes += [_button("code", "code", 1010015, "Send sign in code")]
                nodes += [_button("webauthn", "webauthn", 1010008, "Sign in with hardware key")]
        nodes.insert(0, _input("csrf_token", "default", 0, "", kind="hidden", value="t", required=True))
        ui = {
            "action": f"{self.url}/self-service/login?flow=f",
            "method": "POST",
            "nodes": nodes,
            "messages": [message] if message else [],
        }
        return {
            "id": "f",
            "type": "browser",
            "expires_at": "2999-01-01T00:00:00Z",
            "issued_at": "2026-01-01T00:00:00Z",
            "request_url": f"{self.url}/self-service/login/browser",
            "ui": ui,
            "requested_aal": "aal2" if second else "aal1",
            "refresh": False,
            "state": "choose_method",
        }


def _input(name, group, number, label, *, kind="text", value="", **more):
    attributes = {"name": name, "type": kind, "value": value, "disabled": False, "node_type": "input", **more}
    meta = {"label": {"id": number, "text": label, "type": "info"}} if label else {}
    return {"type": "input", "group": group, "attributes": attributes, "messages": [], "meta": meta}


def _button(method, group, number, label):
    return _input("method", group, number, label, kind="submit", value=method)
