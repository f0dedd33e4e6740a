"""Django's admin site and django-allauth from PyPI, in this process."""

import secrets
import sys
import tempfile
import threading
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tests.identity.host import IdentityHost
from tests.integration.fake_login_server import PASSWORD, USER

# The form of Django's documentation with which a site offers its languages, below its sign-in pages.
_SWITCH = """{% load i18n %}<form action="{% url 'set_language' %}" method="post">{% csrf_token %}
<input type="hidden" name="next" value="{{ request.get_full_path }}"><select name="language" aria-label="Language">
{% get_available_languages as codes %}{% get_language_info_list for codes as languages %}
{% for one in languages %}<option value="{{ one.code }}">{{ one.name_local }}</option>{% endfor %}</select>
<button>{% translate "Change" %}</button></form>"""
_TEMPLATES = {
    page: f"{{% extends '{page}' %}}{{% block {block} %}}{{{{ block.super }}}}{_SWITCH}{{% endblock %}}"
    for page, block in (("admin/login.html", "footer"), ("account/login.html", "content"))
}


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class DjangoHost(IdentityHost):
    """Django with its admin site and django-allauth; its start page, for those who are signed in, is the way back.

    Attributes:
        language: The language of its pages; a user's choice below them, kept in a cookie, precedes it.
        allauth: Whether users sign in with django-allauth, in place of the admin site.
        account: ``active``, ``inactive`` or ``unverified``.
    """

    def __init__(self, folder):
        super().__init__()
        self.language, self.allauth, self.account = "en", False, "active"
        del folder  # it is installed with the tests
        self._data = tempfile.TemporaryDirectory()
        application = self._configure(Path(self._data.name) / "django.sqlite3")
        self._server = make_server("127.0.0.1", 0, application, WSGIServer, QuietHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _configure(self, database):
        import django
        from django.conf import settings
        from django.core.management import call_command
        from django.core.wsgi import get_wsgi_application

        middleware = type("Middleware", (), {"in_our_language": staticmethod(self._in_our_language)})
        sys.modules["identity_host_middleware"] = middleware
        settings.configure(**_settings(database))
        django.setup()
        settings.ROOT_URLCONF.urlpatterns = self._pages()
        call_command("migrate", verbosity=0)
        self._create_user()
        django_itself = get_wsgi_application()

        def counting(environ, start_response):
            self.submissions += environ["REQUEST_METHOD"] == "POST" and "/login" in environ["PATH_INFO"]
            return django_itself(environ, start_response)

        return counting

    def _in_our_language(self, get_response):
        def answer(request):
            request.META["HTTP_ACCEPT_LANGUAGE"] = self.language
            return get_response(request)

        return answer

    def _pages(self):
        from django.contrib import admin
        from django.contrib.auth.decorators import login_required
        from django.http import HttpResponseRedirect
        from django.urls import include, path

        def back(sign_in):
            return login_required(lambda _: HttpResponseRedirect(self.back), login_url=sign_in)

        return [
            path("admin/", admin.site.urls),
            path("i18n/", include("django.conf.urls.i18n")),
            path("accounts/", include("allauth.urls")),
            path("back/admin", back("/admin/login/")),
            path("back/accounts", back("/accounts/login/")),
        ]

    def _create_user(self):
        from allauth.account.models import EmailAddress
        from django.contrib.auth.models import User

        self._user = User.objects.create_superuser(USER, USER, PASSWORD)
        self._address = EmailAddress.objects.create(user=self._user, email=USER, verified=True, primary=True)

    @property
    def start(self):
        return f"{self.url}/back/{'accounts' if self.allauth else 'admin'}"

    def set_state(self, **state):
        super().set_state(**state)
        self._user.is_active, self._address.verified = self.account != "inactive", self.account != "unverified"
        self._user.save()
        self._address.save()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._data.cleanup()


def _settings(database):
    """Django's settings: sign-in by e-mail address, with the languages of the user's browser."""
    apps = ["admin", "auth", "contenttypes", "sessions", "messages"]
    return {
        "ACCOUNT_EMAIL_VERIFICATION": "mandatory",
        "ACCOUNT_LOGIN_METHODS": {"email"},
        "ACCOUNT_RATE_LIMITS": False,
        "AUTHENTICATION_BACKENDS": [
            "django.contrib.auth.backends.AllowAllUsersModelBackend",
            "allauth.account.auth_backends.AuthenticationBackend",
        ],
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        "INSTALLED_APPS": [*(f"django.contrib.{app}" for app in apps), "allauth", "allauth.account"],
        "MIDDLEWARE": [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "identity_host_middleware.in_our_language",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "ROOT_URLCONF": type("Urls", (), {}),
        "SECRET_KEY": secrets.token_hex(),
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", _TEMPLATES),
                        "django.template.loaders.app_directories.Loader",
                    ],
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ],
                },
            }
        ],
        "USE_TZ": True,
    }
