"""The texts about a plot and about the runs in it."""

from __future__ import annotations

from collections.abc import Collection

from wandb_tui.ui.plots.feed import RunCurve
from wandb_tui.ui.plots.settings import PlotSettings


def why_nothing(settings: PlotSettings, curves: Collection[RunCurve], hidden: Collection[object]) -> str:
    """The reason why there is nothing to plot although everything has been loaded.

    Args:
        settings: The settings of the plot.
        curves: The curves of the metric, which may be empty.
        hidden: The hidden runs.
    """
    if not settings.metric:
        return "These runs have logged no metric yet."
    if hidden:
        return "All runs with this metric are hidden."
    if any(one.curve.off_axis for one in curves):
        return "No value is positive, so none can be shown on a logarithmic axis."
    return "These runs have no value of this metric to plot."


def run_note(one: RunCurve | None) -> str:
    """The note in the legend about a run, beside its values; empty where there is no curve."""
    if one is None:
        return ""
    if not one.rows.found:
        return "not found with this API key"
    curve, notes = one.curve, []
    if not len(curve) and not curve.off_axis:
        notes.append("no values")
    if one.rows.branch_steps:
        notes.append(f"forked at {one.rows.branch_steps[-1]:,}")
    if curve.not_finite:
        notes.append(f"{curve.not_finite:,} NaN or infinite")
    if curve.off_axis:
        notes.append(f"{curve.off_axis:,} not positive")
    return ", ".join(notes)


def plot_remarks(settings: PlotSettings, metrics: list[str], *, zoomed: bool) -> list[str]:
    """Remarks on how the metric is plotted, and its place among the metrics."""
    remarks = [*settings.remarks]
    if zoomed:
        remarks.append("zoomed")
    if settings.metric in metrics and len(metrics) > 1:
        remarks.append(f"{metrics.index(settings.metric) + 1} of {len(metrics)}")
    return remarks
