"""The doctor's screen: checks that come one by one, and what fixes what they find."""

from __future__ import annotations

import threading

import pytest
from textual.widgets import OptionList

from tests.screen import shown, until
from tests.ui.fakes import FakeDoctor, FakeStore, Scenario, address
from tests.ui.support import WIDE, running, still
from wandb_tui.core.checks import Check, CheckStatus, Fix
from wandb_tui.core.errors import NoBrowserError
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.state import State
from wandb_tui.text import times
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.common.confirm import Confirm
from wandb_tui.ui.dashboard.sign_in import SignInDialog
from wandb_tui.ui.doctor.screen import DoctorScreen

GOOD = Check("versions", CheckStatus.GOOD, "wandb-run-monitor 0.1.0, wandb 0.31.0; Python 3.11 on Linux")
NO_BROWSER = Check(
    "browser",
    CheckStatus.BAD,
    "No Chrome is on this machine.",
    "Get one with: wandb-tui doctor --fix",
    fix=Fix.BROWSER,
)
KEYRING = Check(
    "keyring",
    CheckStatus.WARNING,
    "No keyring is running here, so a password cannot be stored safely.",
    "Either sign in in the dashboard for this session only (nothing is kept), or set WANDB_VIEWER_MAIL, "
    "WANDB_VIEWER_PW and WANDB_API_KEY in the environment, or start a keyring.",
    fix=Fix.SIGN_IN,
)
SESSION = Check(
    "browser sign-in",
    CheckStatus.WARNING,
    "the stored session of me is damaged, or was encrypted with another key",
    "The next sign-in replaces it.",
    fix=Fix.SESSION,
)
SERVER = Check("server", CheckStatus.GOOD, "API https://api.forge.coreweave.com", seconds=0.42)
LOCAL = {check.name: check for check in (GOOD, NO_BROWSER, KEYRING, SERVER, SESSION)}
PAGE = Check(
    "sign-in page",
    CheckStatus.GOOD,
    "https://forge.coreweave.com/login asks for the password; nothing was typed",
    details=("field [red]“E-mail”[/]", "button “Log\x1b[31m in”"),
)
VISIT = Check("run page", CheckStatus.BAD, "The page answered HTTP 500.", seconds=3.0)
TRIAL = {"sign-in page": PAGE, "run page": None, "export": None}


async def opened(app, pilot):
    await until(lambda: app.session.deferred.built)
    await pilot.press("D")
    await until(lambda: isinstance(app.screen, DoctorScreen))
    await until(lambda: "wandb 0.31.0" in shown(app))


async def at(app, pilot, name):
    """Go to one of the checks."""
    checks = app.screen.query_one(OptionList)
    place = next(f"local:{place}" for place, known in enumerate(LOCAL) if known == name)
    checks.highlighted = checks.get_option_index(place)
    await pilot.pause()


async def test_checks_come_one_by_one_and_slow_ones_show_that_they_run():
    doctor = FakeDoctor(LOCAL | {"server": None, "keyring": None})
    async with running(Scenario(doctor=doctor)) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: NO_BROWSER.message in shown(app))
        assert shown(app).count("checking…") == 2
        assert "2 pending, 1 failed, 1 warning" in shown(app)
        doctor.answer(SERVER)
        await until(lambda: SERVER.message + "  0.4 s" in shown(app))
        assert shown(app).count("checking…") == 1
        doctor.answer(KEYRING)
        await until(lambda: "1 failed, 2 warnings" in shown(app))
        assert threading.get_ident() not in doctor.threads


async def test_leaving_drops_the_answers_and_checks_run_again():
    doctor = FakeDoctor(LOCAL | {"server": None}, TRIAL)
    async with running(Scenario(doctor=doctor), "abc") as (app, pilot):
        await opened(app, pilot)
        await pilot.press("w")
        await until(lambda: doctor.counts["run page"])
        await pilot.press("escape")
        assert app.screen is app.dashboard
        assert doctor.cancelled.is_set(), "what waits for an export does not go on without anybody to tell"
        doctor.answer(SERVER)
        doctor.answer(VISIT)
        await pilot.pause(0.1)
        assert not doctor.counts["export"]
        await opened(app, pilot)
        assert "End-to-end" not in shown(app)
        await until(lambda: SERVER.message in shown(app))
        await pilot.press("r")
        await until(lambda: doctor.counts["versions"] == 3)


