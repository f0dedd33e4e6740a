"""The tree of forks: who is in it, in which order, and branch points that make no tree."""

from itertools import pairwise

import pytest

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import RunOrigin
from wandb_tui.core.errors import RunNotFoundError
from wandb_tui.library.run_tree import MISSING, RunTree, checked


def run(run_id):
    return RunAddress("lab", "forks", run_id)


def known(*forks, roots="a"):
    """Runs by their addresses; a fork is written as its id, its parent's and the step."""
    origins = [RunOrigin(run(root)) for root in roots]
    origins += [RunOrigin(run(fork[0]), parent=run(fork[1]), step=int(fork[2:])) for fork in forks]
    return {origin.run: origin for origin in origins}


FAMILY = known("ba9", "ca5", "db7", "eb6", "fd8", "hg1", roots="ag")


def shown(tree):
    """The runs in order, each with its depth."""
    depths = {}
    for origin in tree:
        parent = next((run for run in depths if origin.run in tree.forks_of(run)), None)
        depths[origin.run] = depths[parent] + 1 if parent else 0
    return " ".join(f"{run.run_id}{depth}" for run, depth in depths.items())


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("a", "a0 c1 b1 e2 d2 f3"),
        ("d", "a0 b1 d2 f3"),
        ("f", "a0 b1 d2 f3"),
        ("ce", "a0 c1 b1 e2"),
        ("ha", "g0 h1 a0 c1 b1 e2 d2 f3"),
    ],
)
def test_ancestors_and_forks_in_order(asked, expected):
    assert shown(RunTree([run(one) for one in asked], FAMILY)) == expected


def test_a_parent_that_is_not_listed_is_named():
    parent, child = RunTree([run("b")], known("bx3", roots=""))
    assert (parent.run, parent.state, parent.parent) == (run("x"), MISSING, None)
    assert (child.parent, child.step) == (run("x"), 3)


@pytest.mark.parametrize(
    ("forks", "asked", "expected", "loop"),
    [
        (["aa1"], "a", "a0", "a"),
        (["ab1", "ba1"], "a", "b0 a1", "b"),
        (["ab1", "bc1", "ca1", "dc2"], "d", "b0 a1 c2 d3", "b"),
        (["ab1", "bc1", "ca1", "dc2"], "ad", "c0 b1 a2 d1", "c"),
    ],
)
def test_a_loop_is_cut_and_named(forks, asked, expected, loop):
    tree = RunTree([run(one) for one in asked], known(*forks, roots=""))
    assert (shown(tree), tree.loops) == (expected, [run(loop)])


def test_a_thousand_generations():
    names = [f"r{number}" for number in range(1000)]
    origins = [RunOrigin(run(one), parent=run(parent), step=1) for parent, one in pairwise(names)]
    tree = RunTree([run("r500")], {origin.run: origin for origin in origins} | {run("r0"): RunOrigin(run("r0"))})
    assert [origin.run.run_id for origin in tree] == names


def test_a_run_that_is_not_listed():
    with pytest.raises(RunNotFoundError, match="no run x in lab/forks"):
        checked(run("x"), FAMILY)
