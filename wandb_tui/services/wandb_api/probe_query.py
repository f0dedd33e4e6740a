"""The GraphQL of a probe: many runs in one request, and the meaning of the reply for each.

Only fields that the SDK's own queries use are requested, since a server's schema is unknown; errors are
attributed by their ``path``. For a server that lacks a field, the query leaves it out or uses an older form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wandb_tui.core.address import RunAddress, address_inside
from wandb_tui.core.probe import ArtifactVersion, Coverage, Persistence, Probe, ProbeOutcome, RunInfo
from wandb_tui.services.wandb_api.graphql import RATE_LIMITED, Reply, limits_rate, mentions, one_line
from wandb_tui.services.wandb_api.response import json_object, json_scalar, nodes, parse_time

HISTORY_TYPE = "wandb-history"
ONLY_COMMITTED = json.dumps({"state": "COMMITTED"})
_NEWEST_VERSIONS = 3
"""Versions that a probe looks at: a server may ignore the filter, and list pending ones first."""
_MAX_FILES = 1000
NOTHING_LOGGED = -1
"""The last step of a run that has logged nothing, as servers report it."""
_RUN_FIELDS = ("displayName", "state", "historyKeys")
_VERSION_FIELDS = ("state", "size", "digest", "createdAt")
_PARQUET_HISTORY = "parquetHistory"
_OUTPUTS = "outputArtifacts"
_OPTIONAL_FIELDS = frozenset({*_RUN_FIELDS, *_VERSION_FIELDS, _PARQUET_HISTORY, _OUTPUTS})
"""Fields that a probe can do without."""
_MEMBERSHIP = "artifactCollectionMembership"
_ROOT_FIELD = "project"
"""A server that does not know it understands none of our queries."""
_OLDER_NAMES = frozenset({"artifact", "versionIndex"})
_LISTING_NAMES = frozenset({"artifactType", "artifactCollection", "artifacts", "filters", "edges"})
_SUGGESTION = re.compile(r"did you mean.*", re.IGNORECASE | re.DOTALL)
_OUTPUTS_QUERY = (
    _OUTPUTS + "(first: 20) { edges { node { artifactSequence { name project { name entity { name } } } } } }"
)
UNKNOWN_FIELD = re.compile(
    r"cannot query|(unknown|undefined|invalid|no such) (field|argument|type)"
    r"|(field|argument)\b.* (doesn't exist|does not exist|not exist|not found|not defined|not supported)"
    r"|GRAPHQL_VALIDATION_FAILED|undefinedField",
    re.IGNORECASE,
)
"""The message of a server that lacks a field."""
_TRANSIENT = re.compile(r"time.?out|timed out|deadline|unavailable|internal|try again|overload", re.IGNORECASE)
_REFUSALS = (
    *("permission", "forbidden", "unauthorized", "unauthenticated", "not authorized", "access denied", "access_denied"),
    *("invalid api key", "not logged in", "must be logged in", "login required"),
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


@dataclass(frozen=True, slots=True)
class Dialect:
    """The part of our queries that this server understands, as far as known.

    Attributes:
        membership: Ask by `artifactCollectionMembership` (SDK 0.28.1 on), else by the older `artifact`.
        older: Where the membership is not known, ask by `artifact`.
        listing: Also list the newest versions, since the alias `latest` can be missing or stay behind.
        files: Query the URLs of a version's files, to read their steps.
        plain: Use our own queries; otherwise the SDK.
        dropped: Optional fields that the server lacks.
    """

    membership: bool = True
    older: bool = True
    listing: bool = True
    files: bool = True
    plain: bool = True
    dropped: frozenset[str] = frozenset()

    @property
    def lacks(self) -> tuple[str, ...]:
        """The fields for which artifacts cannot be reported; empty if one way to ask for them may be left."""
        if self.membership or self.older or self.listing:
            return ()
        return (_MEMBERSHIP, "artifact.versionIndex", "artifactType.artifactCollection", *sorted(self.dropped))

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of what the server lacks."""
        ways = (
            (self.membership, _MEMBERSHIP),
            (self.older, "artifact.versionIndex"),
            (self.listing, "artifactType.artifactCollection"),
            (self.files, "artifactCollection.artifactMembership"),
        )
        return tuple(sorted({*(name for known, name in ways if not known), *self.dropped}))

    def changed(self, before: Dialect, after: Dialect) -> Dialect:
        """This dialect with the change from one to a simpler one."""
        lost = {name: False for name in _FLAGS if getattr(before, name) and not getattr(after, name)}
        return replace(self, dropped=self.dropped | (after.dropped - before.dropped), **lost)

    def to_json(self) -> dict[str, Any]:
        """Its values, for a file."""
        return {**{name: getattr(self, name) for name in _FLAGS}, "dropped": sorted(self.dropped)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Dialect:
        """Read what `to_json` gave; raises `KeyError` or `TypeError` for other values."""
        return cls(**{name: bool(values[name]) for name in _FLAGS}, dropped=frozenset(map(str, values["dropped"])))

    def simpler(self, reply: Reply) -> Dialect | None:
        """The dialect to try after a server did not know a field; None if that is not the problem."""
        if broken := _unresolved_fields(reply) - self.dropped:
            return replace(self, dropped=self.dropped | broken)
        unknown = [error for error in reply.errors if _is_unknown_field(error, reply)]
        texts = [_SUGGESTION.sub("", str(error.get("message", ""))) for error in unknown]
        names = {name for text in texts for name in re.findall(r"\w+", text)}
        # A server may name all that it lacks at once, and each further request takes a second.
        known = self._without(names)
        if known != self:
            return known
        if self.plain and reply.data is None and any(UNKNOWN_FIELD.search(_text(error)) for error in unknown):
            # It does not say which field it lacks: leave out all optional ones, then use the SDK.
            minimal = replace(self, listing=False, dropped=_OPTIONAL_FIELDS)
            return replace(self, plain=False) if self == minimal or _ROOT_FIELD in names else minimal
        return None

    def _without(self, names: set[str]) -> Dialect:
        """The dialect without what needs one of these names."""
        found = self
        if self.membership:
            found = replace(self, membership=_MEMBERSHIP not in names)
        elif self.older:
            found = replace(self, older=not names & _OLDER_NAMES)
        if found != self:
            # What is no artifact lacks these as well, which does not mean that runs lack their state.
            names = names.difference(_VERSION_FIELDS)
        found = replace(found, dropped=self.dropped | (names & _OPTIONAL_FIELDS))
        if self.listing:
            unnumbered = "versionIndex" in names and not (self.membership or self.older)
            found = replace(found, listing=not (names & _LISTING_NAMES or unnumbered))
        return found


_FLAGS = ("membership", "older", "listing", "files", "plain")


def refuses_field(reply: Reply) -> bool:
    """Whether the server has refused the whole query for a field that it lacks, which it will do again."""
    return reply.data is None and any(UNKNOWN_FIELD.search(_text(error)) for error in reply.errors)


def _text(error: dict[str, Any]) -> str:
    return f"{error.get('message', '')} {error.get('extensions') or ''}"


def _is_unknown_field(error: dict[str, Any], reply: Reply) -> bool:
    """Whether the server lacks a field, rather than failing to resolve it this time."""
    text = _text(error)
    return bool(UNKNOWN_FIELD.search(text)) or (reply.data is None and not _TRANSIENT.search(text))


def _unresolved_fields(reply: Reply) -> set[str]:
    """Optional fields whose failure made the whole run null, as happens if they must not be null."""
    data = reply.data or {}
    return {
        path[-1]
        for error in reply.errors
        if len(path := _path(error)) > 2  # noqa: PLR2004 - alias, object, field
        and path[-1] in _OPTIONAL_FIELDS
        and json_object(data.get(path[0])).get(path[1]) is None
    }


def compose(requests: Sequence[ProbeRequest], dialect: Dialect) -> tuple[str, dict[str, str]]:
    """One query with an alias per run, and its variables."""
    declared: list[str] = []
    fields: list[str] = []
    variables: dict[str, str] = {}
    version = " ".join(["versionIndex", *(name for name in _VERSION_FIELDS if name not in dialect.dropped)])
    in_run = ["name", *(name for name in _RUN_FIELDS if name not in dialect.dropped)]
    for i, request in enumerate(requests):
        run = request.run
        parquet = request.coverage and _PARQUET_HISTORY not in dialect.dropped
        history = [f'{_PARQUET_HISTORY}(liveKeys: ["_step"]) {{ parquetUrls liveData }}'] if parquet else []
        if request.outputs and _OUTPUTS not in dialect.dropped:
            history.append(_OUTPUTS_QUERY)
        declared.append(f"$e{i}: String!, $p{i}: String!, $r{i}: String!")
        variables |= {f"e{i}": run.entity, f"p{i}": run.project, f"r{i}": run.run_id}
        artifact = ""
        if dialect.membership or dialect.older:
            declared.append(f"$a{i}: String!")
            variables[f"a{i}"] = f"{run.collection}:latest"
            artifact = (
                f"{_MEMBERSHIP}(name: $a{i}) {{ versionIndex artifact {{ {version} }} }}"
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


def exported_files(reply: Reply, number: int) -> list[str]:
    """The URLs of the exported files in a probe's reply, for the run at this index."""
    project = json_object((reply.data or {}).get(f"q{number}"))
    found = json_object(json_object(project.get("run")).get(_PARQUET_HISTORY)).get("parquetUrls")
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


_LEFT_OUT = object()
"""Marks a missing answer; null is an answer."""


def _by_alias(errors: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The errors by the alias of their run; errors without one under the empty name."""
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
    lasting = outcome is ProbeOutcome.INVALID_RESPONSE and UNKNOWN_FIELD.search(_text(errors[0]))
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
        errors = [error for error in errors if _path(error)[1:2] != ["run"]]
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
    """What the address of a run that is not there may have been meant as; empty if nothing comes to mind."""
    # Some programs encode a space in an address as a plus sign.
    if "+" in run.project:
        return f"{run.entity}/{run.project.replace('+', ' ')}"
    inside = address_inside(str(run))
    return "" if inside == str(run) else inside


def _elsewhere(run: RunAddress, found: dict[str, Any]) -> str:
    """The other project that has the run's history artifact, which stays behind when a run is moved."""
    for node in nodes(found.get(_OUTPUTS)):
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
    artifact = project.get(_MEMBERSHIP, project.get("artifact", _LEFT_OUT))
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
    membership = project.get(_MEMBERSHIP)
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
    """Which steps the export covers, as the server reports it; two empty lists mean unknown."""
    history = run.get(_PARQUET_HISTORY)
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
