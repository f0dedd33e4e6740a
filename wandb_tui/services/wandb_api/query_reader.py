"""Looks at followed queries for the poller: a page of each of those that are due, in one request."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Collection, Sequence
from typing import Any

from wandb_tui.core.catalogue import RunQuery
from wandb_tui.core.errors import RunNotFoundError, ServerError, WandbTuiError
from wandb_tui.core.live_query import LiveQuery, QueryNews, QueryPart
from wandb_tui.core.probe import GOING_ON_STATES
from wandb_tui.core.project_query import ProjectQuery
from wandb_tui.core.schedule import Clock
from wandb_tui.services.wandb_api.batch_size import BatchSize
from wandb_tui.services.wandb_api.catalogue import read_runs, run_filters
from wandb_tui.services.wandb_api.feed_reader import Send
from wandb_tui.services.wandb_api.graphql import Reply
from wandb_tui.services.wandb_api.response import error_from, json_object, nodes
from wandb_tui.services.wandb_api.schema_gaps import SchemaGaps

log = logging.getLogger(__name__)

Report = Callable[[QueryNews], object]
"""Receives the news of a query."""


class QueryReader:
    """Looks at queries in the poller's thread; `follow` and `unfollow` may be called from any thread."""

    def __init__(self, send: Send, clock: Clock, gaps: SchemaGaps) -> None:
        """Follow nothing.

        Args:
            send: Sends a GraphQL query.
            clock: The poller's clock.
            gaps: The known gaps in the server's API.
        """
        self._send = send
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: dict[ProjectQuery, tuple[LiveQuery, Report]] = {}
        self._size = BatchSize()
        self._gaps = gaps

    def follow(
        self, query: ProjectQuery, known: Collection[str], *, interval: float, until_ended: bool, report: Report
    ) -> None:
        """Follow a query from now on."""
        with self._lock:
            self._rows[query] = LiveQuery(query, known, interval=interval, until_ended=until_ended), report

    def unfollow(self, query: ProjectQuery) -> None:
        """Stop following a query."""
        with self._lock:
            self._rows.pop(query, None)

    def until_due(self) -> float | None:
        """Seconds until a page is to be asked for, 0 or less if that is now; None if no query is followed."""
        with self._lock:
            due = min((live.next_at for live, _ in self._rows.values()), default=None)
        return None if due is None else due - self._clock()

    def look(self) -> None:
        """Request the pages that are due, and report the answers."""
        now = self._clock()
        with self._lock:
            due = [(live, report) for live, report in self._rows.values() if live.next_at <= now]
        due.sort(key=lambda row: row[0].next_at)
        while due:
            batch = due[: self._size.now]
            parts = [live.part() for live, _ in batch]
            text, variables = _compose(parts)
            reply = self._gaps.execute(self._send, text, variables)
            if self._size.learn(len(batch), reply):
                continue
            due = due[len(batch) :]
            takes_filters = "f0" in self._gaps.known(text).variables
            for number, (live, report) in enumerate(batch):
                report(self._read(live, parts[number], reply, number, takes_filters=takes_filters))
            if reply.data is None:
                # The others would fail as well.
                return

    def _read(self, live: LiveQuery, part: QueryPart, reply: Reply, number: int, *, takes_filters: bool) -> QueryNews:
        now = self._clock()
        try:
            project = _project(reply, part, number)
            if part.query.conditions != RunQuery() and not takes_filters:
                # It has answered with all runs.
                raise ServerError("This server cannot search for runs.", "Follow all runs of the project instead.")
            running = json_object(json_object((reply.data or {}).get(f"g{number}")).get("runs"))
            page = read_runs(part.query.entity, part.query.project, project)
        except WandbTuiError as error:
            log.info("The runs of %s cannot be listed: %s", part.query, error)
            return live.failed(error, now)
        return live.read(page, bool(nodes(running)) if part.going_on else None, now)


def _project(reply: Reply, part: QueryPart, number: int) -> dict[str, Any]:
    project = json_object((reply.data or {}).get(f"q{number}"))
    if project:
        return project
    if reply.problem is not None or reply.limited or reply.data is None:
        raise error_from(reply)
    query = part.query
    raise RunNotFoundError(f"There is no project {query.entity}/{query.project}, or this API key may not see it.")


def _compose(parts: Sequence[QueryPart]) -> tuple[str, dict[str, object]]:
    """One query for all these pages; each field on a line of its own, so that one can be left out."""
    declared: list[str] = []
    lines: list[str] = []
    variables: dict[str, object] = {"order": "-created_at"}
    for i, part in enumerate(parts):
        declared.append(f"$e{i}: String!, $p{i}: String!, $c{i}: String, $n{i}: Int, $f{i}: JSONString")
        conditions = run_filters(part.query.conditions)
        variables |= {f"e{i}": part.query.entity, f"p{i}": part.query.project, f"f{i}": json.dumps(conditions)}
        variables |= {f"c{i}": part.cursor or None, f"n{i}": part.size}
        lines += [
            f"  q{i}: project(name: $p{i}, entityName: $e{i}) {{",
            f"    runCount(filters: $f{i})",
            f"    runs(filters: $f{i}, after: $c{i}, first: $n{i}, order: $order) {{",
            "      edges {",
            "        node {",
            "          name",
            "          displayName",
            "          state",
            "        }",
            "      }",
            "      pageInfo { endCursor hasNextPage }",
            "    }",
            "  }",
        ]
        if part.going_on:
            declared.append(f"$g{i}: JSONString")
            going_on = {"state": {"$in": sorted(GOING_ON_STATES)}}
            variables[f"g{i}"] = json.dumps({"$and": [conditions, going_on]} if conditions else going_on)
            lines += [
                f"  g{i}: project(name: $p{i}, entityName: $e{i}) {{",
                f"    runs(filters: $g{i}, first: 1) {{",
                "      edges { node { name } }",
                "    }",
                "  }",
            ]
    return "\n".join([f"query FollowedRuns({', '.join(declared)}, $order: String) {{", *lines, "}"]), variables
