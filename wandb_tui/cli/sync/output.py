"""The output of ``wandb-tui sync``: lines or JSON."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from wandb_tui.cli.console import columns, say
from wandb_tui.cli.process_end import discard_output
from wandb_tui.core.address import RunAddress
from wandb_tui.core.offline_runs import OfflineRun, SyncPlan
from wandb_tui.core.sync_progress import SyncProgress, SyncState
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.text.tree_lines import TreeLines, nested, room_for_lines

_SIGNS = {SyncState.SYNCED: "✔", SyncState.SKIPPED: "✔", SyncState.FAILED: "✖"}
_GAP = "  "
_SHARED = " that have steps in common"


class SyncOutput:
    """Prints a line for each change of a run. For any thread."""

    def __init__(self) -> None:
        self._printing = threading.Lock()
        self._plan = SyncPlan()
        self._stand: dict[RunAddress, SyncProgress] = {}
        self.pipe_closed = False

    def begin(self, plan: SyncPlan) -> None:
        """Take in the plan, before anything changes."""
        self._plan = plan

    def update(self, run: RunAddress, progress: SyncProgress) -> None:
        """Print how a run stands."""
        with self._printing:
            self._stand[run] = progress
            if self.pipe_closed:
                return
            try:
                self._write(self._plan.runs[run], progress)
            except BrokenPipeError:
                self.pipe_closed = True
                discard_output(sys.stdout)

    def conclude(self) -> None:
        """Print how many runs have ended how."""
        if len(self._plan.runs) > 1:
            say(self._totals())

    def _totals(self) -> str:
        states = [progress.state for progress in self._stand.values()]
        synced, skipped, failed = (states.count(one) for one in (SyncState.SYNCED, SyncState.SKIPPED, SyncState.FAILED))
        parts = [f"{synced} of {len(self._plan.runs)} runs synced"]
        parts += [f"{skipped} already synced"] if skipped else []
        parts += [f"{failed} failed"] if failed else []
        return ", ".join(parts)

    def _write(self, one: OfflineRun, progress: SyncProgress) -> None:
        say(f"{datetime.now().astimezone():%H:%M:%S}  {one.run}  {_SIGNS.get(progress.state, '·')} {progress.message}")


class SyncJson(SyncOutput):
    """Prints one JSON object per line."""

    def conclude(self) -> None:
        """Nothing more: every line is about a run."""

    def _write(self, one: OfflineRun, progress: SyncProgress) -> None:
        say(_json(one, progress, verified=progress.verified))


def order_json(plan: SyncPlan, failures: Mapping[str, str]) -> Iterator[str]:
    """The runs in the order in which they would be synced, an object each."""
    for one in plan.runs.values():
        problem = plan.problems.get(one.run, "")
        state = SyncState.FAILED if problem else SyncState.SKIPPED if one.synced else SyncState.QUEUED
        last_failure = failures.get(str(one.run))
        yield _json(one, SyncProgress(state, problem), files=len(one.files), rows=one.rows, last_failure=last_failure)


def order_lines(plan: SyncPlan, failures: Mapping[str, str], *, ascii_look: bool) -> Iterator[str]:
    """The same as a tree: each run below its parent."""
    glyphs, width = Glyphs(ascii=ascii_look), columns(sys.stdout)
    roots, forks = nested(plan.tree())
    tree = TreeLines(roots, lambda run: forks.get(run, []), room_for_lines(width), ascii_look=ascii_look)
    for run, lines in tree.rows:
        text = lines + glyphs.text(clean(_described(run, plan, failures, whole_address=run in roots)))
        yield text if width is None else glyphs.fit(text, width)
    if plan.runs:
        blocked = len(plan.problems)
        yield f"{len(plan.runs)} run{'' if len(plan.runs) == 1 else 's'}" + (
            f", {blocked} cannot be synced" if blocked else ""
        )


def _described(run: RunAddress, plan: SyncPlan, failures: Mapping[str, str], *, whole_address: bool) -> str:
    one = plan.runs.get(run)
    parts = [str(run) if whole_address else run.run_id]
    if one is None:
        return _GAP.join([*parts, "not in these folders, so it has to be on the server"])
    if one.step is not None:
        parts.append(f"from step {one.step:,}")
    parts.append(f"{one.rows:,} row{'' if one.rows == 1 else 's'}")
    parts += [f"{len(one.files)} files{_SHARED if one.shares_steps else ''}"] if len(one.files) > 1 else []
    parts += [] if one.files[-1].whole else ["did not end properly"]
    if problem := plan.problems.get(run):
        parts.append(f"✖ {problem}")
    elif one.synced:
        parts.append("marked as synced")
    elif last := failures.get(str(run)):
        parts.append(f"failed before: {last}")
    return _GAP.join(parts)


def _json(one: OfflineRun, progress: SyncProgress, **more: int | str | None) -> str:
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "run": str(one.run),
        "state": progress.state,
        "parent": str(one.parent) if one.parent else None,
        "step": one.step,
        "message": progress.message,
    }
    return json.dumps(line | more, ensure_ascii=False)
