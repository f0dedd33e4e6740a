"""One attempt, start to end, with services that the test answers for."""

import queue
import threading
import time
from dataclasses import replace

import pytest

from tests.unit.core_fakes import NOT_YET, RUN, FakeProber, FakeVisitor, there
from wandb_tui.core import monitor, schedule
from wandb_tui.core.attempt_handle import AttemptHandle
from wandb_tui.core.errors import (
    NoBrowserError,
    SignedOutError,
    SignInError,
    SignInProblem,
    SignInRequiredError,
    VisitError,
)
from wandb_tui.core.events import Failure, Level, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.monitor import Monitor
from wandb_tui.core.ports import Services
from wandb_tui.core.probe import Coverage, Persistence, Probe, ProbeOutcome, RunInfo
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.state import State
from wandb_tui.library.event import Event
from wandb_tui.text.event_text import event_text

WRONG = SignInError(SignInProblem.WRONG_PASSWORD, "Wrong e-mail or password.")
SLOW = PollPolicy(check_interval=100, quick_interval=100, max_wait_time=0)


class Attempt:
    """A monitor in a thread of its own, and what it says."""

    def __init__(self, prober, visitor=None, *, goal="exists", poll_policy=SLOW, user_can_fix=False):
        self.control = AttemptHandle(Goal.parse(goal))
        self.events = queue.SimpleQueue()
        self.seen = []
        services = Services(prober, visitor, user_can_fix=user_can_fix)
        self.monitor = Monitor(RUN, services, self.control, self.events.put, poll_policy=poll_policy)
        self.thread = threading.Thread(target=self.monitor.run, daemon=True)
        self.thread.start()

    def until(self, state=None, *, says=""):
        """The next event in that state that says that."""
        deadline = time.monotonic() + 60
        while (left := deadline - time.monotonic()) > 0:
            event = self.events.get(timeout=left)
            self.seen.append(event)
            if (state is None or event.state is state) and says in event_text(event.notice):
                return event
        raise AssertionError(f"never {state} {says!r}: {self.seen}")

    def end(self):
        self.thread.join(60)
        assert not self.thread.is_alive()


@pytest.fixture
def prober():
    return FakeProber()


@pytest.fixture
def visitor():
    return FakeVisitor()


def test_an_artifact_that_is_there_needs_no_browser(prober, visitor):
    attempt = Attempt(prober, visitor)
    prober.answer(there(2))
    event = attempt.until(State.AVAILABLE)
    assert event.artifact == "lab/forks/run-abc123-history:v2"
    assert event.status is MonitorStatus.AVAILABLE
    attempt.end()
    assert visitor.visit_count == 0


def test_the_whole_way(prober):
    visitor = FakeVisitor(signed_in=False)
    attempt = Attempt(prober, visitor, poll_policy=PollPolicy(check_interval=0.05, quick_interval=0.01))
    prober.answer(NOT_YET)
    assert attempt.until(State.SIGNING_IN).status is MonitorStatus.SIGNING_IN
    visitor.end_sign_in()
    assert attempt.until(State.VISITING).status is MonitorStatus.VISITING
    prober.answer(NOT_YET)
    visitor.end_visit()
    attempt.until(State.WAITING, says="loaded")
    prober.answer(there(0))
    attempt.until(State.AVAILABLE)
    attempt.end()


def test_polling_goes_on_while_a_page_loads_and_may_find_the_artifact(prober, visitor):
    attempt = Attempt(prober, visitor, poll_policy=PollPolicy(check_interval=0.01))
    prober.answer(NOT_YET)
    attempt.until(State.VISITING)
    for _ in range(3):
        prober.answer(NOT_YET)
    prober.answer(there(0))
    attempt.until(State.AVAILABLE)
    attempt.end()
    assert visitor.visits.get(timeout=60).cancelled()


