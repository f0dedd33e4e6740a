"""Auth0 Lock from npm."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.identity.host import PageHost
from tests.identity.installation import ESBUILD, PAGES, bundled, npm_packages
from tests.integration.fake_login_server import PASSWORD, USER

LOCK = "auth0-lock@14.3.0"
_WRONG = {"error": "access_denied", "error_description": "Wrong email or password."}
_BLOCKED = {"error": "too_many_attempts", "error_description": "Your account has been blocked."}
_LOCK_PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Sign in</title></head><body>
<script src="/lock.js"></script><script>
new Auth0Lock("client", location.origin, {
  configurationBaseUrl: location.origin, languageBaseUrl: location.origin, avatar: null, closable: false,
  auth: {redirectUrl: location.origin + "/back", responseType: "code", sso: false}, ...OPTIONS
}).show();
</script></body></html>"""
_CONNECTIONS = [
    {"name": "github", "connections": [{"name": "github"}]},
    {"name": "google-oauth2", "connections": [{"name": "google-oauth2"}]},
    {
        "name": "auth0",
        "connections": [
            {
                "name": "Username-Password-Authentication",
                "showSignup": True,
                "showForgot": True,
                "passwordPolicy": "good",
            }
        ],
    },
]


class LockHost(PageHost):
    """Auth0 Lock, and as much of Auth0's server as it talks to.

    Attributes:
        blocked: Whether the account is blocked.
    """

    def __init__(self, folder):
        npm_packages(folder, LOCK, ESBUILD)
        # Lock's client comes in two forms, of which only the one that bundlers take less gladly is whole.
        whole = ("--main-fields=browser,module,main", "--define:global=window")
        self._script = bundled(folder, PAGES / "auth0_lock.js", *whole)
        self._folder, self.blocked, self.language = Path(folder), False, "en"
        super().__init__()

    @property
    def start(self):
        return f"{self.url}/u"

    def answer(self, _method, path, _headers, body):
        parts = urlsplit(path)
        as_json, as_script = {"content-type": "application/json"}, {"content-type": "text/javascript; charset=utf-8"}
        client = {"id": "client", "tenant": "lab", "subscription": "free", "strategies": _CONNECTIONS}
        options = json.dumps({"language": self.language})
        fixed = {
            "/u": ({}, _LOCK_PAGE.replace("OPTIONS", options)),
            "/lock.js": (as_script, self._script),
            "/client/client.js": (as_script, f"Auth0.setClient({json.dumps(client)});"),
            "/usernamepassword/challenge": (as_json, '{"required": false}'),
        }
        if parts.path in fixed:
            return 200, *fixed[parts.path]
        if parts.path.startswith("/js/lock/"):
            return 200, as_script, self._translation(parts.path.rpartition("/")[2].removesuffix(".js"))
        if parts.path == "/co/authenticate":
            return self._authenticate(json.loads(body), as_json)
        if parts.path == "/authorize" and parse_qs(parts.query).get("login_ticket") == ["let-in"]:
            return 302, {"location": self.back}, ""
        return 404, {}, "<h1>404</h1>"

    def _translation(self, language):
        """The texts of a language, as Auth0's servers hand them out."""
        module = (self._folder / f"node_modules/auth0-lock/lib/i18n/{language}.js").read_text(encoding="utf-8")
        texts = f"(function (exports) {{ {module}; return exports.default; }})({{}})"
        return f"Auth0.registerLanguageDictionary({json.dumps(language)}, {texts});"

    def _authenticate(self, asked, as_json):
        if self.blocked:
            return 429, as_json, json.dumps(_BLOCKED)
        if (asked["username"], asked["password"]) != (USER, PASSWORD):
            return 403, as_json, json.dumps(_WRONG)
        return 200, as_json, json.dumps({"login_ticket": "let-in", "co_verifier": "v", "co_id": "i"})
