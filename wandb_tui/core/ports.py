"""The protocols that monitors use; the services implement them.

Calls that return a `Future` never block, and may be made from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import Probe

if TYPE_CHECKING:
    from wandb_tui.core.feed import FeedClock

    # The first frame shows nothing of these.
    from wandb_tui.core.live_query import QueryNews
    from wandb_tui.core.project_query import ProjectQuery


class Prober(Protocol):
    """Asks the API for the state of history artifacts."""

    def probe(self, run: RunAddress, *, coverage: bool = False) -> Future[Probe]:
        """Ask about one run, together with others. The future never fails: errors are answers, too.

        Args:
            run: The run.
            coverage: Also ask which steps the export covers.
        """

    def limiting(self) -> float:
        """Seconds until the server's rate limit ends, before which no visit may start; 0 for none. Never blocks."""

    def close(self) -> None:
        """Stop; probes that are still open are answered as unavailable."""


class Followed(NamedTuple):
    """A run that is left to the feeds of its project.

    Attributes:
        probe: Its next answer, which comes when something has changed or the server fails. It never fails itself.
        clock: When the feeds are read.
    """

    probe: Future[Probe]
    clock: FeedClock


class Feeds(Protocol):
    """Reports changes of many runs without asking about each."""

    def follow(
        self, run: RunAddress, known: Probe, *, coverage: bool, interval: float, confirm: bool = False
    ) -> Followed | None:
        """Leave a run to the feeds of its project; None if it has to be probed itself. Never blocks.

        Args:
            run: The run.
            known: Its last good answer.
            coverage: Whether the next answer has to say which steps the export covers.
            interval: Seconds that the knowledge of the run may be old.
            confirm: Whether to answer as soon as the server does, even if nothing has changed.
        """

    def first_probe(self, run: RunAddress) -> Future[Probe]:
        """Ask about a run of which nothing is known yet; with many runs, the lists of its project may answer."""

    def announce(self, runs: Iterable[RunAddress]) -> None:
        """Get ready for many runs that are about to be asked about for the first time. Never blocks."""

    def expect_export(self, seconds: float) -> None:
        """Read the feeds as often as possible for some seconds: an export is likely."""


class Queries(Protocol):
    """Follows queries: looks at their runs again and again, all of them in one request."""

    def follow_query(
        self,
        query: ProjectQuery,
        known: Collection[str],
        *,
        interval: float,
        until_ended: bool,
        report: Callable[[QueryNews], object],
    ) -> None:
        """Follow a query from now on, beginning with a look at all its runs. Never blocks.

        Args:
            query: The query; if it is followed already, this starts over.
            known: The ids of the runs that have joined before.
            interval: Seconds between two looks.
            until_ended: Whether to find out when no matching run is running any more.
            report: Receives the news of each look, from another thread; it must not block.
        """

    def unfollow_query(self, query: ProjectQuery) -> None:
        """Stop following a query. Never blocks."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The user that the browser is signed in as; without a name it is signed out, which is enough for public runs.

    Attributes:
        username: The name that the server knows.
        by_password: Whether the password was submitted for it, rather than a stored session still being valid.
        by_appearance: Whether only the pages look signed in, while the server's API names no user.
        note: A remark for the user about the sign-in, or empty.
    """

    username: str = ""
    by_password: bool = field(default=False, compare=False)
    by_appearance: bool = field(default=False, compare=False)
    note: str = field(default="", compare=False)

    @property
    def anonymous(self) -> bool:
        """Whether the browser is signed out."""
        return not self.username


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit whose page really loaded the run.

    Attributes:
        seconds: How long it took.
        evidence: How the run was seen to load, in a few words.
        operations: The page's API operations and the kinds of answer they got, without any values.
        title: The page's title.
    """

    seconds: float
    evidence: str = ""
    operations: tuple[str, ...] = ()
    title: str = ""


class VisitBacklog(NamedTuple):
    """The visits that wait for a tab.

    Attributes:
        waiting: How many.
        seconds: How long they will take, by the pace of the last ones; None while that is unknown.
    """

    waiting: int = 0
    seconds: float | None = None


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

    def credentials_changed(self) -> Future[None]:
        """Resolves when the credentials change after a refusal."""

    def visit(self, run: RunAddress, opened: Callable[[], object] = lambda: None) -> Future[Visit]:
        """Open the run's page and let its scripts run. Cancelling the future gives up the visit.

        Args:
            run: Whose page.
            opened: Called, from any thread, when the visit has a tab; until then it waits for one.

        The future fails with `VisitError` (`SignedOutError` where the session has gone), `SignInError` or
        `NoBrowserError`.
        """

    def backlog(self) -> VisitBacklog:
        """The visits that wait for a tab, and how long they will take. Never blocks."""

    def close(self) -> None:
        """End the browser and its processes."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services that a monitor uses.

    Attributes:
        prober: Asks the API.
        visitor: Opens pages; None visits nothing.
        user_can_fix: Whether a user is there to fix a failed sign-in: then the monitor waits for them with its clock
            stopped; otherwise it fails with the reason. The clock also stops while a page waits for a tab.
        forks: Whether the server offers forking; None if unknown.
        feeds: Reports changes of many runs; None to probe each of them.
        queries: Follows queries; None if nothing does.
    """

    prober: Prober
    visitor: Visitor | None
    user_can_fix: bool = False
    forks: bool | None = None
    feeds: Feeds | None = None
    queries: Queries | None = None
