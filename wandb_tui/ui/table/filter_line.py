"""The line that a filter is typed into: it completes names and marks the word that is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rich.highlighter import Highlighter
from rich.text import Text
from textual.suggester import Suggester

from wandb_tui.core.goal import GoalKind
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.table.filter_values import CREATED, FACT_FIELDS, FIELDS, ROW_VALUES, STATES
from wandb_tui.ui.table.run_facts import FactsCache

_LAST_WORD = re.compile(r'(?:^|[\s(!])(?:(?P<field>\w+):)?(?P<word>[^\s()!:"<>=]*)$')
_WRONG = "underline red"


class FilterSuggester(Suggester):
    """Completes the last word: a field, the value of one, or the name of a value."""

    def __init__(self, facts: FactsCache, rows: Callable[[], Iterable[WatchedRun]]) -> None:
        """Complete nothing yet.

        Args:
            facts: The known facts about the runs beyond the watch list.
            rows: Returns the watch list.
        """
        super().__init__(use_cache=False, case_sensitive=True)
        self._facts = facts
        self._rows = rows

    async def get_suggestion(self, value: str) -> str | None:
        """The text with its last word completed; None if nothing begins like that."""
        found = _LAST_WORD.search(value)
        if found is None or not (found["word"] or found["field"]):
            return None
        word = found["word"].casefold()
        for candidate in self._candidates(found["field"]):
            if candidate.casefold().startswith(word) and len(candidate) > len(word):
                return value + candidate[len(word) :]
        return None

    def _candidates(self, field: str | None) -> Iterable[str]:
        values: dict[str | None, Callable[[], Iterable[str]]] = {
            None: self._names,
            "state": lambda: map(str, STATES),
            "is": lambda: {row.run_info.state for row in self._rows() if row.run_info and row.run_info.state},
            "project": lambda: {row.run.project_path for row in self._rows()},
            "goal": lambda: [kind.rule.example for kind in GoalKind],
            "tag": lambda: self._facts.tags,
        }
        return sorted(values[field]()) if field in values else ()

    def _names(self) -> Iterable[str]:
        return (*(f"{name}:" for name in (*FIELDS, *FACT_FIELDS)), *ROW_VALUES, CREATED, *(self._facts.names or ()))


class ErrorHighlighter(Highlighter):
    """Underlines the part of the filter that is wrong."""

    span: tuple[int, int] | None = None
    """Its start and end; None if the filter is valid."""

    def highlight(self, text: Text) -> None:
        """Mark the error in the text."""
        if self.span is not None:
            text.stylize(_WRONG, *self.span)
