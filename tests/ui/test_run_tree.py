"""The table as trees of forks: what is below what, folding, filter, order, and what is remembered."""

from __future__ import annotations

import pytest

from tests.screen import shown, until
from tests.ui.fakes import FakeLineage, FakeStore, Scenario, address
from tests.ui.support import running
from wandb_tui.core.errors import ServerError
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.state import State
from wandb_tui.ui.table.run_forest import RunForest

RUNS = ("late", "root", "other", "early", "grandchild")
# The parent of the grandchild is not on the list, and its own parent is.
PARENTS = {"late": ("root", 20), "early": ("root", 10), "between": ("early", 15), "grandchild": ("between", 18)}


def scenario(lineage=None, runs=RUNS, view=None):
    rows = [StoredRun(address(run), Goal(), 1, State.CANCELLED, text_notice("Cancelled"), None, 33) for run in runs]
    store = FakeStore(rows)
    store.view |= view or {}
    return Scenario(store=store, lineage=lineage or FakeLineage(PARENTS))


def names(app):
    """The runs in the table, with the lines before them."""
    table = app.dashboard.table
    return [table.view.lines.get(run, "") + run.run_id for run in table.shown]


TREE = ["▾ root", "├─ late", "└─ ▾ early", "   └─ grandchild", "other"]


async def test_forks_stand_below_their_parents_and_the_list_comes_back():
    async with running(scenario()) as (app, pilot):
        await until(lambda: names(app) == list(RUNS))
        await pilot.press("T")
        await until(lambda: names(app) == TREE)
        assert "└─ ▾ early" in shown(app)
        await pilot.press("T")
        await until(lambda: names(app) == list(RUNS))
        assert "├" not in shown(app)


async def test_siblings_are_sorted_and_stay_below_their_parent():
    async with running(scenario()) as (app, pilot):
        await pilot.press("T", "o", "o")
        await until(lambda: names(app) == ["other", "▾ root", "├─ ▾ early", "│  └─ grandchild", "└─ late"])
        await pilot.press("O")
        await until(lambda: names(app) == ["▾ root", "├─ late", "└─ ▾ early", "   └─ grandchild", "other"])


async def test_the_filter_keeps_ancestors_which_no_action_on_all_touches():
    async with running(scenario()) as (app, pilot):
        await pilot.press("T")
        await until(lambda: names(app) == TREE)
        await pilot.press("slash", *"grandch", "enter")
        await until(lambda: names(app) == ["▾ root", "└─ ▾ early", "   └─ grandchild"])
        table = app.dashboard.table
        assert [table.cell(run, "state").colour for run in table.shown] == ["quiet", "quiet", "queued"]
        assert app.dashboard.filter_bar.counted == (1, 5)
        await pilot.press("asterisk")
        assert table.targets() == [address("grandchild")]
        # The cursor may go over them, and nothing moves.
        await pilot.press("up", "up", "down")
        assert len(table.shown) == 3


async def test_forks_are_folded_and_found_again():
    async with running(scenario()) as (app, pilot):
        await pilot.press("T")
        await until(lambda: names(app) == TREE)
        table = app.dashboard.table
        table.go_to(address("grandchild"))
        await pilot.press("left")
        assert table.run == address("early")
        await pilot.press("left")
        assert names(app) == ["▾ root", "├─ late", "└─ ▸1 early", "other"]
        await pilot.press("left", "left")
        assert (names(app), table.run) == (["▸3 root", "other"], address("root"))
        await pilot.press("asterisk")
        assert table.targets() == [address("root"), address("other")]
        # Going to a run that is folded away unfolds it.
        table.go_to(address("grandchild"))
        assert (names(app), table.run) == (TREE, address("grandchild"))
        await pilot.press("home", "left", "right")
        assert (names(app), table.run) == (TREE, address("root"))
        await pilot.press("right")
        assert table.run == address("late")


async def test_the_tree_and_what_is_folded_are_remembered():
    first = scenario()
    async with running(first) as (app, pilot):
        await pilot.press("T")
        await until(lambda: names(app) == TREE)
        app.dashboard.table.go_to(address("early"))
        await pilot.press("left")
        saved = app.session.view["table"]
    async with running(scenario(view={"table": saved}), ascii_look=True) as (app, _):
        await until(lambda: names(app) == ["- root", "|- late", "`- +1 early", "other"])


async def test_runs_that_are_added_take_their_place():
    lineage = FakeLineage(PARENTS)
    async with running(scenario(lineage, runs=("root", "early"))) as (app, pilot):
        await pilot.press("T")
        await until(lambda: names(app) == ["▾ root", "└─ early"])
        app.session.add(address("grandchild"), Goal())
        app.dashboard.refresh_all()
        await until(lambda: names(app) == ["▾ root", "└─ ▾ early", "   └─ grandchild"])
        assert lineage.asked == [[address("root"), address("early")], [address("grandchild")]]


@pytest.mark.parametrize(
    ("lineage", "said"),
    [
        (FakeLineage(), "No run here was forked from another one on the list"),
        (FakeLineage(error=ServerError("It is down.", "Try again.")), "Forks cannot be shown: It is down. Try again."),
    ],
)
async def test_a_list_without_a_tree_says_so(lineage, said):
    async with running(scenario(lineage), notifications=True) as (app, pilot):
        await pilot.press("T")
        await until(lambda: said in shown(app))
        assert names(app) == list(RUNS)


def test_a_loop_is_cut():
    forest = RunForest()
    lineage = FakeLineage({"a": ("c", 1), "b": ("a", 1), "c": ("b", 1), "d": ("d", 1), "e": ("x", 1), "x": ("x", 2)})
    runs = [address(run) for run in "abcde"]
    forest.learn(lineage.of_runs(runs))
    links = forest.links(runs)
    assert {child.run_id: parent.run_id for child, parent in links.items()} == {"b": "a", "c": "b"}
