#!/usr/bin/env bash
# Django's admin sign-in page sends a user who is signed in already to the admin site's index, whatever ?next= says.
#
# A good guess: a page with `login_required(login_url="/admin/login/")` that finds the session gone sends the browser to
#   /admin/login/?next=/export. Who is signed in by then (in another tab, or by the time a script follows the address) is sent on to /export at
#   once, as after signing in; at worst the form is shown again.
# Why it is wrong: AdminSite.login answers GET before it looks at `next`: a user with admin permission is redirected to admin:index. The same
#   address with POST and a right password does go to `next`. LoginView itself, with redirect_authenticated_user, honours
#   `next` for GET as well, and without it shows the form: three pages of one framework, three answers. A user who is signed in
#   without being staff gets the form again, with a sentence that they are signed in already.
# Versions: Django 5.2.19, Python 3.11.
# Source: django/contrib/admin/sites.py, AdminSite.login; django/contrib/auth/views.py, LoginView.dispatch.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/check.py" <<'PY'
import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

parts = ["admin", "auth", "contenttypes", "sessions", "messages"]
processors = ["template.context_processors.request", "contrib.auth.context_processors.auth", "contrib.messages.context_processors.messages"]
settings.configure(
    ALLOWED_HOSTS=["testserver"], SECRET_KEY="x", ROOT_URLCONF=__name__, STATIC_URL="/static/",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[f"django.contrib.{part}" for part in parts],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.contrib.messages.middleware.MessageMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
                "OPTIONS": {"context_processors": [f"django.{name}" for name in processors]}}],
)
django.setup()
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.management import call_command
from django.test import Client

template = "admin/login.html"
urlpatterns = [
    path("admin/", admin.site.urls),
    path("login/", LoginView.as_view(template_name=template)),
    path("login-onward/", LoginView.as_view(template_name=template, redirect_authenticated_user=True)),
    path("export", lambda request: HttpResponse("here")),
]
call_command("migrate", verbosity=0)
staff = User.objects.create_superuser("ada", password="lab")
plain = User.objects.create_user("bob", password="lab")


def seen(user, address, data=None):
    client = Client()
    if data is None:
        client.force_login(user)
        answer = client.get(f"{address}?next=/export")
    else:
        answer = client.post(f"{address}?next=/export", {**data, "next": "/export"})
    return answer.headers.get("Location", f"form ({answer.status_code})")


print("Django", django.__version__)
cases = {
    "admin, signed in as staff, GET": (seen(staff, "/admin/login/"), "/admin/"),
    "admin, password, POST": (seen(None, "/admin/login/", {"username": "ada", "password": "lab"}), "/export"),
    "admin, signed in, not staff, GET": (seen(plain, "/admin/login/"), "form (200)"),
    "LoginView, signed in, GET": (seen(staff, "/login/"), "form (200)"),
    "LoginView that redirects, signed in, GET": (seen(staff, "/login-onward/"), "/export"),
}
for case, (where, expected) in cases.items():
    print(f"  {case}: {where}")
    assert where == expected, (case, where, expected)
PY
python3 -m uv run -q --no-project --isolated --python 3.11 --with django==5.2.19 python "$work/check.py"
