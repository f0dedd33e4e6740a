"""The fields of our queries that a server understands, and those to leave out for one that lacks some.

Only fields that the SDK's own queries use are requested, since a server's schema is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from wandb_tui.services.wandb_api.graphql import Reply
from wandb_tui.services.wandb_api.response import error_path, error_text, json_object

RUN_FIELDS = ("displayName", "state", "historyKeys")
VERSION_FIELDS = ("state", "size", "digest", "createdAt")
PARQUET_HISTORY = "parquetHistory"
OUTPUTS = "outputArtifacts"
_OPTIONAL_FIELDS = frozenset({*RUN_FIELDS, *VERSION_FIELDS, PARQUET_HISTORY, OUTPUTS})
"""Fields that a probe can do without."""
MEMBERSHIP = "artifactCollectionMembership"
_ROOT_FIELD = "project"
"""A server that does not know it understands none of our queries."""
_OLDER_NAMES = frozenset({"artifact", "versionIndex"})
_LISTING_NAMES = frozenset({"artifactType", "artifactCollection", "artifacts", "filters", "edges"})
_SUGGESTION = re.compile(r"did you mean.*", re.IGNORECASE | re.DOTALL)
UNKNOWN_FIELD = re.compile(
    r"cannot query|(unknown|undefined|invalid|no such) (field|argument|type)"
    r"|(field|argument)\b.* (doesn't exist|does not exist|not exist|not found|not defined|not supported)"
    r"|GRAPHQL_VALIDATION_FAILED|undefinedField",
    re.IGNORECASE,
)
"""The message of a server that lacks a field."""
_TRANSIENT = re.compile(r"time.?out|timed out|deadline|unavailable|internal|try again|overload", re.IGNORECASE)
_FLAGS = ("membership", "older", "listing", "files", "plain")


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
        return (MEMBERSHIP, "artifact.versionIndex", "artifactType.artifactCollection", *sorted(self.dropped))

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of what the server lacks."""
        ways = (
            (self.membership, MEMBERSHIP),
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
        if self.plain and reply.data is None and any(UNKNOWN_FIELD.search(error_text(error)) for error in unknown):
            # It does not say which field it lacks: leave out all optional ones, then use the SDK.
            minimal = replace(self, listing=False, dropped=_OPTIONAL_FIELDS)
            return replace(self, plain=False) if self == minimal or _ROOT_FIELD in names else minimal
        return None

    def _without(self, names: set[str]) -> Dialect:
        """The dialect without what needs one of these names."""
        found = self
        if self.membership:
            found = replace(self, membership=MEMBERSHIP not in names)
        elif self.older:
            found = replace(self, older=not names & _OLDER_NAMES)
        if found != self:
            # A type that is no artifact lacks these as well, which does not mean that runs lack their state.
            names = names.difference(VERSION_FIELDS)
        found = replace(found, dropped=self.dropped | (names & _OPTIONAL_FIELDS))
        if self.listing:
            unnumbered = "versionIndex" in names and not (self.membership or self.older)
            found = replace(found, listing=not (names & _LISTING_NAMES or unnumbered))
        return found


def refuses_field(reply: Reply) -> bool:
    """Whether the server has refused the whole query for a field that it lacks, which it will do again."""
    return reply.data is None and any(UNKNOWN_FIELD.search(error_text(error)) for error in reply.errors)


def _is_unknown_field(error: dict[str, Any], reply: Reply) -> bool:
    """Whether the server lacks a field, rather than failing to resolve it this time."""
    text = error_text(error)
    return bool(UNKNOWN_FIELD.search(text)) or (reply.data is None and not _TRANSIENT.search(text))


def _unresolved_fields(reply: Reply) -> set[str]:
    """Optional fields whose failure made the whole run null, as happens if they must not be null."""
    data = reply.data or {}
    return {
        path[-1]
        for error in reply.errors
        if len(path := error_path(error)) > 2  # noqa: PLR2004 - alias, object, field
        and path[-1] in _OPTIONAL_FIELDS
        and json_object(data.get(path[0])).get(path[1]) is None
    }
