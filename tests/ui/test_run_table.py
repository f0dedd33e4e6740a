"""The table of runs: what it draws, and where the cursor goes."""

from __future__ import annotations

from tests.screen import shown, until
from tests.ui.fakes import FakeProber, FakeStore, Scenario, address
from tests.ui.support import running
from wandb_tui.core.events import MonitorEvent
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.state import State
from wandb_tui.ui.table.row_cells import RowCells

RUNS = [f"run{number:03d}" for number in range(300)]


def many() -> Scenario:
    stored = [
        StoredRun(address(run), Goal(), 1, State.AVAILABLE, text_notice("Artifact is now available")) for run in RUNS
    ]
    return Scenario(FakeProber(), store=FakeStore(stored))


async def test_keys_lead_to_every_row_and_the_cursor_stays_in_view():
    async with running(many(), size=(120, 40)) as (app, pilot):
        table = app.dashboard.table
        await until(lambda: len(table.shown) == 300 and table.size.height)
        page = table.size.height - 1
        places = {"end": 299, "up": 298, "pageup": 298 - page, "home": 0, "pagedown": page, "down": page + 1}
        for key, place in places.items():
            await pilot.press(key)
            assert table.cursor_row == place
            assert table.run == address(RUNS[place])
            await pilot.pause()
            assert any(RUNS[place] in line for line in shown(app).splitlines()[1:20]), key


async def test_only_rows_in_view_are_drawn(monkeypatch):
    drawn = []
    cells = RowCells.of
    monkeypatch.setattr(RowCells, "of", lambda self, row: drawn.append(row.run) or cells(self, row))
    async with running(many(), size=(120, 40)) as (app, pilot):
        table = app.dashboard.table
        await until(lambda: len(table.shown) == 300 and table.size.height)
        await pilot.pause()
        drawn.clear()
        table.tick()
        list(table.updating([app.session.watch_list[address(run)] for run in RUNS]))
        assert set(drawn) == {address(run) for run in RUNS[: table.size.height - 1]}


async def test_a_row_out_of_view_is_up_to_date_when_it_comes_into_view():
    async with running(many(), size=(120, 40)) as (app, pilot):
        table = app.dashboard.table
        await until(lambda: len(table.shown) == 300 and table.size.height)
        await pilot.press("end")
        await pilot.pause()
        assert "cancelled" not in shown(app)
        await pilot.press("home")
        await pilot.pause()
        last = app.session.watch_list[address(RUNS[-1])]
        app.session.watch_list.apply(MonitorEvent(last.run, last.attempt, State.CANCELLED, text_notice("Cancelled")))
        app.dashboard.repaint([last])
        await pilot.press("end")
        await pilot.pause()
        assert "cancelled" in shown(app)


async def test_rows_that_come_and_go_leave_the_cursor_on_its_run():
    async with running(None, "abc", "def", "ghi") as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 3)
        await pilot.press("end")
        app.session.remove([address("abc")])
        app.dashboard.refresh_all()
        assert app.dashboard.table.run == address("ghi")
        app.session.remove([address("ghi")])
        app.dashboard.refresh_all()
        assert app.dashboard.table.run == address("def")


async def test_without_colours_the_cursor_is_reversed(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(many(), size=(120, 40)) as (app, pilot):
        table = app.dashboard.table
        await until(lambda: len(table.shown) == 300 and table.size.height)
        await pilot.press("down")
        await pilot.pause()
        reversed_ = [any(part.style.reverse for part in table.render_line(line)) for line in range(5)]
        assert reversed_ == [False, False, True, False, False]


async def test_why_a_run_has_failed_stands_out():
    stored = [StoredRun(address(state), Goal(), 1, state, text_notice("So it is")) for state in State if state.final]
    async with running(Scenario(FakeProber(), store=FakeStore(stored)), size=(120, 40)) as (app, _):
        table = app.dashboard.table
        await until(lambda: len(table.shown) == len(stored))
        colours = {row.run.run_id: table.cell(row.run, "message").colour for row in stored}
        assert colours == {"available": "quiet", "cancelled": "quiet", "failed": "error", "timed-out": "warning"}
