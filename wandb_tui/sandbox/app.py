"""The sandbox's web application: all its routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from wandb_tui.sandbox.controls import CONTROL_ROUTES
from wandb_tui.sandbox.fault_middleware import FaultMiddleware
from wandb_tui.sandbox.file_stream import file_stream, run_file, storage
from wandb_tui.sandbox.graphql_route import graphql
from wandb_tui.sandbox.pages.listings import index, project
from wandb_tui.sandbox.pages.run import page_data, run_page
from wandb_tui.sandbox.signin.multi_step import elsewhere_app
from wandb_tui.sandbox.signin.routes import sign_in_routes

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from wandb_tui.sandbox.context import SandboxContext


def build_app(sandbox: SandboxContext) -> ASGIApp:
    """The application for one sandbox."""
    app = Starlette(
        routes=[
            Route("/", index),
            Route("/graphql", graphql, methods=["POST"]),
            Route("/healthz", _healthy),
            Route("/page-data/run", page_data, methods=["POST"]),
            Route("/files/{entity}/{project}/{run}/file_stream", file_stream, methods=["POST"]),
            Route("/files/{entity}/{project}/{run}/{name:path}", run_file),
            Route("/storage/{path:path}", storage, methods=["GET", "PUT"]),
            *CONTROL_ROUTES,
            *sign_in_routes(sandbox.config.sign_in),
            # These two come last, since their first part matches anything.
            Route("/{entity}/{project}/runs/{run}", run_page),
            Route("/{entity}/{project}/runs/{run}/{tab:path}", run_page),
            Route("/{entity}/{project}", project),
            Route("/{entity}/{project}/workspace", project),
        ],
    )
    app.state.sandbox = sandbox
    return _Origins(FaultMiddleware(app, sandbox), elsewhere_app(sandbox), sandbox)


class _Origins:
    """Routes requests at the other port to the pages of other servers."""

    def __init__(self, here: ASGIApp, elsewhere: ASGIApp, sandbox: SandboxContext) -> None:
        self._here = here
        self._elsewhere = elsewhere
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route by the port of the connection, not by the host in the request."""
        port = (scope.get("server") or ("", None))[1]
        is_elsewhere = self._sandbox.elsewhere.endswith(f":{port}")
        await (self._elsewhere if is_elsewhere else self._here)(scope, receive, send)


def _healthy(_: Request) -> Response:
    return Response("ok")
