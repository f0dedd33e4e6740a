"""The MCP server: which tools there are, and what holds for the answers of all of them."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import BaseModel, ValidationError

from wandb_tui.cli.mcp.argument_errors import argument_problem, unknown_argument
from wandb_tui.cli.mcp.change_tools import ChangeTools
from wandb_tui.cli.mcp.export_tool import ExportTool
from wandb_tui.cli.mcp.read_tools import ReadTools
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.version import __version__
from wandb_tui.wiring import Wiring

_INSTRUCTIONS = (
    "Weights & Biases exports the history of a run as the artifact run-<id>-history, mostly only when the run's page "
    "is opened. Until it is there and covers a step, the run cannot be forked at that step, and its whole history "
    "cannot be downloaded. wait_for_export waits for that; fork_snippet and history_summary say whether it is there."
)
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=True)
_VISITS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
_EDITS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_DELETES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)


def build_server(wiring: Wiring, *, allow_changes: bool) -> MCPServer[None]:
    """The server with its tools.

    Args:
        wiring: The services.
        allow_changes: Whether pages may be visited and the watch list be changed.
    """
    server = _Server(
        "wandb-tui",
        title="wandb-tui",
        instructions=_INSTRUCTIONS,
        version=__version__,
        log_level="WARNING",
        lifespan=_own_threads,
        middleware=[_redact_answer],
    )
    reads, export = ReadTools(wiring), ExportTool(wiring, visit=allow_changes)
    server.add_tool(
        _answering(export.wait_for_export),
        description=export.description,
        annotations=_VISITS if allow_changes else _READS,
    )
    for function in (reads.status, reads.history_summary, reads.fork_snippet, reads.tree):
        server.add_tool(_answering(function), annotations=_READS)
    if allow_changes:
        changes = ChangeTools(wiring)
        for change in (changes.add, changes.cancel, changes.restart):
            server.add_tool(_answering(change), annotations=_EDITS)
        server.add_tool(_answering(changes.remove), annotations=_DELETES)
    return server


class _Server(MCPServer[None]):
    """Answers wrong arguments in words: the SDK answers with pydantic's own text, and ignores unknown ones."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[None, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool.

        Raises:
            ToolError: The tool is unknown, takes other arguments, or has failed.
        """
        schema = self._tool_input_schema(name)
        if schema is not None and (problem := unknown_argument(name, arguments, schema)):
            raise ToolError(problem)
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            # A tool that crashes may do so over data of its own.
            crashed = isinstance(error, UnexpectedToolError)
            if isinstance(error.__cause__, ValidationError) and schema is not None and not crashed:
                raise ToolError(argument_problem(error.__cause__, schema)) from None
            raise


@asynccontextmanager
async def _own_threads(_: MCPServer[None]) -> AsyncIterator[None]:
    """Run what blocks in daemon threads: a call that hangs must not keep the process from ending with its client."""
    asyncio.get_running_loop().set_default_executor(DaemonPool("wandb-tui tool"))
    yield


def _answering(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """The tool with its errors in words: the SDK withholds the text of any other exception than its own."""

    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        try:
            if inspect.iscoroutinefunction(function):
                return await function(*args, **kwargs)
            return await asyncio.to_thread(function, *args, **kwargs)
        except WandbTuiError as error:
            raise ToolError(str(error)) from None

    return call


async def _redact_answer(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Mask known secrets in every answer; the SDK also repeats refused arguments word for word."""
    try:
        result = await call_next(ctx)
    except MCPError as error:
        raise MCPError(error.code, redact(error.message), _redacted(error.data)) from None
    if isinstance(result, BaseModel):
        result = result.model_dump(by_alias=True, mode="json", exclude_none=True)
    return _redacted(result)  # type: ignore[no-any-return]


def _redacted(value: Any) -> Any:
    """A value of JSON with the known secrets masked."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(str(key)): _redacted(one) for key, one in value.items()}
    return [_redacted(one) for one in value] if isinstance(value, list | tuple) else value
