"""One attempt from start to end: blocking, and cancellable at any time.

The attempt's thread sleeps almost all the time. Probes, sign-ins and visits run elsewhere as futures; each of them
wakes it when done, so that polling continues while a page loads or a sign-in takes its time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import assert_never
from zlib import crc32

from wandb_tui.core.address import RunAddress
from wandb_tui.core.attempt_handle import AttemptHandle
from wandb_tui.core.errors import ApiKeyError, RunNotFoundError, ServerError, internal_error
from wandb_tui.core.event_reporter import EventReporter, Publish
from wandb_tui.core.events import Failure, Level, MonitorEvent, MonitorStatus
from wandb_tui.core.notice import EventKind, Notice
from wandb_tui.core.page_visits import PageVisits
from wandb_tui.core.ports import Services
from wandb_tui.core.probe import Persistence, Probe, ProbeOutcome
from wandb_tui.core.schedule import Clock, PollPolicy, Schedule
from wandb_tui.core.state import State
from wandb_tui.core.suspend import NOTICEABLE_S

log = logging.getLogger(__name__)

_MAX_HOPELESS_PROBES = 3
"""This many apparently permanent errors in a row end an attempt that never got a usable answer."""

_CONFIRM_AFTER_S = 3.0
"""Seconds after which a probe with such a reply is repeated."""

Turns = AbstractContextManager[object]
"""Held by a monitor while it works, which is briefly after each sleep."""


class Monitor:
    """Waits until the history artifact of one run meets its goal."""

    def __init__(
        self,
        run: RunAddress,
        services: Services,
        handle: AttemptHandle,
        publish: Publish,
        *,
        poll_policy: PollPolicy | None = None,
        attempt: int = 1,
        clock: Clock = time.monotonic,
        turns: Turns | None = None,
        elapsed: float = 0.0,
        baseline: int | None = None,
    ) -> None:
        """Prepare an attempt.

        Args:
            run: The run.
            services: The services to use.
            handle: How others cancel the attempt, change its goal, or ask for a visit.
            publish: Receives the events, in the attempt's thread.
            poll_policy: How often to probe, and for how long.
            attempt: The attempt's number, from 1.
            clock: Seconds on a clock that never goes back.
            turns: Held while the monitor works.
            elapsed: Seconds that the attempt has run already, in an earlier session.
            baseline: The newest version when the attempt began, if that was in an earlier session.
        """
        self._run = run
        self._prober = services.prober
        self._user_can_fix = services.user_can_fix
        self._forks = services.forks
        self._handle = handle
        self._clock = clock
        self._turns = turns or nullcontext()
        phase = crc32(str(run).encode()) / 2**32
        self._schedule = Schedule(poll_policy or PollPolicy(), clock, elapsed=elapsed, phase=phase)
        self._reporter = EventReporter(
            run, attempt, handle.goal, schedule=self._schedule, publish=publish, baseline=baseline
        )
        self._visits = PageVisits(run, services, handle, self._schedule, self._reporter)
        self._feeds = services.feeds
        self._probe: Future[Probe] | None = None
        self._known: Probe | None = None
        self._last_wait = Notice(EventKind.POLL_FAILED)
        self._server_error: ServerError | None = None
        self._coverage_known_in_state: str | None = None
        self._hopeless_probes = 0

    def run(self) -> MonitorEvent:
        """Work until the attempt ends, and return its last event."""
        try:
            notice = Notice(EventKind.MONITORING, goal=self._reporter.goal, detail=self._run.collection)
            self._reporter.report(State.WAITING, notice, status=MonitorStatus.MONITORING)
            while (last := self._take_turn()) is None:
                self._sleep()
        except Exception as error:
            # An error of our own must show on the row, instead of ending the thread silently.
            log.exception("The monitor of %s failed", self._run)
            last = self._reporter.fail(Failure.INTERNAL, internal_error(error))
        finally:
            if self._probe is not None:
                self._probe.cancel()
            self._visits.cancel()
        return last

    def _take_turn(self) -> MonitorEvent | None:
        """Collect results and start what is due; returns the last event if the attempt is over."""
        with self._turns:
            if self._handle.cancelled:
                return self._reporter.report(State.CANCELLED, Notice(EventKind.CANCELLED))
            self._adopt_goal()
            last = self._collect_probe() or self._visits.collect()
            if last is None and self._schedule.timed_out:
                last = self._time_out()
            if last is None:
                self._start_what_is_due()
            return last

    def _sleep(self) -> None:
        """Sleep until something is due or a result arrives; the sleep of the whole machine does not count."""
        seconds, before = self._until_due(), self._clock()
        self._handle.wait(seconds)
        late = self._clock() - before - seconds if seconds is not None else 0.0
        if late >= NOTICEABLE_S:
            self._schedule.machine_slept(late, counted=True)
        elif (slept := self._handle.pop_sleep()) > 0:
            self._schedule.machine_slept(slept, counted=False)

    def _until_due(self) -> float | None:
        """Seconds until something is due; None if only a result can wake the thread."""
        seconds = self._schedule.until_timeout
        if self._probe is None:
            seconds = _sooner(seconds, self._schedule.until_probe)
        if self._visits.can_start:
            seconds = _sooner(seconds, self._schedule.until_visit)
        return seconds

    def _start_what_is_due(self) -> None:
        if self._handle.pop_visit_request():
            self._schedule.visit_now()
        if self._probe is None and self._schedule.until_probe <= 0:
            self._start_probe()
        self._visits.start_if_due()
        if self._reporter.feed is not None and self._visits.waits_for_tab and not self._last_wait.waits_for_tab:
            # While nothing changes, no answer comes with which this could be said, and the clock be stopped.
            self._report_wait(self._last_wait)

    def _start_probe(self) -> None:
        if self._follow(confirm=True):
            return
        self._reporter.feed = None
        coverage = self._needs_coverage
        if self._feeds is not None and self._known is None and not coverage:
            self._probe = self._feeds.first_probe(self._run)
        else:
            self._probe = self._prober.probe(self._run, coverage=coverage)
        self._handle.wake_when_done(self._probe)

    def _follow(self, *, confirm: bool = False) -> bool:
        """Leave the next answer to the feeds of the project; whether they take it over."""
        if self._feeds is None or self._known is None or self._probe is not None:
            return False
        interval = self._schedule.poll_policy.check_interval
        followed = self._feeds.follow(
            self._run, self._known, coverage=self._needs_coverage, interval=interval, confirm=confirm
        )
        if followed is None:
            return False
        self._probe, self._reporter.feed = followed
        self._handle.wake_when_done(self._probe)
        return True

    @property
    def _needs_coverage(self) -> bool:
        return self._reporter.goal.needs_coverage or self._warning_needs_coverage()

    def _warning_needs_coverage(self) -> bool:
        """Whether a warning depends on the export being complete; asked once for each state of the run."""
        info = self._reporter.run_info
        known = self._coverage_known_in_state == (info.state if info else "")
        return self._reporter.goal.kind.rule.warns_of_full_export and not known

    def _adopt_goal(self) -> None:
        """Take over a changed goal: find the baseline and the warnings again, and only then visit the page."""
        if self._handle.goal is self._reporter.goal or self._handle.goal == self._reporter.goal:
            return
        self._reporter.goal = self._handle.goal
        self._reporter.baseline, self._reporter.warnings = None, {}
        self._coverage_known_in_state, self._visits.allowed = None, False
        self._known = None
        self._reporter.report(self._reporter.state, Notice(EventKind.GOAL_CHANGED, goal=self._reporter.goal))
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None
        self._schedule.visit_now()
        self._start_probe()

    def _collect_probe(self) -> MonitorEvent | None:
        if self._probe is None or not self._probe.done():
            return None
        probe, self._probe = self._probe.result(), None
        self._reporter.run_info = probe.run or self._reporter.run_info
        match probe.outcome:
            case ProbeOutcome.FOUND | ProbeOutcome.NOT_YET:
                return self._judge(probe)
            case ProbeOutcome.UNAUTHORIZED:
                return self._reporter.fail(Failure.API_KEY, ApiKeyError(probe.message))
            case ProbeOutcome.NOT_FOUND:
                return self._reporter.fail(Failure.NOT_FOUND, RunNotFoundError(probe.message))
            case ProbeOutcome.INVALID_RESPONSE | ProbeOutcome.UNAVAILABLE:
                return self._probe_failed(probe)
            case never:
                assert_never(never)

    def _probe_failed(self, probe: Probe) -> MonitorEvent | None:
        """Wait for the next probe, without a visit: a server that does not understand us may not be W&B."""
        likely_permanent = probe.persistence is Persistence.LIKELY_PERMANENT
        self._hopeless_probes = self._hopeless_probes + 1 if likely_permanent else 0
        never_understood = self._reporter.run_info is None
        hopeless = never_understood and self._hopeless_probes >= _MAX_HOPELESS_PROBES
        if probe.persistence is Persistence.PERMANENT or hopeless:
            return self._reporter.fail(Failure.SERVER, ServerError(f"{probe.message}."))
        confirm_after = _CONFIRM_AFTER_S if self._hopeless_probes and never_understood else None
        self._schedule.probe_failed(confirm_after if probe.retry_after is None else probe.retry_after)
        self._server_error = ServerError(probe.message)
        self._report_wait(Notice(EventKind.POLL_FAILED, detail=probe.message), level=Level.WARNING)
        return None

    def _judge(self, probe: Probe) -> MonitorEvent | None:
        """Compare an answer with the goal; returns the last event if it is met."""
        reporter, goal = self._reporter, self._reporter.goal
        version = probe.artifact.version if probe.artifact else -1
        if reporter.baseline is None:
            reporter.baseline = version
        reporter.artifact = f"{self._run.history_artifact}:v{version}" if probe.artifact else None
        verdict = goal.judge(probe, reporter.baseline)
        if verdict.met:
            notice = Notice(EventKind.GOAL_MET, goal, verdict, detail=self._run.collection)
            return reporter.report(State.AVAILABLE, notice, status=MonitorStatus.AVAILABLE)
        if goal.needs_artifact and probe.lacks:
            return reporter.fail(Failure.SERVER, _no_artifacts(probe.lacks))
        if goal.needs_artifact and probe.elsewhere and self._visits.first_done:
            return reporter.fail(Failure.NOT_FOUND, self._moved(probe.elsewhere))
        self._visits.allowed = goal.needs_artifact
        self._schedule.probe_answered()
        self._known = probe
        self._follow()
        self._server_error, self._hopeless_probes = None, 0
        self._visits.repeat_if_too_early()
        if goal.needs_coverage:
            self._visits.repeat_if_stale(version)
        self._report_warnings(probe)
        notice = Notice(EventKind.NOT_MET, goal, verdict)
        if probe.run is not None and probe.run.going_on and not verdict.run_state:
            notice = replace(notice, run_state=probe.run.state, last_step=probe.run.last_step)
        self._report_wait(notice, status=MonitorStatus.NOT_AVAILABLE)
        return None

    def _moved(self, project: str) -> RunNotFoundError:
        return RunNotFoundError(
            f"{self._run} was moved here, but its history artifact stayed in {project}.",
            f"Use {project}/{self._run.collection} as it is, or move the run back to {project}.",
        )

    def _report_warnings(self, probe: Probe) -> None:
        """Report each reason why the goal may never be met, once."""
        reporter = self._reporter
        if probe.coverage is not None and probe.run is not None:
            self._coverage_known_in_state = probe.run.state
        for warning in reporter.goal.warnings(probe, forks=self._forks):
            if warning.kind not in reporter.warnings:
                reporter.warnings[warning.kind] = warning
                notice = Notice(EventKind.GOAL_WARNING, reporter.goal, warning=warning)
                reporter.report(self._waiting_state, notice, level=Level.WARNING)

    def _report_wait(self, notice: Notice, *, status: MonitorStatus | None = None, level: Level = Level.INFO) -> None:
        """Report why we wait and when the next probe is due; the state of a current sign-in or visit stays."""
        if self._visits.needs_user:
            # The row keeps showing that it waits for the user.
            return
        if self._visits.waits_for_tab:
            notice = replace(notice, waits_for_tab=True)
            if self._user_can_fix:
                self._schedule.stop_clock()
        self._last_wait = notice
        counting = replace(notice, next_check=self._reporter.until_probe)
        self._reporter.report(self._waiting_state, counting, status=status, level=level)

    @property
    def _waiting_state(self) -> State:
        state = self._reporter.state
        return State.WAITING if state is State.QUEUED else state

    def _time_out(self) -> MonitorEvent:
        notice = replace(self._last_wait, kind=EventKind.TIMED_OUT, seconds=self._schedule.elapsed)
        return self._reporter.report(
            State.TIMED_OUT, notice, status=MonitorStatus.TIMEOUT, level=Level.ERROR, error=self._server_error
        )


def _sooner(seconds: float | None, others: float) -> float:
    return others if seconds is None or others < seconds else seconds


def _no_artifacts(lacks: Sequence[str]) -> ServerError:
    return ServerError(
        f"The server cannot report history artifacts: its API lacks {', '.join(lacks)}.",
        "Of a server that is compatible only in part, wait for the goal ended.",
    )
