"""A curve in a few cells of text."""

from __future__ import annotations

import math
from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-=^"


def sparkline(values: Sequence[float], width: int, *, ascii_look: bool = False) -> str:
    """The values as bars, the least as the lowest and the greatest as the highest.

    Where several share a cell, the one that differs most from the cell before is shown, so that spikes stay. A cell
    without a finite value is blank.

    Args:
        values: The values, evenly spaced.
        width: The cells to fill; fewer values take as many cells as there are.
        ascii_look: Whether to draw in plain ASCII.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite or width < 1:
        return ""
    bars = _ASCII_BARS if ascii_look else _BARS
    low, high = min(finite), max(finite)
    half = high / 2 - low / 2
    cells = min(width, len(values))
    # The first cell has none before it: it shows how far the curve comes to where it ends.
    text, before = "", finite[-1]
    for cell in range(cells):
        value = standout(values[len(values) * cell // cells : len(values) * (cell + 1) // cells], before)
        if value is None:
            text += " "
            continue
        before = value
        share = (value / 2 - low / 2) / half if half > 0 else 0.5
        text += bars[min(len(bars) - 1, int(share * len(bars)))]
    return text


def standout(values: Sequence[float], before: float) -> float | None:
    """The finite value that differs most from the one before; None if there is none."""
    # Halved, since a difference of the largest numbers overflows.
    return max(
        (value for value in values if math.isfinite(value)),
        key=lambda value: abs(value / 2 - before / 2),
        default=None,
    )
