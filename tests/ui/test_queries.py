"""Followed queries in the dashboard: their headings, the runs that join, and what keys do on a heading."""

from __future__ import annotations

from tests.screen import shown, until
from tests.ui.fakes import FakeCatalogue, FakeLineage, FakeStore, Scenario, address, there
from tests.ui.support import running
from wandb_tui.core.catalogue import ListedRun
from wandb_tui.core.errors import ServerError
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredQuery, StoredRun, StoreSnapshot
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.project_query import ProjectQuery
from wandb_tui.core.state import State
from wandb_tui.ui.table.query_headings import QueryHeading

GROUP, HERO = ProjectQuery.parse("lab/forks/* group:pbt"), ProjectQuery.parse("lab/forks/* tag:hero")


def row(run_id, state=State.AVAILABLE):
    return StoredRun(address(run_id), Goal(), 1, state, text_notice("So it was"), None, 33)


def scenario(*queries, rows=("single", "old"), **more):
    stored = queries or (StoredQuery(GROUP, Goal.parse("complete"), None, ("old",)), StoredQuery(HERO, Goal()))
    return Scenario(store=FakeStore([row(run_id) for run_id in rows], queries=stored), **more)


def lines(app):
    """The rows of the table: runs by their ids, headings by their marks and queries."""
    return [
        f"{'+' if one.folded else '-'} {one.name[12:]}" if isinstance(one, QueryHeading) else one.run.run_id
        for one in app.dashboard.table._rows
    ]


async def test_runs_join_below_their_heading_and_all_of_it_is_kept():
    scripted = scenario()
    async with running(scripted) as (app, pilot):
        await until(lambda: set(scripted.queries.followed) == {GROUP, HERO})
        assert scripted.queries.followed[GROUP][0] == {"old"}
        assert lines(app) == ["single", "- group:pbt", "old", "- tag:hero"]
        assert "tag:hero  exists · looking for runs…" in shown(app)
        scripted.prober.answers["new"] = [there()]
        scripted.queries.tell(GROUP, "new", "single")
        scripted.queries.tell(HERO, "single")
        # A run that is on the list stays as it is, but moves below the heading.
        await until(lambda: lines(app) == ["- group:pbt", "single", "old", "new", "- tag:hero"])
        assert str(app.session.watch_list[address("new")].goal) == "complete"
        assert app.session.watch_list[address("single")].attempt == 1
        await until(lambda: "tag:hero  exists · 1 run: 1 ready · 1 shown above" in shown(app))
        assert "group:pbt  complete · 3 runs: 2 ready, 1 waiting" in shown(app)
        await until(lambda: scripted.store.queries[GROUP].run_ids == ("old", "new", "single"))
        assert address("new") in scripted.store.rows
        # One that is removed by hand does not come back.
        await pilot.press("end", "up", "d")
        await until(lambda: "new" not in lines(app))
        scripted.queries.tell(GROUP, "new")
        scripted.queries.tell(GROUP, error=ServerError("It is down."))
        await until(lambda: "2 runs: 2 ready · It is down." in shown(app))
        assert "new" not in lines(app)


async def test_what_the_query_lists_of_a_run_is_known_and_kept_before_the_run_has_been_asked():
    scripted, info = scenario(), RunInfo("brisk-sun-12", "running")
    async with running(scripted) as (app, _):
        await until(lambda: GROUP in scripted.queries.followed)
        scripted.queries.tell(GROUP, "new", infos={address("new"): info})
        await until(lambda: "brisk-sun-12" in shown(app))
        await until(lambda: address("new") in scripted.store.rows)
        assert scripted.store.rows[address("new")].run_info == info


async def test_a_heading_folds_by_keys_and_mouse_and_stays_so():
    scripted = scenario()
    async with running(scripted) as (app, pilot):
        await until(lambda: lines(app) == ["single", "- group:pbt", "old", "- tag:hero"])
        await pilot.press("down", "down", "left")
        assert app.dashboard.table.heading.query == GROUP
        await pilot.press("left")
        await until(lambda: lines(app) == ["single", "+ group:pbt", "- tag:hero"])
        assert "▸ lab/forks/* group:pbt" in shown(app)
        # Its runs can still be seen below.
        assert app.dashboard.table.from_cursor == [address("old")]
        await pilot.press("space")
        assert app.dashboard.table.selected_count == 0
        await until(lambda: scripted.store.view.get("table", {}).get("folded_queries") == [str(GROUP)])
        await pilot.press("right")
        await until(lambda: lines(app) == ["single", "- group:pbt", "old", "- tag:hero"])
        await pilot.press("right")
        assert app.dashboard.table.run == address("old")
        await pilot.press("up", "enter")
        await until(lambda: lines(app)[1] == "+ group:pbt")
        await pilot.click("RunTable", offset=(1, 2))
        await until(lambda: lines(app)[1] == "- group:pbt")
        await pilot.press("space")
        assert app.dashboard.table.targets() == [address("old")]
    async with running(
        Scenario(
            store=FakeStore(queries=[StoredQuery(HERO, Goal())]),
        ),
        ascii_look=True,
    ) as (app, pilot):
        await until(lambda: "- lab/forks/* tag:hero  exists - looking" in shown(app))


