"""The texts typed to fork or rewind a run, and the line of Python that does the same."""

import pytest

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.branch_order import BranchOrder
from wandb_tui.core.errors import UsageError

RUN = RunAddress("lab", "forks", "abc123")
FORK, REWIND = BranchKind.FORK, BranchKind.REWIND


@pytest.mark.parametrize(
    ("kind", "where", "times", "call"),
    [
        (FORK, "200", "1", 'fork_when_ready("lab/forks/abc123", step=200)'),
        (FORK, " 12,000 ", "1", 'fork_when_ready("lab/forks/abc123", step=12000)'),
        (FORK, "0", "3", '[fork_when_ready("lab/forks/abc123", step=0) for _ in range(3)]'),
        (REWIND, "200", "3", 'rewind_when_ready("lab/forks/abc123", step=200)'),
        (FORK, "a=b=1.50", "1", 'fork_when_ready("lab/forks/abc123", at="a=b=1.5", nearest=True)'),
    ],
)
def test_what_is_typed_is_read(kind, where, times, call):
    assert BranchOrder.parse(RUN, kind, where, times).call == call
    replayed = BranchOrder.parse(RUN, kind, where, times, replays=True)
    assert replayed.call == call.replace(")", ', fallback="replay")', 1)


@pytest.mark.parametrize(
    ("where", "times", "why"),
    [
        ("", "1", "No step is given"),
        ("-1", "1", "is not a step"),
        ("1.5", "1", "is not a step"),
        ("²", "1", "is not a step"),
        ("loss=low", "1", "is not a metric and a number"),
        ("_step=200", "1", "is the step itself"),
        ("200", "0", "is no number of children"),
        ("200", "101", "is no number of children"),
        ("200", "", "is no number of children"),
    ],
)
def test_what_cannot_be_read_says_why(where, times, why):
    with pytest.raises(UsageError, match=why):
        BranchOrder.parse(RUN, FORK, where, times)
