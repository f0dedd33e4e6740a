"""What can be copied of runs: one line of text for each run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wandb_tui.core.events import Failure
from wandb_tui.core.goal import GoalKind
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun

STEP = "STEP"
"""Stands in a fork's snippet for a step that is not known."""

Text = Callable[[WatchedRun, str], str]
"""What is copied of a run, where the server's pages begin at that address; empty where there is nothing."""


@dataclass(frozen=True, slots=True)
class CopyFormat:
    """One thing that can be copied.

    Attributes:
        id: That of its action in the menu.
        name: What it is called.
        text: What it is.
        missing: What is said where there is nothing.
        unless: What is to be told with it, as long as something is not there yet.
    """

    id: str
    name: str
    text: Text
    missing: str = "not known yet"
    unless: Callable[[Sequence[WatchedRun]], str] = lambda _: ""

    def of(self, rows: Sequence[WatchedRun], app_url: str) -> str:
        """What is copied of these runs, a line for each."""
        return "\n".join(line for row in rows if (line := self.text(row, app_url)))

    def told(self, text: str, rows: Sequence[WatchedRun]) -> str:
        """What is said once it is copied."""
        count = len(text.splitlines())
        what = self.name if count == 1 else f"{self.name} of {count} runs"
        missing = f"; the step is not known, put it where {STEP} stands" if f"?_step={STEP}" in text else ""
        fewer = f"; nothing is known of {len(rows) - count} more" if count < len(rows) else ""
        return f"{what[0].upper()}{what[1:]} copied{missing}{self.unless(rows)}{fewer}"


def _page(row: WatchedRun, app_url: str) -> str:
    return row.run.page(app_url) if app_url else ""


def _artifact(row: WatchedRun, _app_url: str) -> str:
    return row.artifact or row.run.history_artifact


def _step(row: WatchedRun) -> int | None:
    """Where a fork of it begins: at the step of its goal, else at the last one that is known."""
    if row.goal.kind is GoalKind.STEP:
        return row.goal.number
    return row.run_info.last_step if row.run_info else None


def _fork(row: WatchedRun, _app_url: str) -> str:
    """A call that forks the run: at the step of its goal, else at the last step that is known."""
    if row.failure is Failure.NOT_FOUND:
        return ""
    run, step = row.run, _step(row)
    at = f"{run.run_id}?_step={STEP if step is None else step}"
    # JSON's texts are Python's as well.
    moment, entity, project = (json.dumps(text, ensure_ascii=False) for text in (at, run.entity, run.project))
    return f"wandb.init(fork_from={moment}, entity={entity}, project={project})"


def _not_yet(rows: Sequence[WatchedRun]) -> str:
    """What must come before a fork works."""
    there = [row for row in rows if row.failure is not Failure.NOT_FOUND]
    early = [row for row in there if row.state is not State.AVAILABLE]
    if not early:
        return _unsure(there)
    if len(rows) > 1:
        return f"; {len(early)} of them will work once {'its goal is' if len(early) == 1 else 'their goals are'} met"
    step = _step(early[0])
    return f"; it will work once {'the history is there' if step is None else f'step {step} is exported'}"


def _unsure(rows: Sequence[WatchedRun]) -> str:
    """What tells whether a fork works whose step no goal has asked for."""
    steps = {step for row in rows if not row.goal.needs_coverage and (step := _step(row)) is not None}
    if not steps:
        return ""
    goal = f"step:{steps.pop()}" if len(steps) == 1 else "step:N"
    return f"; whether it is exported that far, the goal {goal} tells"


COPY_FORMATS = (
    CopyFormat("id", "run id", lambda row, _: row.run.run_id),
    CopyFormat("path", "path of the run", lambda row, _: str(row.run)),
    CopyFormat("page", "address of the page", _page),
    CopyFormat("artifact", "name of the artifact", _artifact),
    CopyFormat("fork", "fork snippet", _fork, "no such run", _not_yet),
)
"""All of them, in the order of the menu."""

BY_ID = {copy.id: copy for copy in COPY_FORMATS}
