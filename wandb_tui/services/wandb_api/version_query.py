"""The query for the files of many versions of histories, and the parts of its answer."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from wandb_tui.core.address import RunAddress
from wandb_tui.services.wandb_api.graphql import Reply
from wandb_tui.services.wandb_api.history_version import HistoryFile
from wandb_tui.services.wandb_api.response import json_object, next_cursor, nodes

_PAGE = 1000
"""The maximum number of files listed in one answer."""
_MD5_BYTES = 16
_RUN_FIELDS = (
    "displayName",
    "state",
    "createdAt",
    "group",
    "jobType",
    "sweepName",
    "tags",
    "user { username }",
    "summaryMetrics",
    "config",
)


class Wanted(NamedTuple):
    """A version whose files are wanted, and the run."""

    run: RunAddress
    artifact: str


def compose(batch: Sequence[Wanted], after: str = "") -> tuple[str, dict[str, str]]:
    """One query for the manifests and files of these versions, from a page on, and for the runs; and its variables.

    A field that can be done without has a line of its own, as `SchemaGaps` leaves out lines.
    """
    declared: list[str] = []
    fields: list[str] = []
    variables: dict[str, str] = {"after": after} if after else {}
    files = [
        f"files(first: {_PAGE}{', after: $after' if after else ''}) {{",
        "pageInfo { endCursor hasNextPage }",
        "edges { node { name directUrl",
        "sizeBytes",
        "digest",
        "} } }",
    ]
    for i, (run, artifact) in enumerate(batch):
        path, _, version = artifact.rpartition(":")
        entity, project, collection = path.split("/", 2)
        declared.append(f"$e{i}: String!, $p{i}: String!, $c{i}: String!, $v{i}: String!")
        variables |= {f"e{i}": entity, f"p{i}": project, f"c{i}": collection, f"v{i}": version}
        in_project = [
            f"artifactCollection(name: $c{i}) {{ artifactMembership(aliasName: $v{i}) {{ artifact {{",
            "fileCount",
            "currentManifest { file { directUrl } }",
            "}",
            *files,
            "} }",
        ]
        if not after:
            declared.append(f"$r{i}: String!")
            variables[f"r{i}"] = run.run_id
            in_run = [f"run(name: $r{i}) {{", *_RUN_FIELDS, "}"]
            if (entity, project) == (run.entity, run.project):
                in_project += in_run
            else:
                declared.append(f"$re{i}: String!, $rp{i}: String!")
                variables |= {f"re{i}": run.entity, f"rp{i}": run.project}
                fields += [f"r{i}: project(name: $rp{i}, entityName: $re{i}) {{", *in_run, "}"]
        fields += [f"q{i}: project(name: $p{i}, entityName: $e{i}) {{", *in_project, "}"]
    declared += ["$after: String!"] if after else []
    body = "\n".join(fields)
    return f"query RunHistoryManifests({', '.join(declared)}) {{\n{body}\n}}", variables


def membership_of(reply: Reply, number: int) -> dict[str, Any]:
    """The part of an answer about the version of this number in the batch; empty where there is none."""
    project = json_object((reply.data or {}).get(f"q{number}"))
    return json_object(json_object(project.get("artifactCollection")).get("artifactMembership"))


def listed_files(membership: dict[str, Any]) -> tuple[dict[str, dict[str, Any]], str]:
    """The server's entry for each file that it gives an address of, by name, and the cursor of the next page."""
    listed = json_object(membership.get("files"))
    return {str(node["name"]): node for node in nodes(listed) if node.get("directUrl")}, next_cursor(listed)


def listed_file(name: str, url: str, node: Mapping[str, Any]) -> HistoryFile | None:
    """A file as the server lists it; None where what it lists cannot be an MD5 digest in base64, and a size."""
    size, digest = number_of(node.get("sizeBytes")), str(node.get("digest") or "")
    try:
        fits = len(base64.b64decode(digest, validate=True)) == _MD5_BYTES
    except ValueError:
        fits = False
    return HistoryFile(name, url, size, digest) if fits and size is not None else None


def number_of(value: object) -> int | None:
    """A count, which may come as text, as integers of 64 bits do."""
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else None


def digest_of(entry: dict[str, Any]) -> tuple[int | None, str, str]:
    """The size, digest and algorithm of a manifest's entry."""
    size, algorithm = entry.get("size"), json_object(entry.get("extra")).get("alg")
    return size if isinstance(size, int) else None, str(entry.get("digest") or ""), str(algorithm or "MD5")
