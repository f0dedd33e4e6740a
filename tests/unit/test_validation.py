"""Times, goals and runs that callers pass are validated before anything starts."""

import time

import numpy as np
import pytest

from wandb_tui import MonitorGroup, UsageError, download_history, fork_when_ready, wait_for_history
from wandb_tui.core.validation import MIN_INTERVAL_S, checked_seconds
from wandb_tui.library.branch import _BranchAttempts

RUN = "lab/forks/abc"
HOST = {"host": "http://127.0.0.1:9", "api_key": "k" * 40}


@pytest.mark.parametrize("value", [0, 1.5, np.int64(3), np.float32(2)])
def test_seconds(value):
    assert checked_seconds("timeout", value) == value


@pytest.mark.parametrize("value", [None, "5", -1, float("nan"), float("inf"), True])
@pytest.mark.parametrize(
    "call",
    [
        lambda value: wait_for_history(RUN, timeout=value, **HOST),
        lambda value: fork_when_ready(RUN, 5, timeout=value, **HOST),
        lambda value: download_history(RUN, "nowhere", timeout=value, **HOST),
        lambda value: wait_for_history(RUN, check_interval=value, **HOST),
        lambda value: MonitorGroup(max_wait_time=value, **HOST),
    ],
)
def test_what_is_no_time(call, value):
    with pytest.raises(UsageError, match="is not a number of seconds"):
        call(value)


def test_the_least_interval_and_how_to_wait_for_ever_are_reported():
    with pytest.raises(UsageError, match=f"{MIN_INTERVAL_S} or more"):
        wait_for_history(RUN, check_interval=0, **HOST)
    with pytest.raises(UsageError, match="0 to wait for ever"):
        wait_for_history(RUN, timeout=None, **HOST)


@pytest.mark.parametrize("until", [200, None, "soon"])
def test_what_is_no_goal(until):
    with pytest.raises(UsageError, match="is not a goal"):
        wait_for_history(RUN, until, **HOST)


@pytest.mark.parametrize("step", [200.0, "200", True, -1])
def test_what_is_no_step(step):
    with pytest.raises(UsageError, match="not a step to fork at"):
        fork_when_ready(RUN, step, **HOST)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "No step is given"),
        ({"step": 5, "at": "loss=1"}, "cannot both be given"),
        ({"step": 5, "nearest": True}, "by a metric's value only"),
        ({"at": "loss"}, "not a metric and a number"),
    ],
)
def test_a_step_or_a_metric_is_needed(arguments, says):
    with pytest.raises(UsageError, match=says):
        fork_when_ready(RUN, **arguments, **HOST)


@pytest.mark.parametrize(
    ("timeout", "passed", "seconds"), [(0, 50, 0), (300, 299.95, 0.1), (300, 300, 0.1), (300, 500, 0.1)]
)
def test_a_wait_whose_time_has_run_out_is_short_and_not_endless(timeout, passed, seconds):
    attempts = object.__new__(_BranchAttempts)
    attempts._timeout, attempts._started = timeout, time.monotonic() - passed
    assert attempts._seconds() == seconds
