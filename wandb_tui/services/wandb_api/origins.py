"""Looks up where runs came from: in their configs, completed by our own notes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.details import OriginSource, RunForks, RunOrigin
from wandb_tui.core.errors import ApiKeyError, RunNotFoundError, ServerError, UsageError
from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.services.disk.branch_notes import BranchNotes
from wandb_tui.services.wandb_api.graphql import GraphQL, Reply, one_line
from wandb_tui.services.wandb_api.response import json_object, next_cursor, nodes
from wandb_tui.services.wandb_api.retries import with_retries
from wandb_tui.services.wandb_api.run_values import read_branch_point, read_replay
from wandb_tui.services.wandb_api.schema_gaps import SchemaGaps

_PAGE_SIZE = 100
"""Runs per request: each comes with its whole config."""
_BATCH_SIZE = 50
"""Runs per request where each is asked for by its name."""
_MAX_PAGES_OF_FORKS = 20
_MAX_GENERATIONS = 1000

_FIELDS = """
name config
displayName
state
"""
"""A line each for what can be done without: a run's origin cannot be told without its config."""
_OLDEST_FIRST, _NEWEST_FIRST = "+created_at", "-created_at"

# The server is not asked to filter by branch point: whether it can is documented nowhere, and one that cannot may
# answer with no runs instead of an error.
_ORIGINS_QUERY = f"""
query RunOrigins($project: String!, $entity: String!, $cursor: String, $perPage: Int, $order: String) {{
  project(name: $project, entityName: $entity) {{
    runs(after: $cursor, first: $perPage, order: $order) {{
      edges {{ node {{ {_FIELDS} }} }}
      pageInfo {{ endCursor hasNextPage }}
    }}
  }}
}}
"""


