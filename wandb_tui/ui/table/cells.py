"""What stands in the table's cells: one small function for each column."""

from __future__ import annotations

from dataclasses import dataclass

from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.durations import format_age, format_elapsed
from wandb_tui.text.event_text import row_text
from wandb_tui.text.glyphs import STATE_COLOURS, Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.text.run_labels import version_label

_LATE = 0.8
"""From this share of the longest time to wait on, the bar warns."""

AS_IT_WAS = "the run's own state and step when the server last told; since then it may have gone on"
"""What a tilde before them means."""

_BAD = {State.FAILED, State.TIMED_OUT}
"""In these states the message tells why."""

RUN_STATE_COLOURS = {"running": "primary", "failed": "error", "crashed": "error", "killed": "warning"}
"""The theme's colour for each state of a run itself that stands out."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, by value, so that unchanged ones are told from changed ones.

    Attributes:
        text: The text, cut to fit.
        colour: The name of a theme's variable.
        quiet_tail: How many characters at the end are less important.
        outdated: Whether the run may have gone on since the server last reported this.
    """

    text: str
    colour: str = "foreground"
    quiet_tail: int = 0
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """What a cell may depend on besides its row."""

    now: float
    glyphs: Glyphs
    marked: bool = False


def state(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The sign and the name of the attempt's state, with a mark before it."""
    mark = moment.glyphs.text("●") if moment.marked else " "
    return Cell(
        moment.glyphs.fit(f"{mark} {moment.glyphs.icon(row.state)} {row.state}", width),
        "marked" if moment.marked else STATE_COLOURS[row.state],
    )


def run(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The run's display name and its id."""
    shown, run_id = moment.glyphs.fit_name(row, width), clean(row.run.run_id)
    return Cell(shown, quiet_tail=len(run_id) if shown.endswith(f" {run_id}") else 0)


def project(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """Entity and project."""
    return Cell(moment.glyphs.fit(clean(row.run.project_path), width), "quiet")


def goal(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """What it waits for."""
    return Cell(moment.glyphs.fit(str(row.goal), width))


def artifact(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The newest version of the history."""
    shown = version_label(row)
    colour = "success" if row.state is State.AVAILABLE else "foreground"
    return Cell(moment.glyphs.fit(shown, width), colour) if shown else _nothing(moment)


def run_state(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The state of the run itself, as the server tells it; after a tilde where it last told so long ago."""
    shown = clean(row.run_info.state, 40) if row.run_info else ""
    if not shown.strip():
        return _nothing(moment)
    if _outdated(row, moment):
        return _as_it_was(shown, moment, width)
    return Cell(moment.glyphs.fit(shown, width), RUN_STATE_COLOURS.get(shown, "foreground"))


def step(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The last step that the run has logged, as the server tells it; after a tilde like its state."""
    last = row.run_info.last_step if row.run_info else None
    if last is None:
        return _nothing(moment)
    if _outdated(row, moment):
        return _as_it_was(f"{last:,}", moment, width)
    return Cell(moment.glyphs.fit(f"{last:,}", width))


def _outdated(row: WatchedRun, moment: Moment) -> bool:
    """Whether the run may have gone on since the server last told of it; one that had ended stands still."""
    if row.run_info is None or row.run_info.ended:
        return False
    return not row.active or row.answered_at is None or _silent(row, moment.now)


def _as_it_was(text: str, moment: Moment, width: int) -> Cell:
    return Cell(moment.glyphs.fit(f"~{text}", width), "quiet", outdated=True)


def _silent(row: WatchedRun, now: float) -> bool:
    """Whether the server has not told anything for longer than it should."""
    seconds = row.age(now)
    return seconds is not None and seconds > 3 * row.poll_policy.check_interval + 5


def elapsed(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """How long the attempt has taken."""
    return Cell(
        moment.glyphs.fit(format_elapsed(row.elapsed(moment.now)), width), "foreground" if row.active else "quiet"
    )


def waited(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """How much of the longest time to wait is over, as a bar."""
    share = waited_share(row, moment.now)
    if share is None:
        return _nothing(moment)
    halves = round(share * width * 2)
    full = "━" * (halves // 2) + "╸" * (halves % 2)
    empty = "─" * (width - len(full))
    return Cell(moment.glyphs.text(full + empty), "warning" if share >= _LATE else "primary", len(empty))


def next_probe(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """When the server is asked again."""
    if row.state is State.SIGNING_IN and row.clock_stopped:
        return Cell("you", "warning")
    seconds = row.until_probe(moment.now) if row.active else None
    if seconds is None:
        return _nothing(moment)
    if row.overdue(moment.now):
        return Cell("late", "warning")
    return Cell(moment.glyphs.fit("now" if seconds < 0.5 else f"{seconds:.0f} s", width))  # noqa: PLR2004 - as rounded


def age(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """How long ago the server last answered about it."""
    seconds = row.age(moment.now) if row.active else None
    if seconds is None:
        return _nothing(moment)
    return Cell(moment.glyphs.fit(format_age(seconds), width), "warning" if _silent(row, moment.now) else "quiet")


def attempt(row: WatchedRun, _moment: Moment, _width: int) -> Cell:
    """Which attempt this is."""
    return Cell(str(max(row.attempt, 1)), "foreground" if row.attempt > 1 else "quiet")


def waited_share(row: WatchedRun, now: float) -> float | None:
    """How much of the longest time to wait is over, 0 to 1; None where nothing waits or it waits for ever."""
    longest = row.poll_policy.max_wait_time
    if not row.active or longest <= 0:
        return None
    return min(1.0, row.elapsed(now) / longest)


def _nothing(moment: Moment) -> Cell:
    return Cell(moment.glyphs.text("–"), "quiet")


def message(row: WatchedRun, moment: Moment, width: int) -> Cell:
    """The newest line, its countdown counting; after an exclamation mark where something speaks against the goal."""
    doubt = "! " if row.warnings and row.active else ""
    colour = STATE_COLOURS[row.state] if row.state in _BAD else "quiet"
    if doubt or (row.active and row.overdue(moment.now)):
        colour = "warning"
    return Cell(moment.glyphs.fit(doubt + clean(row_text(row, moment.now)), width), colour)
