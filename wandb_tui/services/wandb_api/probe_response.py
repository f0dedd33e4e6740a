"""The answer for each of the runs of one probe request; errors in the reply are attributed by their ``path``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wandb_tui.core.address import RunAddress, address_inside
from wandb_tui.core.probe import ArtifactVersion, Coverage, Persistence, Probe, ProbeOutcome, RunInfo
from wandb_tui.services.wandb_api.dialect import MEMBERSHIP, OUTPUTS, PARQUET_HISTORY, UNKNOWN_FIELD, Dialect
from wandb_tui.services.wandb_api.graphql import RATE_LIMITED, Reply, limits_rate, mentions, one_line
from wandb_tui.services.wandb_api.probe_query import ProbeRequest
from wandb_tui.services.wandb_api.response import error_path, error_text, json_object, json_scalar, nodes, parse_time

NOTHING_LOGGED = -1
"""The last step of a run that has logged nothing, as servers report it."""
_REFUSALS = (
    *("permission", "forbidden", "unauthorized", "unauthenticated", "not authorized", "access denied", "access_denied"),
    *("invalid api key", "not logged in", "must be logged in", "login required"),
)
_LEFT_OUT = object()
"""Marks a missing answer; null is an answer."""


def exported_files(reply: Reply, number: int) -> list[str]:
    """The URLs of the exported files in a probe's reply, for the run at this index."""
    project = json_object((reply.data or {}).get(f"q{number}"))
    found = json_object(json_object(project.get("run")).get(PARQUET_HISTORY)).get("parquetUrls")
    return [url for url in found if isinstance(url, str)] if isinstance(found, list) else []


def read_files(reply: Reply, number: int) -> list[str]:
    """The URLs of the Parquet files of the version at this index, in order; empty if unknown."""
    project = json_object((reply.data or {}).get(f"q{number}"))
    membership = json_object(json_object(project.get("artifactCollection")).get("artifactMembership"))
    urls = {str(node["name"]): str(node["directUrl"]) for node in nodes(membership.get("files")) if _has_address(node)}
    return [urls[name] for name in sorted(urls) if name.endswith(".parquet")]


def _has_address(file: dict[str, Any]) -> bool:
    return bool(file.get("name") and file.get("directUrl"))


def blamed_indices(reply: Reply, count: int) -> set[int]:
    """The indices that a reply without data names as the reason."""
    if reply.data is not None:
        return set()
    named = _by_alias(reply.errors)
    return {i for i in range(count) if f"q{i}" in named}


def interpret(requests: Sequence[ProbeRequest], reply: Reply, dialect: Dialect) -> list[Probe]:
    """The outcome of each request, which was sent in this dialect."""
    errors = _by_alias(reply.errors)
    if reply.problem is not None or reply.data is None:
        return [_unanswered(reply, errors.get(f"q{i}", []) or errors.get("", [])) for i in range(len(requests))]
    data = reply.data
    return [
        _interpret(
            request,
            data.get(f"q{i}", _LEFT_OUT),
            errors.get(f"q{i}", []) + errors.get("", []),
            dialect=dialect,
            with_key=reply.with_key,
        )
        for i, request in enumerate(requests)
    ]


