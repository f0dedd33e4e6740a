"""The GraphQL of a probe: many runs in one request, in the dialect that the server understands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.services.wandb_api.dialect import (
    MEMBERSHIP,
    OUTPUTS,
    PARQUET_HISTORY,
    RUN_FIELDS,
    VERSION_FIELDS,
    Dialect,
)

HISTORY_TYPE = "wandb-history"
ONLY_COMMITTED = json.dumps({"state": "COMMITTED"})
_NEWEST_VERSIONS = 3
"""Versions that a probe looks at: a server may ignore the filter, and list pending ones first."""
_MAX_FILES = 1000
_OUTPUTS_QUERY = (
    OUTPUTS + "(first: 20) { edges { node { artifactSequence { name project { name entity { name } } } } } }"
)


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """One run to probe.

    Attributes:
        run: The run.
        coverage: Whether to find out which steps the export covers.
        outputs: Whether to look for a history artifact of the run in other projects.
    """

    run: RunAddress
    coverage: bool = False
    outputs: bool = False


def compose(requests: Sequence[ProbeRequest], dialect: Dialect) -> tuple[str, dict[str, str]]:
    """One query with an alias per run, and its variables."""
    declared: list[str] = []
    fields: list[str] = []
    variables: dict[str, str] = {}
    version = " ".join(["versionIndex", *(name for name in VERSION_FIELDS if name not in dialect.dropped)])
    in_run = ["name", *(name for name in RUN_FIELDS if name not in dialect.dropped)]
    for i, request in enumerate(requests):
        run = request.run
        parquet = request.coverage and PARQUET_HISTORY not in dialect.dropped
        history = [f'{PARQUET_HISTORY}(liveKeys: ["_step"]) {{ parquetUrls liveData }}'] if parquet else []
        if request.outputs and OUTPUTS not in dialect.dropped:
            history.append(_OUTPUTS_QUERY)
        declared.append(f"$e{i}: String!, $p{i}: String!, $r{i}: String!")
        variables |= {f"e{i}": run.entity, f"p{i}": run.project, f"r{i}": run.run_id}
        artifact = ""
        if dialect.membership or dialect.older:
            declared.append(f"$a{i}: String!")
            variables[f"a{i}"] = f"{run.collection}:latest"
            artifact = (
                f"{MEMBERSHIP}(name: $a{i}) {{ versionIndex artifact {{ {version} }} }}"
                if dialect.membership
                else f"artifact(name: $a{i}) {{ {version} }}"
            )
        if dialect.listing:
            declared.append(f"$c{i}: String!")
            variables[f"c{i}"] = run.collection
            artifact += (
                f" artifactType(name: $type) {{ artifactCollection(name: $c{i}) {{"
                f" artifacts(first: {_NEWEST_VERSIONS}, filters: $committed)"
                f" {{ edges {{ node {{ {version} }} }} }} }} }}"
            )
        fields.append(
            f"q{i}: project(name: $p{i}, entityName: $e{i}) {{"
            f" run(name: $r{i}) {{ {' '.join(in_run + history)} }} {artifact} }}"
        )
    if dialect.listing:
        declared.append("$type: String!, $committed: JSONString")
        variables |= {"type": HISTORY_TYPE, "committed": ONLY_COMMITTED}
    return f"query RunHistoryExports({', '.join(declared)}) {{ {' '.join(fields)} }}", variables


def compose_files(versions: Sequence[tuple[RunAddress, int]]) -> tuple[str, dict[str, str]]:
    """One query for the URLs of the files of these versions."""
    declared = [f"$e{i}: String!, $p{i}: String!, $c{i}: String!, $v{i}: String!" for i in range(len(versions))]
    fields = [
        f"q{i}: project(name: $p{i}, entityName: $e{i}) {{ artifactCollection(name: $c{i}) {{"
        f" artifactMembership(aliasName: $v{i}) {{ files(first: {_MAX_FILES}) {{"
        " edges { node { name directUrl } } } } } }"
        for i in range(len(versions))
    ]
    variables: dict[str, str] = {}
    for i, (run, version) in enumerate(versions):
        variables |= {f"e{i}": run.entity, f"p{i}": run.project, f"c{i}": run.collection, f"v{i}": f"v{version}"}
    return f"query RunHistoryFiles({', '.join(declared)}) {{ {' '.join(fields)} }}", variables
