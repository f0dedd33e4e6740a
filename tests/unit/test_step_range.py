"""Ranges of steps, as typed and as passed."""

import pytest

from wandb_tui import UsageError
from wandb_tui.core.step_range import StepRange


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (None, (None, None)),
        ("10:20", (10, 20)),
        (":20", (None, 20)),
        ("10:", (10, None)),
        (" 90_000 : 100,000 ", (90_000, 100_000)),
        (range(3, 9), (3, 9)),
        (slice(3, None), (3, None)),
        ((None, 5), (None, 5)),
    ],
)
def test_it_is_read_from_texts_ranges_slices_and_pairs(steps, expected):
    found = StepRange.of(steps)
    assert (found.start, found.stop) == expected


@pytest.mark.parametrize("steps", ["10", "a:b", "-1:5", "5:5", "9:3", "0:0", range(0, 9, 2), 7, (1, 2, 3), "1:2:3"])
def test_anything_else_is_refused_with_a_hint(steps):
    with pytest.raises(UsageError) as refused:
        StepRange.of(steps)
    assert refused.value.hint


def test_it_overlaps_where_a_step_is_in_both():
    steps = StepRange(10, 20)
    assert steps.overlaps(0, 10)
    assert steps.overlaps(19, 50)
    assert not steps.overlaps(0, 9)
    assert not steps.overlaps(20, 50)
    assert StepRange().overlaps(0, 0)
