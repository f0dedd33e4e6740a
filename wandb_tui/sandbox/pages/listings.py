"""The pages with lists: ``/`` and one for each project."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.pages.templates import page
from wandb_tui.sandbox.resolvers.context import timestamp
from wandb_tui.sandbox.sessions import Caller, KeyRefusedError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from wandb_tui.sandbox.context import SandboxContext
    from wandb_tui.sandbox.state import Project, Run

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def browser_caller(request: Request) -> Caller:
    """The caller of a page, by cookie only; opening a page uses the cookie."""
    sandbox: SandboxContext = request.app.state.sandbox
    try:
        caller = sandbox.sessions.caller(request, is_page=True)
    except KeyRefusedError:
        return Caller(None, "nothing")
    return caller if caller.by == "cookie" else Caller(None, "nothing")


def index(request: Request) -> Response:
    """All projects and runs, for everyone who can reach the loopback address."""
    sandbox: SandboxContext = request.app.state.sandbox
    projects = [(project, _rows(sandbox, project)) for project in sandbox.state.projects()]
    return page(request, "index.html", account=browser_caller(request).account, projects=projects)


def project(request: Request) -> Response:
    """One project's runs."""
    sandbox: SandboxContext = request.app.state.sandbox
    found = sandbox.state.project(request.path_params["entity"], request.path_params["project"])
    caller = browser_caller(request)
    if found is None or not caller.may_see(found):
        return page(request, "empty.html", account=caller.account)
    return page(request, "project.html", account=caller.account, project=found, rows=_rows(sandbox, found))


def _rows(sandbox: SandboxContext, project: Project) -> list[dict[str, Any]]:
    return [_row(sandbox, run) for run in reversed(sandbox.state.runs(project))]


def _row(sandbox: SandboxContext, run: Run) -> dict[str, Any]:
    """A run's cells in a table."""
    versions = sandbox.exports.versions(run)
    name = sandbox.exports.collection_name(run)
    return {
        "run": run,
        "state": run.live_state,
        "last_step": sandbox.histories.last_step(run),
        "created": timestamp(run.created_at),
        "age": _age(time.time() - run.created_at),
        "artifact": f"{name}:v{versions[-1].number}" if versions else None,
        "covered": versions[-1].last_step if versions else None,
    }


def _age(seconds: float) -> str:
    """An age in its largest unit."""
    for unit, length in (("d", _DAY_S), ("h", _HOUR_S), ("min", _MINUTE_S)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return "just now"
