"""Everything that leaves the window: copies, pages in the browser, notifications, the user's commands."""

from __future__ import annotations

import dataclasses
import threading
import time

import pytest
from textual import events
from textual.widgets import OptionList

from tests.screen import drawn, shown, until
from tests.ui.fakes import NOT_YET, FakeProber, FakeStore, Scenario, address, there
from tests.ui.support import running
from wandb_tui.cli.backend import senders
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.probe import ArtifactVersion, Probe, ProbeOutcome, RunInfo
from wandb_tui.core.state import State
from wandb_tui.services.disk.paths import write_private
from wandb_tui.services.disk.settings import Notify
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.app import announcer, notifiers
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.app.palette import ActionCommands
from wandb_tui.ui.common.confirm import Confirm
from wandb_tui.ui.common.copy_menu import CopyMenu

PAGES = "https://forge.coreweave.com/wandb/lab/forks/runs"


def scenario(**options) -> Scenario:
    """One run that has ended with a version, and one that waits and has logged 1,234 steps."""
    stored = StoredRun(
        address("abc"), Goal.parse("step:200"), 1, State.AVAILABLE, text_notice(""), "lab/forks/run-abc-history:v3", 9
    )
    waiting = Probe(ProbeOutcome.NOT_YET, run=RunInfo("calm-moon-13", "finished", 1234))
    return Scenario(FakeProber({"def": [waiting]}, default=NOT_YET), store=FakeStore([stored]), **options)


async def ready(app, pilot):
    await until(lambda: app.app_url and len(app.dashboard.table.shown) == 2)
    row = app.session.watch_list[address("def")]
    await until(lambda: row.run_info is not None and row.state is State.WAITING)
    await pilot.press("home")


def toasts(app):
    return [notification.message for notification in app._notifications]


async def test_each_copy_has_a_key():
    async with running(scenario(), "def") as (app, pilot):
        await ready(app, pilot)
        for key, copied, written in (
            ("i", "abc", "Run id copied"),
            ("p", "lab/forks/abc", "Path of the run copied"),
            ("a", f"{PAGES}/abc", "Address of the page copied"),
            ("n", "lab/forks/run-abc-history:v3", "Name of the artifact copied"),
            ("f", 'wandb.init(fork_from="abc?_step=200", entity="lab", project="forks")', "Fork snippet copied"),
        ):
            await pilot.press("y", key)
            assert app.clipboard == copied
            assert toasts(app) == [written]
            assert app.screen is app.dashboard
            app.clear_notifications()


async def test_many_are_copied_at_once_a_line_for_each():
    async with running(scenario(), "def") as (app, pilot):
        await ready(app, pilot)
        await pilot.press("asterisk", "y", "f")
        first, second = app.clipboard.splitlines()
        assert "abc?_step=200" in first
        assert "def?_step=1234" in second, "without a step in the goal, the last one"
        assert toasts(app) == ["Fork snippet of 2 runs copied; 1 of them will work once its goal is met"]


async def test_a_fork_at_the_last_step_waits_for_that_step():
    async with running(scenario(), "def") as (app, pilot):
        await ready(app, pilot)
        await pilot.press("down", "y", "f")
        assert toasts(app) == ["Fork snippet copied; it will work once step 1234 is exported"]


async def test_a_fork_at_an_unchecked_step_names_the_goal_that_checks_it():
    prober = FakeProber(default=Probe(ProbeOutcome.FOUND, ArtifactVersion(3), RunInfo(last_step=1234)))
    async with running(Scenario(prober), "abc", "def") as (app, pilot):
        await until(lambda: app.app_url and app.dashboard.header.counts.ready == 2)
        await pilot.press("y", "f")
        assert "Fork snippet copied; use goal step:1234 to check the export reaches it" in toasts(app)


@pytest.mark.parametrize(
    ("goal", "expected"),
    [("step:200", "it will work once step 200 is exported"), ("exists", "it will work once the history is there")],
)
async def test_a_fork_that_cannot_work_yet_says_so(goal, expected):
    async with running(Scenario(FakeProber(default=NOT_YET)), "abc", goal=Goal.parse(goal)) as (app, pilot):
        await until(lambda: app.app_url and app.session.watch_list[address("abc")].state is State.WAITING)
        await pilot.press("y", "f")
        assert expected in toasts(app)[0]


