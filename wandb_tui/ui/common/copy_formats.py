"""The formats in which runs can be copied: one line for each run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wandb_tui.core.events import Failure
from wandb_tui.core.goal import GoalKind
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.snippets import STEP, fork_call

Text = Callable[[WatchedRun, str], str]
"""Formats a run, given the base address of the server's pages; empty if there is nothing to copy."""


@dataclass(frozen=True, slots=True)
class CopyFormat:
    """A format in which runs can be copied.

    Attributes:
        id: The id of its action in the menu.
        name: Its name.
        text: Formats a run.
        missing: The message if there is nothing to copy.
        note: A note to add while something is missing, such as an export.
    """

    id: str
    name: str
    text: Text
    missing: str = "not known yet"
    note: Callable[[Sequence[WatchedRun]], str] = lambda _: ""

    def of(self, rows: Sequence[WatchedRun], app_url: str) -> str:
        """The text for these runs, a line for each."""
        return "\n".join(line for row in rows if (line := self.text(row, app_url)))

    def confirmation(self, text: str, rows: Sequence[WatchedRun]) -> str:
        """The message after copying."""
        count = len(text.splitlines())
        what = self.name if count == 1 else f"{self.name} of {count} runs"
        missing = f"; the step is unknown: replace {STEP}" if f"?_step={STEP}" in text else ""
        fewer = f"; unknown for {len(rows) - count} more" if count < len(rows) else ""
        return f"{what[0].upper()}{what[1:]} copied{missing}{self.note(rows)}{fewer}"


def _page(row: WatchedRun, app_url: str) -> str:
    return row.run.page(app_url) if app_url else ""


def _artifact(row: WatchedRun, _app_url: str) -> str:
    return row.artifact or row.run.history_artifact


def _step(row: WatchedRun) -> int | None:
    """The step at which to fork: that of its goal, else the last known one."""
    if row.goal.kind is GoalKind.STEP:
        return row.goal.number
    return row.run_info.last_step if row.run_info else None


def _fork(row: WatchedRun, _app_url: str) -> str:
    """A call that forks the run."""
    return "" if row.failure is Failure.NOT_FOUND else fork_call(row.run, _step(row))


def _missing_note(rows: Sequence[WatchedRun]) -> str:
    """A note on what is missing before a fork works."""
    there = [row for row in rows if row.failure is not Failure.NOT_FOUND]
    early = [row for row in there if row.state is not State.AVAILABLE]
    if not early:
        return _coverage_note(there)
    if len(rows) > 1:
        return f"; {len(early)} of them will work once {'its goal is' if len(early) == 1 else 'their goals are'} met"
    step = _step(early[0])
    return f"; it will work once {'the history is there' if step is None else f'step {step} is exported'}"


def _coverage_note(rows: Sequence[WatchedRun]) -> str:
    """A note on how to check that the export reaches the step to fork at."""
    steps = {step for row in rows if not row.goal.needs_coverage and (step := _step(row)) is not None}
    if not steps:
        return ""
    goal = f"step:{steps.pop()}" if len(steps) == 1 else "step:N"
    return f"; use goal {goal} to check the export reaches it"


COPY_FORMATS = (
    CopyFormat("id", "run id", lambda row, _: row.run.run_id),
    CopyFormat("path", "path of the run", lambda row, _: str(row.run)),
    CopyFormat("page", "address of the page", _page),
    CopyFormat("artifact", "name of the artifact", _artifact),
    CopyFormat("fork", "fork snippet", _fork, "no such run", _missing_note),
)
"""All formats, in the order of the menu."""

BY_ID = {copy.id: copy for copy in COPY_FORMATS}
