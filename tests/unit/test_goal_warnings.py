"""Warnings of a goal that may never be met, or be of no use."""

import pytest

from wandb_tui.core.goal import Goal
from wandb_tui.core.probe import ArtifactVersion, Coverage, Probe, ProbeOutcome, RunInfo
from wandb_tui.core.verdict import GoalWarningKind


def probe(state="finished", last=299, *, complete=None, rise=None, without_steps=False):
    run = RunInfo("brisk-sun-1", state, last, rise, without_steps)
    coverage = None if complete is None else Coverage(last, complete, last)
    return Probe(ProbeOutcome.FOUND, ArtifactVersion(3), run, coverage)


@pytest.mark.parametrize(
    ("goal", "answer", "forks", "expected", "says"),
    [
        ("complete", probe("running", 1204), None, GoalWarningKind.RUNNING, "still running, step 1,204"),
        ("step:300", probe("finished"), None, GoalWarningKind.TOO_SHORT, "ended at step 299: step 300 comes only if"),
        (
            "step:1",
            probe("crashed", None, without_steps=True),
            None,
            GoalWarningKind.TOO_SHORT,
            "ended without logging a step",
        ),
        ("step:300", probe("running"), None, GoalWarningKind.TOO_SHORT, "only reached step 299"),
        ("newer", probe(complete=True), None, GoalWarningKind.NOTHING_NEWER, "v3 holds all of it"),
        ("step:200", probe(), False, GoalWarningKind.NO_FORKS, "do not support forking"),
        ("step:200", probe(rise=False), True, GoalWarningKind.STEPS_FALL, "do not always increase"),
    ],
)
def test_each_reason_is_a_warning(goal, answer, forks, expected, says):
    (warning,) = Goal.parse(goal).warnings(answer, forks=forks)
    assert warning.kind is expected
    assert says in Goal.parse(goal).describe_warning(warning)


@pytest.mark.parametrize(
    ("goal", "answer"),
    [
        ("exists", probe("running", 0, rise=False)),
        ("v9", probe("running")),
        ("complete", probe()),
        ("complete", probe("")),
        ("step:299", probe()),
        ("step:300", probe("", None)),
        ("step:300", probe("finished", None)),
        ("step:5", probe("running", None)),
        ("newer", probe(complete=False)),
        ("newer", probe("running", complete=True)),
        ("newer", probe()),
    ],
)
def test_no_warning_without_a_reason(goal, answer):
    assert not list(Goal.parse(goal).warnings(answer, forks=None if goal != "step:299" else True))


def test_no_warning_about_forks_without_a_goal_for_one():
    assert not list(Goal.parse("complete").warnings(probe(rise=False), forks=False))
