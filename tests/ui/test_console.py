"""The runs' consoles in the log panes."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from tests.screen import shown, until
from tests.ui.fakes import FakeConsole, FakeStore, Scenario, address
from tests.ui.support import running
from wandb_tui.core.console import ConsoleLine, ConsolePage, ConsolePosition
from wandb_tui.core.errors import ServerError
from wandb_tui.core.state import State
from wandb_tui.ui.logs import console_log

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def page(*texts, start=0, cursor="next", **more):
    lines = tuple(
        ConsoleLine(start + index, text, NOON + timedelta(seconds=start + index)) for index, text in enumerate(texts)
    )
    return ConsolePage(lines, ConsolePosition(cursor, start + len(texts)), **more)


def pane(app, number=0):
    return app.dashboard.panes.panes[number]


async def begun(app, *run_ids):
    await until(lambda: all(app.session.watch_list[address(run)].state is State.WAITING for run in run_ids))


async def test_a_pane_shows_the_console_follows_it_and_shows_its_own_log_again(monkeypatch):
    monkeypatch.setattr(console_log, "_FOLLOW_INTERVAL_S", 0.0)
    console = FakeConsole(
        abc=[
            page("hello \x1b[31mred\x1b[0m world", more=True, going_on=True),
            page("epoch 1: 10%", start=1, cursor="later", going_on=True),
            page("epoch 1: 90%", "epoch 2: 10%", start=1, cursor="later"),
        ]
    )
    async with running(Scenario(console=console), "abc") as (app, pilot):
        await begun(app, "abc")
        own = pane(app).plain
        await pilot.press("C")
        await until(lambda: "epoch 2: 10%" in pane(app).plain)
        assert "console of abc" in shown(app)
        assert [line.partition(" ")[2] for line in pane(app).plain.splitlines()] == [
            "hello red world",
            "epoch 1: 90%",
            "epoch 2: 10%",
        ]
        assert console.asked == [("abc", ""), ("abc", "next"), ("abc", "later")], "the run has ended"
        assert threading.get_ident() not in console.threads
        await pilot.press("slash", "escape", "f", *"90%", "enter")
        await until(lambda: "1 of 1" in shown(app))
        await pilot.press("escape", "escape", "C")
        assert pane(app).plain.startswith(own)
        assert "console of" not in shown(app)


async def test_a_console_is_saved_and_copied_as_it_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with running(Scenario(console=FakeConsole(abc=[page("one", "\rtwo\rtoo")])), "abc") as (app, pilot):
        await begun(app, "abc")
        await pilot.press("C")
        await until(lambda: "too" in pane(app).plain)
        await pilot.press("S", "Y")
        await until(lambda: list(tmp_path.glob("lab-forks-abc-console-*.log")))
        saved = next(tmp_path.glob("*.log"))
        await until(lambda: saved.read_text().endswith(" too\n"))
        assert [line.split(" ", 2)[2] for line in saved.read_text().splitlines()] == ["one", "too"]
        await until(lambda: "2 lines copied" in [note.message for note in app._notifications])


async def test_a_pane_that_follows_the_cursor_stays_with_consoles_and_a_pinned_one_with_its_own():
    store = FakeStore()
    console = FakeConsole(abc=[page("of abc")], **{"def": [page("of def")]})
    async with running(Scenario(console=console, store=store), "abc", "def", size=(100, 40)) as (app, pilot):
        await begun(app, "abc", "def")
        await pilot.press("home", "C")
        await until(lambda: "of abc" in pane(app).plain)
        await pilot.press("down")
        await until(lambda: "of def" in pane(app).plain)
        await pilot.press("l", "up", "l")
        await until(lambda: len(app.dashboard.panes.panes) == 2)
        pane(app, 1).focus()
        await pilot.press("C")
        assert [one.run_console is not None for one in app.dashboard.panes.panes] == [True, False]
        await until(lambda: store.view.get("panes", {}).get("consoles") == ["lab/forks/def"])
    async with running(Scenario(console=console, store=store), size=(100, 40)) as (app, pilot):
        await until(lambda: "of def" in pane(app).plain)
        assert [one.run_console is not None for one in app.dashboard.panes.panes] == [True, False]


async def test_why_there_is_no_console_is_said_in_its_place():
    no_consoles = ServerError("This server does not give the console output of runs.")
    async with running(Scenario(console=FakeConsole(abc=[no_consoles])), "abc") as (app, pilot):
        await begun(app, "abc")
        await pilot.press("C")
        await until(lambda: "This server does not give the console output of runs." in pane(app).plain)
    async with running(None, "abc") as (app, pilot):
        await begun(app, "abc")
        await pilot.press("C")
        await until(lambda: "Consoles cannot be read here" in [note.message for note in app._notifications])


async def test_nothing_is_read_while_the_server_limits_requests():
    console = FakeConsole(abc=[page("hello")])
    console.pausing = 20.0
    async with running(Scenario(console=console), "abc") as (app, pilot):
        await begun(app, "abc")
        await pilot.press("C")
        app.dashboard.tick()
        await until(lambda: not app.dashboard.logs._reading_console)
        assert (console.asked, "Reading the console…" in pane(app).plain) == ([], True)
        console.pausing = 0.0
        app.dashboard.tick()
        await until(lambda: "hello" in pane(app).plain)
