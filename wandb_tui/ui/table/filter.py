"""The filter: words that a run must have, `!` before one that it must not, fields, regular expressions."""

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

_READY = "ready"
"""What the header calls the available ones."""

_FIELDS: dict[str, Callable[[WatchedRun], tuple[str, ...]]] = {
    "state": lambda row: (str(row.state), _own_state(row), *([_READY] if row.state is State.AVAILABLE else [])),
    "project": lambda row: (row.run.project_path,),
    "goal": lambda row: (str(row.goal),),
    "run": lambda row: (run_name(row),),
    "log": lambda row: (clean(event_text(row.notice)),),
    "is": lambda row: (_own_state(row),),
}
"""What each field looks into: `state` into the monitor's state and the run's own, `is` into the run's own alone."""

_STATES = (
    *State,
    *(_READY, "running", "finished", "crashed", "killed", "pending", "preempting", "preempted"),
)
"""The states of a monitor and of a run; “failed” is one of either."""

_CLOSE = 0.7
"""How alike a word and the name of a field are at least, of 1, where the one was meant by the other."""
_NAMED = 4
"""So many states are named where one is none."""

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
_SECONDS = 0.1
"""How long the regular expressions may take with all runs together: keys wait for that long at most."""
_MEMORY = 1 << 20
"""How many bytes an expression may take."""


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a filter.

    Attributes:
        text: What is looked for; for a regular expression, what stood between the slashes.
        field: What comes before a colon, or empty.
        no: Whether it must not be there.
        regex: Whether it is a regular expression.
    """

    text: str
    field: str = ""
    no: bool = False
    regex: bool = False


def terms(text: str) -> Iterator[Term]:
    """The parts of a filter, apart from each other by spaces."""
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
    """A filter as it was typed, and what it means."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.wrong = ""
        """What cannot be done, in one sentence; empty where all can."""
        self.doubt = ""
        """What is likely to be a slip, in a few words, though it can be understood."""
        self._tests: list[Predicate] = []
        self._expressions: list[tuple[str, Predicate]] = []
        for term in terms(self.text):
            self.doubt = self.doubt or _doubt(term)
            try:
                test = _test(term)
            except ValueError as error:
                self.wrong = f"/{clean(term.text, 40)}/: {error}"
            else:
                if term.regex:
                    self._expressions.append((clean(term.text, 40), test))
                else:
                    self._tests.append(test)

    def pick(self, rows: Iterable[WatchedRun]) -> list[WatchedRun]:
        """Those of the runs that are shown; an empty filter shows all of them.

        Regular expressions that take too long are left out from then on, until another filter is typed.
        """
        rows = [row for row in rows if all(test(row) for test in self._tests)]
        found = []
        until = time.thread_time() + _SECONDS
        for row in rows:
            if all(test(row) for _, test in self._expressions):
                found.append(row)
            if self._expressions and time.thread_time() > until:
                self.wrong = f"/{'/ /'.join(text for text, _ in self._expressions)}/: takes too long"
                self._expressions.clear()
                return rows
        return found

    def matches(self, row: WatchedRun) -> bool:
        """Whether a run is shown."""
        return bool(self.pick([row]))


def _doubt(term: Term) -> str:
    """Of a field or a state that there is not, what there is, the closest first."""
    if term.field == "state" and not term.regex and not any(term.text.casefold() in state for state in _STATES):
        known = sorted(_STATES, key=lambda state: -SequenceMatcher(None, term.text.casefold(), state).ratio())
        return f"“{clean(term.text, 20)}” is no state: {', '.join(known[:_NAMED])}, …"
    meant = get_close_matches(term.field, _FIELDS, 1, _CLOSE) if term.field and term.field not in _FIELDS else []
    return f"did you mean “{meant[0]}:”?" if meant else ""


def _test(term: Term) -> Predicate:
    if term.field and term.field not in _FIELDS:
        # A colon that is no field's belongs to the word, as in `step:200`.
        body = f"/{term.text}/" if term.regex else term.text
        return _test(Term(f"{term.field}:{body}", no=term.no))
    if term.text.removesuffix(":") in _FIELDS and term.text.endswith(":") and not term.field:
        # Its value is about to be typed.
        return lambda _: True
    read, text = _FIELDS.get(term.field, _text), term.text
    if term.regex:
        found = _search(text)
        return lambda row: any(map(found, read(row))) is not term.no
    wanted = text.casefold()
    return lambda row: any(wanted in one.casefold() for one in read(row)) is not term.no


def _search(pattern: str) -> Callable[[str], bool]:
    """Whether a text has what a regular expression describes; ValueError says what is wrong with it.

    Not Python's own expressions, nor others that go back and try again: what is typed while it is being typed may take
    them years. These take a time in proportion to the text; all that they lack is looking around and back.
    """
    try:
        import re2
    except ImportError:
        raise ValueError("needs the package google-re2") from None

    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, _MEMORY
    try:
        search = re2.compile(_bytes(pattern), options).search
    except re2.error as error:
        said = error.args[0].decode(errors="replace").removesuffix(f": {pattern}")
        raise ValueError(clean(said, 80)) from error
    return lambda text: search(_bytes(text)) is not None


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _text(row: WatchedRun) -> tuple[str, ...]:
    return (f"{row.state} {run_name(row)} {row.run.project_path} {row.goal} {row.artifact or ''}",)


def _own_state(row: WatchedRun) -> str:
    return row.run_info.state if row.run_info else ""
