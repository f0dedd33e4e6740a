"""Sign-in in several steps or at several places: two-step, sso and look-alike."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.routing import Route

from wandb_tui.sandbox.pages.templates import page
from wandb_tui.sandbox.signin.flow import WRONG, accepts, field, go, is_signed_in, let_in, next_path, sandbox_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from wandb_tui.sandbox.context import SandboxContext


def routes(kind: str) -> list[Route]:
    """The routes of one of these kinds."""
    return {
        "two-step": [
            Route("/login", _two_step_first),
            Route("/login/identifier", _two_step_identifier, methods=["POST"]),
            Route("/login/password", _two_step_second),
            Route("/login/password", _two_step_password, methods=["POST"]),
        ],
        "sso": [
            Route("/login", _sso_form),
            Route("/login", _sso_submit, methods=["POST"]),
            Route("/login/sso", _sso_return),
        ],
        "look-alike": [Route("/login", _look_alike)],
    }[kind]


# Two steps: the e-mail, then the password on a page of its own.


def _two_step_first(request: Request) -> Response:
    if is_signed_in(request):
        return go(next_path(request))
    sandbox_of(request).stats.count("sign_in_pages")
    return page(request, "signin/identifier.html", next=next_path(request))


async def _two_step_identifier(request: Request) -> Response:
    """Continue with the password, without revealing whether the account exists."""
    form = await request.form()
    identifier = field(form, "identifier")
    if not identifier:
        missing = "Enter your e-mail address."
        return page(request, "signin/identifier.html", status=400, next=next_path(request, form), error=missing)
    return go("/login/password?" + urlencode({"u": identifier, "next": next_path(request, form)}))


def _two_step_second(request: Request) -> Response:
    return _password_page(request, request.query_params.get("u", ""), next_path(request))


async def _two_step_password(request: Request) -> Response:
    form = await request.form()
    identifier = field(form, "identifier")
    if accepts(request, identifier, field(form, "passwd")):
        return let_in(request, go(next_path(request, form)))
    return _password_page(request, identifier, next_path(request, form), status=400, error=WRONG)


def _password_page(
    request: Request,
    identifier: str,
    onward: str,
    *,
    status: int = 200,
    error: str | None = None,
) -> Response:
    return page(request, "signin/password.html", status=status, identifier=identifier, next=onward, error=error)


# Single sign-on: the organisation asks for the password on an origin of its own.


def _sso_form(request: Request) -> Response:
    if is_signed_in(request):
        return go(next_path(request))
    sandbox = sandbox_of(request)
    sandbox.stats.count("sign_in_pages")
    domain = sandbox.account.email.partition("@")[2]
    return page(request, "signin/sso.html", next=next_path(request), domain=domain)


async def _sso_submit(request: Request) -> Response:
    """Send members of the organisation to its sign-in; a password typed here is ignored."""
    form = await request.form()
    sandbox = sandbox_of(request)
    if field(form, "password"):
        sandbox.stats.count("sign_in_attempts")
    back = f"{request.url.scheme}://{request.url.netloc}/login/sso?" + urlencode({"next": next_path(request, form)})
    return go(f"{sandbox.elsewhere}/authorize?back={quote(back, safe='')}")


def _sso_return(request: Request) -> Response:
    """The way back from the organisation's sign-in, with its confirmation."""
    number, _, signature = request.query_params.get("ticket", "").partition(".")
    if not secrets.compare_digest(signature, sandbox_of(request).account.sign(f"sso:{number}")):
        return go("/login")
    return let_in(request, go(next_path(request)))


# The look-alike: this server's address leads to a foreign copy of its own page.


def _look_alike(request: Request) -> Response:
    if is_signed_in(request):
        return go(next_path(request))
    return go(f"{sandbox_of(request).elsewhere}/login")


def elsewhere_app(sandbox: SandboxContext) -> Starlette:
    """The pages at the other origin, which is foreign: none of them may receive this server's password."""
    app = Starlette(
        routes=[
            Route("/login", _copy),
            Route("/login", _copy_submit, methods=["POST"]),
            Route("/authorize", _organisation),
            Route("/authorize", _organisation_submit, methods=["POST"]),
        ],
    )
    app.state.sandbox = sandbox
    return app


def _copy(request: Request) -> Response:
    return page(request, "signin/one_page.html", next="/", identifier="")


async def _copy_submit(request: Request) -> Response:
    form = await request.form()
    sandbox_of(request).stats.count("look_alike_submissions")
    return page(request, "signin/one_page.html", status=400, next="/", identifier=field(form, "username"), error=WRONG)


def _organisation(request: Request) -> Response:
    back = request.query_params.get("back", "")
    return page(request, "signin/organisation.html", back=back, domain=_domain(request))


async def _organisation_submit(request: Request) -> Response:
    """The organisation knows the same account."""
    form = await request.form()
    sandbox = sandbox_of(request)
    sandbox.stats.count("sso_submissions")
    back = field(form, "back")
    if not sandbox.account.accepts(field(form, "user"), field(form, "pin")):
        return page(request, "signin/organisation.html", status=400, back=back, domain=_domain(request), error=WRONG)
    number = secrets.token_hex(8)
    ticket = f"{number}.{sandbox.account.sign(f'sso:{number}')}"
    return go(back + ("&" if "?" in back else "?") + urlencode({"ticket": ticket}))


def _domain(request: Request) -> str:
    return sandbox_of(request).account.email.partition("@")[2]