@pytest.mark.parametrize("user_can_fix", [True, False])
def test_a_page_that_waits_for_a_tab_says_so_and_a_users_clock_stands_still(prober, visitor, user_can_fix):
    visitor.free = False
    attempt = Attempt(
        prober, visitor, poll_policy=PollPolicy(check_interval=0.02, max_wait_time=0.4), user_can_fix=user_can_fix
    )
    prober.answer(NOT_YET)
    prober.answer(NOT_YET)
    event = attempt.until(State.WAITING, says="not available yet; its page waits for a free tab, checking now")
    assert event.clock_stopped is user_can_fix
    if not user_can_fix:
        attempt.until(State.TIMED_OUT, says="not available yet; its page waits for a free tab")
        return
    time.sleep(0.5)  # longer than max_wait_time: the attempt must outlive it
    visitor.open()
    assert attempt.until(State.VISITING).elapsed < 0.4
    visitor.end_visit()
    attempt.until(State.WAITING, says="loaded")
    attempt.until(State.TIMED_OUT)


@pytest.mark.parametrize("answer", [ProbeOutcome.UNAVAILABLE, ProbeOutcome.INVALID_RESPONSE])
def test_nothing_is_visited_before_the_first_real_answer(prober, visitor, answer):
    attempt = Attempt(prober, visitor, poll_policy=PollPolicy(check_interval=0.01))
    prober.answer(Probe(answer, message="down"))
    attempt.until(says="down")
    assert visitor.visit_count == 0
    attempt.control.cancel()
    attempt.end()


@pytest.mark.parametrize(
    ("answer", "failure"), [(ProbeOutcome.UNAUTHORIZED, Failure.API_KEY), (ProbeOutcome.NOT_FOUND, Failure.NOT_FOUND)]
)
def test_refusals_end_it_at_once_with_the_reason(prober, visitor, answer, failure):
    attempt = Attempt(prober, visitor)
    prober.answer(Probe(answer, message="no"))
    event = attempt.until(State.FAILED)
    assert (event.failure, event_text(event.notice)) == (failure, "no")
    attempt.end()


@pytest.mark.parametrize("answer", [ProbeOutcome.UNAVAILABLE, ProbeOutcome.INVALID_RESPONSE])
def test_trouble_is_reported_and_waited_out(prober, visitor, answer):
    attempt = Attempt(prober, visitor, poll_policy=PollPolicy(check_interval=0.01))
    prober.answer(Probe(answer, message="odd"))
    attempt.until(State.WAITING, says="odd, checking now")
    prober.answer(there(0))
    attempt.until(State.AVAILABLE)
    attempt.end()


def failed(persistence, message="odd"):
    return Probe(ProbeOutcome.INVALID_RESPONSE, message=message, persistence=persistence)


def test_what_cannot_pass_ends_at_once(prober, visitor):
    attempt = Attempt(prober, visitor)
    prober.answer(failed(Persistence.PERMANENT))
    event = attempt.until(State.FAILED)
    assert (event.failure, event_text(event.notice)) == (Failure.SERVER, "odd.")
    attempt.end()
    assert (prober.count, visitor.visit_count) == (1, 0)


def test_what_looks_permanent_is_confirmed_twice_within_fifteen_seconds(prober, visitor, monkeypatch):
    assert 2 * monitor._CONFIRM_AFTER_S < 15
    monkeypatch.setattr(monitor, "_CONFIRM_AFTER_S", 0.01)
    attempt = Attempt(prober, visitor)
    for _ in range(3):
        prober.answer(failed(Persistence.LIKELY_PERMANENT))
    assert attempt.until(State.FAILED).failure is Failure.SERVER
    attempt.end()
    assert (prober.count, visitor.visit_count) == (3, 0)


