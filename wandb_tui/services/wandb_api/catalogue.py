"""Looks up entities, projects and runs, with the fields and filters of the SDK's own queries."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import ListedRun, ResultPage, RunQuery
from wandb_tui.core.errors import ApiKeyError, RunNotFoundError, ServerError
from wandb_tui.core.project_query import ProjectQuery
from wandb_tui.services.wandb_api.graphql import GraphQL, Reply
from wandb_tui.services.wandb_api.response import error_from, json_object, next_cursor, nodes, parse_time
from wandb_tui.services.wandb_api.schema_gaps import Gap, SchemaGaps

_PAGE_SIZE = 50
"""Entries per request; the SDK's own number."""

_SIGN_IN_KEYS = "Esc, then s"
"""The keys that lead from the picker to the sign-in."""

_ALL_AT_ONCE = 1000
"""Entries per request on a server without pages."""

_VIEWER_QUERY = """
query Viewer {
  viewer {
    id
    entity
    username
    teams { edges { node { name } } }
  }
}
"""
_PROJECTS_QUERY = """
query GetProjects($entity: String, $cursor: String, $perPage: Int = 50) {
  models(entityName: $entity, after: $cursor, first: $perPage) {
    pageInfo { endCursor hasNextPage }
    edges { node { name } }
  }
}
"""
_MODELS = "models"
_OLDER_PROJECTS_QUERY = """
query EntityProjects($entity: String!, $cursor: String, $perPage: Int = 50) {
  entity(name: $entity) {
    projects(after: $cursor, first: $perPage) {
      pageInfo { endCursor hasNextPage }
      edges { node { name } }
    }
  }
}
"""
_RUNS_QUERY = """
query Runs($project: String!, $entity: String!, $cursor: String, $perPage: Int = 50, $order: String,
    $filters: JSONString) {
  project(name: $project, entityName: $entity) {
    runCount(filters: $filters)
    runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
      edges {
        node {
          name
          displayName
          sweepName
          state
          group
          createdAt
        }
      }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""


class GraphQLCatalogue:
    """Implements `ui.runtime.ports.Catalogue`; sends one query at a time."""

    def __init__(
        self, client: Callable[[], GraphQL], gaps: SchemaGaps | None = None, *, on_screen: bool = True
    ) -> None:
        """Make a catalogue.

        Args:
            client: Makes the client for the first query.
            gaps: The known gaps in the server's API; None if nothing is known of it.
            on_screen: Whether errors name the keys of the picker.
        """
        self._make_client = client
        self._on_screen = on_screen
        self._client: GraphQL | None = None
        self._lock = threading.Lock()
        self._gaps = gaps or SchemaGaps()

    def entities(self) -> list[str]:
        """The API key's own entity, then its teams."""
        viewer = json_object(self._data(self._send(_VIEWER_QUERY, {})).get("viewer"))
        if not viewer:
            raise ApiKeyError("The server does not recognise this API key.", f"Enter another one: {_SIGN_IN_KEYS}.")
        teams = [str(node.get("name") or "") for node in nodes(viewer.get("teams"))]
        own = [str(viewer.get(key) or "") for key in ("entity", "username")]
        return [name for name in dict.fromkeys([own[0], *teams, own[1]]) if name]

    def projects(self, entity: str, after: str = "") -> ResultPage[str]:
        """The projects of an entity."""
        variables = {"entity": entity, "cursor": after or None, "perPage": _PAGE_SIZE}
        found: dict[str, Any] = {}
        if not self._gaps.lacks(_PROJECTS_QUERY, _MODELS):
            reply = self._send(_PROJECTS_QUERY, variables)
            if any(_MODELS in str(error.get("message")) for error in reply.errors):
                self._gaps.learn(_PROJECTS_QUERY, (Gap(_MODELS),), reply)
            else:
                found = json_object(self._data(reply).get("models"))
        if self._gaps.lacks(_PROJECTS_QUERY, _MODELS):
            answer = self._data(self._send(_OLDER_PROJECTS_QUERY, variables))
            found = json_object(json_object(answer.get("entity")).get("projects"))
        return ResultPage(tuple(str(node["name"]) for node in nodes(found) if node.get("name")), next_cursor(found))

    def runs(self, entity: str, project: str, query: RunQuery, after: str = "") -> ResultPage[ListedRun]:
        """The runs of a project, newest first."""
        variables = {
            "entity": entity,
            "project": project,
            "cursor": after or None,
            "perPage": _PAGE_SIZE,
            "order": "-created_at",
            "filters": json.dumps(run_filters(query)),
        }
        answer = json_object(self._data(self._send(_RUNS_QUERY, variables)).get("project"))
        if run_filters(query) and "filters" not in self._gaps.known(_RUNS_QUERY).variables:
            # It has answered with all runs.
            raise ServerError("This server cannot search for runs.", "Ask for all runs of the project instead.")
        if not answer:
            raise RunNotFoundError(f"There is no project {entity}/{project}, or this API key may not see it.")
        return read_runs(entity, project, answer)

    def every_run(self, query: ProjectQuery) -> Iterator[ListedRun]:
        """All runs that a query stands for, newest first, page by page."""
        after = ""
        while True:
            page = self.runs(query.entity, query.project, query.conditions, after)
            yield from page.items
            if not (after := page.after):
                return

    def addresses(self, query: ProjectQuery) -> list[RunAddress]:
        """The runs that a query stands for, newest first; those that cannot be watched are left out."""
        runs = [address for run in self.every_run(query) if (address := run.address) is not None]
        if not runs:
            raise RunNotFoundError(f"No run matches {query}.")
        return runs

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _send(self, query: str, variables: Mapping[str, object]) -> Reply:
        with self._lock:
            return self._gaps.execute(self._execute, query, variables)

    def _execute(self, query: str, variables: Mapping[str, object]) -> Reply:
        self._client = self._client or self._make_client()
        if "perPage" in variables and "cursor" not in variables:
            variables = {**variables, "perPage": _ALL_AT_ONCE}
        return self._client.execute(query, variables)

    def _data(self, reply: Reply) -> dict[str, Any]:
        """The data of a reply.

        Raises:
            ApiKeyError: The server refuses the key.
            ServerError: It does not answer, or not without errors.
        """
        if reply.problem is not None or reply.errors:
            if self._on_screen:
                raise error_from(reply, retry_key="^r", sign_in_keys=_SIGN_IN_KEYS)
            raise error_from(reply)
        return reply.data or {}


