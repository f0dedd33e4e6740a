"""The table's filter: words, `!` for negation, fields, regular expressions."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches

from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.event_text import event_text
from wandb_tui.text.plain_text import clean
from wandb_tui.text.run_labels import run_name

Predicate = Callable[[WatchedRun], bool]

_AVAILABLE_WORD = "ready"
"""The header's word for available runs."""

_FIELDS: dict[str, Callable[[WatchedRun], tuple[str, ...]]] = {
    "state": lambda row: (
        str(row.state),
        _own_state(row),
        *([_AVAILABLE_WORD] if row.state is State.AVAILABLE else []),
    ),
    "project": lambda row: (row.run.project_path,),
    "goal": lambda row: (str(row.goal),),
    "run": lambda row: (run_name(row),),
    "log": lambda row: (clean(event_text(row.notice)),),
    "is": lambda row: (_own_state(row),),
}
"""The text each field matches: `state` the monitor's and the run's own state, `is` the run's own alone."""

_STATES = (
    *State,
    *(_AVAILABLE_WORD, "running", "finished", "crashed", "killed", "pending", "preempting", "preempted"),
)
"""The states of monitors and runs; “failed” is a state of both."""

_MIN_SIMILARITY = 0.7
"""The least similarity, of 1, of a mistyped field to a known one."""
_MAX_SUGGESTIONS = 4
"""How many states are suggested for an unknown one."""

_TERM = re.compile(
    r"""
    (?P<no>!?)
    (?:(?P<field>\w+):)?
    (?: /(?P<pattern>(?:\\.|[^\\/])*)(?:/|\\?$)   # a regular expression; the last slash may still be missing
      | "(?P<phrase>[^"]*)(?:"|$)
      | (?P<word>\S+) )
    (?=\s|$)
    """,
    re.VERBOSE,
)
_REGEX_TIME_S = 0.1
"""How long the regular expressions may take with all runs together: keys wait for that long at most."""
_REGEX_MEMORY_BYTES = 1 << 20
"""The memory limit of an expression, in bytes."""


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a filter.

    Attributes:
        text: The text to find; for a regular expression, the part between the slashes.
        field: The part before the colon, or empty.
        no: Whether it must not match.
        regex: Whether it is a regular expression.
    """

    text: str
    field: str = ""
    no: bool = False
    regex: bool = False


def terms(text: str) -> Iterator[Term]:
    """The parts of a filter, separated by spaces."""
    at = 0
    while match := re.compile(r"\s*(?=\S)").match(text, at):
        at = match.end()
        found = _TERM.match(text, at) or re.compile(r"(?P<word>\S+)").match(text, at)
        if found is None:
            return
        at = found.end()
        parts = found.groupdict()
        pattern = parts.get("pattern")
        body = pattern if pattern is not None else parts.get("phrase") or parts.get("word") or ""
        yield Term(body, (parts.get("field") or "").casefold(), bool(parts.get("no")), pattern is not None)


class Filter:
    """A parsed filter."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.error = ""
        """The error, in one sentence; empty if the filter is valid."""
        self.suggestion = ""
        """A likely mistake, in a few words, in a valid filter."""
        self._tests: list[Predicate] = []
        self._expressions: list[tuple[str, Predicate]] = []
        for term in terms(self.text):
            self.suggestion = self.suggestion or _suggestion(term)
            try:
                test = _test(term)
            except ValueError as error:
                self.error = f"/{clean(term.text, 40)}/: {error}"
            else:
                if term.regex:
                    self._expressions.append((clean(term.text, 40), test))
                else:
                    self._tests.append(test)

    def pick(self, rows: Iterable[WatchedRun]) -> list[WatchedRun]:
        """The runs that match; an empty filter matches all.

        Regular expressions that take too long are ignored from then on, until another filter is entered.
        """
        rows = [row for row in rows if all(test(row) for test in self._tests)]
        found = []
        until = time.thread_time() + _REGEX_TIME_S
        for row in rows:
            if all(test(row) for _, test in self._expressions):
                found.append(row)
            if self._expressions and time.thread_time() > until:
                self.error = f"/{'/ /'.join(text for text, _ in self._expressions)}/: takes too long"
                self._expressions.clear()
                return rows
        return found

    def matches(self, row: WatchedRun) -> bool:
        """Whether a run matches."""
        return bool(self.pick([row]))


def _suggestion(term: Term) -> str:
    """Suggests the closest valid field or state for an unknown one."""
    if term.field == "state" and not term.regex and not any(term.text.casefold() in state for state in _STATES):
        known = sorted(_STATES, key=lambda state: -SequenceMatcher(None, term.text.casefold(), state).ratio())
        return f"“{clean(term.text, 20)}” is not a state: {', '.join(known[:_MAX_SUGGESTIONS])}, …"
    meant = (
        get_close_matches(term.field, _FIELDS, 1, _MIN_SIMILARITY) if term.field and term.field not in _FIELDS else []
    )
    return f"did you mean “{meant[0]}:”?" if meant else ""


def _test(term: Term) -> Predicate:
    if term.field and term.field not in _FIELDS:
        # An unknown field is part of the word, as in `step:200`.
        body = f"/{term.text}/" if term.regex else term.text
        return _test(Term(f"{term.field}:{body}", no=term.no))
    if term.text.removesuffix(":") in _FIELDS and term.text.endswith(":") and not term.field:
        # Its value has not been typed yet.
        return lambda _: True
    read, text = _FIELDS.get(term.field, _text), term.text
    if term.regex:
        found = _search(text)
        return lambda row: any(map(found, read(row))) is not term.no
    wanted = text.casefold()
    return lambda row: any(wanted in one.casefold() for one in read(row)) is not term.no


def _search(pattern: str) -> Callable[[str], bool]:
    """Compile a regular expression into a search; a ValueError describes what is wrong with it.

    Not with Python's `re`, which backtracks: an expression that is half typed may take it years. RE2 takes time in
    proportion to the text; it only lacks look-around and back-references.
    """
    try:
        import re2
    except ImportError:
        raise ValueError("needs the package google-re2") from None

    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, _REGEX_MEMORY_BYTES
    try:
        search = re2.compile(_bytes(pattern), options).search
    except re2.error as error:
        reason = error.args[0].decode(errors="replace").removesuffix(f": {pattern}")
        raise ValueError(clean(reason, 80)) from error
    return lambda text: search(_bytes(text)) is not None


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _text(row: WatchedRun) -> tuple[str, ...]:
    return (f"{row.state} {run_name(row)} {row.run.project_path} {row.goal} {row.artifact or ''}",)


def _own_state(row: WatchedRun) -> str:
    return row.run_info.state if row.run_info else ""
