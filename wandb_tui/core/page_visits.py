"""The visits of one attempt: sign in if necessary, open the run's page, and repeat that if it leads nowhere."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.attempt_handle import AttemptHandle
from wandb_tui.core.errors import (
    KeyringError,
    NoBrowserError,
    SignedOutError,
    SignInError,
    SignInProblem,
    SignInRequiredError,
    VisitError,
    WandbTuiError,
)
from wandb_tui.core.event_reporter import EventReporter
from wandb_tui.core.events import Failure, Level, MonitorEvent, MonitorStatus
from wandb_tui.core.notice import EventKind, Notice
from wandb_tui.core.ports import Identity, Services, Visit
from wandb_tui.core.schedule import Schedule
from wandb_tui.core.state import State


class _TabWait:
    """Whether the page of one visit has a tab; set by another thread."""

    # Ten thousand visits may wait: events would take ten times the memory.
    __slots__ = ("over",)

    def __init__(self) -> None:
        self.over = False


class PageVisits:
    """Visits the page of one attempt's run. Called in the attempt's thread; the browser works in its own.

    Attributes:
        allowed: Whether a visit may begin: not before the first probe was answered.
    """

    def __init__(
        self, run: RunAddress, services: Services, handle: AttemptHandle, schedule: Schedule, reporter: EventReporter
    ) -> None:
        self._run = run
        self._prober = services.prober
        self._feeds = services.feeds
        self._visitor = services.visitor
        self._loaded = False
        self._user_can_fix = services.user_can_fix
        self._handle = handle
        self._schedule = schedule
        self._reporter = reporter
        self.allowed = False
        self._sign_in: Future[Identity] | None = None
        self._fix: Future[None] | None = None
        self._visit: Future[Visit] | None = None
        # None unless a visit waits for a tab.
        self._tab: _TabWait | None = None
        self._too_early = False
        self._version: int | None = None

    @property
    def first_done(self) -> bool:
        """Whether a visit has loaded the run, or none will be made."""
        return self._loaded or self._visitor is None

    @property
    def can_start(self) -> bool:
        """Whether a visit would begin, were it due."""
        busy = self._visit or self._sign_in or self._fix
        return self._visitor is not None and self.allowed and not busy

    @property
    def needs_user(self) -> bool:
        """Whether a failed sign-in waits for the user to fix it."""
        return self._fix is not None

    @property
    def waits_for_tab(self) -> bool:
        """Whether a visit waits for a free tab."""
        return self._tab is not None

    def start_if_due(self) -> None:
        """Begin a visit, or the sign-in before it, if one is due."""
        if self.can_start and self._schedule.until_visit <= 0:
            self._start()

    def repeat_if_too_early(self) -> None:
        """Visit again now if the last visit found too little to export, and there is enough by now.

        Logged steps take some seconds to reach the server; the next regular visit would be a minute later.
        """
        if self._too_early and self._visit is None and self._reporter.goal.enough_logged(self._reporter.run_info):
            self._too_early = False
            self._schedule.visit_now()

    def repeat_if_stale(self, version: int) -> None:
        """Visit again soon if a visit has brought a version that holds too little, though enough had been logged.

        Args:
            version: The newest version; -1 for none. It does not meet the goal.
        """
        newer = self._version is not None and version > self._version
        self._version = version
        if newer and self._loaded and self._reporter.goal.enough_logged(self._reporter.run_info):
            self._schedule.export_was_stale()

    def collect(self) -> MonitorEvent | None:
        """Collect results; returns the last event if the attempt is over."""
        return self._collect_sign_in() or self._collect_visit()

    def cancel(self) -> None:
        """Cancel the current visit; a sign-in continues, since others share it."""
        futures: tuple[Future[Any] | None, ...] = (self._visit, self._fix)
        for future in futures:
            if future is not None:
                future.cancel()

    def _start(self) -> None:
        visitor = self._visitor
        if visitor is None:
            return
        if (seconds := self._prober.limiting()) > 0:
            # Another monitor has learned of the limit; the server counts the pages' requests as well.
            self._schedule.hold_visits(seconds)
            return
        if visitor.signed_in():
            self._tab = tab = _TabWait()
            self._visit = visitor.visit(self._run, lambda: self._tab_opened(tab))
            self._handle.wake_when_done(self._visit)
            self._collect_tab()
        else:
            notice = Notice(EventKind.SIGNING_IN)
            self._reporter.report(State.SIGNING_IN, notice, status=MonitorStatus.SIGNING_IN)
            self._sign_in = visitor.sign_in()
            self._handle.wake_when_done(self._sign_in)

    def _tab_opened(self, tab: _TabWait) -> None:
        tab.over = True
        self._handle.wake()

    def _collect_sign_in(self) -> MonitorEvent | None:
        if self._fix is not None and self._fix.done():
            self._fix = None
            self._schedule.resume_clock()
            self._schedule.visit_now()
        if self._sign_in is None or not self._sign_in.done():
            return None
        future, self._sign_in = self._sign_in, None
        try:
            identity = future.result()
        except SignInError as error:
            if error.problem is SignInProblem.UNREACHABLE:
                return self._visit_failed(error)
            return self._sign_in_failed(error)
        except KeyringError as error:
            return self._sign_in_failed(error)
        except WandbTuiError as error:
            return self._visit_failed(error)
        if identity.anonymous:
            self._reporter.report(State.WAITING, Notice(EventKind.SIGNED_OUT), level=Level.WARNING)
        else:
            self._reporter.report(State.WAITING, Notice(EventKind.SIGNED_IN, detail=identity.username))
        if identity.note:
            notice = Notice(EventKind.SIGN_IN_NOTE, detail=identity.note)
            self._reporter.report(State.WAITING, notice, level=Level.WARNING)
        self._start()
        return None

    def _sign_in_failed(self, error: WandbTuiError) -> MonitorEvent | None:
        if not self._user_can_fix or self._visitor is None:
            return self._reporter.fail(Failure.SIGN_IN, error)
        self._schedule.stop_clock()
        self._fix = self._visitor.credentials_changed()
        self._handle.wake_when_done(self._fix)
        notice = Notice(EventKind.SIGN_IN_FAILED, detail=str(error))
        self._reporter.report(State.SIGNING_IN, notice, level=Level.ERROR)
        return None

    def _collect_tab(self) -> None:
        if self._tab is None or not self._tab.over:
            return
        self._end_tab_wait()
        self._too_early = not self._reporter.goal.enough_logged(self._reporter.run_info)
        self._reporter.report(State.VISITING, Notice(EventKind.VISITING), status=MonitorStatus.VISITING)

    def _end_tab_wait(self) -> None:
        """The visit has got a tab; the clock, which may have stopped for that, runs again."""
        self._tab = None
        self._schedule.resume_clock()

    def _collect_visit(self) -> MonitorEvent | None:
        self._collect_tab()
        if self._visit is None or not self._visit.done():
            return None
        future, self._visit = self._visit, None
        self._end_tab_wait()
        if future.cancelled():
            # Not cancelled by this attempt: the program is ending, and has closed the browser.
            return self._reporter.report(State.CANCELLED, Notice(EventKind.BROWSER_CLOSED))
        try:
            visit = future.result()
        except SignedOutError:
            self._reporter.report(State.SIGNING_IN, Notice(EventKind.SESSION_EXPIRED), level=Level.WARNING)
            self._schedule.visit_now()
            return None
        except SignInError as error:
            return self._sign_in_failed(error)
        except WandbTuiError as error:
            return self._visit_failed(error)
        self._schedule.visit_ended()
        if self._feeds is not None:
            self._feeds.expect_export(self._schedule.poll_policy.quick_for)
        self._loaded = True
        notice = Notice(EventKind.VISITED, seconds=visit.seconds, detail=visit.evidence)
        self._reporter.report(State.WAITING, notice)
        return None

    def _visit_failed(self, error: WandbTuiError) -> MonitorEvent | None:
        if isinstance(error, NoBrowserError) and not self._user_can_fix:
            return self._reporter.fail(Failure.NO_BROWSER, error)
        if isinstance(error, SignInRequiredError) and not self._user_can_fix:
            refused = SignInError(SignInProblem.NO_CREDENTIALS, error.message, error.hint)
            return self._reporter.fail(Failure.SIGN_IN, refused)
        gap = self._schedule.visit_failed()
        kind = EventKind.VISIT_FAILED if isinstance(error, VisitError) else EventKind.VISIT_IMPOSSIBLE
        notice = Notice(kind, detail=str(error), seconds=gap)
        self._reporter.report(State.WAITING, notice, level=Level.WARNING)
        return None