def test_a_server_that_was_understood_once_is_waited_for(prober, monkeypatch):
    monkeypatch.setattr(monitor, "_CONFIRM_AFTER_S", 0.01)
    attempt = Attempt(prober, poll_policy=PollPolicy(check_interval=0.01))
    prober.answer(failed(Persistence.LIKELY_PERMANENT))
    prober.answer(NOT_YET)
    for _ in range(4):
        prober.answer(failed(Persistence.LIKELY_PERMANENT))
    prober.answer(there(0))
    attempt.until(State.AVAILABLE)
    attempt.end()


def test_a_page_that_needs_a_sign_in_ends_it_unless_a_user_is_there(prober, visitor):
    attempt = Attempt(prober, visitor)
    prober.answer(NOT_YET)
    attempt.until(State.VISITING)
    visitor.end_visit(SignInRequiredError("It cannot be seen without signing in.", "Run wandb-tui login."))
    event = attempt.until(State.FAILED)
    assert event.failure is Failure.SIGN_IN
    assert event.error.problem is SignInProblem.NO_CREDENTIALS
    attempt.end()
    attempt = Attempt(prober, visitor, user_can_fix=True)
    prober.answer(NOT_YET)
    attempt.until(State.VISITING)
    visitor.end_visit(SignInRequiredError("It cannot be seen without signing in."))
    attempt.until(State.WAITING, says="cannot be seen without signing in. Trying again in")
    attempt.control.cancel()
    attempt.end()


def test_an_artifact_that_stayed_behind_is_reported_after_one_visit(prober, visitor):
    moved = replace(NOT_YET, elsewhere="lab/old")
    attempt = Attempt(prober, visitor)
    prober.answer(moved)
    attempt.until(State.VISITING)
    visitor.end_visit()
    attempt.until(State.WAITING, says="loaded")
    attempt.control.change_goal(Goal.parse("newer"))
    prober.answer(moved)
    event = attempt.until(State.FAILED)
    assert event.failure is Failure.NOT_FOUND
    assert "was moved here, but its history artifact stayed in lab/old. Use lab/old/run-abc123-history" in str(
        event.error
    )
    attempt.end()
    attempt = Attempt(FakeProber(moved))
    assert attempt.until(State.FAILED).failure is Failure.NOT_FOUND
    attempt.end()


def test_a_server_without_artifacts_ends_the_attempt_unless_the_goal_needs_none(visitor):
    lacking = replace(NOT_YET, lacks=("artifactCollectionMembership", "artifact.versionIndex"))
    attempt = Attempt(FakeProber(lacking), visitor)
    event = attempt.until(State.FAILED)
    assert event.failure is Failure.SERVER
    assert "its API lacks artifactCollectionMembership, artifact.versionIndex" in str(event.error)
    attempt.end()
    ended = replace(lacking, run=RunInfo(state="finished"))
    attempt = Attempt(FakeProber(ended), visitor, goal="ended")
    attempt.until(State.AVAILABLE)
    attempt.end()


def test_a_rate_limit_says_when_it_goes_on(prober, visitor):
    attempt = Attempt(prober, visitor)
    prober.answer(Probe(ProbeOutcome.UNAVAILABLE, message="Rate limited", retry_after=17))
    event = attempt.until(says="Rate limited, next check in 17 s")
    assert event.next_probe == pytest.approx(17, abs=0.5)
    attempt.control.cancel()
    attempt.end()


def test_no_visit_begins_while_another_monitors_question_is_limited(prober, visitor):
    prober.limited_for = 0.3
    attempt = Attempt(prober, visitor)
    prober.answer(NOT_YET)
    attempt.until(says="not available yet")
    assert visitor.visit_count == 0
    prober.limited_for = 0.0
    attempt.until(State.VISITING)
    attempt.control.cancel()
    attempt.end()