def _by_alias(errors: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The errors by the alias of their run; errors without one under the empty name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for error in errors:
        found.setdefault(next(iter(error_path(error)), ""), []).append(error)
    return found


def _unanswered(reply: Reply, errors: list[dict[str, Any]]) -> Probe:
    if reply.problem is ProbeOutcome.INVALID_RESPONSE and errors:
        probe = _from_errors(errors)
        return probe if error_path(errors[0]) else replace(probe, message=reply.message)
    return Probe(
        reply.problem or ProbeOutcome.INVALID_RESPONSE,
        message=reply.message,
        retry_after=reply.limits.retry_after,
        limited=reply.limited,
        persistence=reply.persistence,
    )


def _from_errors(errors: list[dict[str, Any]]) -> Probe:
    """The outcome for a server's GraphQL errors."""
    if limits_rate(errors[0]):
        return Probe(ProbeOutcome.UNAVAILABLE, message=RATE_LIMITED, limited=True)
    outcome = ProbeOutcome.UNAUTHORIZED if mentions(errors[0], _REFUSALS) else ProbeOutcome.INVALID_RESPONSE
    lasting = outcome is ProbeOutcome.INVALID_RESPONSE and UNKNOWN_FIELD.search(error_text(errors[0]))
    return Probe(
        outcome,
        message=f"The server says: {one_line(errors[0].get('message'))}",
        persistence=Persistence.LIKELY_PERMANENT if lasting else Persistence.TRANSIENT,
    )


def _interpret(
    request: ProbeRequest, project: object, errors: list[dict[str, Any]], *, dialect: Dialect, with_key: bool
) -> Probe:
    run = request.run
    found = project.get("run", _LEFT_OUT) if isinstance(project, dict) else None
    info = run_info(found) if isinstance(found, dict) else None
    coverage = _coverage(found, info) if request.coverage and isinstance(found, dict) else None
    version = _newest_version(project) if isinstance(project, dict) else None
    if version is not None:
        return Probe(ProbeOutcome.FOUND, version, info, coverage)
    if info is not None:
        # A field of the run that could not be resolved says nothing about the artifact.
        errors = [error for error in errors if error_path(error)[1:2] != ["run"]]
    if errors:
        return _from_errors(errors)
    if not _is_complete(project, found, dialect):
        return Probe(
            ProbeOutcome.INVALID_RESPONSE,
            message=f"The server's answer says nothing about run {run.run_id}",
            persistence=Persistence.LIKELY_PERMANENT,
        )
    if info is not None:
        elsewhere = _elsewhere(run, json_object(found))
        return Probe(ProbeOutcome.NOT_YET, None, info, coverage, elsewhere=elsewhere, lacks=dialect.lacks)
    reason = "this API key may not see it" if with_key else "it is private and there is no API key"
    missing = f"run {run.run_id} in {run.project_path}" if isinstance(project, dict) else f"project {run.project_path}"
    meant = _meant(run)
    suggestion = f". Did you mean {meant}?" if meant else ""
    return Probe(ProbeOutcome.NOT_FOUND, message=f"There is no {missing}, or {reason}{suggestion}")


def _meant(run: RunAddress) -> str:
    """The address that may have been meant by that of a run that is not there; empty if none is likely."""
    # Some programs encode a space in an address as a plus sign.
    if "+" in run.project:
        return f"{run.entity}/{run.project.replace('+', ' ')}"
    inside = address_inside(str(run))
    return "" if inside == str(run) else inside


def _elsewhere(run: RunAddress, found: dict[str, Any]) -> str:
    """The other project that has the run's history artifact, which stays behind when a run is moved."""
    for node in nodes(found.get(OUTPUTS)):
        sequence = json_object(node.get("artifactSequence"))
        project = json_object(sequence.get("project"))
        path = f"{json_object(project.get('entity')).get('name')}/{project.get('name')}"
        if sequence.get("name") == run.collection and project.get("name") and path != run.project_path:
            return path
    return ""


def _is_complete(project: object, run: object, dialect: Dialect) -> bool:
    """Whether the answer has all requested fields, null or not; only then does null mean "no"."""
    if not isinstance(project, dict):
        return project is None
    if not isinstance(run, dict):
        return run is None
    if not (dialect.membership or dialect.older):
        return not dialect.listing or "artifactType" in project
    artifact = project.get(MEMBERSHIP, project.get("artifact", _LEFT_OUT))
    return artifact is None or isinstance(artifact, dict)


def run_info(run: dict[str, Any]) -> RunInfo:
    """The run itself, from an answer."""
    keys = json_scalar(run.get("historyKeys"))
    last = keys.get("lastStep") if isinstance(keys, dict) else None
    return RunInfo(
        str(run.get("displayName") or ""),
        str(run.get("state") or ""),
        last if isinstance(last, int) and last >= 0 else None,
        _steps_rise(keys),
        # Where the server does not know the field, its absence says nothing.
        without_steps=last == NOTHING_LOGGED or run.get("historyKeys", _LEFT_OUT) is None,
    )


def _steps_rise(history_keys: object) -> bool | None:
    """Whether the steps only rise, according to the index of logged keys."""
    keys = history_keys.get("keys") if isinstance(history_keys, dict) else None
    step = keys.get("_step") if isinstance(keys, dict) else None
    rises = step.get("monotonic") if isinstance(step, dict) else None
    return rises if isinstance(rises, bool) else None


def _newest_version(project: dict[str, Any]) -> ArtifactVersion | None:
    """The newest committed version, whether or not the alias ``latest`` points to it."""
    membership = project.get(MEMBERSHIP)
    artifact = membership.get("artifact") if isinstance(membership, dict) else project.get("artifact")
    collection = json_object(json_object(project.get("artifactType")).get("artifactCollection"))
    listed = [artifact_version(node) for node in nodes(collection.get("artifacts"))]
    versions = [version for version in [artifact_version(artifact, membership), *listed] if version is not None]
    return max(versions, key=lambda version: version.version, default=None)


def artifact_version(artifact: object, membership: object = None) -> ArtifactVersion | None:
    """The version in an answer, as a membership or by itself; None if missing or not committed."""
    if not isinstance(artifact, dict) or artifact.get("state") not in {None, "COMMITTED"}:
        return None
    index = json_object(membership).get("versionIndex")
    if index is None:
        index = artifact.get("versionIndex")
    if not isinstance(index, int):
        return None
    size = artifact.get("size")
    return ArtifactVersion(
        index,
        parse_time(artifact.get("createdAt")),
        str(artifact.get("digest") or ""),
        int(size) if isinstance(size, int | str) and str(size).isdigit() else None,
    )


def _coverage(run: dict[str, Any], info: RunInfo | None) -> Coverage:
    """The steps that the export covers, as the server reports it; two empty lists mean unknown."""
    history = run.get(PARQUET_HISTORY)
    last = info.last_step if info else None
    if not isinstance(history, dict):
        return Coverage(None, None, last)
    exported = bool(history.get("parquetUrls"))
    live = [json_scalar(row) for row in history.get("liveData") or []]
    steps = [row["_step"] for row in live if isinstance(row, dict) and isinstance(row.get("_step"), int | float)]
    if not exported and not live:
        return Coverage(None, None, last)
    if not exported:
        return Coverage(-1, False, last)
    if not live:
        return Coverage(last, True, last)
    return Coverage(int(min(steps)) - 1 if steps else None, False, last)
