"""Protocols of the services that the dashboard uses.

Every call may block unless its description says otherwise, so the dashboard calls it in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from wandb_tui.core.account import AccountState, Credentials
from wandb_tui.core.address import RunAddress
from wandb_tui.core.log import LogLine
from wandb_tui.core.persistence import Json, QueryChange, RowChange, StoredQuery, StoredRun, StoreSnapshot

if TYPE_CHECKING:
    from pathlib import Path

    # The first frame shows nothing of these.
    from wandb_tui.core.branch_order import BranchFinding, BranchOrder, BranchProgress
    from wandb_tui.core.catalogue import ListedRun, ResultPage, RunQuery
    from wandb_tui.core.checks import PendingCheck
    from wandb_tui.core.console import ConsolePage, ConsolePosition
    from wandb_tui.core.details import (
        MetricSeries,
        RunFacts,
        RunForks,
        RunOrigin,
        SampleQuery,
        VersionCoverage,
        Versions,
    )
    from wandb_tui.core.download_progress import DownloadProgress
    from wandb_tui.core.hook_env import AttemptOutcome
    from wandb_tui.core.project_query import ProjectQuery
    from wandb_tui.core.server_info import KnownServer
    from wandb_tui.text.terminals import TerminalFacts


class Account(Protocol):
    """The secrets for one server, as the sign-in dialog uses them. Every call may block for some seconds."""

    def state(self) -> AccountState:
        """The sources of the credentials."""

    def save(self, credentials: Credentials | None, api_key: str | None, *, remember: bool) -> None:
        """Use these from now on, and store them in the keyring if `remember`; None keeps the current ones.

        Monitors that wait for a sign-in resume.

        Raises:
            KeyringError: They cannot be stored; they are still used for this session.
            ApiKeyError: The API key is not valid.
        """

    def allow(self, origin: str) -> None:
        """Allow the password on pages of this origin, now and later, and sign in again."""

    def continue_signed_out(self) -> None:
        """Visit signed out from now on: public runs only."""


class WatchStore(Protocol):
    """One server's watch list on disk. Every call may block, and may raise `StoreError`."""

    @property
    def warning(self) -> str:
        """A warning about the file system, once `load` has found a problem; else empty."""

    def load(self) -> list[StoredRun]:
        """All rows, in the order they were added."""

    def load_queries(self) -> list[StoredQuery]:
        """All followed queries, in the order they were added."""

    def write(self, changes: Iterable[RowChange], queries: Sequence[QueryChange] = ()) -> None:
        """Apply all changes, or, if an error is raised, none."""

    def external_changes(self, *, again: bool = False) -> StoreSnapshot | None:
        """The list, if others have changed it since the last call or since it was loaded, or `again`; else None."""

    def lines(self, run: RunAddress) -> list[LogLine]:
        """The newest lines of a run's log when the list was loaded, oldest first."""

    def load_view(self) -> dict[str, Json]:
        """The saved view: all values given to `save_view`, by key."""

    def save_view(self, key: str, value: Json) -> None:
        """Save a value of the view for the next start; None removes it."""


class Addresses(Protocol):
    """Parses run addresses on the chosen server."""

    def parse(self, text: str) -> RunAddress:
        """Parse an address; missing parts come from the environment and the settings.

        Raises:
            UsageError: It is not an address, or belongs to another server.
            WandbTuiError: It has no entity, and the server could not be asked for the API key's own.
        """

    def parse_query(self, text: str) -> ProjectQuery | None:
        """Parse a query for runs of a project; None where the text is something else, such as an address.

        Raises:
            UsageError: It is a query, but not a valid one, or belongs to another server.
        """


class Branches(Protocol):
    """Forks and rewinds runs in the background. Only `preview` blocks."""

    def preview(self, order: BranchOrder) -> Iterator[BranchFinding]:
        """Yield the findings that are known beforehand, one after the other; each step may block."""

    def start(self, order: BranchOrder, on_change: Callable[[BranchProgress], object]) -> None:
        """Carry out an order.

        Args:
            order: The order.
            on_change: Called from another thread with each change, at last with a final one.
        """

    def cancel(self, order: BranchOrder) -> None:
        """Give up an order while it waits; it then ends as a failed one."""

    def stop(self) -> None:
        """Give up all orders."""


class Catalogue(Protocol):
    """Lists projects and runs on the server.

    Every call may block, and may raise `ServerError`, `ApiKeyError` or, for a missing project, `RunNotFoundError`.
    """

    def entities(self) -> list[str]:
        """The API key's own entity first, then its teams."""

    def projects(self, entity: str, after: str = "") -> ResultPage[str]:
        """A page of an entity's projects; `after` is the cursor of the page before."""

    def runs(self, entity: str, project: str, query: RunQuery, after: str = "") -> ResultPage[ListedRun]:
        """A page of a project's runs, newest first."""