@pytest.mark.parametrize("ended", [False, True])
async def test_the_end_to_end_check_of_the_run_under_the_cursor(ended):
    doctor = FakeDoctor(LOCAL, TRIAL)
    async with running(Scenario(doctor=doctor), "abc", "def", size=(120, 60)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        await pilot.press("end")
        if ended:
            await pilot.press("c")
            await until(lambda: app.session.watch_list[address("def")].state is State.CANCELLED)
        await opened(app, pilot)
        await pilot.press("w")
        await until(lambda: "End-to-end check of lab/forks/def" in shown(app))
        await until(lambda: doctor.counts["run page"])
        assert doctor.trials == [(address("def"), not ended)]
        assert "2 more lines; select to show" in shown(app)
        await pilot.press("up")
        await until(lambda: "field [red]“E-mail”[/]" in shown(app))
        assert "button “Log\N{REPLACEMENT CHARACTER} in”" in shown(app)
        assert not doctor.counts["export"], "one after the other"
        doctor.answer(VISIT)
        await until(lambda: doctor.counts["export"] and "HTTP 500.  3.0 s" in shown(app))
        assert "field [red]“E-mail”[/]" in shown(app), "the cursor stays where the user has put it"


async def test_without_a_run_there_is_no_end_to_end_check():
    doctor = FakeDoctor(LOCAL, TRIAL)
    async with running(Scenario(doctor=doctor)) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("w")
        await until(lambda: "add one first" in shown(app))
        assert not doctor.trials


@pytest.mark.parametrize("error", [None, NoBrowserError("A browser could not be installed here.", "Install one.")])
async def test_a_browser_is_installed_with_its_progress_shown(error):
    doctor = FakeDoctor(LOCAL, error=error)
    async with running(Scenario(doctor=doctor)) as (app, pilot):
        await opened(app, pilot)
        await at(app, pilot, "browser")
        await until(lambda: "→ Enter: install a browser" in shown(app))
        await pilot.press("enter")
        assert isinstance(app.screen, Confirm), "a click on a line is not to bring a browser"
        await pilot.press("y")
        await until(lambda: "Downloading [red]Chromium[/]… 42 %" in shown(app))
        if error is None:
            doctor.answer(Check("browser", CheckStatus.GOOD, "Chromium 140"))
        doctor.installed.set()
        wanted = "A browser could not be" if error else "Browser installed"
        await until(lambda: any(wanted in notice.message for notice in app._notifications))
        await until(lambda: doctor.counts["browser"] == 2)
        await until(lambda: ("Chromium 140" in shown(app)) == (error is None))


async def test_signing_in_is_a_key_away_and_looked_at_again_afterwards():
    doctor = FakeDoctor(LOCAL)
    async with running(Scenario(doctor=doctor)) as (app, pilot):
        await opened(app, pilot)
        await at(app, pilot, "keyring")
        await pilot.click("#fix")
        await until(lambda: isinstance(app.screen, SignInDialog))
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, DoctorScreen) and doctor.counts["keyring"] == 2)
        await pilot.press("s")
        await until(lambda: isinstance(app.screen, SignInDialog))


async def test_a_broken_session_is_deleted():
    doctor = FakeDoctor(LOCAL)
    async with running(Scenario(doctor=doctor)) as (app, pilot):
        await opened(app, pilot)
        await at(app, pilot, "browser sign-in")
        # In one burst: Enter means the line that the cursor has come to by then.
        await pilot.press("home", *["down"] * 4, "enter", "n")
        assert not doctor.forgotten.is_set()
        await pilot.press("enter", "y")
        await until(lambda: doctor.forgotten.is_set() and doctor.counts["browser sign-in"] == 2)


async def test_the_report_is_copied():
    async with running(Scenario(doctor=FakeDoctor(LOCAL))) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: "1 failed, 2 warnings" in shown(app))
        await pilot.press("y")
        await until(lambda: "Report of 5 checks copied" in [notice.message for notice in app._notifications])
        first, *rest = app.clipboard.splitlines()
        assert first == f"✔ versions         {GOOD.message}"
        assert "                   → Get one with: wandb-tui doctor --fix" in rest


async def test_help_tells_the_keys_of_the_screen():
    async with running(Scenario(doctor=FakeDoctor(LOCAL))) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("question_mark")
        await until(lambda: "Copy the report" in shown(app) and "Test the run" in shown(app))


def test_picture(snap_compare, monkeypatch):
    monkeypatch.setattr(times, "time_of_day", lambda _: "12:01:03")
    monkeypatch.delenv("NO_COLOR", raising=False)
    doctor = FakeDoctor(
        LOCAL, TRIAL | {"run page": VISIT, "export": Check("export", CheckStatus.SKIPPED, "skipped: why")}
    )

    async def go(pilot):
        app = pilot.app
        await until(lambda: app.account is not None and app.app_url and app.session.watch_list.get(address("abc")))
        await opened(app, pilot)
        await pilot.press("w")
        await until(lambda: doctor.counts["export"])
        await at(app, pilot, "browser")
        await until(lambda: "pending" not in shown(app))
        await still(pilot)

    stored = StoredRun(address("abc"), Goal(), 1, State.CANCELLED, text_notice("Cancelled"), None, 33)
    scenario = Scenario(doctor=doctor, store=FakeStore([stored]))
    app = WandbTuiApp(scenario.backend(), clock=lambda: 1000.0)
    assert snap_compare(app, terminal_size=WIDE, run_before=go)
