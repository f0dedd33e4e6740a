"""Counts of the watched runs, as the header shows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunCounts:
    """Counts of runs by result."""

    runs: int = 0
    ready: int = 0
    waiting: int = 0
    failed: int = 0
    cancelled: int = 0
    selected: int = 0
