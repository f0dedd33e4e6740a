"""``POST /graphql``: the API, and the one way in which a visit starts an export."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from wandb_tui.sandbox.pages.queries import RUN_PAGE_OPERATION
from wandb_tui.sandbox.resolvers.context import ResolverContext
from wandb_tui.sandbox.resolvers.schema import MEMBERSHIP, GraphQLResult, NotUnderstoodError, Operation, prepare, run
from wandb_tui.sandbox.resolvers.views import VIEWS
from wandb_tui.sandbox.sessions import KeyRefusedError
from wandb_tui.sandbox.traffic import read_body, record

if TYPE_CHECKING:
    from starlette.requests import Request

    from wandb_tui.sandbox.context import SandboxContext
    from wandb_tui.sandbox.sessions import Caller

_SDK_AGENTS = ("wandb-core", "W&B Public Client")
_OLD_CLIENT = re.compile(r"W&B Public Client 0\.(\d|1\d|2[0-6])\.")
"""SDKs that fetch the whole history themselves, rather than through their service process."""
_SDK_HELPERS = ("W&B Internal Client",)
"""The user agents with which older SDKs verify a key."""


async def graphql(request: Request) -> Response:
    """Answer one GraphQL request."""
    sandbox: SandboxContext = request.app.state.sandbox
    sandbox.stats.count("graphql_requests")
    try:
        caller = sandbox.sessions.caller(request)
    except KeyRefusedError:
        return _errors(401, "invalid API key")
    _count(sandbox, caller)
    try:
        body = json.loads(await read_body(request))
        query, variables = str(body["query"]), body.get("variables") or {}
    except (ValueError, KeyError, TypeError):
        return _errors(400, "the request has to be a JSON object with a query")
    agent = request.headers.get("user-agent", "")
    from_sdk = agent.startswith(_SDK_AGENTS)
    if (
        caller.by == "key"
        and not agent.startswith(_SDK_AGENTS + _SDK_HELPERS)
        and sandbox.faults.get("sdk-only") is not None
    ):
        return _errors(200, 'Cannot query field "project" on type "Query".')
    # The SDK joins these rows with those of the Parquet files, without removing duplicates.
    reads_parquet = from_sdk and not _OLD_CLIENT.match(agent)
    context = ResolverContext(
        sandbox, caller, f"{request.url.scheme}://{request.url.netloc}", VIEWS, reads_parquet=reads_parquet
    )
    answer = await run_in_threadpool(_answer, context, query, variables)
    record(sandbox, request, {"query": query, "variables": variables}, answer.status, answer.body)
    return JSONResponse(answer.body, status_code=answer.status)


def _answer(context: ResolverContext, query: str, variables: dict[str, Any]) -> GraphQLResult:
    """Run the request, and start the exports that it triggers."""
    sandbox, caller = context.sandbox, context.caller
    lacking = _lacking_field(sandbox)
    try:
        operation = prepare(query, lacking)
    except NotUnderstoodError as error:
        status = 200 if lacking else 400
        return GraphQLResult(status, {"data": None, "errors": [one.formatted for one in error.errors]})
    sandbox.stats.count("graphql_fields", operation.fields)
    is_page = operation.name == RUN_PAGE_OPERATION
    if is_page and caller.by != "key" and sandbox.faults.strike("visit-loads-nothing"):
        return GraphQLResult(200, {"data": {"project": None}})
    answer = run(operation, context, variables, lacking)
    if is_page and context.runs_seen and caller.by != "key":
        sandbox.stats.count("run_page_queries")
    if _starts_exports(sandbox, caller, operation):
        start_exports(context)
    return answer


def _lacking_field(sandbox: SandboxContext) -> str:
    """The field that a fault removes from the schema; empty for none."""
    if sandbox.faults.get("no-membership-field") is not None:
        return MEMBERSHIP
    if sandbox.faults.get("no-feed") is not None:
        return "artifactCollections.order+artifactCollections.filters"
    fault = sandbox.faults.get("no-field")
    return fault.text("name") if fault else ""


def start_exports(context: ResolverContext) -> None:
    """Start an export of every run that the request queried."""
    for seen in context.runs_seen.values():
        if context.sandbox.exports.start(seen):
            context.sandbox.stats.count("exports_started")


def _starts_exports(sandbox: SandboxContext, caller: Caller, operation: Operation) -> bool:
    """Only the run page's own request does, unless a fault says otherwise."""
    if caller.by == "key":
        return sandbox.faults.get("export-by-api-key") is not None
    is_page = operation.name == RUN_PAGE_OPERATION or sandbox.faults.get("export-by-any-page-query") is not None
    return is_page and (caller.by == "cookie" or sandbox.faults.get("signed-out-starts-nothing") is None)


def _count(sandbox: SandboxContext, caller: Caller) -> None:
    if caller.by != "nothing":
        sandbox.stats.count("graphql_api_requests" if caller.by == "key" else "graphql_page_requests")


def _errors(status: int, message: str) -> JSONResponse:
    return JSONResponse({"errors": [{"message": message}], "data": None}, status_code=status)
