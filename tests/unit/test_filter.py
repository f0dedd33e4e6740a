"""The filter's grammar, and which runs match: brackets, comparisons, what is half typed, what is not known yet."""

from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import RunFacts
from wandb_tui.core.goal import Goal
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.state import State
from wandb_tui.core.watched_run import WatchedRun
from wandb_tui.ui.table.filter import Filter
from wandb_tui.ui.table.filter_grammar import FilterSyntaxError, parse

DAY = datetime(2026, 11, 29, 12, tzinfo=UTC)
FACTS = {
    "a": RunFacts(tags=("hero",), config=(("lr", 0.001), ("opt.name", "Adam")), summary=(("loss", 0.5),), created=DAY),
    "b": RunFacts(tags=("zero",), config=(("lr", 0.1), ("opt.name", "SGD"), ("debug", True)), group="big one"),
    "c": RunFacts(summary=(("loss", float("nan")), ("lr", 7.0), ("val/acc", 0.9))),
}


def row(run_id, state=State.WAITING, step=None):
    run = RunAddress("lab", "forks", run_id)
    return WatchedRun(run, Goal(), PollPolicy(), 1, state, run_info=RunInfo(run_id, "running", step))


ROWS = [row("a", State.FAILED, 10), row("b", State.AVAILABLE, 200), row("c", step=299), row("unknown")]
KNOWN = SimpleNamespace(names={"lr", "loss", "opt.name", "debug", "val/acc"}, get=lambda run: FACTS.get(run.run_id))


def matching(text):
    found = Filter(text, KNOWN)
    assert not found.error, found.error
    return "".join(row.run.run_id[0] for row in found.pick(ROWS, 100.0))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", "abcu"),
        ("lr>=1e-3 and (state:failed or tag:zero)", "ab"),
        ("lr > 0.01", "bc"),
        ("config.lr>0.01", "b"),
        ("summary.lr>0.01", "c"),
        ("opt.name=adam", "a"),
        ("opt.name!=adam", "b"),
        ("debug=true", "b"),
        ("debug>0", ""),
        ('"val/acc">=.9', "c"),
        ("val/acc>=.9", "c"),
        ("loss<1", "a"),
        ("not loss<1", "bc"),
        ("tag:hero", "a"),
        ("!tag:hero", "bc"),
        ('group:"big one"', "b"),
        ("step>=200", "bc"),
        ("step=10 or step=299", "ac"),
        ("created>2026-11-28", "a"),
        ("created<2026-11-28", ""),
        ("try=1", "abcu"),
        ("state:failed or state:ready", "ab"),
        ("state:failed or not state:failed", "abcu"),
        ("tag:hero or state:waiting", "acu"),
        ("not (state:failed or state:ready)", "cu"),
        ("!(state:failed or state:ready) step>1", "c"),
        ("run:a run:b", ""),
        ("NOT run:a AND NOT run:b", "cu"),
        ('"and"', ""),
        ("android", ""),
        ("nothing=3", ""),
        ("not nothing=3", "abc"),
    ],
)
def test_which_runs_match(text, left):
    assert matching(text) == left


@pytest.mark.parametrize(
    ("text", "error", "wrong"),
    [
        ("a )", "“)” does not fit here", ")"),
        ("and a", "“and” does not fit here", "and"),
        ("a or or b", "“or” does not fit here", "or"),
        ("(or a)", "“or” does not fit here", "or"),
        ("a lr>=high b", "“high” is not a number", "lr>=high"),
        ("time>soon", "“soon” is not a time such as 90s or 1h30m", "time>soon"),
        ("created>monday", "“monday” is not a day such as 2026-11-29", "created>monday"),
        ("a or /(b/", "/(b/: missing )", "/(b/"),
    ],
)
def test_what_is_wrong_and_where(text, error, wrong):
    found = Filter(text)
    assert found.error == error
    start, end = found.error_span
    assert text[start:end] == wrong


@pytest.mark.parametrize(
    "text",
    [
        "lr>=1e-3 and (state:failed or tag:hero)",
        "not (a or b) time>1h30m",
        'created>=2026-11-29T12:30:00 or "val/acc">-0.5',
        'log:"failed it is" !goal:exists /r(1|2)0/',
    ],
)
def test_no_beginning_of_a_valid_filter_is_an_error(text):
    for end in range(len(text)):
        beginning = text[:end]
        if beginning.count("/") % 2 == 0:  # Half an expression may lack its bracket.
            assert not Filter(beginning).error, beginning


@given(st.text(alphabet='ab ()!"/\\:<>=.andortl1é\n', max_size=30))
def test_any_text_is_read_or_refused(text):
    with suppress(FilterSyntaxError):
        parse(text)
    found = Filter(text)
    start, end = found.error_span or (0, 1)
    assert bool(found.error) is (found.error_span is not None)
    assert 0 <= start < end <= max(1, len(text))


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("l>3", "no run has “l”"),
        ("los>3", "no run has “los”; did you mean “loss”?"),
        ("config.lr>3", ""),
        ("steps>3", "no run has “steps”; did you mean “step”?"),
        ("tags:hero", "did you mean “tag:”?"),
    ],
)
def test_a_likely_mistake(text, suggestion):
    assert Filter(text, KNOWN).suggestion == suggestion


def test_a_time_counts_on():
    running = row("a")
    running.running, running.clock_stopped, running.reported_at = True, False, 50.0
    found = Filter("time>=1m")
    assert found.ticks
    assert [len(found.pick([running], now)) for now in (109.0, 110.0)] == [0, 1]
