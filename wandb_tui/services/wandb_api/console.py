"""Reads what a run wrote to its console, page by page, with the fields of the SDK's own queries."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.console import ConsoleLine, ConsolePage, ConsolePosition
from wandb_tui.core.errors import RunNotFoundError, ServerError
from wandb_tui.core.log import MAX_CONSOLE_LINES
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import Clock
from wandb_tui.services.wandb_api.graphql import GraphQL, Reply, mentions
from wandb_tui.services.wandb_api.response import error_from, json_object, nodes
from wandb_tui.services.wandb_api.throttle import Throttle

_PAGE_LINES = 1000
"""Lines per request; the SDK's own number."""

_OVERLAP_LINES = 20
"""The number of newest lines that are read again, since progress bars change lines that have been read."""

_TAIL_LINES = 200
"""Lines per request where only the newest ones can be read, once the console has been read."""

_LINE = "edges { node { number timestamp level label line } }"
_PAGE_QUERY = f"""
query RunConsoleLogPage($project: String!, $entity: String!, $name: String!, $first: Int, $after: String, $last: Int) {{
  project(name: $project, entityName: $entity) {{
    run(name: $name) {{
      state
      logLineCount
      logLines(first: $first, after: $after, useImprovedPagination: true) {{
        {_LINE}
        pageInfo {{ endCursor hasNextPage }}
      }}
      newest: logLines(last: $last) {{ {_LINE} }}
    }}
  }}
}}
"""
_TAIL_QUERY = f"""
query RunConsoleLogTail($project: String!, $entity: String!, $name: String!, $last: Int) {{
  project(name: $project, entityName: $entity) {{
    run(name: $name) {{
      state
      logLineCount
      logLines(last: $last) {{ {_LINE} }}
    }}
  }}
}}
"""
_NO_PAGES = ("useimprovedpagination",)
_NO_CONSOLES = ("loglines",)


class GraphQLConsole:
    """Implements `ui.runtime.ports.Console`. Reads one page at a time, at least a second apart, for all runs."""

    def __init__(
        self, client: Callable[[], GraphQL], limiting: Callable[[], float], clock: Clock = time.monotonic
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            client: Makes a client.
            limiting: Seconds for which the server limits the monitors' probes; 0 for none.
            clock: Seconds on a clock that never goes back.
        """
        self._make_client = client
        self._client: GraphQL | None = None
        self._limiting = limiting
        self._throttle = Throttle(clock)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._has_pages = True

    def pause(self) -> float:
        """Seconds until the next page may be read; 0 if now. Does not block."""
        return max(0.0, self._throttle.gap, self._throttle.hold, self._limiting())

    def read(self, run: RunAddress, position: ConsolePosition) -> ConsolePage:
        """Read on from a position.

        Args:
            run: The run.
            position: The end of the last page; for the first one, a new position.

        Returns:
            The next page from the beginning on. If the server gives only the newest lines, or there are more than are
            kept anyway, the newest ones.

        Raises:
            ApiKeyError: The server refuses the key.
            RunNotFoundError: There is no such run.
            ServerError: The server does not answer, or gives no consoles.
        """
        with self._lock:
            if self._has_pages and (position.cursor or not position.number):
                page = self._page(run, position)
                if page is not None and (position.number or (page.total or 0) <= MAX_CONSOLE_LINES):
                    return page
                self._closed.wait(max(0.0, self._throttle.gap))
            return self._newest(run, position)

    def _page(self, run: RunAddress, position: ConsolePosition) -> ConsolePage | None:
        """The lines after a position; None if the server gives only the newest ones."""
        variables = {"first": _PAGE_LINES, "after": position.cursor or None, "last": _OVERLAP_LINES}
        reply = self._execute(_PAGE_QUERY, run, variables)
        if reply.data is None and any(mentions(error, _NO_PAGES) for error in reply.errors):
            self._has_pages = False
            return None
        found = _run(run, reply)
        listed = json_object(found.get("logLines"))
        info = json_object(listed.get("pageInfo"))
        lines = {line.number: line for line in map(_line, nodes(listed))}
        more = bool(info.get("hasNextPage") and info.get("endCursor"))
        end = max(lines, default=position.number - 1) + 1
        if not more:
            # Lines written since belong to the next page.
            newest = (line for line in map(_line, nodes(found.get("newest"))) if line.number < end)
            lines |= {line.number: line for line in newest}
        cursor = str(info.get("endCursor") or position.cursor)
        return _console_page(found, lines, ConsolePosition(cursor, end), more=more)

    def _newest(self, run: RunAddress, position: ConsolePosition) -> ConsolePage:
        """The newest lines: some, or all that are kept if those do not reach back to the position."""
        found, lines = self._tail(run, _TAIL_LINES if position.number else MAX_CONSOLE_LINES)
        if position.number and min(lines, default=0) > position.number:
            self._closed.wait(max(0.0, self._throttle.gap))
            found, lines = self._tail(run, MAX_CONSOLE_LINES)
        end = max(lines, default=position.number - 1) + 1
        return _console_page(found, lines, ConsolePosition("", end), more=False)

    def _tail(self, run: RunAddress, count: int) -> tuple[dict[str, Any], dict[int, ConsoleLine]]:
        found = _run(run, self._execute(_TAIL_QUERY, run, {"last": count}))
        return found, {line.number: line for line in map(_line, nodes(found.get("logLines")))}

    def _execute(self, query: str, run: RunAddress, variables: Mapping[str, object]) -> Reply:
        client = self._client = self._client or self._make_client()
        reply = client.execute(query, {"entity": run.entity, "project": run.project, "name": run.run_id, **variables})
        self._throttle.observe(reply)
        return reply

    def close(self) -> None:
        """Close the connection; one in use closes with the process."""
        self._closed.set()
        if self._client is not None and self._lock.acquire(blocking=False):
            self._client.close()
            self._lock.release()


def _run(run: RunAddress, reply: Reply) -> dict[str, Any]:
    """The run in the reply."""
    if reply.data is None and any(mentions(error, _NO_CONSOLES) for error in reply.errors):
        raise ServerError("This server does not give the console output of runs.")
    if reply.problem is not None or reply.errors:
        raise error_from(reply)
    found = json_object((reply.data or {}).get("project")).get("run")
    if not isinstance(found, dict):
        raise RunNotFoundError(f"There is no run {run.run_id} in {run.project_path}, or this API key may not see it.")
    return found


def _console_page(
    run: dict[str, Any], lines: Mapping[int, ConsoleLine], end: ConsolePosition, *, more: bool
) -> ConsolePage:
    count = run.get("logLineCount")
    return ConsolePage(
        tuple(lines[number] for number in sorted(lines)),
        end,
        count if isinstance(count, int) else None,
        more=more,
        going_on=RunInfo(state=str(run.get("state") or "")).going_on,
    )


def _line(node: Mapping[str, Any]) -> ConsoleLine:
    number = node.get("number")
    return ConsoleLine(
        number if isinstance(number, int) else 0,
        str(node.get("line") or ""),
        _time(node.get("timestamp")),
        stderr=node.get("level") == "error",
        label=str(node.get("label") or ""),
    )


def _time(text: object) -> datetime | None:
    """A time as the server writes it: in UTC, mostly without saying so."""
    try:
        found = datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
