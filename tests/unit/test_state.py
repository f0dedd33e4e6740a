"""The legal moves between states."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandb_tui.core.state import State, may_move

USUAL = [State.QUEUED, State.WAITING, State.SIGNING_IN, State.VISITING, State.WAITING, State.AVAILABLE]
states = st.sampled_from(list(State))


def test_the_usual_way_is_open():
    assert all(may_move(old, new) for old, new in pairwise(USUAL))


@given(states, states)
def test_nothing_follows_a_final_state(old, new):
    if old.final:
        assert not may_move(old, new)


@given(states)
def test_nothing_returns_to_the_queue(old):
    assert may_move(old, State.QUEUED) is (old is State.QUEUED)


@given(states, st.sampled_from([State.FAILED, State.CANCELLED, State.TIMED_OUT, State.AVAILABLE]))
def test_every_attempt_can_end_at_any_time(old, new):
    assert may_move(old, new) is not old.final


@pytest.mark.parametrize("state", list(State))
def test_four_states_are_final(state):
    assert state.final is (state.value in {"available", "timed-out", "failed", "cancelled"})
