"""What the core and the screens need from the outside world. Services fulfil these; nobody here knows how.

Calls that return a `Future` return at once and may be made from any thread. The others may block, so the user
interface makes them off its own thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from wandb_tui.core.address import RunAddress
from wandb_tui.core.log import LogLine
from wandb_tui.core.persistence import Json, RowChange, StoredRun, StoreSnapshot
from wandb_tui.core.probe import Probe
from wandb_tui.core.state import State

if TYPE_CHECKING:
    from wandb_tui.core.catalogue import ListedRun, ResultPage, RunQuery
    from wandb_tui.core.checks import PendingCheck, TerminalFacts
    from wandb_tui.core.details import MetricSeries, RunFacts, VersionCoverage, Versions


class Prober(Protocol):
    """Asks the API for the state of history artifacts."""

    def probe(self, run: RunAddress, *, coverage: bool = False) -> Future[Probe]:
        """Ask about one run; what can be asked together is. The future never fails: trouble is an answer too.

        Args:
            run: The run.
            coverage: Also ask which steps the export covers.
        """

    def limiting(self) -> float:
        """Seconds for which the server limits our rate, so that no visit is to begin; 0 for none. Never blocks."""

    def close(self) -> None:
        """Stop; whatever is still asked is answered with trouble."""


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom the browser is signed in; no name means signed out, which is enough for public runs.

    Attributes:
        username: The name that the server knows.
        by_password: Whether the password was submitted for it, rather than a kept session being still good.
        note: What the user should know about how it came to that, or empty.
    """

    username: str = ""
    by_password: bool = field(default=False, compare=False)
    note: str = field(default="", compare=False)

    @property
    def anonymous(self) -> bool:
        """Whether nobody is signed in."""
        return not self.username


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit whose page really loaded the run.

    Attributes:
        seconds: How long it took.
        evidence: What showed that the run had loaded, in a few words.
        operations: What the page asked the API, and what kind of answer it got; without any value.
        title: The page's title.
    """

    seconds: float
    evidence: str = ""
    operations: tuple[str, ...] = ()
    title: str = ""


class Visitor(Protocol):
    """Opens run pages in a real browser, signed in."""

    def signed_in(self) -> bool:
        """Whether a visit may begin without signing in first. Never blocks."""

    def sign_in(self) -> Future[Identity]:
        """Make sure that the browser is signed in: from the saved session, else with the credentials.

        All callers share one sign-in. After a refusal every further call fails with the same error, without a new
        try, until the credentials change.

        The future fails with `SignInError`, `NoBrowserError` or `KeyringError`.
        """

    def mended(self) -> Future[None]:
        """Done as soon as the user has changed what signing in depends on, after a refusal."""

    def visit(self, run: RunAddress, opened: Callable[[], object] = lambda: None) -> Future[Visit]:
        """Open the run's page and let its scripts run. Cancelling the future gives up the visit.

        Args:
            run: Whose page.
            opened: Called, from any thread, when the page has a tab; until then the visit stands in line.

        The future fails with `VisitError` (`SignedOutError` where the session has gone), `SignInError` or
        `NoBrowserError`.
        """

    def close(self) -> None:
        """End the browser and all that belongs to it."""


@dataclass(frozen=True, slots=True)
class WandBCredentials:
    """What the browser signs in with.

    Attributes:
        username: The user name or e-mail address.
        password: The password; it never shows in a repr.
    """

    username: str
    password: str = field(repr=False)


Credentials = WandBCredentials
"""The same under the name that is used inside; the longer one is promised to users."""


class Source(StrEnum):
    """Where a secret comes from."""

    NONE = "none"
    ENVIRONMENT = "environment"
    NETRC = "netrc"
    KEYRING = "keyring"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class AccountState:
    """What is known for signing in to one server; no secret is in it.

    Attributes:
        username: The user name of the browser sign-in, or empty.
        password: Where the password comes from.
        api_key: Where the API key comes from.
        saved_session: Whether an encrypted browser session is kept.
        keyring_problem: What is wrong with the keyring and what to do, or empty.
        unknown_origin: The page that a sign-in led to and that is not known, so that the user has to say whether the
            password may be typed there; or empty.
    """

    username: str = ""
    password: Source = Source.NONE
    api_key: Source = Source.NONE
    saved_session: bool = False
    keyring_problem: str = ""
    unknown_origin: str = ""

    @property
    def can_visit(self) -> bool:
        """Whether the browser can be signed in without asking anybody."""
        return self.password is not Source.NONE or self.saved_session

    @property
    def can_probe(self) -> bool:
        """Whether private runs can be probed."""
        return self.api_key is not Source.NONE


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


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Which server the tool talks to.

    Attributes:
        base_url: Where its API is.
        app_url: Where its pages are.
    """

    base_url: str
    app_url: str

    @property
    def host(self) -> str:
        """The host of the pages, with its port, as shown to people."""
        return self.app_url.split("://", 1)[-1].split("/", 1)[0]


class WatchStore(Protocol):
    """What is kept of one server's watch list on disk. Every call may block, and may raise `StoreError`."""

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


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """How an attempt ended.

    Attributes:
        run: Whose attempt.
        state: Its last state.
        message: Its last line.
        artifact: The newest version of the history, with its full name; None where there is none.
    """

    run: RunAddress
    state: State
    message: str = ""
    artifact: str | None = None


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
    """Looks that are done one after the other, each needing those before it."""

    @property
    def looks(self) -> Sequence[PendingCheck]:
        """They; all may block."""

    def give_up(self) -> None:
        """Nobody wants to know any more: what waits ends soon, and nothing begins."""


class Doctor(Protocol):
    """Looks at what works here and what does not, and mends what it can."""

    def here(self, terminal: TerminalFacts) -> Sequence[PendingCheck]:
        """What can be looked at without a run, all at the same time if one likes."""

    def way(self, run: RunAddress, *, watched: bool) -> CheckSequence:
        """Try the whole way on one run: sign in, ask, visit, and see what starts an export.

        Args:
            run: The run.
            watched: Whether a monitor is at work on it meanwhile, so that it cannot be told what starts an export.
        """

    def install_browser(self, say: Callable[[str], None]) -> None:
        """Install a browser; may block for minutes.

        Args:
            say: Gets each line of progress, on the calling thread.

        Raises:
            NoBrowserError: It could not be had; the message says what to install by hand.
        """

    def forget_session(self) -> None:
        """Drop the kept browser session; may block."""