async def test_a_step_that_is_not_known_is_reported():
    async with running(None, "abc") as (app, pilot):
        await until(lambda: app.app_url)
        await pilot.press("y", "f")
        assert 'fork_from="abc?_step=STEP"' in app.clipboard
        assert "the step is unknown: replace STEP" in toasts(app)[0]


async def test_what_does_not_exist_cannot_be_forked():
    async with running(Scenario(FakeProber(default=Probe(ProbeOutcome.NOT_FOUND))), "abc") as (app, pilot):
        await until(lambda: app.app_url and app.session.watch_list[address("abc")].state is State.FAILED)
        await pilot.press("y")
        assert "f  fork snippet          no such run" in shown(app)
        await pilot.press("f")
        assert isinstance(app.screen, CopyMenu)
        assert not app.clipboard
        # The end of the run is shown as well, before or after.
        assert "Fork snippet: no such run" in toasts(app)


async def test_the_menu_by_mouse_and_what_it_shows():
    async with running(scenario(), "def") as (app, pilot):
        await ready(app, pilot)
        await pilot.press("y")
        assert isinstance(app.screen, CopyMenu)
        assert "run-abc-history:v3" in shown(app)
        await pilot.click(OptionList, offset=(3, 2))
        assert app.clipboard == f"{PAGES}/abc"
        await pilot.press("y")
        await pilot.click("#close")
        assert app.screen is app.dashboard


async def test_each_copy_is_in_the_palette():
    async with running(scenario(), "def") as (app, pilot):
        await ready(app, pilot)
        commands = {name: run for name, _, run in ActionCommands(app.screen)._commands()}
        commands["Copy run id"]()
        assert app.clipboard == "abc"


async def test_hostile_names_stay_texts_of_python():
    run = StoredRun(address('x")\\'), Goal.parse("step:1"), 1, State.FAILED)
    async with running(Scenario(store=FakeStore([run]))) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 1)
        await pilot.press("y", "f")
        asked = {}
        eval(app.clipboard, {"wandb": type("", (), {"init": staticmethod(asked.update)})})  # noqa: S307
        assert asked["fork_from"] == 'x")\\?_step=1'


def test_the_snippet_is_what_the_sdk_reads():
    from wandb.sdk.lib.run_moment import RunMoment

    assert RunMoment.from_uri("abc?_step=200") == RunMoment("abc", 200)


async def test_the_page_is_opened_in_the_browser_off_this_thread():
    import threading

    opened, threads = [], set()

    def open_page(url):
        threads.add(threading.get_ident())
        opened.append(url)
        return ""

    async with running(scenario(open_page=open_page), "def") as (app, pilot):
        await ready(app, pilot)
        await pilot.press("b")
        await until(lambda: "Opened in the browser" in toasts(app))
        assert opened == [f"{PAGES}/abc"]
        assert threading.get_ident() not in threads


async def test_where_there_is_no_browser_the_address_is_reported_and_copied():
    async with running(scenario(open_page=lambda _: "There is no display here"), "def") as (app, pilot):
        await ready(app, pilot)
        await pilot.press("asterisk", "b")
        await until(lambda: any("There is no display here" in text for text in toasts(app)))
        assert app.clipboard == f"{PAGES}/abc\n{PAGES}/def"
        assert f"{PAGES}/abc" in toasts(app)[0]
        assert toasts(app)[1] == "2 addresses copied"


async def test_many_pages_are_opened_only_after_a_question():
    opened = []
    async with running(Scenario(open_page=lambda url: opened.append(url) or ""), "a", "b", "c", "d") as (app, pilot):
        await until(lambda: app.app_url and len(app.dashboard.table.shown) == 4)
        await pilot.press("asterisk", "b")
        assert isinstance(app.screen, Confirm)
        await pilot.click("#yes")
        await until(lambda: len(opened) == 4)


