"""The cells of the table: one small function for each column."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.durations import format_age, format_elapsed
from wandb_tui.text.event_text import row_text
from wandb_tui.text.glyphs import STATE_COLOURS, Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.text.run_labels import version_label
from wandb_tui.ui.plots.palette import SIGNS, colour_name
from wandb_tui.ui.plots.spark import sparkline
from wandb_tui.ui.table.trends import Trend

_LATE_SHARE = 0.8
"""The share of the time limit from which on the bar warns."""

_VALUE_CELLS = 11
"""Cells for the last value after a small curve, with the space between them."""

AS_IT_WAS = "the run's own state and step as last reported; it may have continued since then"
"""The meaning of a tilde before them."""

_BAD = {State.FAILED, State.TIMED_OUT}
"""The states whose message is the reason."""

RUN_STATE_COLOURS = {"running": "primary", "failed": "error", "crashed": "error", "killed": "warning"}
"""The theme colours of a run's own states that stand out."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The content of a cell, compared by value to find changed cells.

    Attributes:
        text: The text, cut to fit.
        colour: The name of a theme variable.
        quiet_tail: How many characters at the end are less important.
        outdated: Whether the run may have continued since the server last reported this.
    """

    text: str
    colour: str = "foreground"
    quiet_tail: int = 0
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """The context of a cell besides its row."""

    now: float
    glyphs: Glyphs
    selected: bool = False
    columns: frozenset[str] = frozenset()
    """The keys of all visible columns."""
    job: tuple[str, str] = ("", "")
    """The text about the run's fork or download in place of its newest message, and the colour."""
    awaited: bool = False
    """Whether the run is downloaded once its goal is met."""
    lines: str = ""
    """The strokes drawn before the run's name where the table is a tree."""
    dimmed: bool = False
    """Whether the run is shown for its forks only: it does not match the filter itself."""
    trend: Trend | None = None
    """The run's values of the metric that the table shows; None while they are unknown."""
    place: int | None = None
    """The run's place among those that are plotted together; None if it is not plotted."""


