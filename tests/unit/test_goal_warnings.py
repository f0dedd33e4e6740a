"""What speaks against a goal is told before anybody waits in vain."""

import pytest

from wandb_tui.core.goal import Goal
from wandb_tui.core.goal_warnings import GoalWarning, goal_warnings
from wandb_tui.core.probe import ArtifactVersion, Coverage, Probe, ProbeOutcome, RunInfo


def probe(state="finished", last=299, *, complete=None, rise=None):
    run = RunInfo("brisk-sun-1", state, last, rise)
    coverage = None if complete is None else Coverage(last, complete, last)
    return Probe(ProbeOutcome.FOUND, ArtifactVersion(3), run, coverage)


@pytest.mark.parametrize(
    ("goal", "answer", "forks", "expected", "says"),
    [
        ("complete", probe("running", 1204), None, GoalWarning.RUNNING, "still running, step 1,204"),
        ("step:300", probe("finished"), None, GoalWarning.TOO_SHORT, "ended at step 299: step 300 comes only if"),
        ("step:1", probe("crashed", None), None, GoalWarning.TOO_SHORT, "ended without logging a step"),
        ("step:300", probe("running"), None, GoalWarning.TOO_SHORT, "reached step 299 only"),
        ("newer", probe(complete=True), None, GoalWarning.NOTHING_NEWER, "v3 holds all of it"),
        ("step:200", probe(), False, GoalWarning.NO_FORKS, "offer no forking"),
        ("step:200", probe(rise=False), True, GoalWarning.STEPS_FALL, "do not only rise"),
    ],
)
def test_each_doubt_is_told(goal, answer, forks, expected, says):
    told = dict(goal_warnings(Goal.parse(goal), answer, forks=forks))
    assert list(told) == [expected]
    assert says in told[expected]


@pytest.mark.parametrize(
    ("goal", "answer"),
    [
        ("exists", probe("running", 0, rise=False)),
        ("v9", probe("running")),
        ("complete", probe()),
        ("complete", probe("")),
        ("step:299", probe()),
        ("step:300", probe("", None)),
        ("step:5", probe("running", None)),
        ("newer", probe(complete=False)),
        ("newer", probe("running", complete=True)),
        ("newer", probe()),
    ],
)
def test_nothing_is_feared_without_a_reason(goal, answer):
    assert not list(goal_warnings(Goal.parse(goal), answer, forks=None if goal != "step:299" else True))


def test_no_fork_is_feared_where_none_is_wished_for():
    assert not list(goal_warnings(Goal.parse("complete"), probe(rise=False), forks=False))
