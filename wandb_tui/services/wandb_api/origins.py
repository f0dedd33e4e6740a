"""Looks up where the runs of a project came from."""

from __future__ import annotations

import threading
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import RunOrigin
from wandb_tui.core.errors import ApiKeyError, RunNotFoundError, ServerError, UsageError
from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.services.wandb_api.graphql import GraphQL, one_line
from wandb_tui.services.wandb_api.response import json_object, next_cursor, nodes
from wandb_tui.services.wandb_api.retries import with_retries
from wandb_tui.services.wandb_api.run_values import read_branch_point

_PAGE_SIZE = 100
"""Runs per request: each comes with its whole config."""

# The server is not asked to filter by branch point: whether it can is documented nowhere, and one that cannot may
# answer with no runs instead of an error.
_ORIGINS_QUERY = """
query RunOrigins($project: String!, $entity: String!, $cursor: String, $perPage: Int) {
  project(name: $project, entityName: $entity) {
    runs(after: $cursor, first: $perPage, order: "+created_at") {
      edges { node { name displayName state config } }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""


class RunOrigins:
    """Reads the branch points of all runs of a project, by their configs. Used by one thread at a time."""

    def __init__(self, client: GraphQL) -> None:
        """Prepare; nothing is sent yet.

        Args:
            client: The GraphQL client, for this object alone.
        """
        self._client = client
        self._closed = threading.Event()

    def of_project(self, entity: str, project: str) -> dict[RunAddress, RunOrigin]:
        """All runs of a project, the oldest first.

        Raises:
            ApiKeyError: The server refuses the key.
            RunNotFoundError: There is no such project, or this key may not see it.
            ServerError: The server does not answer, or not with the runs.
        """
        found: dict[RunAddress, RunOrigin] = {}
        after, more = "", True
        while more:
            listed = json_object(self._page(entity, project, after).get("runs"))
            for node in nodes(listed):
                if (origin := _origin(entity, project, node)) is not None:
                    found[origin.run] = origin
            after = next_cursor(listed)
            more = bool(after)
        return found

    def close(self) -> None:
        """End what waits, and close the connection."""
        self._closed.set()
        self._client.close()

    def _page(self, entity: str, project: str, after: str) -> dict[str, Any]:
        variables = {"entity": entity, "project": project, "cursor": after or None, "perPage": _PAGE_SIZE}
        reply = with_retries(lambda: self._client.execute(_ORIGINS_QUERY, variables), self._closed.wait)
        if reply.problem is not None:
            error = ApiKeyError if reply.problem is ProbeOutcome.UNAUTHORIZED else ServerError
            raise error(f"{reply.message}.")
        if reply.errors:
            raise ServerError(f"The server does not list the runs: {one_line(reply.errors[0].get('message'))}.")
        if not (page := json_object((reply.data or {}).get("project"))):
            raise RunNotFoundError(f"There is no project {entity}/{project}, or this API key may not see it.")
        return page


def _origin(entity: str, project: str, node: dict[str, Any]) -> RunOrigin | None:
    """A run of the list; None for one whose id cannot be an address."""
    if (run := _address(entity, project, str(node.get("name") or ""))) is None:
        return None
    point = read_branch_point(node, run.run_id)
    parent = _address(entity, project, point.run_id) if point else None
    name, state = str(node.get("displayName") or ""), str(node.get("state") or "")
    return RunOrigin(run, name, state, parent, point.step if point and parent else None)


def _address(entity: str, project: str, run_id: str) -> RunAddress | None:
    try:
        return RunAddress(entity, project, run_id)
    except UsageError:
        return None