def state(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The icon and the name of the attempt's state; before it the mark of a selected run, or the sign of its curve."""
    mark, colour = " ", STATE_COLOURS[row.state]
    if moment.place is not None:
        mark, colour = SIGNS[moment.place], colour_name(moment.place)
    elif moment.selected:
        mark, colour = moment.glyphs.text("●"), "selected"
    return Cell(moment.glyphs.fit(f"{mark} {moment.glyphs.icon(row.state)} {row.state}", width), colour)


def run(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The run's display name and its id."""
    lines = moment.glyphs.fit_end(moment.lines, width // 2)
    shown, run_id = moment.glyphs.fit_name(row, width - cell_len(lines)), clean(row.run.run_id)
    return Cell(lines + shown, quiet_tail=len(run_id) if shown.endswith(f" {run_id}") else 0)


def project(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """Entity and project."""
    return Cell(moment.glyphs.fit(clean(row.run.project_path), width), "quiet")


def goal(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The goal."""
    return Cell(moment.glyphs.fit(str(row.goal), width))


def artifact(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The newest version of the history."""
    shown = version_label(row)
    colour = "success" if row.state is State.AVAILABLE else "foreground"
    return Cell(moment.glyphs.fit(shown, width), colour) if shown else _nothing(moment)


def run_state(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The run's own state; after a tilde if it is out of date."""
    shown = clean(row.run_info.state, 40) if row.run_info else ""
    if not shown.strip():
        return _nothing(moment)
    if _outdated(row, moment):
        return _as_it_was(shown, moment, width)
    return Cell(moment.glyphs.fit(shown, width), RUN_STATE_COLOURS.get(shown, "foreground"))


def step(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The last step logged, after a tilde if it is out of date."""
    last = row.run_info.last_step if row.run_info else None
    if last is None:
        return _nothing(moment)
    if _outdated(row, moment):
        return _as_it_was(f"{last:,}", moment, width)
    return Cell(moment.glyphs.fit(f"{last:,}", width))


def _outdated(row: WatchedRun, moment: Moment) -> bool:
    """Whether the run may have continued since the server's last answer; an ended run has not."""
    if row.run_info is None or row.run_info.ended:
        return False
    return not row.active or row.answered_at is None or _silent(row, moment.now)


def _as_it_was(text: str, moment: Moment, width: int) -> Cell:
    return Cell(moment.glyphs.fit(f"~{text}", width), "quiet", outdated=True)


def _silent(row: WatchedRun, now: float) -> bool:
    """Whether the server's last answer is older than it should be."""
    seconds = row.age(now)
    return seconds is not None and seconds > 3 * row.poll_policy.check_interval + 5


def elapsed(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The duration of the attempt."""
    return Cell(
        moment.glyphs.fit(format_elapsed(row.elapsed(moment.now)), width), "foreground" if row.active else "quiet"
    )


def waited(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The elapsed share of the time limit, as a bar."""
    share = waited_share(row, moment.now)
    if share is None:
        return _nothing(moment)
    halves = round(share * width * 2)
    full = "━" * (halves // 2) + "╸" * (halves % 2)
    empty = "─" * (width - len(full))
    return Cell(moment.glyphs.text(full + empty), "warning" if share >= _LATE_SHARE else "primary", len(empty))


def next_probe(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The time until the next check."""
    if row.state is State.SIGNING_IN and row.clock_stopped:
        return Cell("you", "warning")
    # A run whose sync is shown is asked about once that has ended.
    seconds = row.until_probe(moment.now) if row.active and not moment.job[0] else None
    if seconds is None:
        return _nothing(moment)
    if row.overdue(moment.now):
        return Cell("late", "warning")
    return Cell(moment.glyphs.fit("now" if seconds < 0.5 else f"{seconds:.0f} s", width))  # noqa: PLR2004 - as rounded


def age(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The age of the server's last answer."""
    seconds = row.age(moment.now) if row.active else None
    if seconds is None:
        return _nothing(moment)
    return Cell(moment.glyphs.fit(format_age(seconds), width), "warning" if _silent(row, moment.now) else "quiet")


def attempt(row: WatchedRun, _moment: Moment, _width: int) -> Cell:
    """The number of the attempt."""
    return Cell(str(max(row.attempt, 1)), "foreground" if row.attempt > 1 else "quiet")


def waited_share(row: WatchedRun, now: float) -> float | None:
    """The elapsed share of the time limit, 0 to 1; None without a limit or an attempt."""
    longest = row.poll_policy.max_wait_time
    if not row.active or longest <= 0:
        return None
    return min(1.0, row.elapsed(now) / longest)


def trend(row: WatchedRun, moment: Moment, width: int) -> Cell:  # noqa: ARG001 - as for other columns
    """The chosen metric as a small curve, and its last value."""
    trend = moment.trend
    if trend is None or trend.last is None:
        return Cell(moment.glyphs.text("…" if trend is None else "–"), "quiet")
    value = f"{trend.last:.4g}"
    room = width - _VALUE_CELLS
    line = sparkline(trend.values, room, ascii_look=moment.glyphs.ascii)
    return Cell(f"{line:<{room}}{value:>{_VALUE_CELLS}}", "primary", quiet_tail=_VALUE_CELLS)


def _nothing(moment: Moment) -> Cell:
    return Cell(moment.glyphs.text("–"), "quiet")


def message(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The fork or download, else the newest event, with a live countdown; “!” if the goal may never be met."""
    text, colour = moment.job
    if text:
        return Cell(moment.glyphs.fit(clean(text), width), colour)
    warning_mark = "! " if row.warnings and row.active else ""
    colour = STATE_COLOURS[row.state] if row.state in _BAD else "quiet"
    if warning_mark or (row.active and row.overdue(moment.now)):
        colour = "warning"
    text = warning_mark + ("▼ " if moment.awaited else "") + clean(row_text(row, moment.now, moment.columns))
    return Cell(moment.glyphs.fit(text, width), colour) if text else _nothing(moment)
