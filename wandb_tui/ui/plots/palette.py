"""The colours and signs by which runs in one plot are told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

MAX_CURVES = 8
"""The most runs in one plot: more cannot be told apart."""

SIGNS = "12345678"
"""The characters that stand for the runs, in legends and on their curves."""

# The hues of Okabe and Ito, made readable on each background.
_ON_DARK = ("#56b4e9", "#f0a431", "#35c98f", "#e87fc0", "#f0e442", "#8f9bff", "#ff7f50", "#c8d0dc")
_ON_LIGHT = ("#0072b2", "#b06a00", "#00795a", "#a83c82", "#7d7200", "#4646c8", "#c2410c", "#4d5866")

# The nearest of the sixteen to those would be the same for several.
_FEW_ON_DARK = ("#55ffff", "#ffff55", "#55ff55", "#ff55ff", "#aa5500", "#5555ff", "#ff5555", "#ffffff")
_FEW_ON_LIGHT = ("#0000aa", "#aa5500", "#00aa00", "#aa00aa", "#aa0000", "#00aaaa", "#555555", "#000000")


def colours(*, dark: bool, few: bool = False) -> dict[str, str]:
    """The colours of the curves as variables of a theme.

    Args:
        dark: Whether the background is dark.
        few: Whether the terminal has only sixteen colours.
    """
    chosen = (_FEW_ON_DARK if dark else _FEW_ON_LIGHT) if few else (_ON_DARK if dark else _ON_LIGHT)
    return {colour_name(place): colour for place, colour in enumerate(chosen)}


def colour_name(place: int) -> str:
    """The name of the theme's variable for the curve at a place."""
    return f"curve-{place + 1}"


def assigned(runs: Sequence[T], before: Mapping[T, int]) -> dict[T, int]:
    """A place for each of some runs, at most `MAX_CURVES`; a run keeps the one that it had before."""
    runs = runs[:MAX_CURVES]
    kept = {before[run] for run in runs if run in before}
    free = iter(place for place in range(MAX_CURVES) if place not in kept)
    return {run: before[run] if run in before else next(free) for run in runs}