def test_a_failed_visit_is_tried_again_while_the_polling_goes_on(prober, visitor):
    attempt = Attempt(prober, visitor, poll_policy=PollPolicy(check_interval=0.05))
    prober.answer(NOT_YET)
    attempt.until(State.VISITING)
    visitor.end_visit(VisitError("The page is empty."))
    event = attempt.until(State.WAITING, says="The page is empty. Trying again in 5 s")
    assert event.state is State.WAITING
    prober.answer(NOT_YET)
    attempt.control.visit()
    attempt.until(State.VISITING)
    attempt.control.cancel()
    attempt.end()


def test_an_expired_session_signs_in_again(prober, visitor):
    attempt = Attempt(prober, visitor)
    prober.answer(NOT_YET)
    attempt.until(State.VISITING)
    visitor.is_signed_in = False
    visitor.end_visit(SignedOutError("expired"))
    attempt.until(State.SIGNING_IN, says="Signing in")
    visitor.end_sign_in()
    attempt.until(State.VISITING)
    attempt.control.cancel()
    attempt.end()


def test_a_refused_sign_in_fails_without_a_user(prober):
    visitor = FakeVisitor(signed_in=False)
    attempt = Attempt(prober, visitor)
    prober.answer(NOT_YET)
    attempt.until(State.SIGNING_IN)
    visitor.end_sign_in(WRONG)
    assert attempt.until(State.FAILED).failure is Failure.SIGN_IN
    attempt.end()


def test_a_refused_sign_in_waits_for_the_user_with_its_clock_stopped(prober):
    visitor = FakeVisitor(signed_in=False)
    attempt = Attempt(
        prober, visitor, poll_policy=PollPolicy(check_interval=0.02, max_wait_time=0.3), user_can_fix=True
    )
    prober.answer(NOT_YET)
    attempt.until(State.SIGNING_IN, says="Signing in")
    visitor.end_sign_in(WRONG)
    event = attempt.until(State.SIGNING_IN, says="Wrong e-mail or password")
    assert event.clock_stopped
    time.sleep(0.5)  # longer than max_wait_time: the attempt must outlive it
    for _ in range(3):
        prober.answer(NOT_YET)
    assert attempt.events.empty(), "the row goes on saying that it needs the user"
    visitor.fix()
    attempt.until(State.SIGNING_IN, says="Signing in")
    visitor.end_sign_in()
    attempt.until(State.VISITING)
    attempt.control.cancel()
    attempt.end()


def test_an_unreachable_sign_in_page_is_a_failed_visit(prober):
    visitor = FakeVisitor(signed_in=False)
    attempt = Attempt(prober, visitor)
    prober.answer(NOT_YET)
    attempt.until(State.SIGNING_IN)
    visitor.end_sign_in(SignInError(SignInProblem.UNREACHABLE, "No answer."))
    attempt.until(State.WAITING, says="No answer. Trying again in 5 s")
    attempt.control.cancel()
    attempt.end()


def test_no_browser_fails_without_a_user(prober):
    visitor = FakeVisitor(signed_in=False)
    attempt = Attempt(prober, visitor)
    prober.answer(NOT_YET)
    attempt.until(State.SIGNING_IN)
    visitor.end_sign_in(NoBrowserError("No browser."))
    assert attempt.until(State.FAILED).failure is Failure.NO_BROWSER
    attempt.end()


def test_it_gives_up_in_time_and_says_what_was_last(prober):
    attempt = Attempt(prober, poll_policy=PollPolicy(check_interval=0.05, max_wait_time=0.2))
    prober.answer(NOT_YET)
    event = attempt.until(State.TIMED_OUT)
    assert event.status is MonitorStatus.TIMEOUT
    assert "not available yet" in event_text(event.notice)
    attempt.end()


@pytest.mark.parametrize("answered", [False, True])
def test_a_cancel_ends_a_long_wait(prober, visitor, answered):
    attempt = Attempt(prober, visitor)
    attempt.until(State.WAITING)
    if answered:
        prober.answer(NOT_YET)
        attempt.until(State.VISITING)
    attempt.control.cancel()
    attempt.until(State.CANCELLED)
    attempt.end()


