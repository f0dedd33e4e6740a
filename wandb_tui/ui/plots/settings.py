"""The settings of plots: which metric, over what, and on which axes. Remembered for the next start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from wandb_tui.core.details import RUNTIME, STEP, TIMESTAMP
from wandb_tui.core.persistence import Json
from wandb_tui.ui.plots.axis import AxisKind
from wandb_tui.ui.plots.curve import CurveOptions
from wandb_tui.ui.plots.plot import PlotAxes

SMOOTHINGS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99)
"""The steps of smoothing: the weight of the past in the moving average."""

_AXES = {
    STEP: PlotAxes(AxisKind.STEP, "step"),
    RUNTIME: PlotAxes(AxisKind.DURATION, "time since start"),
    TIMESTAMP: PlotAxes(AxisKind.TIME, "time of day"),
}


@dataclass(frozen=True, slots=True)
class PlotSettings:
    """The settings of plots.

    Attributes:
        metric: The metric; empty to choose one.
        across: The key of the horizontal axis: the step, one of the times, or another metric.
        other: The metric that the horizontal axis showed last; empty if it never showed one.
        options: Smoothing and logarithmic axes.
    """

    metric: str = ""
    across: str = STEP
    other: str = ""
    options: CurveOptions = field(default_factory=CurveOptions)

    @property
    def axes(self) -> PlotAxes:
        """The meaning of the axes."""
        axes = _AXES.get(self.across) or PlotAxes(AxisKind.VALUE, self.across)
        options = self.curve_options
        return replace(axes, log_across=options.log_across, log_up=options.log_up)

    @property
    def curve_options(self) -> CurveOptions:
        """The options that apply: a time of day has no logarithm that tells anything."""
        return replace(self.options, log_across=self.options.log_across and self.across != TIMESTAMP)

    @property
    def next_across(self) -> PlotSettings:
        """The settings with the next horizontal axis."""
        choices = [*_AXES, *([self.other] if self.other else [])]
        at = choices.index(self.across) if self.across in choices else -1
        return replace(self, across=choices[(at + 1) % len(choices)])

    def over(self, metric: str) -> PlotSettings:
        """The settings with another metric on the horizontal axis."""
        return replace(self, across=metric, other="" if metric in _AXES else metric)

    def smoother(self, steps: int) -> PlotSettings:
        """The settings with more smoothing, or less."""
        at = min(range(len(SMOOTHINGS)), key=lambda index: abs(SMOOTHINGS[index] - self.options.smoothing))
        smoothing = SMOOTHINGS[max(0, min(len(SMOOTHINGS) - 1, at + steps))]
        return replace(self, options=replace(self.options, smoothing=smoothing))

    def with_metric(self, metrics: Sequence[str]) -> PlotSettings:
        """The settings with one of these metrics, the best first: its own if it is among them."""
        return self if self.metric in metrics or not metrics else replace(self, metric=metrics[0])

    @property
    def remarks(self) -> list[str]:
        """The differences from a plain plot, in words."""
        options, found = self.curve_options, list[str]()
        if options.log_up:
            found.append("log y")
        if options.log_across:
            found.append("log x")
        if options.smoothing:
            found.append(f"smoothing {options.smoothing:g}")
        return found

    @property
    def saved(self) -> dict[str, Json]:
        """The settings to store for the next start."""
        options = self.options
        return {
            "metric": self.metric,
            "across": self.across,
            "other": self.other,
            "smoothing": options.smoothing,
            "log_across": options.log_across,
            "log_up": options.log_up,
        }

    @classmethod
    def of(cls, saved: Json) -> PlotSettings:
        """The stored settings; ignores invalid values."""
        if not isinstance(saved, dict):
            return cls()
        texts = {key: value for key in ("metric", "across", "other") if isinstance(value := saved.get(key), str)}
        smoothing = saved.get("smoothing")
        options = CurveOptions(
            smoothing if isinstance(smoothing, float) and smoothing in SMOOTHINGS else 0.0,
            saved.get("log_across") is True,
            saved.get("log_up") is True,
        )
        return cls(texts.get("metric", ""), texts.get("across") or STEP, texts.get("other", ""), options)
