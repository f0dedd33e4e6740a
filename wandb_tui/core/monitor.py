"""One attempt, start to end: blocking, and cancellable at any moment.

The attempt's thread sleeps almost always. Probes, sign-ins and visits run elsewhere as futures; each of their ends
wakes it, so that polling goes on while a page loads or a sign-in takes its time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, assert_never
from zlib import crc32

from wandb_tui.core.address import RunAddress
from wandb_tui.core.attempt_handle import AttemptHandle
from wandb_tui.core.errors import (
    ApiKeyError,
    KeyringError,
    NoBrowserError,
    RunNotFoundError,
    ServerError,
    SignedOutError,
    SignInError,
    SignInProblem,
    SignInRequiredError,
    VisitError,
    WandbTuiError,
)
from wandb_tui.core.events import Event, Failure, Level, MonitorStatus
from wandb_tui.core.goal import GoalKind, logged_enough
from wandb_tui.core.goal_warnings import GoalWarning, goal_warnings
from wandb_tui.core.log_dedup import counting_down
from wandb_tui.core.ports import Identity, Prober, Visit, Visitor
from wandb_tui.core.probe import Persistence, Probe, ProbeOutcome, RunInfo
from wandb_tui.core.schedule import Clock, PollPolicy, Schedule
from wandb_tui.core.state import State, may_move
from wandb_tui.core.suspend import NOTICEABLE

log = logging.getLogger(__name__)

_MAX_HOPELESS_PROBES = 3
"""So many replies in a row that look permanent end an attempt to which the server has never given a usable one."""
_CONFIRM_AFTER_S = 3.0
"""Seconds until such a reply is put to the test."""

Say = Callable[[Event], None]

Turns = AbstractContextManager[object]
"""What a monitor holds while it is at work, which is for a moment after each rest."""


@dataclass(frozen=True, slots=True)
class Services:
    """What a monitor works with.

    Attributes:
        prober: Asks the API.
        visitor: Opens pages; None visits nothing.
        user_can_fix: Whether somebody is there to mend a refused sign-in: then the monitor waits for them with its
            clock stopped, else it fails with the reason. Nor does their clock run while a page waits for a tab.
        forks: Whether the server offers forking; None where nobody knows.
    """

    prober: Prober
    visitor: Visitor | None
    user_can_fix: bool = False
    forks: bool | None = None


class Monitor:
    """Waits until the history artifact of one run meets its goal."""

    def __init__(
        self,
        run: RunAddress,
        services: Services,
        control: AttemptHandle,
        say: Say,
        *,
        poll_policy: PollPolicy | None = None,
        attempt: int = 1,
        clock: Clock = time.monotonic,
        turns: Turns | None = None,
        elapsed: float = 0.0,
        baseline: int | None = None,
    ) -> None:
        self._run = run
        self._prober = services.prober
        self._visitor = services.visitor
        self._user_can_fix = services.user_can_fix
        self._forks = services.forks
        self._control = control
        self._hear = say
        self._attempt = attempt
        self._clock = clock
        self._turns = turns or nullcontext()
        place = crc32(str(run).encode()) / 2**32
        self._schedule = Schedule(poll_policy or PollPolicy(), clock, elapsed=elapsed, place=place)
        self._state = State.QUEUED
        self._last_message = ""
        self._goal = control.goal
        self._baseline = baseline
        self._artifact: str | None = None
        self._run_info: RunInfo | None = None
        self._unanswered: ServerError | None = None
        self._covered_in_state: str | None = None
        self._goal_warnings: dict[GoalWarning, str] = {}
        self._probing: Future[Probe] | None = None
        self._signing_in: Future[Identity] | None = None
        self._mending: Future[None] | None = None
        self._visiting: Future[Visit] | None = None
        # Set when the page has a tab; None where none stands in line for one.
        self._tab: threading.Event | None = None
        self._may_visit = False
        self._visited_too_early = False
        self._hopeless = 0

    def run(self) -> Event:
        """Work until the attempt ends, and return its last event."""
        try:
            self._begin()
            while (last := self._take_turn()) is None:
                self._rest()
        except Exception as error:
            # A fault of our own must end as a row that says so, not as a thread that is gone without a word.
            log.exception("The monitor of %s failed", self._run)
            what = WandbTuiError(f"wandb-tui itself failed: {type(error).__name__} (see the log)")
            last = self._fail(Failure.INTERNAL, what)
        finally:
            self._let_go()
        return last

    def _begin(self) -> None:
        what = f"{self._run.collection} ({self._goal})" if str(self._goal) != "exists" else self._run.collection
        self._say(State.WAITING, f"Monitoring artifact {what}…", status=MonitorStatus.MONITORING)

    def _take_turn(self) -> Event | None:
        with self._turns:
            return self._turn()

    def _turn(self) -> Event | None:
        """Take in what has come, start what is due; the last event if the attempt is over."""
        if self._control.cancelled:
            return self._say(State.CANCELLED, "Cancelled")
        last = self._take_goal() or self._take_probe() or self._take_sign_in() or self._take_visit()
        if last is None and self._schedule.timed_out:
            last = self._time_out()
        if last is None:
            self._start_what_is_due()
        return last

    def _rest(self) -> None:
        """Sleep until something is due or has come; a sleep of the whole machine is taken for what it is."""
        seconds, before = self._sleep(), self._clock()
        self._control.wait(seconds)
        late = self._clock() - before - seconds if seconds is not None else 0.0
        if late >= NOTICEABLE:
            self._schedule.machine_slept(late, counted=True)
        elif (slept := self._control.take_sleep()) > 0:
            self._schedule.machine_slept(slept, counted=False)

    def _sleep(self) -> float | None:
        """Seconds until something is due; None where only an end of something can wake us."""
        due = [self._schedule.until_timeout]
        if self._probing is None:
            due.append(self._schedule.until_probe)
        if self._wants_visit():
            due.append(self._schedule.until_visit)
        return min((seconds for seconds in due if seconds is not None), default=None)

    # What is due

    def _wants_visit(self) -> bool:
        busy = self._visiting or self._signing_in or self._mending
        return self._visitor is not None and self._may_visit and not busy

    def _start_what_is_due(self) -> None:
        if self._control.pop_visit_request():
            self._schedule.visit_now()
        if self._probing is None and self._schedule.until_probe <= 0:
            self._start_probe()
        if self._wants_visit() and self._schedule.until_visit <= 0:
            self._start_visit()

    def _start_probe(self) -> None:
        coverage = self._goal.needs_coverage or self._may_be_the_newest()
        self._probing = self._prober.probe(self._run, coverage=coverage)
        self._control.wake_when_done(self._probing)

    def _may_be_the_newest(self) -> bool:
        """Whether it is worth asking if anything is left to export: once for each state that the run is in."""
        state = self._run_info.state if self._run_info else ""
        return self._goal.kind is GoalKind.NEWER and self._covered_in_state != state

    def _start_visit(self) -> None:
        visitor = self._visitor
        if visitor is None:
            return
        if (seconds := self._prober.limiting()) > 0:
            # Another monitor's question was answered so; the server counts what pages ask as well.
            self._schedule.hold_visits(seconds)
            return
        if visitor.signed_in():
            self._tab = tab = threading.Event()
            self._visiting = visitor.visit(self._run, lambda: self._got(tab))
            self._control.wake_when_done(self._visiting)
            self._take_tab()
        else:
            self._say(State.SIGNING_IN, "Signing in to W&B…", status=MonitorStatus.SIGNING_IN)
            self._signing_in = visitor.sign_in()
            self._control.wake_when_done(self._signing_in)

    def _got(self, tab: threading.Event) -> None:
        tab.set()
        self._control.wake()

    # What has come

    def _take_goal(self) -> Event | None:
        if self._control.goal != self._goal:
            self._goal = self._control.goal
            # What is new, and what is to be feared, is to be found out anew; the page is visited again only after that.
            self._baseline, self._covered_in_state, self._goal_warnings, self._may_visit = None, None, {}, False
            self._say(self._state, f"Waiting for {self._goal} from now on")
            if self._probing is not None:
                self._probing.cancel()
            self._schedule.visit_now()
            self._start_probe()
        return None

    def _take_probe(self) -> Event | None:
        if self._probing is None or not self._probing.done():
            return None
        probe, self._probing = self._probing.result(), None
        self._run_info = probe.run or self._run_info
        match probe.outcome:
            case ProbeOutcome.FOUND | ProbeOutcome.NOT_YET:
                return self._weigh(probe)
            case ProbeOutcome.UNAUTHORIZED:
                return self._fail(Failure.API_KEY, ApiKeyError(probe.message))
            case ProbeOutcome.NOT_FOUND:
                return self._fail(Failure.NOT_FOUND, RunNotFoundError(probe.message))
            case ProbeOutcome.INVALID_RESPONSE | ProbeOutcome.UNAVAILABLE:
                # Nothing is visited yet: who does not understand us may be no W&B server at all.
                return self._trouble(probe)
            case never:
                assert_never(never)

    def _weigh(self, probe: Probe) -> Event | None:
        version = probe.artifact.version if probe.artifact else -1
        if self._baseline is None:
            self._baseline = version
        self._artifact = f"{self._run.history_artifact}:v{version}" if probe.artifact else None
        verdict = self._goal.judge(probe, self._baseline)
        if verdict.met:
            why = verdict.why.removeprefix(f"v{version} ")
            why = "" if why == "is available" else f" ({why})"
            name = f"{self._run.collection}:v{version}"
            return self._say(State.AVAILABLE, f"Artifact is now available: {name}{why}", status=MonitorStatus.AVAILABLE)
        self._may_visit = True
        self._schedule.probe_answered()
        self._unanswered, self._hopeless = None, 0
        self._make_up_for_an_early_visit()
        self._warn(probe)
        run = probe.run
        meanwhile = f" (run {run.shown})" if run and run.going_on and run.state not in verdict.why else ""
        self._wait(f"Artifact {verdict.why}{meanwhile}", status=MonitorStatus.NOT_AVAILABLE)
        return None

    def _make_up_for_an_early_visit(self) -> None:
        """Visit again at once where the last visit found too little to export, and now there is enough.

        What a run logs is on its way for some seconds; the next visit in its turn would come a minute later.
        """
        if self._visited_too_early and self._visiting is None and logged_enough(self._goal, self._run_info):
            self._visited_too_early = False
            self._schedule.visit_now()

    def _warn(self, probe: Probe) -> None:
        """Say, once each, what speaks against the goal ever being met."""
        if probe.coverage is not None and probe.run is not None:
            self._covered_in_state = probe.run.state
        for kind, sentence in goal_warnings(self._goal, probe, forks=self._forks):
            if kind not in self._goal_warnings:
                self._goal_warnings[kind] = sentence
                self._say(self._waiting_state, sentence, level=Level.WARNING)

    def _trouble(self, probe: Probe) -> Event | None:
        self._hopeless = self._hopeless + 1 if probe.persistence is Persistence.LIKELY_PERMANENT else 0
        never_understood = self._run_info is None and self._hopeless >= _MAX_HOPELESS_PROBES
        if probe.persistence is Persistence.PERMANENT or never_understood:
            return self._fail(Failure.SERVER, ServerError(f"{probe.message}."))
        confirm = _CONFIRM_AFTER_S if self._hopeless and self._run_info is None else None
        self._schedule.probe_failed(confirm if probe.retry_after is None else probe.retry_after)
        self._unanswered = ServerError(probe.message)
        self._wait(probe.message, level=Level.WARNING)
        return None

    def _wait(self, message: str, *, status: MonitorStatus | None = None, level: Level = Level.INFO) -> None:
        """Say why we wait and when we look again; a sign-in or visit under way keeps its state."""
        if self._mending is not None:
            # The row goes on saying what it really waits for: the user.
            return
        if self._tab is not None:
            message = f"{message}; its page waits for a free tab"
            if self._user_can_fix:
                self._schedule.stop_clock()
        seconds = self._schedule.until_probe
        self._last_message = message
        self._say(
            self._waiting_state,
            counting_down(message, seconds),
            status=status,
            level=level,
            reason=message,
        )

    @property
    def _waiting_state(self) -> State:
        return State.WAITING if self._state is State.QUEUED else self._state

    def _take_sign_in(self) -> Event | None:
        if self._mending is not None and self._mending.done():
            self._mending = None
            self._schedule.resume_clock()
            self._schedule.visit_now()
        if self._signing_in is None or not self._signing_in.done():
            return None
        future, self._signing_in = self._signing_in, None
        try:
            identity = future.result()
        except SignInError as error:
            if error.problem is SignInProblem.UNREACHABLE:
                return self._visit_failed(error)
            return self._needs_user(Failure.SIGN_IN, error)
        except KeyringError as error:
            return self._needs_user(Failure.SIGN_IN, error)
        except WandbTuiError as error:
            return self._visit_failed(error)
        if identity.anonymous:
            self._say(State.WAITING, "Not signed in: only public runs can be visited", level=Level.WARNING)
        else:
            self._say(State.WAITING, f"Signed in as {identity.username}")
        if identity.note:
            self._say(State.WAITING, identity.note, level=Level.WARNING)
        self._start_visit()
        return None

    def _needs_user(self, failure: Failure, error: WandbTuiError) -> Event | None:
        if not self._user_can_fix or self._visitor is None:
            return self._fail(failure, error)
        self._schedule.stop_clock()
        self._mending = self._visitor.mended()
        self._control.wake_when_done(self._mending)
        self._say(State.SIGNING_IN, f"Sign-in needs you: {error}", level=Level.ERROR)
        return None

    def _take_tab(self) -> None:
        """The page is open: until then the visit stood in line, which the user's clock does not count."""
        if self._tab is None or not self._tab.is_set():
            return
        self._leave_line()
        self._visited_too_early = not logged_enough(self._goal, self._run_info)
        self._say(State.VISITING, "Visiting run page…", status=MonitorStatus.VISITING)

    def _leave_line(self) -> None:
        self._tab = None
        self._schedule.resume_clock()

    def _take_visit(self) -> Event | None:
        self._take_tab()
        if self._visiting is None or not self._visiting.done():
            return None
        future, self._visiting = self._visiting, None
        self._leave_line()
        if future.cancelled():
            # Not by us: the program is ending, and has closed the browser.
            return self._say(State.CANCELLED, "Cancelled: the browser has been closed")
        try:
            visit = future.result()
        except SignedOutError:
            self._say(State.SIGNING_IN, "The session has expired, signing in again", level=Level.WARNING)
            self._schedule.visit_now()
            return None
        except SignInError as error:
            return self._needs_user(Failure.SIGN_IN, error)
        except WandbTuiError as error:
            return self._visit_failed(error)
        self._schedule.visit_ended()
        evidence = f" ({visit.evidence})" if visit.evidence else ""
        self._say(State.WAITING, f"Run page loaded in {visit.seconds:.1f} s{evidence}")
        return None

    def _visit_failed(self, error: WandbTuiError) -> Event | None:
        if isinstance(error, NoBrowserError) and not self._user_can_fix:
            return self._fail(Failure.NO_BROWSER, error)
        if isinstance(error, SignInRequiredError) and not self._user_can_fix:
            return self._fail(Failure.SIGN_IN, SignInError(SignInProblem.NO_CREDENTIALS, error.message, error.hint))
        gap = self._schedule.visit_failed()
        what = "Visit failed" if isinstance(error, VisitError) else "Cannot visit"
        self._say(State.WAITING, f"{what}: {error} Trying again in {gap:.0f} s", level=Level.WARNING)
        return None

    # The ends

    def _time_out(self) -> Event:
        waited, why = self._schedule.elapsed, self._last_message or "the server has not answered"
        return self._say(
            State.TIMED_OUT,
            f"Timeout reached after {waited:.0f} s: {why[:1].lower()}{why[1:]}",
            status=MonitorStatus.TIMEOUT,
            level=Level.ERROR,
            error=self._unanswered,
        )

    def _fail(self, failure: Failure, error: WandbTuiError) -> Event:
        return self._say(State.FAILED, str(error), level=Level.ERROR, failure=failure, error=error)

    def _let_go(self) -> None:
        futures: tuple[Future[Any] | None, ...] = (self._probing, self._visiting, self._mending)
        for future in futures:
            if future is not None:
                future.cancel()

    def _say(
        self,
        state: State,
        message: str,
        *,
        status: MonitorStatus | None = None,
        level: Level = Level.INFO,
        failure: Failure | None = None,
        error: WandbTuiError | None = None,
        reason: str = "",
    ) -> Event:
        if not may_move(self._state, state):
            raise AssertionError(f"illegal move from {self._state} to {state}")
        self._state = state
        event = Event(
            run=self._run,
            attempt=self._attempt,
            state=state,
            message=message,
            goal=self._goal,
            status=status,
            level=level,
            artifact=self._artifact,
            elapsed=self._schedule.elapsed,
            clock_stopped=self._schedule.stopped,
            next_probe=None if state.final else self._schedule.until_probe,
            failure=failure,
            error=error,
            run_info=self._run_info,
            reason=reason,
            goal_warnings=tuple(self._goal_warnings.values()),
            baseline=self._baseline,
        )
        self._hear(event)
        return event
