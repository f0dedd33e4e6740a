"""The figures of a benchmark, and the table in which they are printed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        row: The number of the measure in the list of targets.
        measure: The quantity that was measured.
        ours: Our figure, in `unit`.
        theirs: The other side's figure, or None where there is none.
        unit: The unit of both.
        limit: The target: the highest ratio, or the highest figure of ours where `absolute`; None: for information.
        absolute: Whether the target is about our figure alone.
        note: A remark for the reader, or the reason why a side is missing.
    """

    row: int
    measure: str
    ours: float | None
    theirs: float | None = None
    unit: str = ""
    limit: float | None = None
    absolute: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours in theirs."""
        return self.ours / self.theirs if self.ours is not None and self.theirs else None

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where there is none, or nothing to judge by."""
        judged = self.ours if self.absolute else self.ratio
        return None if self.limit is None or judged is None else judged <= self.limit

    def cells(self) -> list[str]:
        """The line, cell by cell."""
        target = "" if self.limit is None else f"≤ {self.limit:g}" + (f" {self.unit}" if self.absolute else " ×")
        reached = {None: "", True: "yes", False: "NO"}[self.reached]
        ratio = "" if self.ratio is None else f"{self.ratio:.3g} ×"
        return [
            *(str(self.row), self.measure, _number(self.ours, self.unit), _number(self.theirs, self.unit)),
            *(ratio, target, reached, self.note),
        ]


HEADINGS = ("#", "measure", "ours", "theirs", "ratio", "target", "reached", "note")


def table(figures: Sequence[Figure]) -> str:
    """All lines as a Markdown table, which reads well in a terminal too."""
    rows = [list(HEADINGS), *(figure.cells() for figure in figures)]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [
        "| " + " | ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.3g} {unit}".strip() if value < 1000 else f"{value:,.0f} {unit}".strip()


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One group of measures.

    Attributes:
        name: How the command line calls it.
        rows: Which numbers of the table it gives.
        run: Measures; told whether to be quick.
    """

    name: str
    rows: tuple[int, ...]
    run: Callable[[Scale], list[Figure]]


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of a measurement: everything, or just enough to see that it works."""

    quick: bool = False

    def pick(self, full: float, quick: float) -> float:
        """The one or the other."""
        return quick if self.quick else full

    def count(self, full: int, quick: int) -> int:
        """The one or the other."""
        return quick if self.quick else full


@dataclass(slots=True)
class Times:
    """Durations of one side, in seconds."""

    seconds: list[float] = field(default_factory=list)

    def add(self, seconds: float) -> None:
        """One more."""
        self.seconds.append(seconds)

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """95 of 100 are no longer than this."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
