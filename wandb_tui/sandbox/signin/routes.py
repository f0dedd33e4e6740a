"""The addresses of signing in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

from wandb_tui.sandbox.pages.templates import page
from wandb_tui.sandbox.signin import multi_step, one_page
from wandb_tui.sandbox.signin.flow import accepts, go, let_in, sandbox_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_LIFETIME_S = 3600


def sign_in_routes(kind: str) -> list[Route]:
    """The routes of one kind of sign-in, and those that all kinds have."""
    if kind in one_page.KINDS:
        own = [
            Route("/login", one_page.show),
            Route("/login", one_page.submit, methods=["POST"]),
            Route("/login/session", one_page.submit_json, methods=["POST"]),
            Route("/login/code", one_page.second_factor, methods=["POST"]),
            Route("/signup", one_page.sign_up, methods=["POST"]),
        ]
    else:
        own = multi_step.routes(kind)
    return [
        *own,
        Route("/login/with/{provider}", _other_provider),
        Route("/signup", _sign_up_page),
        Route("/oidc/login", _self_managed, methods=["POST"]),
        Route("/oidc/token", _exchange_identity, methods=["POST"]),
        Route("/logout", _sign_out),
    ]


async def _exchange_identity(request: Request) -> Response:
    """Identity federation: the requests and answers are those that the SDK 0.31 sends and understands."""
    sandbox = sandbox_of(request)
    sandbox.stats.count("token_exchanges")
    form = await request.form()
    if form.get("grant_type") != _GRANT_TYPE:
        return JSONResponse({"error": "unsupported_grant_type"}, status_code=400)
    if sandbox.faults.get("identity-refused") or not sandbox.account.accepts_identity(str(form.get("assertion", ""))):
        return JSONResponse({"error": "invalid_grant", "error_description": "unknown identity"}, status_code=401)
    short = sandbox.faults.get("access-token-expires")
    lifetime = short.whole("after") if short else _TOKEN_LIFETIME_S
    token = sandbox.access_tokens.issue(lifetime)
    return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": lifetime})


async def _self_managed(request: Request) -> Response:
    """The sign-in of self-managed servers without single sign-on: JSON in, a cookie out."""
    body = await request.json()
    identifier = str(body.get("email") or body.get("username") or "")
    if accepts(request, identifier, str(body.get("password", ""))):
        return let_in(request, JSONResponse({"ok": True}))
    return JSONResponse({"error": "incorrect e-mail or password"}, status_code=401)


def _sign_out(request: Request) -> Response:
    sandbox = sandbox_of(request)
    sandbox.sessions.end(request.cookies.get(sandbox.sessions.cookie_name, ""))
    response = go("/login")
    response.delete_cookie(sandbox.sessions.cookie_name)
    return response


def _other_provider(request: Request) -> Response:
    """The buttons “Continue with …” lead nowhere here."""
    return page(request, "signin/provider.html", provider=request.path_params["provider"].title())


def _sign_up_page(request: Request) -> Response:
    return page(request, "signin/provider.html", provider="An invitation")
