"""The step that a metric's value stands for, and when waiting for it ends."""

import math

import pyarrow as pa
import pytest

from tests.unit.core_fakes import RUN, there
from wandb_tui.core.errors import ForkError, UsageError, WaitTimeoutError
from wandb_tui.core.metric_value import MetricValue
from wandb_tui.core.probe import Coverage, Probe, ProbeOutcome, RunInfo
from wandb_tui.core.state import State
from wandb_tui.library.metric_step import find_step, nearest_step
from wandb_tui.library.results import MonitorResult

COMPLETE = Coverage(covered=299, complete=True, last_step=299)
GOING_ON = Probe(ProbeOutcome.FOUND, there().artifact, RunInfo("brisk-sun-1", "running", 299), COMPLETE)


@pytest.mark.parametrize(
    ("text", "metric", "value"),
    [
        ("global_step=121638", "global_step", 121638),
        ("global_step=121,638", "global_step", 121638),
        ("train/loss =0.25", "train/loss", 0.25),
        ("lr=1e-4", "lr", 1e-4),
        ("return=-3", "return", -3),
        ("a=b=7", "a=b", 7),
    ],
)
def test_a_metric_and_its_value_are_read(text, metric, value):
    wanted = MetricValue.parse(text)
    assert (wanted.metric, wanted.value) == (metric, value)
    assert MetricValue.parse(str(wanted)) == wanted


@pytest.mark.parametrize("text", ["", "loss", "loss=", "=5", "loss=low", "loss=nan", "loss=inf", "_step=5", "a=1=x"])
def test_what_is_no_metric_and_number_is_refused(text):
    with pytest.raises(UsageError):
        MetricValue.parse(text)


def table(values, kind=None):
    return pa.table({"_step": range(len(values)), "m": pa.array(values, kind)})


@pytest.mark.parametrize(
    ("values", "wanted", "step", "value", "highest"),
    [
        ([0, 10, 20, 30], 20, 2, 20, 30),
        ([0, 10, 10, 20], 10, 2, 10, 20),
        ([0, 10, 20, 30], 25, 2, 20, 30),
        ([5, 10], 4, None, math.nan, 10),
        ([None, None], 4, None, math.nan, None),
        ([0.5, math.nan, None, 0.25, math.inf], 0.3, 3, 0.25, 0.5),
        # Not rising: the last step with the nearest value.
        ([3, 1, 2, 1], 1, 3, 1, 3),
        ([2**53 + 2, 2**53 + 4], 2**53 + 2, 0, 2**53 + 2, 2**53 + 4),
    ],
)
def test_the_nearest_at_or_below_is_found(values, wanted, step, value, highest):
    found = nearest_step(table(values), MetricValue("m", wanted))
    assert (found.step, found.highest) == (step, highest)
    assert found.value == value or math.isnan(value)


def test_what_holds_no_numbers_is_refused():
    with pytest.raises(UsageError, match="m does not hold numbers"):
        nearest_step(table(["a"]), MetricValue("m", 1))


class Export:
    """A run whose export grows by a version each time that a newer one is waited for."""

    def __init__(self, *versions, probe, seconds=None):
        self.versions = list(versions)
        self.probes = probe
        self.seconds = seconds
        self.goals = []

    def wait(self, run, goal, seconds):
        self.goals.append(goal)
        if goal == "newer" and len(self.versions) > 1:
            self.versions.pop(0)
        return MonitorResult(True, True, f"{run}:v0", 0.0, None, State.AVAILABLE)

    def read(self, run, artifact, columns):
        assert columns == ["m"]
        if isinstance(self.versions[0], Exception):
            raise self.versions[0]
        return table(self.versions[0])

    def find(self, value, *, nearest=False):
        def left():
            if self.seconds is not None:
                self.seconds -= 1
            return self.seconds

        wanted = MetricValue("m", value, nearest)
        return find_step(RUN, wanted, left=left, wait=self.wait, read=self.read, probe=lambda run: self.probes)


def test_a_value_that_is_still_to_come_is_waited_for():
    export = Export(UsageError("No column is called m."), [0, 10], [0, 10, 20], probe=GOING_ON)
    found = export.find(20)
    assert (found.step, found.value, found.artifact) == (2, 20, f"{RUN}:v0")
    assert export.goals == ["exists", "newer", "newer"]


def test_the_nearest_counts_only_once_the_value_has_been_passed():
    export = Export([0, 10], [0, 10, 18], [0, 10, 18, 26], probe=GOING_ON)
    found = export.find(20, nearest=True)
    assert (found.step, found.value) == (2, 18)
    assert found.describe(MetricValue("m", 20)) == "nearest below 20: m=18 is step 2"


def test_a_run_that_has_ended_below_the_value_gives_its_last():
    assert Export([0, 10], probe=there(0, COMPLETE)).find(20, nearest=True).step == 1


@pytest.mark.parametrize(
    ("values", "probe", "nearest", "says"),
    [
        ([0, 10, 30], GOING_ON, False, r"m was never 20 in .*; the nearest below is 10 at step 1\. Ask for"),
        ([0, 10], there(0, COMPLETE), False, "the nearest below is 10 at step 1"),
        ([30], GOING_ON, True, "m was never as low as 20"),
        ([None], there(0, COMPLETE), True, "has no value of m"),
    ],
)
def test_a_value_that_never_was_is_said_at_once(values, probe, nearest, says):
    export = Export(values, probe=probe)
    with pytest.raises(ForkError, match=says):
        export.find(20, nearest=nearest)
    assert export.goals == ["exists"]


def test_a_metric_that_is_missing_from_the_whole_history_is_said_at_once():
    with pytest.raises(UsageError, match="No column is called m"):
        Export(UsageError("No column is called m."), probe=there(0, COMPLETE)).find(20)


def test_an_older_version_is_no_proof():
    export = Export([0, 10], [0, 10, 20], probe=there(1, COMPLETE))
    assert export.find(20).step == 2


def test_it_gives_up_in_time():
    export = Export([0, 10], probe=GOING_ON, seconds=3)
    with pytest.raises(WaitTimeoutError, match="holds only 10 while m=20 is waited for"):
        export.find(20)
    assert export.goals == ["exists", "newer"]