async def test_tmux_gets_the_copy_and_one_that_does_not_take_it_is_reported(monkeypatch):
    takes = []
    monkeypatch.setenv("TERM", "tmux-256color")
    scripted = scenario(into_tmux=lambda text: takes.append(text) or len(takes) == 1)
    async with running(scripted, "def") as (app, pilot):
        written = listen(app, monkeypatch)
        await ready(app, pilot)
        await pilot.press("y", "i")
        await until(lambda: takes == ["abc"])
        await pilot.press("y", "p")
        await until(lambda: any("set-clipboard" in text for text in toasts(app)))
        assert app.clipboard == takes[1] == "lab/forks/abc"
        assert sum("]52;c;" in text for text in written) == 1, "only where tmux did not take it"


@pytest.fixture
def in_screen(monkeypatch):
    monkeypatch.setenv("TERM", "screen")
    monkeypatch.setenv("STY", "1.pts")
    monkeypatch.delenv("TMUX", raising=False)


def saving(path):
    """Services that save copies there."""
    return scenario(save_copy=lambda text: write_private(path, text))


async def test_where_no_copy_arrives_it_says_so_and_offers_a_file(in_screen, monkeypatch, tmp_path):
    path = tmp_path / "state" / "copied.txt"
    async with running(saving(path), "def") as (app, pilot):
        said = []
        monkeypatch.setattr(app._driver, "write", said.append)
        await ready(app, pilot)
        await pilot.press("y", "p")
        await until(lambda: toasts(app))
        assert toasts(app) == [
            f"GNU screen does not pass copies on to the clipboard. The text is in the file {path}"
        ], "and nothing of a copy"
        assert path.read_text() == "lab/forks/abc"
        assert path.stat().st_mode & 0o777 == 0o600
        await pilot.press("Y")
        await until(lambda: len(toasts(app)) == 2)
        assert path.read_text().startswith("20")
        assert not any("]52;" in text for text in said)


async def test_a_copy_that_cannot_be_saved_either_says_why(in_screen, tmp_path):
    (tmp_path / "state").write_text("no folder")
    async with running(saving(tmp_path / "state" / "copied.txt"), "def") as (app, pilot):
        await ready(app, pilot)
        await pilot.press("y", "p")
        await until(lambda: toasts(app))
        assert "cannot be saved to a file either: " in toasts(app)[0]


async def test_mosh_gets_no_copy_that_it_would_cut(monkeypatch, tmp_path):
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NCURSES_NO_UTF8_ACS", "1")
    path = tmp_path / "copied.txt"
    async with running(saving(path)) as (app, _):
        said = []
        monkeypatch.setattr(app._driver, "write", said.append)
        app.copy("x" * 12_282, "Copied")
        await until(lambda: toasts(app) == ["Copied"])
        assert len([text for text in said if "]52;" in text]) == 1
        app.copy("y" * 12_283, "Copied")
        await until(lambda: len(toasts(app)) == 2)
        assert toasts(app)[1] == f"Mosh passes on copies of at most 12 kB. The text is in the file {path}"
        assert len([text for text in said if "]52;" in text]) == 1
        assert path.read_text() == "y" * 12_283


# Notifications


