"""The small HTTP controls for tests in other processes; see the package's description."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from wandb_tui.sandbox.context import SandboxContext
    from wandb_tui.sandbox.state import Run


def find_run(sandbox: SandboxContext, path: str) -> Run:
    """The run at ``entity/project/id``.

    Raises:
        ValueError: There is none.
    """
    entity, _, rest = path.partition("/")
    project_name, _, name = rest.partition("/")
    project = sandbox.state.project(entity, project_name)
    run = sandbox.state.run(project, name) if project else None
    if run is None:
        raise ValueError(f"There is no run {path} in the sandbox.")
    return run


def set_public(sandbox: SandboxContext, path: str, *, public: bool) -> None:
    """Let everyone see ``entity/project``, or only its members."""
    entity, slash, name = path.partition("/")
    if not slash or not entity or not name:
        raise ValueError(f"A project is written entity/project, not “{path}”.")
    sandbox.state.set_public(entity, name, public=public)


def _stats(request: Request) -> Response:
    sandbox: SandboxContext = request.app.state.sandbox
    return JSONResponse(sandbox.stats.as_dict())


def _expire_sessions(request: Request) -> Response:
    sandbox: SandboxContext = request.app.state.sandbox
    sandbox.sessions.expire_all()
    return Response(status_code=204)


async def _faults(request: Request) -> Response:
    sandbox: SandboxContext = request.app.state.sandbox
    try:
        body = json.loads(await request.body())
        sandbox.faults.replace([str(fault) for fault in body])
    except (ValueError, TypeError) as error:
        return _refused(error)
    return Response(status_code=204)


async def _export(request: Request) -> Response:
    sandbox: SandboxContext = request.app.state.sandbox
    try:
        began = sandbox.exports.start(find_run(sandbox, await _field(request, "run")), delay=0.0)
    except ValueError as error:
        return _refused(error)
    return JSONResponse({"exported": began})


async def _public(request: Request) -> Response:
    sandbox: SandboxContext = request.app.state.sandbox
    try:
        set_public(sandbox, await _field(request, "project"), public=True)
    except ValueError as error:
        return _refused(error)
    return Response(status_code=204)


async def _field(request: Request, name: str) -> str:
    body: Any = json.loads(await request.body())
    if not isinstance(body, dict) or name not in body:
        raise ValueError(f"The request has to be a JSON object with “{name}”.")
    return str(body[name])


def _refused(error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)


CONTROL_ROUTES = (
    Route("/sandbox/stats", _stats),
    Route("/sandbox/expire-sessions", _expire_sessions, methods=["POST"]),
    Route("/sandbox/faults", _faults, methods=["POST"]),
    Route("/sandbox/export", _export, methods=["POST"]),
    Route("/sandbox/public", _public, methods=["POST"]),
)