class RunOrigins:
    """Reads where runs came from. May be used by several threads; each call has a connection of its own."""

    def __init__(self, client: Callable[[], GraphQL], notes: BranchNotes, gaps: SchemaGaps | None = None) -> None:
        """Prepare; nothing is sent yet.

        Args:
            client: Makes a client.
            notes: Our own notes of forks.
            gaps: The known gaps in the server's API; None if nothing is known of it.
        """
        self._gaps = gaps or SchemaGaps()
        self._make_client = client
        self._notes = notes
        self._closed = threading.Event()

    def of_project(self, entity: str, project: str) -> dict[RunAddress, RunOrigin]:
        """All runs of a project, the oldest first.

        Raises:
            ApiKeyError: The server refuses the key.
            RunNotFoundError: There is no such project, or this key may not see it.
            ServerError: The server does not answer, or not with the runs.
        """
        pages = self._pages(entity, project, _OLDEST_FIRST)
        found = self._notes.completed(origin for page in pages for origin in page)
        return {origin.run: origin for origin in found}

    def of_runs(self, runs: Sequence[RunAddress]) -> dict[RunAddress, RunOrigin]:
        """These runs and all their ancestors; those that are missing, or that the key may not see, are left out.

        Raises:
            ApiKeyError: The server refuses the key.
            ServerError: The server does not answer.
        """
        found: dict[RunAddress, RunOrigin] = {}
        asked: set[RunAddress] = set()
        wanted = list(dict.fromkeys(runs))
        with contextlib.closing(self._make_client()) as client:
            for _ in range(_MAX_GENERATIONS):
                if not wanted:
                    break
                asked.update(wanted)
                batches = [wanted[first : first + _BATCH_SIZE] for first in range(0, len(wanted), _BATCH_SIZE)]
                new = self._notes.completed(one for batch in batches for one in self._named(client, batch))
                found |= {origin.run: origin for origin in new}
                wanted = list(dict.fromkeys(one.parent for one in new if one.parent and one.parent not in asked))
        return found

    def forks_of(self, run: RunAddress) -> RunForks:
        """The runs of its project that were forked or replayed from a run; of the newest 2,000 runs at most.

        Raises:
            ApiKeyError: The server refuses the key.
            RunNotFoundError: There is no such project, or this key may not see it.
            ServerError: The server does not answer, or not with the runs.
        """
        found: list[RunOrigin] = []
        complete = True
        for number, page in enumerate(self._pages(run.entity, run.project, _NEWEST_FIRST), 1):
            found += page
            # Runs older than the run itself were not forked from it.
            if self._takes_order and any(origin.run == run for origin in page):
                break
            if number == _MAX_PAGES_OF_FORKS:
                complete = False
                break
        forks = [origin for origin in self._notes.completed(found) if origin.parent == run]
        return RunForks(tuple(sorted(forks, key=lambda origin: origin.step or 0)), complete)

    def close(self) -> None:
        """End what waits."""
        self._closed.set()

    @property
    def _takes_order(self) -> bool:
        """Whether the server lists runs in the order that is asked for, as far as known."""
        return "order" in self._gaps.known(_ORIGINS_QUERY).variables

    def _pages(self, entity: str, project: str, order: str) -> Iterator[list[RunOrigin]]:
        after, more = "", True
        with contextlib.closing(self._make_client()) as client:
            while more:
                variables = {"entity": entity, "project": project, "perPage": _PAGE_SIZE, "order": order}
                reply = self._ask(client, _ORIGINS_QUERY, variables | {"cursor": after or None})
                if reply.errors:
                    raise ServerError(f"The server does not list the runs: {one_line(reply.errors[0].get('message'))}.")
                if not (page := json_object((reply.data or {}).get("project"))):
                    raise RunNotFoundError(f"There is no project {entity}/{project}, or this API key may not see it.")
                listed = json_object(page.get("runs"))
                named = ((_address(entity, project, node.get("name")), node) for node in nodes(listed))
                yield [read_origin(run, node) for run, node in named if run is not None]
                after = next_cursor(listed)
                more = bool(after)

    def _named(self, client: GraphQL, runs: Sequence[RunAddress]) -> Iterator[RunOrigin]:
        """The runs of one request that the server knows."""
        declared: list[str] = []
        fields: list[str] = []
        variables: dict[str, str] = {}
        for i, run in enumerate(runs):
            declared.append(f"$e{i}: String!, $p{i}: String!, $r{i}: String!")
            variables |= {f"e{i}": run.entity, f"p{i}": run.project, f"r{i}": run.run_id}
            fields.append(f"r{i}: project(name: $p{i}, entityName: $e{i}) {{ run(name: $r{i}) {{ {_FIELDS} }} }}")
        body = "\n".join(fields)
        reply = self._ask(client, f"query RunOrigins({', '.join(declared)}) {{\n{body}\n}}", variables)
        for i, run in enumerate(runs):
            if node := json_object(json_object((reply.data or {}).get(f"r{i}")).get("run")):
                yield read_origin(run, node)

    def _ask(self, client: GraphQL, query: str, variables: Mapping[str, object]) -> Reply:
        """The server's answer, which may hold errors. Raises `ApiKeyError` or `ServerError` where there is none."""
        reply = with_retries(lambda: self._gaps.execute(client.execute, query, variables), self._closed.wait)
        if reply.problem is not None:
            error = ApiKeyError if reply.problem is ProbeOutcome.UNAUTHORIZED else ServerError
            raise error(f"{reply.message}.")
        return reply


def read_origin(run: RunAddress, node: Mapping[str, Any]) -> RunOrigin:
    """The origin of a run, as its config has it.

    Args:
        run: The run.
        node: The run, as the API gives it.
    """
    origin = RunOrigin(run, str(node.get("displayName") or ""), str(node.get("state") or ""))
    parent: RunAddress | None = None
    kind, step = BranchKind.FORK, 0
    if (point := read_branch_point(node, run.run_id)) is not None:
        parent, step = _address(run.entity, run.project, point.run_id), point.step
    elif (replay := read_replay(node)) is not None:
        parent, step, kind = _address(*replay[0].split("/", 2)), replay[1], BranchKind.REPLAY
    if parent is None or parent == run:
        return origin
    return replace(origin, parent=parent, step=step, kind=kind, source=OriginSource.CONFIG)


def _address(*parts: object) -> RunAddress | None:
    """A run's address; None for what cannot be one."""
    try:
        return RunAddress(*(str(part or "") for part in parts))
    except (UsageError, TypeError):
        return None
