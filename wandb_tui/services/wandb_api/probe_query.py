"""The probe's GraphQL: what is asked about many runs in one request, and what an answer means for each.

Only fields that the SDK's own queries use are asked for, since a server's schema cannot be seen from here; errors are
read by their ``path``. A server that does not know a field is asked without it, in the older way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import ArtifactVersion, Coverage, Probe, ProbeOutcome, RunInfo
from wandb_tui.services.wandb_api.graphql import RATE_LIMITED, Reply, limits_rate, mentions, one_line

_MOST_FILES = 1000
_VERSION_FIELDS = "versionIndex state size digest createdAt"
_UNKNOWN_FIELD = re.compile(
    r"cannot query|(unknown|undefined|invalid|no such) (field|argument|type)"
    r"|(field|argument)\b.* (doesn't exist|does not exist|not exist|not found|not defined|not supported)"
    r"|GRAPHQL_VALIDATION_FAILED|undefinedField",
    re.IGNORECASE,
)
_PASSING = re.compile(r"time.?out|timed out|deadline|unavailable|internal|try again|overload", re.IGNORECASE)
_REFUSALS = (
    *("permission", "forbidden", "unauthorized", "unauthenticated", "not authorized", "access denied", "access_denied"),
    *("invalid api key", "not logged in", "must be logged in", "login required"),
)


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What is asked about one run."""

    run: RunAddress
    coverage: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """What this server understands, as far as it has shown.

    Attributes:
        membership: Ask by `artifactCollectionMembership` (SDK 0.28.1 on), else by the older `artifact`.
        parquet_history: Ask for `parquetHistory` where a goal needs it (SDK 0.24 on).
        files: Ask where a version's files are, where the steps they hold are wanted.
        plain: Ask in this file's words at all; else through the SDK.
    """

    membership: bool = True
    parquet_history: bool = True
    files: bool = True
    plain: bool = True

    def simpler(self, reply: Reply) -> Dialect | None:
        """The dialect to try after a server did not know a field; None where that is not what it said."""
        unknown = [error for error in reply.errors if _is_unknown_field(error, reply)]
        words = " ".join(str(error.get("message", "")) for error in unknown)
        if self.membership and "artifactCollectionMembership" in words:
            return replace(self, membership=False)
        if self.parquet_history and "parquetHistory" in words:
            return replace(self, parquet_history=False)
        if self.plain and reply.data is None and any(_UNKNOWN_FIELD.search(_said(error)) for error in unknown):
            return replace(self, plain=False)
        return None


def _said(error: dict[str, Any]) -> str:
    return f"{error.get('message', '')} {error.get('extensions') or ''}"


def _is_unknown_field(error: dict[str, Any], reply: Reply) -> bool:
    """Whether a field is not known here. One that merely could not be answered this time is asked for again."""
    said = _said(error)
    return bool(_UNKNOWN_FIELD.search(said)) or (reply.data is None and not _PASSING.search(said))


def compose(questions: Sequence[ProbeRequest], dialect: Dialect) -> tuple[str, dict[str, str]]:
    """One query with an alias per run, and its variables."""
    declared: list[str] = []
    fields: list[str] = []
    variables: dict[str, str] = {}
    for i, question in enumerate(questions):
        run = question.run
        parquet = question.coverage and dialect.parquet_history
        history = ' parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData }' if parquet else ""
        artifact = (
            f"artifactCollectionMembership(name: $a{i}) {{ versionIndex createdAt artifact {{ {_VERSION_FIELDS} }} }}"
            if dialect.membership
            else f"artifact(name: $a{i}) {{ {_VERSION_FIELDS} }}"
        )
        declared.append(f"$e{i}: String!, $p{i}: String!, $r{i}: String!, $a{i}: String!")
        fields.append(
            f"q{i}: project(name: $p{i}, entityName: $e{i}) {{"
            f" run(name: $r{i}) {{ displayName state historyKeys{history} }} {artifact} }}"
        )
        variables |= {
            f"e{i}": run.entity,
            f"p{i}": run.project,
            f"r{i}": run.run_id,
            f"a{i}": f"{run.collection}:latest",
        }
    return f"query RunHistoryExports({', '.join(declared)}) {{ {' '.join(fields)} }}", variables