def test_a_goal_can_change_under_way(prober):
    attempt = Attempt(prober)
    prober.answer(NOT_YET)
    attempt.until(says="not available yet")
    attempt.control.change_goal(Goal.parse("step:200"))
    attempt.until(says="Waiting for step:200 from now on")
    prober.answer(there(0, Coverage(99, complete=False, last_step=299)))
    attempt.until(says="v0 covers step 99, waiting for 200")
    assert prober.coverage == [False, True]
    attempt.control.cancel()
    attempt.end()


def test_newer_compares_with_what_stood_at_the_beginning(prober):
    attempt = Attempt(prober, goal="newer", poll_policy=PollPolicy(check_interval=0.01))
    prober.answer(there(4))
    attempt.until(says="v4 was there before")
    prober.answer(there(5))
    assert attempt.until(State.AVAILABLE).artifact.endswith(":v5")
    attempt.end()


def test_a_fault_of_ours_ends_as_a_row_that_says_so(prober):
    attempt = Attempt(prober)
    prober.asked.get(timeout=60).set_exception(ValueError("surprise"))
    event = attempt.until(State.FAILED)
    assert event.failure is Failure.INTERNAL
    assert "see the log" in event_text(event.notice)
    attempt.end()


def test_a_new_goal_is_asked_about_before_the_page_is_visited_for_it(prober, visitor):
    attempt = Attempt(prober, visitor, goal="v1")
    prober.answer(there(0))
    attempt.until(State.VISITING)
    visitor.end_visit()
    attempt.until(State.WAITING, says="loaded")
    attempt.control.change_goal(Goal.parse("step:200"))
    attempt.until(says="Waiting for step:200")
    assert visitor.visit_count == 1
    prober.answer(there(0, Coverage(99, complete=False, last_step=299)))
    attempt.until(State.VISITING)
    attempt.control.cancel()
    attempt.end()


def test_a_new_goal_during_a_visit_lets_the_visit_end_and_may_be_met_meanwhile(prober, visitor):
    attempt = Attempt(prober, visitor, goal="v1")
    prober.answer(there(0))
    attempt.until(State.VISITING)
    attempt.control.change_goal(Goal.parse("exists"))
    event = attempt.until(says="Waiting for exists")
    assert event.state is State.VISITING
    prober.answer(there(0))
    attempt.until(State.AVAILABLE)
    attempt.end()
    assert visitor.visit_count == 1


def test_a_new_goal_during_a_sign_in_that_needs_the_user_changes_nothing_else(prober):
    visitor = FakeVisitor(signed_in=False)
    attempt = Attempt(prober, visitor, goal="v1", user_can_fix=True)
    prober.answer(there(0))
    attempt.until(State.SIGNING_IN, says="Signing in")
    visitor.end_sign_in(WRONG)
    attempt.until(says="Sign-in failed")
    attempt.control.change_goal(Goal.parse("v2"))
    assert attempt.until(says="Waiting for v2").clock_stopped
    prober.answer(there(0))
    visitor.fix()
    attempt.until(State.SIGNING_IN, says="Signing in")
    visitor.end_sign_in()
    attempt.until(State.VISITING)
    attempt.control.cancel()
    attempt.end()


def test_newer_counts_from_the_moment_it_was_requested(prober):
    attempt = Attempt(prober, goal="v9")
    prober.answer(NOT_YET)
    attempt.until(says="not available yet")
    attempt.control.change_goal(Goal.parse("newer"))
    prober.answer(there(2))
    attempt.until(says="v2 was there before")
    attempt.control.cancel()
    attempt.end()


