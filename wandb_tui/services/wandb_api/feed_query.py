"""The GraphQL of feeds: a page of each of several projects in one request, and the meaning of the reply for each.

The exports are those that `ArtifactTypeArtifactCollections` of the SDK lists, the runs those of its `Runs`. That the
newest change comes first with ``-updated_at`` is inferred from the SDK, hence `core.feed_trust`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from wandb_tui.core.feed import FeedEntry, FeedKind, FeedPage
from wandb_tui.core.feed_project import FeedPart
from wandb_tui.services.wandb_api.graphql import Reply
from wandb_tui.services.wandb_api.probe_query import HISTORY_TYPE
from wandb_tui.services.wandb_api.probe_response import run_info
from wandb_tui.services.wandb_api.response import json_object, next_cursor, nodes, parse_time

FEED_FEATURE = "ARTIFACT_COLLECTIONS_FILTERING_SORTING"
"""The feature of servers that list artifacts in an order; the SDK asks for it before it does."""

FEATURES_QUERY = "query ServerFeaturesQuery { serverInfo { features { name isEnabled } } }"

_FIRST_PAGE = 50
_NEXT_PAGE = 200
"""Entries of the further pages of a look, which are there only if much has changed, and of the first look's."""


def offers_feeds(reply: Reply) -> bool:
    """Whether the server lists artifacts in an order, from its reply to `FEATURES_QUERY`."""
    features = json_object((reply.data or {}).get("serverInfo")).get("features")
    listed = [json_object(feature) for feature in features] if isinstance(features, list) else []
    return any(feature.get("name") == FEED_FEATURE and feature.get("isEnabled") is True for feature in listed)


def compose_feeds(parts: Sequence[FeedPart]) -> tuple[str, dict[str, Any]]:
    """One query for all these pages."""
    declared: list[str] = []
    fields: list[str] = []
    variables: dict[str, Any] = {}
    for i, part in enumerate(parts):
        declared.append(f"$e{i}: String!, $p{i}: String!, $c{i}: String, $n{i}: Int")
        variables |= {f"e{i}": part.project.entity, f"p{i}": part.project.project}
        size = _FIRST_PAGE if part.since and not part.cursor else _NEXT_PAGE
        variables |= {f"c{i}": part.cursor or None, f"n{i}": size}
        page = f"after: $c{i}, first: $n{i}"
        if part.kind is FeedKind.EXPORTS:
            field = (
                f"artifactType(name: $type) {{ artifactCollections({page}, order: $newest) {{"
                " edges { node { name updatedAt } } pageInfo { endCursor hasNextPage } } }"
            )
        else:
            declared.append(f"$f{i}: JSONString")
            variables[f"f{i}"] = json.dumps({"heartbeatAt": {"$gte": _written(part.since)}} if part.since else {})
            field = (
                f"runs({page}, order: $active, filters: $f{i}) {{"
                " edges { node { name displayName state heartbeatAt historyKeys } }"
                " pageInfo { endCursor hasNextPage } }"
            )
        fields.append(f"q{i}: project(name: $p{i}, entityName: $e{i}) {{ {field} }}")
    kinds = {part.kind for part in parts}
    if FeedKind.EXPORTS in kinds:
        declared.append("$type: String!, $newest: String")
        variables |= {"type": HISTORY_TYPE, "newest": "-updated_at"}
    if FeedKind.RUNS in kinds:
        declared.append("$active: String")
        variables["active"] = "-heartbeat_at"
    return f"query ProjectFeeds({', '.join(declared)}) {{ {' '.join(fields)} }}", variables


def read_feed(reply: Reply, number: int, part: FeedPart) -> FeedPage | None:
    """The page at this index of a reply; None if the project does not give it.

    Raises:
        ValueError: An entry has no name or no time.
    """
    project = (reply.data or {}).get(f"q{number}")
    if not isinstance(project, dict):
        return None
    if part.kind is FeedKind.EXPORTS:
        # Without any export, a project has no such type.
        if (kind := project.get("artifactType", ...)) is None:
            return FeedPage()
        connection = json_object(kind).get("artifactCollections")
        entries = [FeedEntry(_run_id(node), _time(node, "updatedAt")) for node in nodes(connection)]
    else:
        connection = project.get("runs")
        entries = [
            FeedEntry(str(node["name"]), _time(node, "heartbeatAt"), run_info(node))
            for node in nodes(connection)
            if node.get("name")
        ]
    return FeedPage(tuple(entries), next_cursor(connection)) if isinstance(connection, dict) else None


def _run_id(collection: dict[str, Any]) -> str:
    """The id of the run whose export it is; the name itself if it is that of another artifact."""
    return str(collection.get("name") or "").removeprefix("run-").removesuffix("-history")


def _time(node: dict[str, Any], name: str) -> datetime:
    time = parse_time(node.get(name))
    if time is None:
        raise ValueError(f"“{node.get('name')}” has no {name}")
    return time


def _written(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