def listen(app, monkeypatch):
    """All that is written to the terminal from now on besides the screen itself."""
    written = []
    monkeypatch.setattr(app._driver, "write", written.append)
    monkeypatch.setattr(app, "bell", lambda: written.append("BELL"))
    for name in ("VTE_VERSION", "TERM_PROGRAM", "LC_TERMINAL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return written


def ending(*runs, **options):
    """Services that do nothing by themselves."""
    prober = FakeProber({run: [] for run in runs})
    return prober, Scenario(prober, **options)


async def all_end(app, prober, *runs):
    for run in runs:
        await until(lambda run=run: prober.open[run])
    for run in runs:
        prober.answer(run, there(3, "evil\x1b]0;x\x07;name"))
    await until(lambda: all(app.session.watch_list[address(run)].state is State.AVAILABLE for run in runs))


async def test_an_end_is_announced_by_toast_bell_and_terminal(monkeypatch):
    prober, scripted = ending("abc")
    async with running(scripted, "abc") as (app, _):
        written = listen(app, monkeypatch)
        await all_end(app, prober, "abc")
        await until(lambda: "BELL" in written)
        assert toasts(app) == ["Available: evil�;name: v3"]
        notification = next(text for text in written if "]9;" in text)
        assert notification == (
            "\x1b]9;wandb-tui: Available: evil�;name: v3\x07\x1b]777;notify;wandb-tui: Available;evil�;name: v3\x07"
        )


async def test_many_ends_are_one_bell_and_one_notification(monkeypatch):
    # On a busy machine they come over seconds, so the time to gather them ends here when all are there.
    monkeypatch.setattr(announcer, "_GATHER_S", 3600.0)
    runs = [f"r{number}" for number in range(12)]
    prober, scripted = ending(*runs)
    async with running(scripted, *runs) as (app, _):
        written = listen(app, monkeypatch)
        await all_end(app, prober, *runs)
        await until(lambda: len(app._announcer._ended_runs._pending) == 12)
        assert "BELL" not in written
        app._announcer._announce_gathered()
        signals = [text for text in written if text == "BELL" or "]9;" in text]
        assert len(signals) == 2
        assert "12 runs are available" in signals[0]


async def test_a_run_whose_name_another_has_is_announced_with_its_id(monkeypatch):
    prober = FakeProber()
    async with running(Scenario(prober), "abc", "def") as (app, _):
        await until(lambda: prober.open["abc"] and prober.open["def"])
        prober.answer("def", Probe(ProbeOutcome.NOT_YET, run=RunInfo("baseline")))
        prober.answer("abc", there(3, "baseline"))
        await until(lambda: any("baseline abc: v3" in text for text in toasts(app)))


async def test_many_ends_one_after_the_other_are_some_seconds_apart(monkeypatch):
    monkeypatch.setattr(announcer, "_GATHER_S", 0.05)
    # On a busy machine they come over seconds, so the second notification is due here when all are there.
    monkeypatch.setattr(announcer, "_INTERVAL_S", 3600.0)
    runs = [f"r{number}" for number in range(12)]
    prober, scripted = ending(*runs)
    async with running(scripted, *runs) as (app, pilot):
        written, delays = listen(app, monkeypatch), []
        set_timer = app.set_timer

        def noted(delay, callback=None, **options):
            if callback == app._announcer._announce_gathered:
                delays.append(delay)
            return set_timer(delay, callback, **options)

        monkeypatch.setattr(app, "set_timer", noted)
        began = time.monotonic()
        await all_end(app, prober, "r0")
        await until(lambda: "BELL" in written)
        for run in runs[1:11]:
            await all_end(app, prober, run)
            await pilot.pause(0.01)
        prober.answer("r11", Probe(ProbeOutcome.NOT_FOUND, message="No such run."))
        await until(lambda: len(app._announcer._ended_runs._pending) == 11)
        assert written.count("BELL") == 1
        assert delays[0] == 0.05
        assert len(delays) == 2
        assert 3600 - (time.monotonic() - began) <= delays[1] <= 3600
        app._announcer._announce_gathered()
        await until(lambda: written.count("BELL") == 2)
        assert len([text for text in written if "]9;" in text]) == 2
        await until(lambda: toasts(app)[-1:] == ["10 runs are available\nr11: No such run."])
        assert [note.title for note in app._notifications][-1] == "10 available, 1 failed"


async def test_each_way_of_telling_can_be_off(monkeypatch):
    prober, scripted = ending("abc", notify_channels=frozenset())
    async with running(scripted, "abc") as (app, pilot):
        written = listen(app, monkeypatch)
        await all_end(app, prober, "abc")
        await pilot.pause(0.6)
        assert toasts(app) == []
        assert not [text for text in written if text == "BELL" or "]9;" in text]


async def test_the_desktop_is_notified_off_the_ui_thread_where_the_settings_want_it(caplog):
    shown_there = []

    def show(title, text):
        shown_there.append((title, text, threading.current_thread() is threading.main_thread()))
        return "notify-send failed"

    prober, scripted = ending("abc", notify_channels=frozenset({"desktop"}), senders={"desktop": show})
    async with running(scripted, "abc") as (app, _pilot):
        await all_end(app, prober, "abc")
        await until(lambda: shown_there)
        assert shown_there == [("wandb-tui: Available", "evil\ufffd;name: v3", False)]
        await until(lambda: "Notification not sent (desktop): notify-send failed" in caplog.text)
        assert toasts(app) == []


async def test_a_new_channel_is_a_class_and_a_line(monkeypatch):
    received = []

    class Pager:
        immediate = False

        def notify(self, notification):
            received.append((notification.title, [str(outcome.run) for outcome in notification.outcomes]))

    monkeypatch.setitem(notifiers.CHANNELS, "pager", lambda app: Pager())
    prober, scripted = ending("abc", notify_channels=frozenset({"pager"}))
    async with running(scripted, "abc") as (app, _pilot):
        await all_end(app, prober, "abc")
        await until(lambda: received == [("Available", ["lab/forks/abc"])])


def test_the_settings_name_all_channels():
    assert {field.name for field in dataclasses.fields(Notify)} == {*notifiers.CHANNELS, *senders({})}
    assert Notify().channels == {"toast", "bell", "terminal"}


async def test_a_terminal_in_focus_sends_no_notification(monkeypatch):
    monkeypatch.setattr(announcer, "_INTERVAL_S", 0.1)
    prober, scripted = ending("abc", "def")
    async with running(scripted, "abc", "def") as (app, pilot):
        written = listen(app, monkeypatch)
        app.post_message(events.AppFocus())
        await pilot.pause()
        await all_end(app, prober, "abc")
        await until(lambda: "BELL" in written)
        assert not [text for text in written if "]9;" in text]
        app.post_message(events.AppBlur())
        await pilot.pause()
        await all_end(app, prober, "def")
        await until(lambda: any("]9;" in text for text in written))


# The user's commands


class FakeHooks:
    """Remembers what has ended."""

    def __init__(self):
        self.received = []
        self.stopped = False

    def ended(self, end, tell):
        self.received.append((end, tell))

    def stop(self):
        self.stopped = True


async def test_the_users_commands_hear_of_each_end_once_and_their_failure_stands_in_the_log():
    hooks = FakeHooks()
    missing = Probe(ProbeOutcome.NOT_FOUND, message="No such project.")
    old = StoredRun(address("old"), Goal(), 1, State.AVAILABLE)
    prober = FakeProber({"good": [there()], "bad": [missing]})
    async with running(Scenario(prober, hooks=hooks, store=FakeStore([old])), "good", "bad") as (app, pilot):
        await until(lambda: len(hooks.received) == 2)
        ends = {end.run.run_id: end for end, _ in hooks.received}
        assert ends["good"].artifact == "lab/forks/run-good-history:v3"
        assert ends["bad"].state is State.FAILED
        tell = next(tell for end, tell in hooks.received if end.run.run_id == "bad")
        tell("The command on_failure ended with status 3")
        row = app.session.watch_list[address("bad")]
        await until(lambda: "status 3" in event_text(row.log[-1].notice))
        assert event_text(row.notice) == "No such project.", "why it failed still stands in the table"
        await pilot.press("q")
    assert hooks.stopped
    assert len(hooks.received) == 2


# Links


async def test_host_run_and_addresses_in_logs_are_links(monkeypatch):
    long = "https://forge.coreweave.com/wandb/lab/forks/workspace/of/someone"
    prober = FakeProber({"abc": [Probe(ProbeOutcome.NOT_FOUND, message=f"No such run; see {long}.")]})
    app = WandbTuiApp(Scenario(prober).backend(), runs=["abc"], links=True)
    async with app.run_test(size=(60, 30)) as pilot:
        await until(lambda: app.app_url and "No such run" in shown(app))
        await pilot.pause(0.2)
        linked: dict[str, str] = {}
        for strip in drawn(app):
            for text, style, _ in strip:
                if style is not None and style.link:
                    linked[style.link] = linked.get(style.link, "") + text
        assert linked[f"{PAGES}/abc"] == "abc"
        assert linked[long].replace(" ", "") == long, "over two lines, and without the full stop"
        app.session.stop()
    async with running(Scenario(), "abc") as (plain, _):
        await until(lambda: plain.app_url)
        strips = drawn(plain)
        assert not any(style is not None and style.link for strip in strips for _, style, _ in strip)