def read_runs(entity: str, project: str, answer: dict[str, Any]) -> ResultPage[ListedRun]:
    """The page of runs in a project's answer."""
    found = json_object(answer.get("runs"))
    total = answer.get("runCount")
    runs = tuple(_run(entity, project, node) for node in nodes(found) if node.get("name"))
    return ResultPage(runs, next_cursor(found), total if isinstance(total, int) else None)


def run_filters(query: RunQuery) -> dict[str, Any]:
    """The query as the API's filter, which is written like one of MongoDB."""
    conditions: list[dict[str, Any]] = [
        {"$or": [{"display_name": {"$regex": re.escape(word)}}, {"name": {"$regex": re.escape(word)}}]}
        for word in query.search.split()
    ]
    named = (("state", query.state), ("group", query.group), ("sweep", query.sweep))
    conditions += [{name: value} for name, value in named if value]
    conditions += [{"tags": {"$in": [query.tag]}}] if query.tag else []
    return {"$and": conditions} if conditions else {}


def _run(entity: str, project: str, node: dict[str, Any]) -> ListedRun:
    texts = {key: str(node.get(key) or "") for key in ("name", "displayName", "state", "group", "sweepName")}
    return ListedRun(
        entity,
        project,
        texts["name"],
        texts["displayName"],
        texts["state"],
        texts["group"],
        texts["sweepName"],
        parse_time(node.get("createdAt")),
    )
