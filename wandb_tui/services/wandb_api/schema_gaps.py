"""Remembers for a day what the API of one server lacks, and sends queries without it.

A field can be left out of a query if its line holds all of it; a line that opens a block cannot.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from wandb_tui.services.wandb_api.dialect import Dialect, refuses_field
from wandb_tui.services.wandb_api.graphql import Reply
from wandb_tui.version import __version__

log = logging.getLogger(__name__)

_ARGUMENT = re.compile(r"argument\s+\W?(\w+)\W?\s+on\s+field\s+\W?(?:\w+\.)?(\w+)", re.IGNORECASE)
_FIELD = re.compile(r"field\s+\W?([A-Za-z_]\w*)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(\w+)")
_NAME = re.compile(r"\bquery\s+(\w+)")
_NAMES = re.compile(r"\w+ \w*")
_VALID_FOR_S = 86_400.0
"""After this time everything is asked for again: the server may have been updated."""
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)
"""The errors of a file with other content."""

Execute = Callable[[str, Mapping[str, object]], Reply]
"""Sends one query with its variables."""


class Gap(NamedTuple):
    """A field that a server lacks, or an argument of a field."""

    field: str
    argument: str = ""

    @classmethod
    def from_json(cls, names: Sequence[object]) -> Gap:
        """Read the names of a field and an argument, which may be empty; others raise `TypeError` or `ValueError`."""
        gap = cls(*map(str, names))
        if not _NAMES.fullmatch(f"{gap.field} {gap.argument}"):
            raise ValueError(gap)
        return gap


class GapRecord(Protocol):
    """Keeps what one server lacks between two processes."""

    def read(self) -> Mapping[str, Any]:
        """The content; empty if there is none."""
        ...

    def write(self, content: Mapping[str, Any]) -> None:
        """Replace the content."""
        ...

    def delete(self) -> None:
        """Forget the content."""
        ...


@dataclass(frozen=True, slots=True)
class KnownQuery:
    """The part of a query that a server understands, as far as known.

    Attributes:
        text: The query.
        unknown: The fields that were left out.
    """

    text: str
    unknown: tuple[str, ...] = ()

    @property
    def variables(self) -> frozenset[str]:
        """The variables that the query still uses."""
        return frozenset(_VARIABLE.findall(self.text))

    def gaps(self, reply: Reply) -> tuple[Gap, ...]:
        """The reasons for this reply without which the query can be sent again."""
        if reply.data is not None:
            return ()
        named: list[Gap] = []
        for message in (str(error.get("message", "")) for error in reply.errors):
            named += (Gap(field, argument) for argument, field in _ARGUMENT.findall(message))
            named += map(Gap, _FIELD.findall(_ARGUMENT.sub("", message)))
        return tuple(gap for gap in dict.fromkeys(named) if self.without([gap]) != self)

    def without(self, gaps: Iterable[Gap]) -> KnownQuery:
        """The query without what a server lacks."""
        found = self
        for gap in gaps:
            found = found._without_argument(*gap) if gap.argument else found._without_field(gap.field)
        return found

    def _without_field(self, field: str) -> KnownQuery:
        """The query without the lines that hold this field and nothing around it."""
        lines = self.text.splitlines()
        left = [line for line in lines if not (re.match(rf"\s*{field}\b", line) and line.count("{") == line.count("}"))]
        if left == lines:
            return self
        return KnownQuery("\n".join(left), (*self.unknown, field))

    def _without_argument(self, field: str, argument: str) -> KnownQuery:
        """The query without an argument of a field, and without the variables that only it used."""
        text = re.sub(rf"(\b{field}\([^)]*?)\b{argument}: \$\w+(?:, )?", r"\1", self.text)
        text = text.replace(", )", ")").replace("()", "")
        # A variable that is declared but not used is an error as well.
        for declaration, name in re.findall(r"(\$(\w+): [^,)]+(?:, )?)", text):
            if len(re.findall(rf"\${name}\b", text)) == 1:
                text = text.replace(declaration, "").replace(", )", ")")
        return replace(self, text=text)


@dataclass(frozen=True, slots=True)
class _Knowledge:
    """The known abilities and gaps of a server's API.

    Attributes:
        dialect: The part of the probes' queries that it understands.
        gaps: Its gaps in other queries, by their names.
    """

    dialect: Dialect = field(default_factory=Dialect)
    gaps: Mapping[str, tuple[Gap, ...]] = field(default_factory=dict)

    def with_gaps(self, query: str, gaps: tuple[Gap, ...]) -> _Knowledge:
        known = self.gaps.get(query, ())
        return replace(self, gaps={**self.gaps, query: tuple(dict.fromkeys([*known, *gaps]))})

    def to_json(self) -> dict[str, Any]:
        return {"probe": self.dialect.to_json(), "queries": self.gaps}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> _Knowledge:
        """Read what `to_json` gave; other content raises one of `_UNREADABLE`."""
        gaps = {str(name): tuple(Gap.from_json(gap) for gap in found) for name, found in content["queries"].items()}
        return cls(Dialect.from_json(content["probe"]), gaps)


class SchemaGaps:
    """The gaps in the API of one server, for all who ask it. Safe to use from several threads."""

    def __init__(self, record: GapRecord | None = None, clock: Callable[[], float] = time.time) -> None:
        """Prepare; nothing is read yet.

        Args:
            record: Where to keep what is learned for other processes; None keeps it in memory.
            clock: Seconds since 1970.
        """
        self._record = record
        self._clock = clock
        self._lock = threading.RLock()
        self._learned_at: float | None = None
        self._session = self._lasting = _Knowledge()
        self._to_read = record is not None

    @property
    def dialect(self) -> Dialect:
        """The part of the probes' queries that the server understands, as far as known."""
        return self._known().dialect

    @property
    def names(self) -> tuple[str, ...]:
        """The fields and arguments that it lacks."""
        known = self._known()
        gaps = {gap for found in known.gaps.values() for gap in found}
        named = {f"{gap.field}({gap.argument})" if gap.argument else gap.field for gap in gaps}
        return tuple(sorted(named | set(known.dialect.unknown)))

    def learn_dialect(self, before: Dialect, after: Dialect, reply: Reply) -> Dialect:
        """Remember that probes are refused in one dialect, and are to be sent in another; returns what is known now."""
        self._learn(lambda known: replace(known, dialect=known.dialect.changed(before, after)), reply)
        return self.dialect

    def learn(self, query: str, gaps: tuple[Gap, ...], reply: Reply) -> None:
        """Remember what the server lacks of a query, as a reply says."""
        self._learn(lambda known: known.with_gaps(_name(query), gaps), reply)

    def lacks(self, query: str, name: str) -> bool:
        """Whether the server lacks a field of a query."""
        return Gap(name) in self._known().gaps.get(_name(query), ())

    def known(self, query: str) -> KnownQuery:
        """The part of a query that the server understands, as far as known."""
        return KnownQuery(query).without(self._known().gaps.get(_name(query), ()))

    def execute(self, execute: Execute, query: str, variables: Mapping[str, object]) -> Reply:
        """Send a query, and again without what the server turns out to lack."""
        while True:
            known = self.known(query)
            used = known.variables
            reply = execute(known.text, {name: value for name, value in variables.items() if name in used})
            if not (gaps := known.gaps(reply)):
                return reply
            self.learn(query, gaps, reply)

    def forget(self) -> None:
        """Ask for everything again."""
        with self._lock:
            self._reset()
            self._to_read = False
            if self._record is not None:
                self._record.delete()

    def _known(self) -> _Knowledge:
        with self._lock:
            if self._to_read and self._record is not None:
                self._to_read = False
                self._read(self._record)
            if self._learned_at is not None and not 0 <= self._clock() - self._learned_at < _VALID_FOR_S:
                self._reset()
            return self._session

    def _reset(self) -> None:
        self._learned_at = None
        self._session = self._lasting = _Knowledge()

    def _read(self, record: GapRecord) -> None:
        content = record.read()
        # Another version of ours asks other queries.
        if not content or content.get("version") != __version__:
            return
        try:
            known, learned_at = _Knowledge.from_json(content), float(content["learned_at"])
        except _UNREADABLE as error:
            log.warning("What was remembered of the server's API is not used: %r", error)
            return
        self._session = self._lasting = known
        self._learned_at = learned_at

    def _learn(self, change: Callable[[_Knowledge], _Knowledge], reply: Reply) -> None:
        with self._lock:
            self._session = change(self._known())
            if self._learned_at is None:
                self._learned_at = self._clock()
            # A field that the server only failed to answer may work again in the next session.
            if not refuses_field(reply):
                return
            self._lasting = change(self._lasting)
            if self._record is not None:
                times = {"version": __version__, "learned_at": self._learned_at}
                self._record.write({**times, **self._lasting.to_json()})


def _name(query: str) -> str:
    found = _NAME.search(query)
    return found[1] if found else query
