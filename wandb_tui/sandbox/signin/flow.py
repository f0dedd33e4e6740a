"""Helpers of all sign-in pages: check a password, begin a session, continue to the next page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

    from wandb_tui.sandbox.context import SandboxContext

WRONG = "The e-mail or password you entered is incorrect."


def sandbox_of(request: Request) -> SandboxContext:
    """The sandbox that answers this request."""
    sandbox: SandboxContext = request.app.state.sandbox
    return sandbox


def field(form: FormData, *names: str) -> str:
    """The first of these form fields that is filled in."""
    return next((str(form[name]) for name in names if form.get(name)), "")


def next_path(request: Request, form: FormData | None = None) -> str:
    """The page after signing in: always a path on this server."""
    target = field(form, "next") if form else ""
    target = target or request.query_params.get("next", "/")
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


def accepts(request: Request, identifier: str, password: str) -> bool:
    """Count a submitted password; returns whether it is right. A service account has none."""
    sandbox = sandbox_of(request)
    sandbox.stats.count("sign_in_attempts")
    return sandbox.account.accepts(identifier, password) and sandbox.faults.get("service-account") is None


def let_in(request: Request, response: Response) -> Response:
    """Begin a session and set its cookie on the answer."""
    sandbox = sandbox_of(request)
    if sandbox.faults.strike("sign-in-fails"):
        return Response("Internal server error", status_code=500)
    sandbox.stats.count("sign_ins")
    token = sandbox.sessions.begin()
    seconds = int(sandbox.config.session_hours * 3600)
    response.set_cookie(sandbox.sessions.cookie_name, token, max_age=seconds, httponly=True, samesite="lax")
    return response


def go(path: str) -> Response:
    """Redirect to another page, with GET."""
    return RedirectResponse(path, status_code=303)


def is_signed_in(request: Request) -> bool:
    """Whether the browser has a valid session."""
    sandbox = sandbox_of(request)
    token = request.cookies.get(sandbox.sessions.cookie_name, "")
    return bool(token) and sandbox.sessions.is_valid(token)
