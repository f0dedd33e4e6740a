"""A check-up of a history: anything in its rows that may surprise a reader or in a fork."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from wandb_tui.core.step_range import STEP, StepRange
from wandb_tui.library.history_reader import HistoryPart, HistoryReader

NOT_FINITE = ("NaN", "Infinity", "-Infinity")
"""The texts for numbers that JSON has no form for."""
_MOST_COLUMNS = 3


class HistoryCheck:
    """Looks at the rows of a history, batch by batch."""

    def __init__(self, types: dict[str, list[str]]) -> None:
        """Begin.

        Args:
            types: The types that each column has in the files.
        """
        self._types = types
        self._last: int | None = None
        self._gaps: Counter[int] = Counter()
        self._first_skip: dict[int, int] = {}
        self._not_a_number: Counter[str] = Counter()
        self._infinite: Counter[str] = Counter()
        self._words: Counter[str] = Counter()

    def add(self, batch: Any) -> None:
        """Look at the next rows."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for field, column in zip(batch.schema, batch.columns, strict=True):
            if field.name == STEP:
                self._add_steps(column.drop_null())
            elif pa.types.is_floating(field.type):
                self._not_a_number[field.name] += pc.sum(pc.is_nan(column)).as_py() or 0
                self._infinite[field.name] += pc.sum(pc.is_inf(column)).as_py() or 0
            elif pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
                found = pc.is_in(column, value_set=pa.array(NOT_FINITE, field.type))
                self._words[field.name] += pc.sum(found).as_py() or 0

    @property
    def findings(self) -> list[str]:
        """The findings, one short sentence without a full stop each; empty if there are none."""
        return [
            *self._about_falls(),
            *self._about_gaps(),
            *_about_columns("NaN", self._not_a_number),
            *_about_columns("infinite values", self._infinite),
            *_about_columns("numbers written as text (NaN, Infinity)", self._words),
            *(
                f"{name} changes its type between files: {', '.join(kinds)}"
                for name, kinds in self._types.items()
                if len(kinds) > 1
            ),
        ]

    def _add_steps(self, steps: Any) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if not len(steps):
            return
        if self._last is not None:
            steps = pa.concat_arrays([pa.array([self._last], steps.type), steps])
        gaps = pc.subtract(steps[1:], steps[:-1])
        for entry in pc.value_counts(gaps):
            gap = entry["values"].as_py()
            self._gaps[gap] += entry["counts"].as_py()
            if gap not in self._first_skip:
                self._first_skip[gap] = steps[pc.index(gaps, gap).as_py()].as_py()
        self._last = steps[-1].as_py()

    @property
    def falling(self) -> list[str]:
        """The findings about steps that do not rise, as in `findings`."""
        return list(self._about_falls())

    @property
    def usual_gap(self) -> int:
        """The number of steps that most rows are apart; 1 where there are too few to tell."""
        rises = {gap: count for gap, count in self._gaps.items() if gap > 0}
        return max(rises, key=lambda gap: rises[gap], default=1)

    def _about_falls(self) -> Iterator[str]:
        if self._gaps[0]:
            yield f"{_times(self._gaps[0], 'step')} doubled, the first of them {self._first_skip[0]:,}"
        if falls := sum(count for gap, count in self._gaps.items() if gap < 0):
            first = next(step for gap, step in self._first_skip.items() if gap < 0)
            yield f"steps fall {falls:,} time{'' if falls == 1 else 's'}, first after step {first:,}"

    def _about_gaps(self) -> Iterator[str]:
        usual = self.usual_gap
        if usual > 1:
            yield f"most rows are {usual:,} steps apart"
        if skips := {gap: count for gap, count in self._gaps.items() if gap > usual}:
            missing = sum((gap // usual - 1) * count for gap, count in skips.items())
            first = min(self._first_skip[gap] for gap in skips)
            yield f"{_times(missing, 'step')} missing, the first after step {first:,}"


def check_history(parts: Sequence[HistoryPart], steps: StepRange) -> list[str]:
    """Read a history and give the findings.

    Args:
        parts: The parts of the history.
        steps: The steps to look at.
    """
    reader = HistoryReader(parts, steps=steps)
    try:
        check = HistoryCheck(reader.types)
        for batch in reader.batches():
            check.add(batch)
        return check.findings
    finally:
        reader.close()


def _times(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    more = len(names) - _MOST_COLUMNS
    return ", ".join(names[:_MOST_COLUMNS]) + (f" and {more} more" if more > 0 else "")


def _about_columns(what: str, counts: Counter[str]) -> Iterator[str]:
    found = {name: count for name, count in counts.items() if count}
    if found:
        yield f"{what} in {listed([f'{name} ({count:,})' for name, count in found.items()])}"