def compose_files(questions: Sequence[tuple[RunAddress, int]]) -> tuple[str, dict[str, str]]:
    """One query for where the files of these versions are."""
    declared = [f"$e{i}: String!, $p{i}: String!, $c{i}: String!, $v{i}: String!" for i in range(len(questions))]
    fields = [
        f"q{i}: project(name: $p{i}, entityName: $e{i}) {{ artifactCollection(name: $c{i}) {{"
        f" artifactMembership(aliasName: $v{i}) {{ files(first: {_MOST_FILES}) {{"
        " edges { node { name directUrl } } } } } }"
        for i in range(len(questions))
    ]
    variables: dict[str, str] = {}
    for i, (run, version) in enumerate(questions):
        variables |= {f"e{i}": run.entity, f"p{i}": run.project, f"c{i}": run.collection, f"v{i}": f"v{version}"}
    return f"query RunHistoryFiles({', '.join(declared)}) {{ {' '.join(fields)} }}", variables


def exported_files(reply: Reply, number: int) -> list[str]:
    """Where the files of the run in this place are, as far as the answer about the run has told already."""
    found = (reply.data or {}).get(f"q{number}")
    for name in ("run", "parquetHistory", "parquetUrls"):
        found = found.get(name) if isinstance(found, dict) else None
    return [url for url in found if isinstance(url, str)] if isinstance(found, list) else []


def read_files(reply: Reply, number: int) -> list[str]:
    """Where the Parquet files of the version in this place are, in their order; none where the reply does not tell."""
    found = (reply.data or {}).get(f"q{number}")
    for name in ("artifactCollection", "artifactMembership", "files"):
        found = found.get(name) if isinstance(found, dict) else None
    edges = found.get("edges") if isinstance(found, dict) else None
    nodes = [edge.get("node") for edge in edges if isinstance(edge, dict)] if isinstance(edges, list) else []
    named = {
        str(node["name"]): str(node["directUrl"]) for node in nodes if isinstance(node, dict) and node.get("directUrl")
    }
    return [named[name] for name in sorted(named) if name.endswith(".parquet")]


def blamed_indices(reply: Reply, count: int) -> set[int]:
    """The places that an answer without data names as those for whose sake there is none."""
    if reply.data is not None:
        return set()
    named = _by_alias(reply.errors)
    return {i for i in range(count) if f"q{i}" in named}


def interpret(questions: Sequence[ProbeRequest], reply: Reply) -> list[Probe]:
    """What the reply says about each run."""
    errors = _by_alias(reply.errors)
    if reply.problem is not None or reply.data is None:
        return [_unanswered(reply, errors.get(f"q{i}", []) or errors.get("", [])) for i in range(len(questions))]
    data = reply.data
    return [
        _interpret(
            question,
            data.get(f"q{i}", _LEFT_OUT),
            errors.get(f"q{i}", []) + errors.get("", []),
            with_key=reply.with_key,
        )
        for i, question in enumerate(questions)
    ]


_LEFT_OUT = object()
"""Stands where an answer should be; null is an answer."""


