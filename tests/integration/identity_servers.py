"""Identity hosts with sign-in pages that others have written, as companies put them in front of their servers.

Each lets people in by sending the browser back to a `FakeLoginServer`, with a ticket that it has announced there.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit
from urllib.request import urlopen
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tests.integration.browser_support import little_server
from tests.integration.fake_login_server import PASSWORD, USER, WRONG

LOCK, ESBUILD = "auth0-lock@14.3.0", "esbuild@0.28.2"
CANAILLE = "canaille[front,oidc]==0.3.6"
_WRONG = {"error": "access_denied", "error_description": "Wrong email or password."}
_BLOCKED = {"error": "too_many_attempts", "error_description": "Your account has been blocked."}


class IdentityHost:
    """What all of them count and hand out."""

    def __init__(self):
        self.login_server = None
        self.submissions = 0

    def way_back(self):
        """Where to send a user who is signed in."""
        ticket = secrets.token_hex(8)
        self.login_server.tickets.add(ticket)
        return f"{self.login_server.url}/callback?ticket={ticket}"


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class DjangoHost(IdentityHost):
    """Django with its admin site and django-allauth; its start page, for those who are signed in, is the way back.

    Attributes:
        language: The language of its pages.
        path: The sign-in page.
    """

    ADMIN, ALLAUTH = "/admin/login/?next=/back", "/accounts/login/?next=/back"

    def __init__(self, folder):
        super().__init__()
        self.language, self.path = "en", self.ADMIN
        application = self._configure(folder)
        self._server = make_server("127.0.0.1", 0, application, WSGIServer, QuietHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _configure(self, folder):
        import django
        from django.conf import settings
        from django.contrib import admin
        from django.contrib.auth.decorators import login_required
        from django.core.management import call_command
        from django.core.wsgi import get_wsgi_application
        from django.http import HttpResponseRedirect
        from django.urls import include, path
        from django.utils import translation

        def in_our_language(get_response):
            def answer(request):
                with translation.override(self.language):
                    return get_response(request)

            return answer

        apps = ["admin", "auth", "contenttypes", "sessions", "messages"]
        middleware = type("Middleware", (), {"in_our_language": staticmethod(in_our_language)})
        sys.modules["identity_host_middleware"] = middleware
        settings.configure(
            ACCOUNT_EMAIL_VERIFICATION="mandatory",
            ACCOUNT_LOGIN_METHODS={"email"},
            ACCOUNT_RATE_LIMITS=False,
            AUTHENTICATION_BACKENDS=[
                "django.contrib.auth.backends.AllowAllUsersModelBackend",
                "allauth.account.auth_backends.AuthenticationBackend",
            ],
            EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
            ALLOWED_HOSTS=["127.0.0.1"],
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(folder) / "django.sqlite3"}},
            INSTALLED_APPS=[*(f"django.contrib.{app}" for app in apps), "allauth", "allauth.account"],
            MIDDLEWARE=[
                "django.contrib.sessions.middleware.SessionMiddleware",
                "identity_host_middleware.in_our_language",
                "django.middleware.csrf.CsrfViewMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.contrib.messages.middleware.MessageMiddleware",
                "allauth.account.middleware.AccountMiddleware",
            ],
            PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
            ROOT_URLCONF=type("Urls", (), {}),
            SECRET_KEY=secrets.token_hex(),
            TEMPLATES=[
                {
                    "BACKEND": "django.template.backends.django.DjangoTemplates",
                    "APP_DIRS": True,
                    "OPTIONS": {
                        "context_processors": [
                            "django.template.context_processors.request",
                            "django.contrib.auth.context_processors.auth",
                            "django.contrib.messages.context_processors.messages",
                        ]
                    },
                }
            ],
            USE_TZ=True,
        )
        django.setup()
        back = login_required(lambda _: HttpResponseRedirect(self.way_back()), login_url="/admin/login/")
        settings.ROOT_URLCONF.urlpatterns = [
            path("admin/", admin.site.urls),
            path("accounts/", include("allauth.urls")),
            path("back", back),
        ]
        call_command("migrate", verbosity=0)
        from django.contrib.auth.models import User

        self._user = User.objects.create_superuser(USER, USER, PASSWORD)
        from allauth.account.models import EmailAddress

        self._address = EmailAddress.objects.create(user=self._user, email=USER, verified=True, primary=True)
        django_itself = get_wsgi_application()

        def counting(environ, start_response):
            self.submissions += environ["REQUEST_METHOD"] == "POST"
            return django_itself(environ, start_response)

        return counting

    def set_state(self, state):
        """Let the account be ``active``, ``inactive`` or ``unverified``."""
        self._user.is_active, self._address.verified = state != "inactive", state != "unverified"
        self._user.save()
        self._address.save()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


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


def built_lock(folder):
    """Auth0 Lock from npm, as one script; downloaded once and cached in the folder.

    Raises:
        CalledProcessError: It cannot be had.
    """
    script = Path(folder) / "lock.js"
    if not script.exists():
        entry = Path(folder) / "entry.js"
        entry.write_text('import Auth0Lock from "auth0-lock";\nwindow.Auth0Lock = Auth0Lock;\n')
        beside = Path(sys.executable).parent
        environ = {**os.environ, "PATH": f"{beside}{os.pathsep}{os.environ['PATH']}"}
        install = [beside / "npm", "install", "--prefix", folder, "--no-audit", "--no-fund", LOCK, ESBUILD]
        subprocess.run(install, check=True, capture_output=True, timeout=120, env=environ)
        # Lock's client comes in two forms, of which only the one that bundlers take less gladly is whole.
        defined = [
            "--main-fields=browser,module,main",
            "--define:global=window",
            '--define:process.env.NODE_ENV="production"',
        ]
        built = script.with_name("new.js")
        command = [Path(folder) / "node_modules/.bin/esbuild", entry, "--bundle", *defined, f"--outfile={built}"]
        subprocess.run(command, check=True, capture_output=True, timeout=50, env=environ)
        built.replace(script)
    return script.read_text(encoding="utf-8")


class LockHost(IdentityHost):
    """Auth0 Lock, and as much of Auth0's server as it talks to."""

    path = "/u"

    def __init__(self, script, options=None):
        super().__init__()
        self._script, self._options = script, json.dumps(options or {})
        self.blocked = False
        self.asked = []
        self._serving = little_server(self._answer)
        self.url = self._serving.__enter__()

    def close(self):
        self._serving.__exit__(None, None, None)

    def _answer(self, method, path, headers, body):
        parts = urlsplit(path)
        self.asked.append(parts.path)
        as_json, as_script = {"content-type": "application/json"}, {"content-type": "text/javascript; charset=utf-8"}
        client = {"id": "client", "tenant": "lab", "subscription": "free", "strategies": _CONNECTIONS}
        fixed = {
            "/u": ({}, _LOCK_PAGE.replace("OPTIONS", self._options)),
            "/lock.js": (as_script, self._script),
            "/client/client.js": (as_script, f"Auth0.setClient({json.dumps(client)});"),
            "/usernamepassword/challenge": (as_json, '{"required": false}'),
        }
        if parts.path in fixed:
            return 200, *fixed[parts.path]
        if parts.path == "/co/authenticate":
            return self._authenticate(json.loads(body), as_json)
        if parts.path == "/authorize" and parse_qs(parts.query).get("login_ticket") == ["let-in"]:
            return 302, {"location": self.way_back()}, ""
        return 404, {}, "<h1>404</h1>"

    def _authenticate(self, asked, as_json):
        self.submissions += 1
        if self.blocked:
            return 429, as_json, json.dumps(_BLOCKED)
        if (asked["username"], asked["password"]) != (USER, PASSWORD):
            return 403, as_json, json.dumps(_WRONG)
        return 200, as_json, json.dumps({"login_ticket": "let-in", "co_verifier": "v", "co_id": "i"})


class CanailleHost(IdentityHost):
    """Canaille in a process and an environment of its own, since its dependencies are not ours."""

    def __init__(self, folder):
        super().__init__()
        python = Path(folder) / "environment/bin/python"
        if not python.exists():
            uv = os.environ.get("UV") or shutil.which("uv")
            command = [uv] if uv else [Path(sys.base_prefix) / "bin/python3", "-m", "uv"]
            subprocess.run([*command, "venv", "-q", "--clear", python.parent.parent], check=True, timeout=60)
            subprocess.run([*command, "pip", "install", "-q", "--python", python, CANAILLE], check=True, timeout=300)
        script = Path(__file__).with_name("canaille_host.py")
        self._log = (Path(folder) / "log.txt").open("w")
        self._process = subprocess.Popen(
            [python, script, USER, PASSWORD, WRONG], stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    @property
    def counts(self):
        """How often a password was submitted, and what was sent while it was typed, since the start."""
        with urlopen(f"{self.url}/counts", timeout=10) as reply:
            return json.load(reply)

    def path_to(self, page):
        """The path of ``back`` or ``consent``, from where the user is sent to the login server."""
        return f"/{page}?to={quote_plus(self.way_back())}"

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()
