"""What the dashboard needs from the services, which fulfil these protocols without the dashboard knowing how.

Every call may block unless its description says otherwise, so the dashboard makes it off its own thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from wandb_tui.core.account import AccountState, Credentials
from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import ListedRun, ResultPage, RunQuery
from wandb_tui.core.checks import PendingCheck, TerminalFacts
from wandb_tui.core.details import MetricSeries, RunFacts, VersionCoverage, Versions
from wandb_tui.core.hook_env import AttemptOutcome
from wandb_tui.core.log import LogLine
from wandb_tui.core.persistence import Json, RowChange, StoredRun, StoreSnapshot


class Account(Protocol):
    """The secrets for one server: what the sign-in screen reads and writes. Every call may block for some seconds."""

    def state(self) -> AccountState:
        """What is there."""

    def save(self, credentials: Credentials | None, api_key: str | None, *, remember: bool) -> None:
        """Use these from now on, and keep them in the keyring if `remember`; None leaves what is there.

        Monitors that wait for a mended sign-in go on.

        Raises:
            KeyringError: They cannot be kept; they are used for this session all the same.
            ApiKeyError: The API key cannot be one.
        """

    def allow(self, origin: str) -> None:
        """Let the password be typed into pages of this origin, now and later, and sign in again."""

    def go_on_without(self) -> None:
        """Visit signed out from now on: public runs only."""

    def forget(self) -> None:
        """Remove everything that is kept for this server.

        Raises:
            KeyringError: The keyring does not let us.
        """


class WatchStore(Protocol):
    """What is kept of one server's watch list on disk. Every call may block, and may raise `StoreError`."""

    @property
    def warning(self) -> str:
        """What the user should know about the file system, once `load` has found out; else empty."""

    def load(self) -> list[StoredRun]:
        """All rows, in the order in which they were added."""

    def write(self, changes: Sequence[RowChange]) -> None:
        """Do all of it, or, if an error is raised, none of it."""

    def elsewhere(self) -> StoreSnapshot | None:
        """The list, if others have changed it since the last call or since it was loaded; else None."""

    def lines(self, run: RunAddress) -> list[LogLine]:
        """The newest lines of a run's log that were there when the list was loaded, oldest first."""

    def load_view(self) -> dict[str, Json]:
        """How the dashboard was left: everything that `keep_view` was given, by key."""

    def keep_view(self, key: str, value: Json) -> None:
        """Keep something of how the dashboard looks, for the next start; None forgets it."""


class Addresses(Protocol):
    """Reads what a user typed as a run's address on the chosen server."""

    def parse(self, text: str) -> RunAddress:
        """Understand an address, completed from the environment and the settings.

        Raises:
            UsageError: It is none, or it belongs to another server.
        """


class Catalogue(Protocol):
    """Looks up what is on the server.

    Every call may block, and may raise `ServerError`, `ApiKeyError` or, where there is no such project,
    `RunNotFoundError`.
    """

    def entities(self) -> list[str]:
        """The API key's own entity first, then the others that it belongs to."""

    def projects(self, entity: str, after: str = "") -> ResultPage[str]:
        """Some of the projects of an entity; `after` is what the page before said."""

    def runs(self, entity: str, project: str, query: RunQuery, after: str = "") -> ResultPage[ListedRun]:
        """Some of the runs of a project, newest first."""


class Hooks(Protocol):
    """Runs the user's own commands when attempts end. No call blocks."""

    def ended(self, end: AttemptOutcome, tell: Callable[[str], None]) -> None:
        """Run the command for this end, if there is one.

        Args:
            end: What has ended, and how.
            tell: Hears what goes wrong with the command, in one sentence; from another thread.
        """

    def stop(self) -> None:
        """End the commands that run, and begin no more."""


class Inspector(Protocol):
    """Tells all about one run. Each call is a part by itself: where one fails, the others may still answer.

    Every call may block, and may raise `ServerError`, `ApiKeyError` or, where there is no such run,
    `RunNotFoundError`. Several may be under way at a time.
    """

    def facts(self, run: RunAddress) -> RunFacts:
        """The run itself, its summary, and what it has logged."""

    def versions(self, run: RunAddress) -> Versions:
        """The versions of its history artifact."""

    def covered(self, run: RunAddress, versions: Sequence[int]) -> Mapping[int, VersionCoverage]:
        """Which steps each of these versions covers, as far as that can be told."""

    def curves(self, run: RunAddress, metrics: Sequence[str]) -> Sequence[MetricSeries]:
        """A sample of each of these metrics, in their order."""


class CheckSequence(Protocol):
    """Checks that are run one after the other, each depending on those before."""

    @property
    def checks(self) -> Sequence[PendingCheck]:
        """The checks, in order; each may block."""

    def cancel(self) -> None:
        """End the check under way soon, and every later one at once."""


class Doctor(Protocol):
    """Checks what works on this machine and with this server, and fixes what it can."""

    def local_checks(self, terminal: TerminalFacts) -> Sequence[PendingCheck]:
        """The checks that need no run; they may be run at the same time."""

    def run_trial(self, run: RunAddress, *, watched: bool) -> CheckSequence:
        """The end-to-end check of one run: sign in, query the API, visit, and find out what triggers an export.

        Args:
            run: The run.
            watched: Whether a monitor watches the run meanwhile, so that the trigger stays unknown.
        """

    def install_browser(self, on_line: Callable[[str], None]) -> None:
        """Install a browser; may block for minutes.

        Args:
            on_line: Called with each line of progress, on the calling thread.

        Raises:
            NoBrowserError: It could not be had; the message says what to install by hand.
        """

    def forget_session(self) -> None:
        """Drop the kept browser session; may block."""
