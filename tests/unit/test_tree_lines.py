"""The lines of a tree: indented while there is room, and narrow where there is not."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandb_tui.text.tree_lines import TreeLines, nested


def drawn(forks, roots="a", max_cells=100, *, ascii_look=True):
    tree = TreeLines(roots, lambda run: forks.get(run, ""), max_cells, ascii_look=ascii_look)
    return [lines + run for run, lines in tree.rows]


FAMILY = {"a": "bcd", "b": "e", "d": "fg", "f": "h"}


def test_every_fork_is_indented_below_its_parent():
    assert drawn(FAMILY, "ax") == ["a", "|- b", "|  `- e", "|- c", "`- d", "   |- f", "   |  `- h", "   `- g", "x"]


def test_a_narrow_tree_continues_the_longest_branch_in_its_column():
    assert drawn(FAMILY, max_cells=5) == ["a", "|- b", "|  > e", "|- c", "> d", "|- g", "> f", "> h"]
    assert drawn(FAMILY, max_cells=5, ascii_look=False)[:5] == ["a", "├─ b", "│  ↳ e", "├─ c", "↳ d"]


@pytest.mark.parametrize("generations", [40, 1000])
def test_a_chain_of_any_length_stays_straight(generations):
    names = [f"r{number}" for number in range(generations)]
    chain = {parent: [child] for parent, child in pairwise(names)}
    tree = TreeLines(["r0"], lambda run: chain.get(run, []), 30, ascii_look=True)
    assert [run for run, _ in tree.rows] == names
    assert {lines for _, lines in tree.rows} == {"", "> "}


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=300))
def test_any_tree_shows_each_run_once_below_its_parent_in_little_room(parents):
    forks = {}
    for run, parent in enumerate(parents, 1):
        forks.setdefault(parent % run, []).append(run)
    tree = TreeLines([0], lambda run: forks.get(run, []), 0, ascii_look=True)
    order = [run for run, _ in tree.rows]
    assert sorted(order) == list(range(len(parents) + 1))
    assert all(order.index(parent) < order.index(run) for parent, runs in forks.items() for run in runs)
    # Each indentation at least halves what is left of the tree.
    assert max(len(lines) for _, lines in tree.rows) <= 3 * len(order).bit_length()


def test_runs_with_their_depths_are_nested():
    rows = [("a", 0), ("b", 1), ("c", 2), ("d", 1), ("e", 0), ("f", 1)]
    assert nested(rows) == (["a", "e"], {"a": ["b", "d"], "b": ["c"], "e": ["f"]})
