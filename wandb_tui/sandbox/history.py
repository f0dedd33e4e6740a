"""The lines that a run streams: its metrics, its system metrics, and its output."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.sdk_json import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wandb_tui.sandbox.state import Run, SandboxState

HISTORY = "wandb-history.jsonl"
EVENTS = "wandb-events.jsonl"
OUTPUT = "output.log"

_TAIL_LINES = 1
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


class Histories:
    """Reads and writes the streamed lines of runs."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._keys: dict[int, tuple[int, dict[str, Any]]] = {}

    def append(self, run: Run, file: str, offset: int, lines: list[str]) -> None:
        """Store lines from this offset on; lines that were there already are replaced, as when a post is repeated."""
        rows = [(run.key, file, offset + index, _step(text, file), text) for index, text in enumerate(lines)]
        with self._state.db as db:
            replaced = db.value("SELECT 1 FROM lines WHERE run = ? AND file = ? AND number >= ?", run.key, file, offset)
            db.run_many("INSERT OR REPLACE INTO lines VALUES (?, ?, ?, ?, ?)", rows)
        if replaced and file == HISTORY:
            self.forget(run)

    def forget(self, run: Run) -> None:
        """Drop what was worked out about a run whose lines have changed."""
        with self._lock:
            self._keys.pop(run.key, None)

    def copy_until(self, parent: Run, child: Run, step: int) -> None:
        """Give a fork its parent's history up to and including ``step``."""
        self._state.db.run(
            "INSERT INTO lines SELECT ?, file, number, step, text FROM lines WHERE run = ? AND file = ? AND step <= ?",
            child.key,
            parent.key,
            HISTORY,
            step,
        )

    def cut_after(self, run: Run, step: int) -> None:
        """Drop the history after ``step``."""
        self._state.db.run("DELETE FROM lines WHERE run = ? AND file = ? AND step > ?", run.key, HISTORY, step)
        self.forget(run)

    def count(self, run: Run, file: str) -> int:
        """The number of lines there are."""
        query = "SELECT coalesce(max(number) + 1, 0) FROM lines WHERE run = ? AND file = ?"
        return int(self._state.db.value(query, run.key, file))

    def last_step(self, run: Run) -> int:
        """The highest step logged; -1 where there is none."""
        query = "SELECT max(step) FROM lines WHERE run = ? AND file = ?"
        step = self._state.db.value(query, run.key, HISTORY)
        return -1 if step is None else int(step)

    def texts(self, run: Run, file: str, first: int = 0, last: int | None = None) -> list[str]:
        """The lines with these numbers, both included."""
        query = "SELECT text FROM lines WHERE run = ? AND file = ? AND number BETWEEN ? AND ? ORDER BY number"
        highest = 2**62 if last is None else last
        return [row["text"] for row in self._state.db.rows(query, run.key, file, first, highest)]

    def tail(self, run: Run, file: str) -> list[str]:
        """The last lines, which a resumed run needs."""
        count = self.count(run, file)
        return self.texts(run, file, max(0, count - _TAIL_LINES))

    def rows(self, run: Run, first_step: int = 0, end_step: int | None = None) -> list[dict[str, Any]]:
        """The history's rows from ``first_step`` up to, not including, ``end_step``."""
        query = "SELECT text FROM lines WHERE run = ? AND file = ? AND step >= ? AND step < ? ORDER BY number"
        end = 2**62 if end_step is None else end_step
        return [parse(row["text"]) for row in self._state.db.rows(query, run.key, HISTORY, first_step, end)]

    def key_index(self, run: Run) -> dict[str, Any]:
        """The answer of ``historyKeys``: the last step, and how often each metric was logged with which type.

        Only lines that came since the last call are read: pollers ask for this again and again.
        """
        with self._lock:
            seen, index = self._keys.get(run.key, (0, {"sets": [], "keys": {}, "lastStep": -1}))
            fresh = self.texts(run, HISTORY, seen)
            for text in fresh:
                _fold(index, parse(text))
            self._keys[run.key] = (seen + len(fresh), index)
            return json.loads(json.dumps(index))  # type: ignore[no-any-return]


def _step(text: str, file: str) -> int | None:
    """The step a history line is for."""
    if file != HISTORY:
        return None
    step = json.loads(text).get("_step")
    return int(step) if step is not None else None


def _fold(index: dict[str, Any], row: dict[str, Any]) -> None:
    """Count one row into the index of keys."""
    index["lastStep"] = max(index["lastStep"], int(row.get("_step", -1)))
    for name, value in row.items():
        entry = index["keys"].setdefault(name, {"typeCounts": [], "monotonic": True})
        entry["monotonic"] = entry["monotonic"] and _rises(entry.get("previousValue"), value)
        kind = _type_name(value)
        for count in entry["typeCounts"]:
            if count["type"] == kind:
                count["count"] += 1
                break
        else:
            entry["typeCounts"].append({"type": kind, "count": 1})
        entry["previousValue"] = value


def _rises(before: object, value: object) -> bool:
    """Whether a number is not below the one before."""
    numbers = [one for one in (before, value) if isinstance(one, int | float)]
    return len(numbers) < 2 or numbers[0] <= numbers[1]  # noqa: PLR2004 - the two of them


def _type_name(value: object) -> str:
    """The name that W&B's key index gives to a value's type."""
    if isinstance(value, dict):
        return str(value.get("_type", "map"))
    if value in _NOT_FINITE:
        return "number"
    names: Iterable[tuple[type | tuple[type, ...], str]] = (
        (bool, "boolean"),
        ((int, float), "number"),
        (str, "string"),
        (list, "list"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "nil")


def sample(rows: list[Any], count: int) -> list[Any]:
    """At most ``count`` rows, evenly spread, the first and the last among them."""
    if count <= 0 or len(rows) <= count:
        return rows
    if count == 1:
        return rows[-1:]
    last = len(rows) - 1
    return [rows[round(index * last / (count - 1))] for index in range(count)]