def _by_alias(errors: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The errors by the run that they are about, those about none or about all under the empty name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for error in errors:
        found.setdefault(next(iter(_path(error)), ""), []).append(error)
    return found


def _path(error: dict[str, Any]) -> list[str]:
    path = error.get("path")
    return [str(part) for part in path] if isinstance(path, list) else []


def _unanswered(reply: Reply, errors: list[dict[str, Any]]) -> Probe:
    if reply.problem is ProbeOutcome.INVALID_RESPONSE and errors:
        probe = _from_errors(errors)
        return probe if _path(errors[0]) else replace(probe, message=reply.message)
    answer = reply.problem or ProbeOutcome.INVALID_RESPONSE
    return Probe(answer, message=reply.message, retry_after=reply.limits.retry_after, limited=reply.limited)


def _from_errors(errors: list[dict[str, Any]]) -> Probe:
    """What a server means that answers with errors."""
    if limits_rate(errors[0]):
        return Probe(ProbeOutcome.UNAVAILABLE, message=RATE_LIMITED, limited=True)
    answer = ProbeOutcome.UNAUTHORIZED if mentions(errors[0], _REFUSALS) else ProbeOutcome.INVALID_RESPONSE
    return Probe(answer, message=f"The server says: {one_line(errors[0].get('message'))}")


def _interpret(question: ProbeRequest, project: object, errors: list[dict[str, Any]], *, with_key: bool) -> Probe:
    run = question.run
    found = project.get("run", _LEFT_OUT) if isinstance(project, dict) else None
    info = run_info(found) if isinstance(found, dict) else None
    coverage = _coverage(found, info) if question.coverage and isinstance(found, dict) else None
    version = _version(project) if isinstance(project, dict) else None
    if version is not None:
        return Probe(ProbeOutcome.FOUND, version, info, coverage)
    if info is not None:
        # What else could not be told of the run says nothing about the artifact.
        errors = [error for error in errors if _path(error)[1:2] != ["run"]]
    if errors:
        return _from_errors(errors)
    if not _answers(project, found):
        return Probe(ProbeOutcome.INVALID_RESPONSE, message=f"The server's answer says nothing about run {run.run_id}")
    if info is not None:
        return Probe(ProbeOutcome.NOT_YET, None, info, coverage)
    whose = "this API key may not see it" if with_key else "it is private and there is no API key"
    what = f"run {run.run_id} in {run.project_path}" if isinstance(project, dict) else f"project {run.project_path}"
    return Probe(ProbeOutcome.NOT_FOUND, message=f"There is no {what}, or {whose}")


def _answers(project: object, run: object) -> bool:
    """Whether the answer has a place for all that was asked, be it null: only then does a "no" mean no."""
    if not isinstance(project, dict):
        return project is None
    if not isinstance(run, dict):
        return run is None
    artifact = project.get("artifactCollectionMembership", project.get("artifact", _LEFT_OUT))
    return artifact is None or isinstance(artifact, dict)


def run_info(run: dict[str, Any]) -> RunInfo:
    """What an answer says of the run itself."""
    keys = _json(run.get("historyKeys"))
    last = keys.get("lastStep") if isinstance(keys, dict) else None
    # The server says -1 for a run that has logged nothing.
    step = last if isinstance(last, int) and last >= 0 else None
    return RunInfo(str(run.get("displayName") or ""), str(run.get("state") or ""), step, _steps_rise(keys))


def _steps_rise(history_keys: object) -> bool | None:
    """What the index of logged keys says of the steps themselves."""
    keys = history_keys.get("keys") if isinstance(history_keys, dict) else None
    step = keys.get("_step") if isinstance(keys, dict) else None
    rises = step.get("monotonic") if isinstance(step, dict) else None
    return rises if isinstance(rises, bool) else None


def _version(project: dict[str, Any]) -> ArtifactVersion | None:
    membership = project.get("artifactCollectionMembership")
    artifact = membership.get("artifact") if isinstance(membership, dict) else project.get("artifact")
    return artifact_version(artifact, membership)


def artifact_version(artifact: object, membership: object = None) -> ArtifactVersion | None:
    """The version that an answer describes, as a membership or by itself; None where there is none to be used."""
    if not isinstance(artifact, dict) or artifact.get("state") not in {None, "COMMITTED"}:
        return None
    holder = membership if isinstance(membership, dict) else artifact
    index = holder.get("versionIndex")
    if index is None:
        index = artifact.get("versionIndex")
    if not isinstance(index, int):
        return None
    size = artifact.get("size")
    return ArtifactVersion(
        index,
        _time(artifact.get("createdAt")),
        str(artifact.get("digest") or ""),
        int(size) if isinstance(size, int | str) and str(size).isdigit() else None,
    )


def _coverage(run: dict[str, Any], info: RunInfo | None) -> Coverage:
    """Which steps the export covers; both lists empty tell nothing."""
    history = run.get("parquetHistory")
    last = info.last_step if info else None
    if not isinstance(history, dict):
        return Coverage(None, None, last)
    exported = bool(history.get("parquetUrls"))
    live = [_json(row) for row in history.get("liveData") or []]
    steps = [row["_step"] for row in live if isinstance(row, dict) and isinstance(row.get("_step"), int | float)]
    if not exported and not live:
        return Coverage(None, None, last)
    if not exported:
        return Coverage(-1, False, last)
    if not live:
        return Coverage(last, True, last)
    return Coverage(int(min(steps)) - 1 if steps else None, False, last)


def _json(value: object) -> Any:
    """A GraphQL JSON scalar, which some servers send as text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
