"""The dialog for switching to another server."""

from __future__ import annotations

import threading

from tests.screen import shown, until
from tests.ui.fakes import FakeServers, Scenario, address
from tests.ui.support import running
from wandb_tui.core.server_info import KnownServer
from wandb_tui.core.state import State
from wandb_tui.ui.dashboard.screen import Dashboard
from wandb_tui.ui.dashboard.server_dialog import ServerDialog

HERE = KnownServer("https://api.wandb.ai", "forge.coreweave.com", 12, here=True)
ACME = KnownServer("https://acme.wandb.io", "acme.wandb.io", 1)
LAB = KnownServer("http://wandb.lab.org:8080", "wandb.lab.org:8080")


async def opened(app, pilot):
    await until(lambda: app.session.watch_list[address("abc")].state is State.WAITING)
    await pilot.press("colon")
    await until(lambda: "you are here" in shown(app))


async def test_the_servers_are_listed_and_the_first_other_one_is_chosen():
    servers = FakeServers(HERE, ACME, LAB)
    async with running(Scenario(servers=servers), "abc") as (app, pilot):
        await opened(app, pilot)
        lines = [" ".join(line.strip(" │").split()) for line in shown(app).splitlines()]
        first = next(number for number, line in enumerate(lines) if "you are here" in line)
        assert lines[first : first + 3] == [
            "forge.coreweave.com 12 runs you are here",
            "acme.wandb.io 1 run",
            "wandb.lab.org:8080 no runs",
        ]
        assert "Monitors stop here meanwhile, and resume when you come back." in " ".join(lines)
        await pilot.press("down", "enter")
        await until(lambda: app.return_value == 0)
        assert (servers.prepared, app.switching) == ([LAB.address], True)
        assert threading.get_ident() not in servers.threads
    row = app.session.backend.store.rows[address("abc")]
    assert row.state is State.WAITING, "on disk the attempt is under way, and resumes"


async def test_a_part_of_a_name_finds_a_server_and_anything_else_is_an_address():
    servers = FakeServers(HERE, ACME, LAB)
    async with running(Scenario(servers=servers), "abc", size=(80, 24)) as (app, pilot):
        await opened(app, pilot)
        await pilot.press(*"lab")
        await until(lambda: "acme.wandb.io" not in shown(app))
        await pilot.press(*["backspace"] * 3, *"nothing", "enter")
        await until(lambda: "“nothing” is not the address of a server." in shown(app))
        await pilot.press(*["backspace"] * 7, *"forge", "enter")
        await until(lambda: "This is the server that is shown already." in shown(app))
        assert isinstance(app.screen, ServerDialog)
        await pilot.press(*["backspace"] * 5, *"new.org", "enter")
        await until(lambda: app.return_value == 0)
        assert servers.prepared == [HERE.address, "new.org"]


async def test_escape_stays_and_a_signal_that_comes_while_switching_ends_the_program():
    closing, gate = threading.Event(), threading.Event()
    scenario = Scenario(servers=FakeServers(HERE, ACME), close=lambda: (closing.set(), gate.wait(5)))
    async with running(scenario, "abc") as (app, pilot):
        await opened(app, pilot)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, Dashboard))
        await opened(app, pilot)
        await pilot.press("enter")
        await until(closing.is_set)
        assert app.switching
        app._leave(143)
        gate.set()
        await until(lambda: app.return_value == 143)
        assert not app.switching
