"""Goals: how they are written, and when they are met."""

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.commands import COMMANDS
from wandb_tui.cli import cli
from wandb_tui.core.errors import UsageError
from wandb_tui.core.goal import Goal, GoalKind, goal_examples
from wandb_tui.core.probe import ArtifactVersion, Coverage, Probe, ProbeOutcome, RunInfo


def there(version=0, coverage=None, state="finished"):
    return Probe(ProbeOutcome.FOUND, ArtifactVersion(version), RunInfo(state=state), coverage)


@given(st.builds(Goal, st.sampled_from([GoalKind.VERSION, GoalKind.STEP]), st.integers(0, 10**8)))
def test_numbers_are_printed_and_read_back(goal):
    assert Goal.parse(str(goal)) == goal


@pytest.mark.parametrize("text", ["exists", "newer", "complete", " Exists ", "v3", "V3", "step:200", "step=200"])
def test_goals_are_understood(text):
    assert Goal.parse(text)


@pytest.mark.parametrize(
    "text", ["", "v", "v-1", "step", "step:", "step:-1", "step:x", "versions", "v٣", "v" + "9" * 40]
)
def test_what_is_no_goal_says_what_is(text):
    with pytest.raises(UsageError, match="step:200"):
        Goal.parse(text)


@pytest.mark.parametrize(
    ("goal", "probe", "baseline", "met", "why"),
    [
        ("exists", Probe(ProbeOutcome.NOT_YET), -1, False, "not available yet"),
        ("exists", there(0), -1, True, "v0"),
        ("v3", there(2), -1, False, "waiting for v3"),
        ("v3", there(4), -1, True, "v4"),
        ("newer", there(1), 1, False, "was there before"),
        ("newer", there(2), 1, True, "v2"),
        ("newer", there(0), -1, True, "v0"),
        ("step:200", there(1), -1, False, "does not report"),
        ("step:200", there(1, Coverage(None, None, 300)), -1, False, "does not report"),
        ("step:200", there(1, Coverage(99, False, 300)), -1, False, "v1 covers step 99, waiting for 200"),
        ("step:200", there(1, Coverage(-1, False, 300)), -1, False, "covers no step"),
        ("step:200", there(1, Coverage(200, False, 300)), -1, True, "covers step 200"),
        ("step:200", there(1, Coverage(99, False, 150)), -1, False, "v1 covers step 99 of 150, waiting for 200"),
        ("step:200", there(1, Coverage(None, None, 300, "try this")), -1, False, "which steps it covers (try this)"),
        (
            "step:200",
            there(1, Coverage(150, True, 150)),
            -1,
            False,
            "150, the run's last, waiting for 200",
        ),
        ("complete", there(1), -1, False, "does not report"),
        ("complete", there(1, Coverage(99, False, 300)), -1, False, "of 300"),
        ("complete", there(1, Coverage(300, True, 300)), -1, True, "complete"),
        ("complete", there(1, Coverage(300, True, 300), "running"), -1, False, "still running"),
        ("ended", there(1, None, "running"), -1, False, "going on (running"),
        ("ended", there(1, None, "crashed"), -1, True, "has ended (crashed"),
        ("ended", Probe(ProbeOutcome.NOT_YET, run=RunInfo(state="killed")), -1, True, "has ended (killed"),
        ("ended", Probe(ProbeOutcome.NOT_YET), -1, False, "does not report whether"),
    ],
)
def test_verdicts(goal, probe, baseline, met, why):
    verdict = Goal.parse(goal).judge(probe, baseline)
    assert verdict.met is met
    assert why in f"v{verdict.version} {Goal.parse(goal).describe(verdict)}"


@pytest.mark.parametrize("kind", GoalKind, ids=str)
def test_every_kind_is_complete(kind):
    rule = kind.rule
    assert Goal.parse(rule.example).kind is kind
    assert str(Goal.parse(rule.example)) == rule.example
    assert rule.example.startswith(rule.completion)
    assert rule.meaning
    assert 0 < len(rule.short_meaning) <= 40
    for probe in (
        Probe(ProbeOutcome.NOT_YET),
        there(0),
        there(9, Coverage(99, False, 150)),
        there(9, Coverage(9, True, 9)),
    ):
        assert Goal.parse(rule.example).describe(Goal.parse(rule.example).judge(probe, 0))


def test_the_kinds_are_named_wherever_a_goal_is_asked_for():
    every = goal_examples()
    assert every == "exists, v3, newer, step:200, complete or ended"
    for arguments in (["--help"], ["wait", "--help"]):
        assert every in " ".join(CliRunner().invoke(cli, arguments).output.split())
    for typed, offered in (("", ["exists", "v", "newer", "step:", "complete", "ended"]), ("ne", ["newer"]), ("x", [])):
        option = next(parameter for parameter in COMMANDS["wait"].params if parameter.name == "until")
        assert [item.value for item in option.shell_complete(None, typed)] == offered


def test_only_steps_and_completeness_need_the_parquet_history():
    assert [str(kind) for kind in GoalKind if kind.rule.needs_coverage] == ["step", "complete"]


def test_only_the_end_of_the_run_needs_no_artifact():
    assert [str(kind) for kind in GoalKind if not kind.rule.needs_artifact] == ["ended"]
