"""What the dashboard knows and does, without a single widget: the watch list, its keeper, the services to come."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.message import Message

from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Failure
from wandb_tui.core.goal import Goal
from wandb_tui.core.ports import KeptRun
from wandb_tui.core.schedule import Clock
from wandb_tui.core.state import State
from wandb_tui.core.watch import Spawn, Watch, Watched
from wandb_tui.ui.backend import Backend
from wandb_tui.ui.bridge import Bridge
from wandb_tui.ui.keeper import Keeper
from wandb_tui.ui.late import LateServices
from wandb_tui.ui.widgets.header_bar import Counts


class Restored(Message):
    """The watch list has been read from disk."""

    def __init__(self, rows: list[KeptRun]) -> None:
        super().__init__()
        self.rows = rows


class Trouble(Message):
    """Something went wrong outside of any monitor."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Session:
    """The watch list and all that keeps it going. Belongs to the UI thread."""

    def __init__(self, backend: Backend, spawn: Spawn, post: Callable[[Message], bool], clock: Clock) -> None:
        self.backend = backend
        self.clock = clock
        self.late = LateServices()
        self.bridge = Bridge(post)
        self.watch = Watch(self.late.services, spawn, self.bridge.publish, clock=clock)
        self.keeper = Keeper(
            backend.store, lambda rows: _try(post, Restored(rows)), lambda text: _try(post, Trouble(text))
        )
        self._removed: list[list[Watched]] = []

    @property
    def now(self) -> float:
        """The time on the watch's clock."""
        return self.clock()

    @property
    def counts(self) -> Counts:
        """How the runs stand."""
        counts = self.watch.counts
        final = sum(count for state, count in counts.items() if state.final)
        failed = counts[State.FAILED] + counts[State.TIMED_OUT]
        return Counts(len(self.watch), counts[State.AVAILABLE], len(self.watch) - final, failed)

    @property
    def sign_in_problem(self) -> str:
        """Why monitors wait for the user to sign in; empty where none does."""
        waits = (row for row in self.watch if row.state is State.SIGNING_IN and row.clock_stopped)
        return next((row.message for row in waits), "")

    @property
    def can_undo(self) -> bool:
        """Whether a removal can be taken back."""
        return bool(self._removed)

    def restore(self, rows: Iterable[KeptRun]) -> None:
        """Take rows back from disk."""
        for row in rows:
            self.watch.restore(row, self.backend.pace)

    def add(self, run: RunAddress, goal: Goal) -> None:
        """Watch a run."""
        self._keep(self.watch.add(run, goal, self.backend.pace))

    def cancel(self, run: RunAddress) -> None:
        """End the attempt under way."""
        self.watch.cancel(run)
        self._keep(self.watch[run])

    def restart(self, run: RunAddress) -> None:
        """Begin the next attempt."""
        self.watch.restart(run)
        self._keep(self.watch[run])

    def change_goal(self, run: RunAddress, goal: Goal) -> None:
        """Wait for something else; what had ended begins anew."""
        self.watch.change_goal(run, goal)
        self._keep(self.watch[run])

    def remember(self, key: str, value: object) -> None:
        """Keep something of how the dashboard looks, for the next start."""

    def remove(self, runs: Iterable[RunAddress]) -> None:
        """Take runs off the list, until they are put back."""
        gone = [self.watch.remove(run) for run in runs]
        for row in gone:
            self.keeper.remove(row.run)
        self._removed.append(gone)

    def undo(self) -> list[RunAddress]:
        """Put back what was removed last, with its log; what was still waiting goes on as a new attempt."""
        if not self._removed:
            return []
        rows = self._removed.pop()
        for row in rows:
            self._keep(self.watch.put_back(row))
        return [row.run for row in rows]

    def restart_refused(self) -> int:
        """Begin anew what failed for want of a good API key; how many those are."""
        refused = [row.run for row in self.watch if row.failure is Failure.API_KEY]
        for run in refused:
            self.restart(run)
        return len(refused)

    def hear(self) -> dict[RunAddress, Watched]:
        """Take in what the monitors have said, up to one batch; the rows that have changed."""
        changed: dict[RunAddress, Watched] = {}
        for said in self.bridge.take():
            row = self.watch.fold(said)
            if row is not None:
                changed[row.run] = row
        for row in changed.values():
            self._keep(row)
        return changed

    def stop(self) -> None:
        """Tell every attempt to end. On disk they stay as they were, and go on at the next start."""
        self.hear()
        self.bridge.close()
        self.watch.cancel_all()

    def close(self, seconds: float) -> None:
        """Write what is unwritten and end the services; blocks for about `seconds` at the most."""
        self.keeper.close(seconds)
        self.backend.close()

    def _keep(self, row: Watched) -> None:
        self.keeper.save(row.kept(self.now))


def _try(post: Callable[[Message], bool], message: Message) -> None:
    try:
        post(message)
    except RuntimeError:
        # The loop has just closed; nobody is left to be told.
        return
