"""The user's own commands on the screens that show runs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from wandb_tui.core.events import Level
from wandb_tui.core.user_command import UserCommand
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.common.run_prompts import MAX_NAMED, confirm_runs, hint
from wandb_tui.ui.runtime.app_context import app_context
from wandb_tui.ui.runtime.run_remark import CommandNotice, RunRemark

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from wandb_tui.core.address import RunAddress


def start_command(node: DOMNode, command: UserCommand, rows: Sequence[WatchedRun]) -> None:
    """Run a command for runs; asks first if it should, or if there are many.

    Args:
        node: Any widget of the app.
        command: The command.
        rows: The runs.
    """
    if not rows:
        hint(node, f"{command.title}: there is no run")
    elif command.confirm or len(rows) > MAX_NAMED:
        one = len(rows) == 1
        detail = f"Runs {command.command[0]} for {'it' if one else 'each'}."
        question = f"{command.title}, for {'1 run' if one else f'{len(rows)} runs'}?"
        start = partial(_start, node, command, rows)
        confirm_runs(node, command.title, rows, detail, start, no="Not now", question=question)
    else:
        _start(node, command, rows)


def _start(node: DOMNode, command: UserCommand, rows: Sequence[WatchedRun]) -> None:
    app = app_context(node)
    runner = app.session.backend.command_runner
    if runner is None:
        return
    count = "" if len(rows) == 1 else f" for {len(rows)} runs"
    turns = itertools.count()
    for row in rows:
        run = row.run

        def begun(problem: str, run: RunAddress = run) -> None:
            text = f"{command.title}: {problem}" if problem else f"Started: {command.title}{count}"
            if problem:
                app.post_from_thread(RunRemark(run, text, Level.ERROR))
            # One message is enough for all runs.
            if next(turns) == 0:
                app.post_from_thread(CommandNotice(text, failed=bool(problem)))

        def report(text: str, failed: bool, run: RunAddress = run) -> None:
            if failed or not command.background:
                remark = f"{command.title}: {text}"
                app.post_from_thread(RunRemark(run, remark, Level.ERROR if failed else Level.INFO))

        artifact = row.artifact or ""
        fields = {
            "run": str(run),
            "entity": run.entity,
            "project": run.project,
            "run_id": run.run_id,
            "name": row.run_info.name if row.run_info else run.run_id,
            "page": run.page(app.app_url) if app.app_url else "",
            "artifact": artifact,
        }
        runner.start(command.arguments(fields), run, artifact, begun=begun, report=report)
    if queued := min(runner.queued, len(rows)):
        all_wait = "the run" if len(rows) == 1 else f"all {len(rows)} runs"
        which = all_wait if queued == len(rows) else f"{queued} of the {len(rows)} runs"
        hint(node, f"{command.title}: {which} must wait until a command that is running ends")
