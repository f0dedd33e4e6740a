"""A run's page: a shell, and a script that queries the run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from wandb_tui.sandbox.graphql_route import start_exports
from wandb_tui.sandbox.pages.listings import browser_caller
from wandb_tui.sandbox.pages.queries import RUN_PAGE_OPERATION, RUN_PAGE_QUERY
from wandb_tui.sandbox.pages.templates import page
from wandb_tui.sandbox.resolvers.context import ResolverContext
from wandb_tui.sandbox.resolvers.schema import prepare
from wandb_tui.sandbox.resolvers.schema import run as run_query
from wandb_tui.sandbox.resolvers.views import VIEWS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from wandb_tui.sandbox.context import SandboxContext

_OTHER_ADDRESS = "/page-data/run"


def run_page(request: Request) -> Response:
    """The shell of a run's page. Without access to the run the page is empty, with HTTP 200."""
    sandbox: SandboxContext = request.app.state.sandbox
    if fault := sandbox.faults.strike("page-error"):
        return page(request, "error.html", status=fault.whole("code"))
    caller = browser_caller(request)
    parameters = request.path_params
    project = sandbox.state.project(parameters["entity"], parameters["project"])
    found = sandbox.state.run(project, parameters["run"]) if project and caller.may_see(project) else None
    if found is None:
        sandbox.stats.count("empty_pages")
        return page(request, "empty.html", account=caller.account)
    sandbox.stats.count("page_visits")
    if sandbox.faults.get("export-by-get") and sandbox.exports.start(found):
        sandbox.stats.count("exports_started")
    other_address = sandbox.faults.get("run-page-no-graphql") is not None
    slow = sandbox.faults.get("page-slow")
    ask = {
        "operationName": RUN_PAGE_OPERATION,
        "query": RUN_PAGE_QUERY,
        "variables": {"entityName": found.project.entity, "projectName": found.project.name, "runName": found.name},
    }
    return page(
        request,
        "run.html",
        account=caller.account,
        run=found,
        tab=parameters.get("tab") or "workspace",
        ask=ask,
        address=_OTHER_ADDRESS if other_address else "/graphql",
        wait=1000 * slow.number("seconds") if slow else 0,
    )


async def page_data(request: Request) -> Response:
    """Replaces ``/graphql`` for the run page under the fault ``run-page-no-graphql``."""
    sandbox: SandboxContext = request.app.state.sandbox
    if sandbox.faults.get("run-page-no-graphql") is None:
        return JSONResponse({"error": "not found"}, status_code=404)
    variables = json.loads(await request.body())["variables"]
    caller = await run_in_threadpool(browser_caller, request)
    context = ResolverContext(sandbox, caller, f"{request.url.scheme}://{request.url.netloc}", VIEWS)
    answer = await run_in_threadpool(run_query, prepare(RUN_PAGE_QUERY), context, variables)
    await run_in_threadpool(start_exports, context)
    return JSONResponse(answer.body, status_code=answer.status)
