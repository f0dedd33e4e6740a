"""The forks and rewinds that the table's runs are subject to: how far each is, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.events import Level
from wandb_tui.core.goal import Goal
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.table.job_outcome import JobOutcome

if TYPE_CHECKING:
    # Imported with the dialog that gives orders.
    from wandb_tui.core.branch_order import BranchOrder, BranchProgress

_SIGN = "►"
_VERBS = {BranchKind.FORK: "fork", BranchKind.REWIND: "rewind"}
_DOING = {BranchKind.FORK: "Forking", BranchKind.REWIND: "Rewinding"}


@dataclass(slots=True)
class _Running:
    """An order under way, and how much of its progress has been shown."""

    order: BranchOrder
    progress: BranchProgress
    children_shown: int = 0
    warnings_shown: int = 0


@dataclass(frozen=True, slots=True)
class BranchNews:
    """The news about orders since the last look.

    Attributes:
        rows: The rows that have changed.
        made: The runs that were made or rewound.
        failures: Why orders have failed, a sentence each.
    """

    rows: list[WatchedRun]
    made: list[RunAddress]
    failures: list[str]


class RunBranches:
    """Carries out orders and shows how far they are. For the UI thread; progress comes from other threads."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._running: dict[RunAddress, _Running] = {}
        self._ended: dict[RunAddress, JobOutcome] = {}

    @property
    def active(self) -> int:
        """The number of orders under way."""
        return len(self._running)

    def start(self, order: BranchOrder) -> WatchedRun | None:
        """Carry out an order; the row of its run, None where one for the same run is under way."""
        branches = self._session.backend.branches
        if branches is None or order.run in self._running:
            return None
        self._ended.pop(order.run, None)
        running = self._running[order.run] = _Running(order, order.begun)

        def advance(progress: BranchProgress) -> None:
            # From another thread; replacing a value is atomic.
            running.progress = progress

        branches.start(order, advance)
        times = f", {order.times} times" if order.times > 1 else ""
        text = f"Asked to {_VERBS[order.kind]} it at {order.where}{times}"
        return self._session.add_remark(order.run, text, Level.INFO)

    def cancel(self, run: RunAddress) -> bool:
        """Give up the order for a run; whether there is one."""
        running, branches = self._running.get(run), self._session.backend.branches
        if running is not None and branches is not None:
            branches.cancel(running.order)
        return running is not None

    def waits(self, run: RunAddress) -> bool:
        """Whether there is an order for this run."""
        return run in self._running

    def describe(self, row: WatchedRun) -> tuple[str, str]:
        """The text about a run's order for the table, in place of its newest message, and the colour; else empty."""
        running, ended = self._running.get(row.run), self._ended.get(row.run)
        if running is not None:
            order, progress = running.order, running.progress
            count = f" {len(progress.children) + 1} of {order.times}" if order.times > 1 else ""
            return f"{_SIGN} {_DOING[order.kind]}{count} at {order.where}: {progress.message}", "primary"
        return ended.describe(row) if ended is not None else ("", "")

    def tick(self) -> BranchNews:
        """Report what is new in the logs, and put new children on the list."""
        news = BranchNews([], [], [])
        for running in list(self._running.values()):
            self._report(running, running.progress, news)
        return news

    def _report(self, running: _Running, progress: BranchProgress, news: BranchNews) -> None:
        order = running.order
        for text in progress.warnings[running.warnings_shown :]:
            self._say(order.run, text, Level.WARNING, news)
        running.warnings_shown = len(progress.warnings)
        for child in progress.children[running.children_shown :]:
            self._say(order.run, _words(order, child), Level.INFO, news)
            self._follow(order, child)
            news.made.append(child)
        running.children_shown = len(progress.children)
        if not progress.final:
            return
        del self._running[order.run]
        made = [child.run_id for child in progress.children]
        if progress.failed:
            count = f" after {len(made)} of {order.times}" if made else ""
            text, colour = f"Could not {_VERBS[order.kind]} it{count}: {progress.message}", "error"
            self._say(order.run, text, Level.ERROR, news)
            news.failures.append(f"{order.run.run_id}: {progress.message}")
        elif progress.children == (order.run,):
            text, colour = f"Rewound at {order.where}", "success"
        else:
            names = made[0] if len(made) == 1 else f"{len(made)} runs"
            text, colour = f"{_done(order)} at {order.where} into {names}", "success"
        if (row := self._session.watch_list.get(order.run)) is not None:
            self._ended[order.run] = JobOutcome(text, colour, row.notice)
            news.rows.append(row)

    def _say(self, run: RunAddress, text: str, level: Level, news: BranchNews) -> None:
        row = self._session.add_remark(run, text, level)
        if row is not None:
            news.rows.append(row)

    def _follow(self, order: BranchOrder, made: RunAddress) -> None:
        """Watch a run that was made, or the rewound one again."""
        if made not in self._session.watch_list:
            self._session.add(made, Goal())
            self._session.add_remark(made, f"Made from {order.run} at {order.where}", Level.INFO)
        else:
            self._session.restart(made)


def _words(order: BranchOrder, made: RunAddress) -> str:
    done = "Rewound" if made == order.run else _done(order)
    into = "" if made == order.run else f" into {made}"
    return f"{done} at {order.where}{into}; resume it with WANDB_RUN_ID={made.run_id} and WANDB_RESUME=must"


def _done(order: BranchOrder) -> str:
    """The word for an order that has made a new run; if a fork was replayed, a warning says so."""
    return "Replayed" if order.kind is BranchKind.REWIND else "Forked"