class CommandRunner(Protocol):
    """Runs the user's own commands, a few at a time. No call blocks."""

    @property
    def queued(self) -> int:
        """The number of commands that wait for one that is running to end."""

    def start(
        self,
        arguments: Sequence[str],
        run: RunAddress,
        artifact: str,
        *,
        begun: Callable[[str], object],
        report: Callable[[str, bool], object],
    ) -> None:
        """Run a command for a run.

        Args:
            arguments: The program and its arguments.
            run: The run.
            artifact: ``entity/project/run-<id>-history:v0``, or empty.
            begun: Called once the program runs, or with the reason why it cannot be started; from another thread.
            report: Receives a line of output, or how the command failed (then with True); from another thread.
        """


class Console(Protocol):
    """Reads what runs wrote to their consoles."""

    def pause(self) -> float:
        """Seconds until the next page may be read; 0 if now. Does not block."""

    def read(self, run: RunAddress, position: ConsolePosition) -> ConsolePage:
        """Read on from a position, which is new for the first page; blocks.

        Raises:
            ApiKeyError: The server refuses the key.
            RunNotFoundError: There is no such run.
            ServerError: The server does not answer, or gives no consoles.
        """


class Downloads(Protocol):
    """Downloads histories in the background. No call blocks."""

    @property
    def folder(self) -> Path:
        """The folder for the histories, which go to ``folder/entity/project/run_id/``."""

    def start(
        self,
        run: RunAddress,
        artifact: str,
        run_last_step: int | None,
        on_change: Callable[[RunAddress, DownloadProgress], object],
    ) -> None:
        """Download a version of a run's history.

        Args:
            run: The run.
            artifact: ``entity/project/run-<id>-history:v0``.
            run_last_step: The last step that the run has logged; None if unknown.
            on_change: Called from another thread with each change, at last with a final one.
        """

    def stop(self) -> None:
        """End what is under way; a later download resumes it."""


class Hooks(Protocol):
    """Runs the user's hooks when attempts end. No call blocks."""

    def ended(self, end: AttemptOutcome, on_error: Callable[[str], None]) -> None:
        """Run the hook for this outcome, if there is one.

        Args:
            end: The outcome.
            on_error: Called with an error of the hook, in one sentence; from another thread.
        """

    def stop(self) -> None:
        """Stop running hooks, and start no more."""


class Inspector(Protocol):
    """Queries the details of a run. Each call is independent: if one fails, the others may still succeed.

    Every call may block, and may raise `ServerError`, `ApiKeyError` or, if there is no such run, `RunNotFoundError`.
    Several may run at a time.
    """

    def facts(self, run: RunAddress) -> RunFacts:
        """The run's facts, its summary, and its metrics."""

    def facts_of(self, runs: Sequence[RunAddress]) -> Mapping[RunAddress, RunFacts]:
        """The facts of many runs, without their metrics; those that the server does not know are left out."""

    def versions(self, run: RunAddress) -> Versions:
        """The versions of its history artifact."""

    def covered(self, run: RunAddress, versions: Sequence[int]) -> Mapping[int, VersionCoverage]:
        """The steps that each of these versions covers, as far as known."""

    def metrics_of(self, runs: Sequence[RunAddress]) -> Mapping[RunAddress, Sequence[str]]:
        """The metrics of many runs that are numbers; runs of which the server does not tell them are left out."""

    def samples(self, queries: Sequence[SampleQuery]) -> Sequence[MetricSeries | None]:
        """The samples asked for, in one request; None for a run that the server does not know."""


class Lineage(Protocol):
    """Looks up where runs came from. Every call may block, and may raise `ServerError` or `ApiKeyError`.

    Several may run at a time.
    """

    def of_runs(self, runs: Sequence[RunAddress]) -> Mapping[RunAddress, RunOrigin]:
        """These runs and all their ancestors; those that are missing are left out."""

    def forks_of(self, run: RunAddress) -> RunForks:
        """The runs that were forked or replayed from a run. May raise `RunNotFoundError`."""


class Servers(Protocol):
    """The servers that the dashboard can switch to. Both calls block."""

    def known(self) -> Sequence[KnownServer]:
        """The servers that this machine knows, the current one first."""

    def prepare(self, address: str) -> bool:
        """Get ready to switch to a server; whether it is another one than the current.

        Args:
            address: The address of its API or of its pages.

        Raises:
            UsageError: It is not the address of a server, or the settings cannot be read.
        """


class CheckSequence(Protocol):
    """Checks that are run one after the other, each depending on those before."""

    @property
    def checks(self) -> Sequence[PendingCheck]:
        """The checks, in order; each may block."""

    def cancel(self) -> None:
        """Stop the running check soon, and skip the others."""


class Doctor(Protocol):
    """Checks the installation and the server, and fixes what it can."""

    def local_checks(self, terminal: TerminalFacts) -> Sequence[PendingCheck]:
        """The checks that need no run; they may be run at the same time."""

    def run_trial(self, run: RunAddress, *, watched: bool) -> CheckSequence:
        """The end-to-end check of one run: sign in, query the API, visit, and find out what triggers an export.

        Args:
            run: The run.
            watched: Whether a monitor is watching the run, so that the trigger stays unknown.
        """

    def install_browser(self, on_line: Callable[[str], None]) -> None:
        """Install a browser; may block for minutes.

        Args:
            on_line: Called with each line of progress, on the calling thread.

        Raises:
            NoBrowserError: That failed; the message names what to install by hand.
        """

    def forget_session(self) -> None:
        """Delete the stored browser session; may block."""
