"""The queries for one run's details, and how their answers are read.

They request only fields of the SDK's own queries (`Run`, `ProjectArtifacts`, `RunSampledHistory`, `HistoryPage`), one
on each line: a query is repeated without the lines of the fields that a server does not know.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import ExportedVersion, MetricSeries, RunFacts, Values, Versions
from wandb_tui.services.wandb_api.probe_query import artifact_version, run_info
from wandb_tui.services.wandb_api.response import json_object, json_scalar, nodes, parse_time
from wandb_tui.services.wandb_api.run_values import read_config, read_summary

_FACTS = """
      displayName
      state
      createdAt
      group
      jobType
      sweepName
      tags
      user { username }
      summaryMetrics
      config
"""
FACTS_QUERY = f"""
query RunDetails($project: String!, $entity: String!, $name: String!) {{
  project(name: $project, entityName: $entity) {{
    run(name: $name) {{
{_FACTS}
      historyKeys
    }}
  }}
}}
"""
_FACTS_OF_MANY = f"fragment Facts on Run {{{_FACTS}}}\n"
VERSIONS_QUERY = """
query RunHistoryVersions($project: String!, $entity: String!, $type: String!, $collection: String!, $perPage: Int,
    $filters: JSONString) {
  project(name: $project, entityName: $entity) {
    artifactType(name: $type) {
      artifactCollection(name: $collection) {
        artifacts(first: $perPage, filters: $filters) {
          totalCount
          edges {
            node {
              versionIndex
              state
              size
              digest
              createdAt
              aliases { alias }
            }
          }
        }
      }
    }
  }
}
"""
CURVES_QUERY = """
query RunSampledHistory($project: String!, $entity: String!, $name: String!, $specs: [JSONString!]!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { sampledHistory(specs: $specs) }
  }
}
"""
ROWS_QUERY = """
query HistoryPage($project: String!, $entity: String!, $name: String!, $minStep: Int64!, $maxStep: Int64!,
    $pageSize: Int!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) }
  }
}
"""
_MAX_POINTS = 500
"""Points of a curve per request; the SDK's own number."""


def alias(number: int) -> str:
    """The name of a run's part in a query for many."""
    return f"r{number}"


def compose_facts(runs: Sequence[RunAddress]) -> tuple[str, dict[str, str]]:
    """One query for the facts of many runs, and its variables."""
    declared, parts = [], []
    variables: dict[str, str] = {}
    for number, run in enumerate(runs):
        declared.append(f"$e{number}: String!, $p{number}: String!, $n{number}: String!")
        parts.append(
            f"  {alias(number)}: project(name: $p{number}, entityName: $e{number})"
            f" {{ run(name: $n{number}) {{ ...Facts }} }}"
        )
        variables |= {f"e{number}": run.entity, f"p{number}": run.project, f"n{number}": run.run_id}
    query = f"query RunFacts({', '.join(declared)}) {{\n" + "\n".join(parts) + "\n}\n" + _FACTS_OF_MANY
    return query, variables


def sample_spec(metric: str) -> str:
    """The request for a sample of one metric, as the API wants it."""
    return json.dumps({"keys": ["_step", metric], "samples": _MAX_POINTS})


def read_facts(run: dict[str, Any], unknown: Sequence[str]) -> RunFacts:
    """The run in the answer; `unknown` are the fields that the server did not know."""
    texts = {key: str(run.get(key) or "") for key in ("group", "jobType", "sweepName")}
    tags = run.get("tags")
    user = json_object(run.get("user"))
    summary = read_summary(run)
    return RunFacts(
        run_info(run),
        parse_time(run.get("createdAt")),
        texts["group"],
        texts["jobType"],
        texts["sweepName"],
        tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
        str(user.get("username") or user.get("name") or ""),
        summary,
        _metrics(run, summary),
        tuple(unknown),
        read_config(run),
        tuple(name for name, entry in _index(run).items() if json_object(entry).get("monotonic") is False),
    )


def read_versions(project: dict[str, Any]) -> Versions:
    """The versions in the answer; empty if the artifact does not exist yet."""
    collection = json_object(json_object(project.get("artifactType")).get("artifactCollection"))
    found = json_object(collection.get("artifacts"))
    versions = [
        ExportedVersion(version, tuple(_aliases(node)))
        for node in nodes(found)
        if (version := artifact_version(node)) is not None
    ]
    total = found.get("totalCount")
    newest = sorted(versions, key=lambda one: one.version.version, reverse=True)
    return Versions(tuple(newest), total if isinstance(total, int) else None)


def read_curves(run: dict[str, Any], metrics: Sequence[str]) -> list[MetricSeries]:
    """The samples in the answer, in the order of the metrics."""
    answered = run.get("sampledHistory")
    rows = answered if isinstance(answered, list) else []
    return [
        MetricSeries(metric, _points(rows[i] if i < len(rows) else None, metric)) for i, metric in enumerate(metrics)
    ]


def _aliases(node: dict[str, Any]) -> Iterator[str]:
    aliases = node.get("aliases")
    for one in aliases if isinstance(aliases, list) else []:
        if alias := json_object(one).get("alias"):
            yield str(alias)


def _metrics(run: dict[str, Any], summary: Values | None) -> tuple[str, ...] | None:
    """The metrics whose values are numbers: by the index of the history, else by the summary."""
    if keys := _index(run):
        return tuple(name for name, entry in keys.items() if not name.startswith("_") and _is_number(entry))
    if "historyKeys" in run and run["historyKeys"] is None and not summary:
        return ()
    if summary is None:
        return None
    return tuple(name for name, value in summary if isinstance(value, int | float) and not isinstance(value, bool))


def _index(run: dict[str, Any]) -> dict[str, Any]:
    """What the server tells of each name in the history; empty for nothing."""
    return json_object(json_object(json_scalar(run.get("historyKeys"))).get("keys"))


def _is_number(entry: object) -> bool:
    counts = json_object(entry).get("typeCounts")
    return isinstance(counts, list) and any(json_object(one).get("type") == "number" for one in counts)


def _points(rows: object, metric: str) -> tuple[tuple[float, float], ...]:
    found: list[tuple[float, float]] = []
    for row in rows if isinstance(rows, list) else []:
        entry = json_object(json_scalar(row))
        step, value = _number(entry.get("_step")), _number(entry.get(metric))
        if step is not None and value is not None and math.isfinite(step):
            found.append((step, value))
    return tuple(sorted(found, key=lambda point: point[0]))


def _number(value: object) -> float | None:
    """A number, or None; NaN and the infinities come as strings, since JSON lacks them."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and value not in {"NaN", "Infinity", "-Infinity"}:
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if isinstance(value, int) and value > 0 else -math.inf
