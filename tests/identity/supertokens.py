"""SuperTokens' pre-built pages from npm, and as much of its backend's API as they talk to."""

import base64
import json
import time
from urllib.parse import urlsplit

from tests.identity.host import PageHost
from tests.identity.installation import ESBUILD, PAGES, bundled, npm_packages
from tests.integration.fake_login_server import PASSWORD, USER

PACKAGES = ("supertokens-auth-react@0.51.3", "supertokens-web-js@0.16.0", "react@18.3.1", "react-dom@18.3.1", ESBUILD)
_PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Lab</title></head><body><div id="root"></div>
<script>window.lab = LAB;</script><script src="/pages.js"></script></body></html>"""
_SESSION_S = 3600


class SuperTokensHost(PageHost):
    """The pages and the stub.

    Attributes:
        second_factor: Whether a code of an authenticator app is asked for after the password.
    """

    def __init__(self, folder):
        npm_packages(folder, *PACKAGES)
        self._pages = bundled(folder, PAGES / "supertokens.jsx")
        self.second_factor = False
        super().__init__()

    @property
    def start(self):
        return f"{self.url}/auth"

    def answer(self, method, path, _headers, body):
        place = urlsplit(path).path
        if place == "/pages.js":
            return 200, {"content-type": "text/javascript; charset=utf-8"}, self._pages
        if place.startswith("/auth"):
            lab = {"back": self.back, "secondFactor": self.second_factor}
            return 200, {}, _PAGE.replace("LAB", json.dumps(lab))
        if place == "/api/session/refresh":
            return 401, {"content-type": "application/json"}, '{"message": "unauthorised"}'
        answered = self._api(method, place.removeprefix("/api"), json.loads(body or "{}"))
        if answered is None:
            return 404, {}, ""
        headers, reply = answered
        return 200, {"content-type": "application/json", **headers}, json.dumps(reply)

    def _api(self, method, place, asked):
        if (method, place) == ("POST", "/signin"):
            given = {field["id"]: field["value"] for field in asked["formFields"]}
            if (given["email"], given["password"]) != (USER, PASSWORD):
                return {}, {"status": "WRONG_CREDENTIALS_ERROR"}
            user = {"id": "ada", "emails": [USER], "loginMethods": [], "tenantIds": ["public"], "timeJoined": 0}
            user |= {"isPrimaryUser": False, "phoneNumbers": [], "thirdParty": []}
            return self._tokens(), {"status": "OK", "user": user}
        if place == "/mfa/info":
            factors = {"alreadySetup": ["totp"], "allowedToSetup": [], "next": ["totp"]}
            return self._tokens(), {"status": "OK", "factors": factors, "emails": {}, "phoneNumbers": {}}
        return None

    def _tokens(self):
        payload = {"sub": "ada", "exp": int(time.time()) + _SESSION_S, "iat": int(time.time())}
        if self.second_factor:
            payload["st-mfa"] = {"c": {"emailpassword": int(time.time())}, "v": False}
        front = {"uid": "ada", "ate": (time.time() + _SESSION_S) * 1000, "up": payload}
        encoded = base64.b64encode(json.dumps(front).encode()).decode()
        exposed = {"access-control-expose-headers": "front-token, st-access-token, st-refresh-token"}
        return {"front-token": encoded, "st-access-token": "access", "st-refresh-token": "refresh", **exposed}
