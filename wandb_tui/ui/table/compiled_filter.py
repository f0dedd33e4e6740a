"""A filter's text, compiled into the test of whether a run matches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import SequenceMatcher, get_close_matches

from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.plain_text import clean
from wandb_tui.text.run_labels import run_name
from wandb_tui.ui.table.filter_grammar import (
    Combination,
    Comparison,
    Condition,
    FilterSyntaxError,
    Negation,
    Term,
    parse,
)
from wandb_tui.ui.table.filter_values import (
    CREATED,
    FACT_FIELDS,
    FIELDS,
    ROW_VALUES,
    STATES,
    TIME,
    KnownFacts,
    NoFacts,
    Test,
    comparison,
    needs_facts,
)

_MIN_SIMILARITY = 0.7
"""The least similarity, of 1, of a mistyped name to a known one."""
_MAX_SUGGESTIONS = 4
"""The maximum number of states suggested for an unknown one."""

_REGEX_MEMORY_BYTES = 1 << 20
"""The memory limit of an expression, in bytes."""


class CompiledFilter:
    """A text that is not empty, parsed and compiled."""

    def __init__(self, text: str, facts: KnownFacts | None) -> None:
        """Parse a text.

        Args:
            text: The filter as typed.
            facts: The known facts about the runs beyond the watch list.
        """
        self.error = ""
        """The error, in one sentence; empty if the filter is valid."""
        self.error_span: tuple[int, int] | None = None
        """The part of the text that is wrong: its start and end."""
        self._facts = facts or NoFacts()
        self._condition: Condition | None = None
        try:
            self._condition = parse(text)
        except FilterSyntaxError as error:
            self._refuse(str(error), error.start, error.end)
        self._leaves = list(_leaves(self._condition))
        self.uses_facts = any(_uses_facts(leaf) for leaf in self._leaves)
        """Whether it asks for more than the watch list knows."""
        self.ticks = any(isinstance(leaf, Comparison) and leaf.name == TIME for leaf in self._leaves)
        """Whether time alone changes which runs match."""
        self.expressions = [leaf.text for leaf in self._leaves if isinstance(leaf, Term) and leaf.regex]
        """Its regular expressions."""
        self.test = self._compiled(self._condition)
        """Whether a run matches; None if any does."""

    @property
    def suggestion(self) -> str:
        """A likely mistake, in a few words, in a valid filter."""
        return next(filter(None, map(self._mistake, self._leaves)), "")

    def ignore_expressions(self) -> None:
        """Go on without the regular expressions."""
        self.error = f"/{'/ /'.join(clean(text, 40) for text in self.expressions)}/: takes too long"
        self.expressions = []
        self.test = self._compiled(self._condition, regex=False)

    def _refuse(self, message: str, start: int, end: int) -> None:
        if not self.error:
            self.error, self.error_span = message, (start, end)

    def _compiled(self, condition: Condition | None, *, regex: bool = True) -> Test | None:
        """The test for a condition; None for one that is not typed to its end, which any run meets.

        Args:
            condition: The condition.
            regex: Whether to heed regular expressions.
        """
        match condition:
            case Combination(parts, every):
                tests = [test for part in parts if (test := self._compiled(part, regex=regex)) is not None]
                return _combined(tests, every=every) if tests else None
            case Negation(part):
                test = self._compiled(part, regex=regex)
                return None if test is None else _negated(test)
            case Term(regex=True) if not regex:
                return None
            case Term() | Comparison():
                try:
                    return self._leaf(condition)
                except ValueError as error:
                    named = f"/{clean(condition.text, 40)}/: " if isinstance(condition, Term) else ""
                    self._refuse(f"{named}{error}", condition.start, condition.end)
        return None

    def _leaf(self, leaf: Term | Comparison) -> Test | None:
        if isinstance(leaf, Comparison):
            return comparison(leaf, self._facts)
        field, text = leaf.field, leaf.text
        if not text and field in FIELDS.keys() | FACT_FIELDS.keys():
            # Its value has not been typed yet.
            return None
        if field and field not in FIELDS and field not in FACT_FIELDS:
            # An unknown field is part of the word, as in `step:200`.
            field, text = "", f"{field}:{text}"
        found = _search(text) if leaf.regex else _containing(text)
        if (of_facts := FACT_FIELDS.get(field)) is not None:
            facts = self._facts
            return lambda row, _: None if (known := facts.get(row.run)) is None else any(map(found, of_facts(known)))
        read = FIELDS.get(field, _text)
        return lambda row, _: any(map(found, read(row)))

    def _mistake(self, leaf: Term | Comparison) -> str:
        """Suggests the closest valid field, state or name for an unknown one."""
        if isinstance(leaf, Comparison):
            return self._unknown_name(leaf.name)
        field, text = leaf.field, leaf.text.casefold()
        if field == "state" and not leaf.regex and not any(text in state for state in STATES):
            known = sorted(STATES, key=lambda state: -SequenceMatcher(None, text, state).ratio())
            return f"“{clean(leaf.text, 20)}” is not a state: {', '.join(known[:_MAX_SUGGESTIONS])}, …"
        fields = [*FIELDS, *FACT_FIELDS]
        meant = get_close_matches(field, fields, 1, _MIN_SIMILARITY) if field and field not in fields else []
        return f"did you mean “{meant[0]}:”?" if meant else ""

    def _unknown_name(self, name: str) -> str:
        names = self._facts.names
        bare = name.removeprefix("config.").removeprefix("summary.")
        if names is None or name in ROW_VALUES or name == CREATED or name in names or bare in names:
            return ""
        meant = get_close_matches(name, [*names, *ROW_VALUES, CREATED], 1, _MIN_SIMILARITY)
        return f"no run has “{clean(name, 30)}”" + (f"; did you mean “{meant[0]}”?" if meant else "")


def _leaves(condition: Condition | None) -> Iterator[Term | Comparison]:
    match condition:
        case Combination(parts):
            for part in parts:
                yield from _leaves(part)
        case Negation(part):
            yield from _leaves(part)
        case Term() | Comparison():
            yield condition


def _uses_facts(leaf: Term | Comparison) -> bool:
    return needs_facts(leaf) if isinstance(leaf, Comparison) else leaf.field in FACT_FIELDS


def _combined(tests: list[Test], *, every: bool) -> Test:
    """All of the tests, or any; unknown if those that are known do not decide."""

    def test(row: WatchedRun, now: float) -> bool | None:
        unknown = False
        for each in tests:
            result = each(row, now)
            if result is not every and result is not None:
                return not every
            unknown = unknown or result is None
        return None if unknown else every

    return test


def _negated(test: Test) -> Test:
    return lambda row, now: None if (result := test(row, now)) is None else not result


def _containing(text: str) -> Callable[[str], bool]:
    wanted = text.casefold()
    return lambda one: wanted in one.casefold()


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