async def test_keys_on_a_heading_apply_to_its_runs_but_removing_ends_the_query_alone():
    scripted = scenario()
    async with running(scripted, notifications=True) as (app, pilot):
        scripted.queries.tell(GROUP, "new")
        await until(lambda: "new" in lines(app))
        await pilot.press("up", "up", "home", "down")
        assert [run.run_id for run in app.dashboard.table.targets()] == ["old", "new"]
        await pilot.press("g")
        await until(lambda: "lab/forks/* group:pbt" in shown(app) and app.screen is not app.dashboard)
        await pilot.press(*(["backspace"] * 12), *"ended", "enter")
        await until(lambda: {str(app.session.watch_list[address(run)].goal) for run in ("old", "new")} == {"ended"})
        await until(lambda: str(scripted.store.queries[GROUP].goal) == "ended")
        await pilot.press("d")
        await until(lambda: lines(app) == ["single", "old", "new", "- tag:hero"])
        assert "lab/forks/* group:pbt is no longer followed; its runs stay" in shown(app)
        await until(lambda: GROUP not in scripted.store.queries)
        assert GROUP not in scripted.queries.followed
        await pilot.press("end", "d")
        await until(lambda: lines(app) == ["single", "old", "new"])


async def test_what_another_dashboard_follows_is_followed_here():
    scripted = scenario()
    async with running(scripted) as (app, _):
        await until(lambda: len(scripted.queries.followed) == 2)
        rows = (row("single"), row("old"))
        other = ProjectQuery.parse("lab/other/*")
        goal = StoredQuery(GROUP, Goal.parse("v3"), None, ("old", "theirs"))
        scripted.store.others.append(StoreSnapshot(rows, queries=(goal, StoredQuery(other, Goal()))))
        await until(lambda: set(scripted.queries.followed) == {GROUP, other})
        await until(lambda: "group:pbt  v3 · 1 run: 1 ready" in shown(app))
        scripted.queries.tell(GROUP, "theirs", "ours")
        await until(lambda: "ours" in lines(app))
        assert "theirs" not in lines(app)


async def test_a_filter_hides_headings_without_a_match_and_trees_end_at_headings():
    lineage = FakeLineage({"old": ("single", 3), "new": ("old", 5)})
    scripted = scenario(lineage=lineage)
    async with running(scripted) as (app, pilot):
        scripted.queries.tell(GROUP, "new")
        await until(lambda: "new" in lines(app))
        await pilot.press("T")
        table = app.dashboard.table
        await until(lambda: table.view.links == {address("new"): address("old")})
        assert lines(app) == ["single", "- group:pbt", "old", "new", "- tag:hero"]
        await pilot.press("T", "slash", *"single", "enter")
        await until(lambda: lines(app) == ["single"])
        await pilot.press("escape")
        await until(lambda: lines(app) == ["single", "- group:pbt", "old", "new", "- tag:hero"])


async def test_hundreds_of_runs_join_in_batches():
    scripted = scenario(StoredQuery(GROUP, Goal()), rows=())
    async with running(scripted) as (app, _):
        await until(lambda: scripted.queries.followed)
        scripted.queries.tell(GROUP, *[f"r{number:03}" for number in range(300)])
        await until(lambda: "300 runs:" in shown(app))
        await until(lambda: len(scripted.store.queries[GROUP].run_ids) == 300)


async def test_the_dialogs_follow_queries():
    listed = [ListedRun("lab", "forks", "a1", "sun", "running", group="pbt")]
    scripted = Scenario(catalogue=FakeCatalogue(listed, entities=("lab",)))
    async with running(scripted, notifications=True) as (app, pilot):
        await pilot.press("a")
        box = app.screen.query_one("#addresses")
        box.text = "lab/forks/* group:pbt complete\nlab/forks/* colour:red\nlab/forks/abc v3"
        await until(lambda: "query: its runs, now and later, goal: complete" in shown(app))
        await until(lambda: "1 run to add, 1 query to follow, ✖ 1 invalid" in shown(app))
        await pilot.press("ctrl+s")
        await until(lambda: GROUP in scripted.queries.followed)
        assert box.text == "lab/forks/* colour:red"
        box.text = f"{GROUP} ended"
        await until(lambda: "already followed; goal complete → ended for the next runs" in shown(app))
        box.text = str(HERO)
        await until(lambda: "Follow (^s)" in shown(app))
        await pilot.press("ctrl+s")
        await until(lambda: app.screen is app.dashboard and app.dashboard.table.heading is not None)
        assert app.dashboard.table.heading.query == HERO
        await pilot.press("p")
        await until(lambda: "forks" in shown(app))
        await pilot.press("enter")
        await until(lambda: "sun a1" in shown(app))
        await pilot.press("slash", *"tag:best", "tab", "ctrl+f")
        best = ProjectQuery.parse("lab/forks/* tag:best")
        await until(lambda: best in scripted.queries.followed)
        await until(lambda: app.screen is app.dashboard)
        assert [one.query for one in app.session.queries] == [GROUP, HERO, best]
