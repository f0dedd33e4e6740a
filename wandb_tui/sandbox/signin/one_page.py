"""Sign-in with one form: the plain kind, and kinds with another outcome."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from wandb_tui.sandbox.pages.templates import page
from wandb_tui.sandbox.signin.flow import WRONG, accepts, field, go, is_signed_in, let_in, next_path, sandbox_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

SLOW_S = 8.0
BLOCKED = "Your account has been blocked after too many sign-in attempts. Try again later, or reset your password."
UNSOLVED = "Solve the challenge to go on: the characters do not match the picture."

_TEMPLATES = {
    "one-page": "signin/one_page.html",
    "slow": "signin/one_page.html",
    "blocked": "signin/one_page.html",
    "unverified": "signin/one_page.html",
    "second-factor": "signin/one_page.html",
    "late-script": "signin/late_script.html",
    "sign-up-beside": "signin/sign_up_beside.html",
    "challenge": "signin/challenge.html",
}
KINDS = tuple(_TEMPLATES)


async def show(request: Request) -> Response:
    """The sign-in page, or a redirect if the browser is signed in already."""
    sandbox = sandbox_of(request)
    if is_signed_in(request):
        return go(next_path(request))
    sandbox.stats.count("sign_in_pages")
    if sandbox.config.sign_in == "slow":
        await asyncio.sleep(SLOW_S)
    return _form(request, next_path(request))


async def submit(request: Request) -> Response:
    """The response to the submitted form."""
    form = await request.form()
    identifier, password = field(form, "username", "login_email", "email"), field(form, "password", "login_password")
    onward = next_path(request, form)
    kind = sandbox_of(request).config.sign_in
    if kind == "challenge" and not _challenge_solved(request, field(form, "challenge"), field(form, "solution")):
        accepts(request, identifier, password)
        return _form(request, onward, error=UNSOLVED, identifier=identifier)
    right = accepts(request, identifier, password)
    if kind == "blocked":
        return _form(request, onward, status=429, error=BLOCKED, identifier=identifier)
    if not right:
        return _form(request, onward, status=400, error=WRONG, identifier=identifier)
    if kind == "unverified":
        return page(request, "signin/unverified.html", email=sandbox_of(request).account.email)
    if kind == "second-factor":
        return page(request, "signin/second_factor.html", next=onward, ticket=_issue(request, "second-factor"))
    return let_in(request, go(onward))


async def submit_json(request: Request) -> Response:
    """The form of ``late-script`` posts JSON and redirects by itself."""
    body = await request.json()
    if accepts(request, str(body.get("login", "")), str(body.get("secret", ""))):
        return let_in(request, JSONResponse({"ok": True}))
    return JSONResponse({"ok": False, "message": WRONG}, status_code=401)


async def second_factor(request: Request) -> Response:
    """The code after the password."""
    form = await request.form()
    sandbox = sandbox_of(request)
    sandbox.stats.count("second_factor_attempts")
    ticket, onward = field(form, "ticket"), next_path(request, form)
    if not _is_issued(request, "second-factor", ticket):
        return go("/login")
    if not secrets.compare_digest(field(form, "code").strip().encode(), sandbox.account.second_factor.encode()):
        wrong = "That code is not valid. Check your authenticator app and try again."
        return page(request, "signin/second_factor.html", status=400, next=onward, ticket=ticket, error=wrong)
    return let_in(request, go(onward))


async def sign_up(request: Request) -> Response:
    """The sign-up form, which is always refused."""
    sandbox_of(request).stats.count("sign_ups")
    return _form(request, next_path(request), status=400, sign_up_error="New accounts are by invitation only.")


def _form(
    request: Request,
    onward: str,
    *,
    status: int = 200,
    error: str | None = None,
    identifier: str = "",
    sign_up_error: str | None = None,
) -> Response:
    kind = sandbox_of(request).config.sign_in
    solution = "".join(secrets.choice("ACDEFHJKLMNPRTUVWXY34679") for _ in range(5)) if kind == "challenge" else ""
    return page(
        request,
        _TEMPLATES[kind],
        status=status,
        next=onward,
        error=error,
        identifier=identifier,
        sign_up_error=sign_up_error,
        picture=solution,
        challenge=sandbox_of(request).account.sign(f"challenge:{solution}"),
    )


def _challenge_solved(request: Request, challenge: str, solution: str) -> bool:
    """Whether the typed characters are those of the picture that the form was sent with."""
    signature = sandbox_of(request).account.sign(f"challenge:{solution.strip().upper()}")
    return bool(solution) and secrets.compare_digest(signature, challenge)


def _issue(request: Request, purpose: str) -> str:
    """A ticket that proves that the step before was passed."""
    number = secrets.token_hex(8)
    return f"{number}.{sandbox_of(request).account.sign(f'{purpose}:{number}')}"


def _is_issued(request: Request, purpose: str, ticket: str) -> bool:
    number, _, signature = ticket.partition(".")
    return secrets.compare_digest(signature, sandbox_of(request).account.sign(f"{purpose}:{number}"))
