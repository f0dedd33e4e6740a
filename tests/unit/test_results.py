"""The errors that a result raises, which survive being copied and sent elsewhere."""

import pickle
from copy import copy

import pytest

from wandb_tui.core.errors import ApiKeyError, ServerError, SignInError, SignInProblem, WaitTimeoutError, WandbTuiError
from wandb_tui.core.state import State
from wandb_tui.library.results import MonitorResult


def result(state, error=None, message="it was not met"):
    return MonitorResult(state is State.AVAILABLE, False, None, 1.0, message, state=state, error=error)


def test_a_goal_that_was_met_raises_nothing():
    result(State.AVAILABLE).raise_if_not_met()


def test_the_error_that_a_monitor_met_is_raised_with_all_that_it_tells():
    error = SignInError(SignInProblem.CHALLENGE, "The page asks for more.", "Use a window.")
    with pytest.raises(SignInError) as raised:
        result(State.FAILED, error).raise_if_not_met()
    assert raised.value is not error
    assert raised.value.problem is SignInProblem.CHALLENGE
    assert str(raised.value) == "The page asks for more. Use a window."


def test_a_time_out_names_the_server_that_did_not_answer_as_its_cause():
    with pytest.raises(WaitTimeoutError, match="not met") as raised:
        result(State.TIMED_OUT, ServerError("Nothing listens.")).raise_if_not_met()
    assert isinstance(raised.value.__cause__, ServerError)


@pytest.mark.parametrize("state", [State.CANCELLED, State.WAITING])
def test_what_has_no_kind_of_its_own_is_still_ours(state):
    with pytest.raises(WandbTuiError, match="not met"):
        result(state).raise_if_not_met()


@pytest.mark.parametrize("again", [copy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301 - our own
@pytest.mark.parametrize("error", [SignInError(SignInProblem.SSO, "a", "b"), ApiKeyError("a", "b"), ServerError("a")])
def test_errors_can_be_copied_and_sent_to_another_process(again, error):
    other = again(error)
    assert (type(other), str(other), other.hint) == (type(error), str(error), error.hint)
    assert getattr(other, "problem", None) is getattr(error, "problem", None)
