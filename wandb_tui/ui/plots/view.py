"""The part of a plot that is shown: zooming and panning are arithmetic on two ranges."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from wandb_tui.ui.plots.axis import Range

_LEAST_SHARE = 1e-9
"""The least part of an axis that can be shown."""


@dataclass(frozen=True, slots=True)
class PlotView:
    """The part of a plot that is shown.

    Attributes:
        across: The range of the horizontal axis; None for all of it, also of what is still to come.
        up: The range of the vertical axis; None for that of the values in sight.
    """

    across: Range | None = None
    up: Range | None = None

    def zoomed_across(self, bounds: Range, factor: float, at: float = 0.5) -> PlotView:
        """Zoom the horizontal axis.

        Args:
            bounds: The range of all that there is.
            factor: How many times as much is shown: below 1 to zoom in.
            at: The place that stays where it is, from 0 to 1.
        """
        return replace(self, across=_zoomed(self.across or bounds, bounds, factor, at))

    def panned_across(self, bounds: Range, share: float) -> PlotView:
        """Move to the right by a share of what is shown; to the left if it is negative."""
        return replace(self, across=_panned(self.across, bounds, share))

    def zoomed_up(self, shown: Range, bounds: Range, factor: float, at: float = 0.5) -> PlotView:
        """Zoom the vertical axis, of which `shown` is in sight."""
        return replace(self, up=_zoomed(self.up or shown, bounds, factor, at))

    def panned_up(self, shown: Range, bounds: Range, share: float) -> PlotView:
        """Move upwards by a share of what is shown."""
        return replace(self, up=_panned(self.up or shown, bounds, share))


def _zoomed(shown: Range, bounds: Range, factor: float, at: float) -> Range | None:
    low, high = shown
    # Half of it at a time, since a difference of the largest numbers overflows.
    half, most = high / 2 - low / 2, bounds[1] / 2 - bounds[0] / 2
    least = max(_LEAST_SHARE * most, 4 * math.ulp(max(abs(low), abs(high))))
    wanted = max(half * factor, min(half, least))
    if wanted >= most:
        return None
    middle = low + 2 * half * at
    low = middle - 2 * wanted * at
    return _within((low, low + 2 * wanted), bounds)


def _panned(shown: Range | None, bounds: Range, share: float) -> Range | None:
    if shown is None:
        return None
    by = (shown[1] / 2 - shown[0] / 2) * 2 * share
    return _within((shown[0] + by, shown[1] + by), bounds)


def _within(shown: Range, bounds: Range) -> Range:
    """The range, moved so that it does not leave the bounds."""
    low, high = shown
    if high > bounds[1]:
        low, high = low - (high - bounds[1]), bounds[1]
    if low < bounds[0]:
        low, high = bounds[0], min(bounds[1], high + (bounds[0] - low))
    return low, high
