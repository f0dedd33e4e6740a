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
from wandb_tui.core.details import STEP, ExportedVersion, MetricSeries, RunFacts, SampleQuery, Values, Versions
from wandb_tui.services.wandb_api.probe_response import artifact_version, run_info
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
_METRICS = """
      summaryMetrics
      historyKeys
"""
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
ROWS_QUERY = """
query HistoryPage($project: String!, $entity: String!, $name: String!, $minStep: Int64!, $maxStep: Int64!,
    $pageSize: Int!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) }
  }
}
"""


def alias(number: int) -> str:
    """The name of a run's part in a query for many."""
    return f"r{number}"


def compose_facts(runs: Sequence[RunAddress]) -> tuple[str, dict[str, str]]:
    """One query for the facts of many runs, and its variables."""
    return _compose("RunFacts", runs, _FACTS)


def compose_metrics(runs: Sequence[RunAddress]) -> tuple[str, dict[str, str]]:
    """One query for the metrics of many runs, and its variables."""
    return _compose("RunMetrics", runs, _METRICS)


def compose_samples(queries: Sequence[SampleQuery]) -> tuple[str, dict[str, str]]:
    """One query for samples of the histories of many runs, and its variables."""
    declared, parts = [], []
    variables: dict[str, str] = {}
    for number, query in enumerate(queries):
        names, part = _part(number, f"sampledHistory(specs: [$s{number}])")
        declared.append(f"{names}, $s{number}: JSONString!")
        parts.append(part)
        variables |= {**_names(number, query.run), f"s{number}": _sample_spec(query)}
    return f"query RunSamples({', '.join(declared)}) {{\n" + "\n".join(parts) + "\n}\n", variables


def _compose(name: str, runs: Sequence[RunAddress], fields: str) -> tuple[str, dict[str, str]]:
    declared, parts = zip(*(_part(number, "...Fields") for number in range(len(runs))), strict=True)
    variables: dict[str, str] = {}
    for number, run in enumerate(runs):
        variables |= _names(number, run)
    query = f"query {name}({', '.join(declared)}) {{\n" + "\n".join(parts) + "\n}\n"
    return f"{query}fragment Fields on Run {{{fields}}}\n", variables


def _part(number: int, fields: str) -> tuple[str, str]:
    """The variables that a run's part in a query for many declares, and that part."""
    return (
        f"$e{number}: String!, $p{number}: String!, $n{number}: String!",
        (
            f"  {alias(number)}: project(name: $p{number}, entityName: $e{number})"
            f" {{ run(name: $n{number}) {{ {fields} }} }}"
        ),
    )


def _names(number: int, run: RunAddress) -> dict[str, str]:
    return {f"e{number}": run.entity, f"p{number}": run.project, f"n{number}": run.run_id}


def _sample_spec(query: SampleQuery) -> str:
    """The request for a sample of one metric, as the API wants it; the last step is included."""
    keys = dict.fromkeys((STEP, query.across, query.metric))
    ends = {"minStep": query.first, "maxStep": query.last}
    wanted = {name: step for name, step in ends.items() if step is not None}
    return json.dumps({"keys": list(keys), "samples": query.samples, **wanted})


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


def read_metrics(run: dict[str, Any]) -> tuple[str, ...] | None:
    """The metrics in the answer that are numbers; None if unknown."""
    return _metrics(run, read_summary(run))


def read_samples(run: dict[str, Any], query: SampleQuery) -> MetricSeries:
    """The sample in the answer; rows outside of the steps that were asked for are left out."""
    answered = run.get("sampledHistory")
    rows = answered[0] if isinstance(answered, list) and answered else []
    found: dict[float, tuple[float, float]] = {}
    first, last = query.first or -math.inf, math.inf if query.last is None else query.last
    for row in rows if isinstance(rows, list) else []:
        entry = json_object(json_scalar(row))
        step, value, across = (_number(entry.get(key)) for key in (STEP, query.metric, query.across))
        if step is None or across is None or not math.isfinite(step) or not first <= step <= last:
            continue
        if value is None and entry.get(query.metric) is not None:
            # Something other than a number was logged, which no plot shows.
            continue
        found[step] = (math.nan if value is None else value), across
    steps = sorted(found)
    return MetricSeries(
        query.metric,
        tuple((step, found[step][0]) for step in steps),
        () if query.across == STEP else tuple(found[step][1] for step in steps),
    )


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
    """The server's entry for each name in the history; empty for none."""
    return json_object(json_object(json_scalar(run.get("historyKeys"))).get("keys"))


def _is_number(entry: object) -> bool:
    counts = json_object(entry).get("typeCounts")
    return isinstance(counts, list) and any(json_object(one).get("type") == "number" for one in counts)


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