def test_a_doubt_is_reported_once_and_stays_with_every_event(prober):
    attempt = Attempt(prober, goal="step:300", poll_policy=PollPolicy(check_interval=0.01))
    for _ in range(3):
        prober.answer(there(0, Coverage(299, complete=True, last_step=299)))
    first = attempt.until(says="ended at step 299")
    assert first.level is Level.WARNING
    for _ in range(2):
        event = attempt.until(says="waiting for 300")
        assert Event.of(event).goal_warnings == (event_text(first.notice),)
    assert sum("ended at step 299" in event_text(event.notice) for event in attempt.seen) == 1
    attempt.control.change_goal(Goal.parse("exists"))
    assert attempt.until(says="Waiting for exists").warnings == ()
    attempt.control.cancel()
    attempt.end()


def test_an_export_without_the_step_that_had_been_logged_is_renewed_soon(prober, visitor, monkeypatch):
    monkeypatch.setattr(schedule, "_FIRST_VISIT_RETRY_S", 0.01)
    attempt = Attempt(prober, visitor, goal="step:200", poll_policy=PollPolicy(check_interval=0.01))
    stale = there(0, Coverage(99, complete=False, last_step=299))
    prober.answer(stale)
    attempt.until(State.VISITING)
    visitor.end_visit()
    attempt.until(says="loaded")
    # The same version again says nothing about the visit.
    prober.answer(stale)
    assert visitor.visit_count == 1
    prober.answer(there(1, Coverage(150, complete=False, last_step=299)))
    attempt.until(State.VISITING)
    assert visitor.visit_count == 2
    attempt.control.cancel()
    attempt.end()


def test_newer_asks_once_whether_anything_is_left_to_export(prober):
    attempt = Attempt(prober, goal="newer", poll_policy=PollPolicy(check_interval=0.01))
    prober.answer(there(3, Coverage(299, complete=True, last_step=299)))
    attempt.until(says="holds all of it")
    prober.answer(there(3))
    prober.answer(there(3))
    assert prober.coverage[:3] == [True, False, False]
    attempt.control.cancel()
    attempt.end()


def test_a_run_that_goes_on_says_so_in_what_it_waits_for(prober):
    attempt = Attempt(prober)
    prober.answer(Probe(ProbeOutcome.NOT_YET, run=RunInfo("brisk-sun-1", "running", 1204)))
    event = attempt.until(says="Artifact not available yet (run running, step 1,204), next check in")
    assert Event.of(event).reason == "Artifact not available yet (run running, step 1,204)"
    assert event.run_info.last_step == 1204
    attempt.control.cancel()
    attempt.end()


def test_a_browser_that_is_closed_under_a_visit_ends_the_attempt_without_a_fault(prober, visitor, caplog):
    attempt = Attempt(prober, visitor)
    prober.answer(NOT_YET)
    attempt.until(State.VISITING)
    assert visitor.visits.get(timeout=60).cancel()
    assert "closed" in event_text(attempt.until(State.CANCELLED).notice)
    attempt.end()
    assert not caplog.records


def running(last_step):
    return Probe(ProbeOutcome.NOT_YET, run=RunInfo("brisk-sun-1", "running", last_step))


@pytest.mark.parametrize(
    ("goal", "too_little", "enough"),
    [
        ("exists", running(None), running(0)),
        ("step:200", running(150), running(200)),
        ("complete", running(299), NOT_YET),
    ],
)
def test_a_visit_that_found_too_little_to_export_is_made_up_for(prober, visitor, goal, too_little, enough):
    attempt = Attempt(prober, visitor, goal=goal, poll_policy=PollPolicy(check_interval=0.01))
    prober.answer(too_little)
    attempt.until(State.VISITING)
    visitor.end_visit()
    attempt.until(State.WAITING, says="loaded")
    prober.answer(too_little)
    prober.answer(too_little)
    assert visitor.visit_count == 1
    prober.answer(enough)
    attempt.until(State.VISITING)
    visitor.end_visit()
    attempt.until(State.WAITING, says="loaded")
    for _ in range(3):
        prober.answer(enough)
    assert visitor.visit_count == 2, "once is enough"
    attempt.control.cancel()
    attempt.end()
