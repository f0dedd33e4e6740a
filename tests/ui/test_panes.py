"""The log panes: following, wrapping, levels, times, finding, sizes, out of the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.screen import shown, until
from tests.ui.fakes import FakeProber, FakeStore, Scenario, address
from tests.ui.support import running
from wandb_tui.core.events import Level, MonitorEvent
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import LogLine
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.state import State
from wandb_tui.text.event_text import event_text
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.wrapping import wrapped
from wandb_tui.ui.logs import export
from wandb_tui.ui.logs.find_bar import FindBar
from wandb_tui.ui.logs.options import LogOptions
from wandb_tui.ui.logs.rendering import LogLayout, RenderedLine, rendered
from wandb_tui.ui.logs.search import found, marked
from wandb_tui.ui.logs.split import Split, SplitAxis
from wandb_tui.ui.table.run_table import RunTable

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LONG = "one two three four five six seven eight nine ten " * 6


def say(app, run_id, *texts, level=Level.INFO):
    for text in texts:
        app.session.event_queue.publish(MonitorEvent(address(run_id), 1, State.WAITING, text_notice(text), level=level))


def pane_of(app, run_id):
    return next(pane for pane in app.dashboard.panes.panes if pane.run == address(run_id))


async def logged(app, run_id, text):
    await until(lambda: event_text(app.session.watch_list[address(run_id)].log[-1].notice) == text)
    await until(lambda: text[:8] in pane_of(app, run_id).plain)


def two(size=(120, 40)):
    return running(Scenario(FakeProber()), "abc", "def", size=size)


async def test_pause_and_follow():
    async with running(Scenario(FakeProber()), "abc", size=(100, 16)) as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        say(app, "abc", *(f"line {n}" for n in range(30)))
        await until(lambda: pane.scroll_y == pane.max_scroll_y > 10)
        await pilot.press("F")
        assert not pane.following
        top = pane.scroll_y
        say(app, "abc", "one more")
        await logged(app, "abc", "one more")
        await pilot.pause()
        assert pane.scroll_y == top
        assert "paused; End follows" in shown(app)
        await pilot.press("F")
        await until(lambda: pane.scroll_y == pane.max_scroll_y > top)
        assert "paused" not in shown(app)


async def test_the_cursor_does_not_wait_for_new_lines():
    async with two() as (app, pilot):
        await pilot.press("home", "l", "down", "l", "f", *"news", "enter")
        row, pane = app.session.watch_list[address("abc")], pane_of(app, "abc")
        await until(lambda: "0 in all logs" in app.dashboard.find_bar.found)
        # Nothing is awaited from here on, so that only these calls can show the line.
        app.session.watch_list.apply(MonitorEvent(row.run, row.attempt, State.WAITING, text_notice("the news")))
        app.dashboard.table.action_cursor_up()
        app.dashboard.preview.follow()
        assert "the news" not in pane.plain
        # Shown with all other changes of the list, such as those of another dashboard.
        app.dashboard.refresh_all()
        assert "the news" in pane.plain
        assert "1 in all logs" in app.dashboard.find_bar.found


def at_the_end(app, pane, text):
    return text in shown(app) and pane.following and pane.scroll_y == pane.max_scroll_y > 0


async def test_the_end_of_an_ended_runs_log_is_what_one_sees_first():
    async with two((100, 24)) as (app, pilot):
        await pilot.press("home")
        say(app, "def", *(f"line {n}" for n in range(30)), "the result")
        await until(lambda: len(app.session.watch_list[address("def")].log) > 30)
        await pilot.press("down")
        await until(lambda: at_the_end(app, pane_of(app, "def"), "the result"))
        # To a short log and back: the scroll bar goes and comes.
        await pilot.press("up")
        await until(lambda: pane_of(app, "abc").max_scroll_y == 0)
        await pilot.press("down")
        await until(lambda: at_the_end(app, pane_of(app, "def"), "the result"))


async def test_narrower_panes_wrap_and_still_end_with_the_end():
    async with two((80, 24)) as (app, pilot):
        await pilot.press("home")
        for run in ("abc", "def"):
            say(app, run, *(f"line {n} is longer than half the screen" for n in range(7)), f"{run} is the whole result")
        await until(lambda: len(app.session.watch_list[address("def")].log) > 7)
        await pilot.press("l", "down", "l")
        for run in ("abc", "def"):
            await until(lambda run=run: at_the_end(app, pane_of(app, run), f"{run} is the whole result"))
            # The last line just fits beside the scroll bar, and does so when all is wrapped again.
            lines = pane_of(app, run).plain
            assert lines.endswith(f" {run} is the whole result")
            pane_of(app, run).reload()
            assert pane_of(app, run).plain == lines


@pytest.mark.parametrize("size", [(44, 40), (100, 17)])
async def test_another_size_of_the_screen_keeps_the_end_in_view(size):
    async with running(Scenario(FakeProber()), "abc", size=(100, 40)) as (app, pilot):
        pane = pane_of(app, "abc")
        say(app, "abc", *(f"line {n} is as long as some lines really are" for n in range(20)), "the result")
        await logged(app, "abc", "the result")
        assert pane.max_scroll_y == 0
        await pilot.resize_terminal(*size)
        await until(lambda: at_the_end(app, pane, "the result"))


async def test_older_lines_come_in_above_the_end_of_a_log():
    rows = [StoredRun(address(run), Goal(), 1, State.CANCELLED, text_notice("Cancelled")) for run in ("abc", "def")]
    lines = [LogLine(NOON, 1, text_notice(f"line {n}")) for n in range(30)] + [
        LogLine(NOON, 1, text_notice("the result"))
    ]
    store = FakeStore(rows, logs={address("def"): lines})
    async with running(Scenario(store=store), size=(100, 24)) as (app, pilot):
        await until(lambda: len(app.session.watch_list) == 2)
        await pilot.press("home")
        await until(lambda: pane_of(app, "abc").plain)
        await pilot.press("down")
        await until(lambda: at_the_end(app, pane_of(app, "def"), "the result"))


async def test_the_bar_for_sideways_scrolling_does_not_hide_the_end():
    async with running(Scenario(FakeProber()), "abc", size=(100, 20)) as (app, pilot):
        pane = pane_of(app, "abc")
        await pilot.press("W")
        say(app, "abc", *(f"line {n}" for n in range(30)))
        await until(lambda: at_the_end(app, pane, "line 29"))
        say(app, "abc", LONG)
        await until(lambda: pane.show_horizontal_scrollbar and at_the_end(app, pane, "one two three"))


async def test_a_click_on_paused_follows_again():
    async with running(Scenario(FakeProber()), "abc", size=(100, 16)) as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        say(app, "abc", *(f"line {n}" for n in range(30)))
        await until(lambda: pane.scroll_y == pane.max_scroll_y > 10)
        pane.scroll_to(y=0, animate=False)
        await until(lambda: not pane.following)
        await pilot.click(pane, offset=(10, pane.outer_size.height - 1))
        await until(lambda: pane.following)


async def test_long_lines_are_wrapped_or_one_scrolls_sideways():
    async with running(Scenario(FakeProber()), "abc") as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        say(app, "abc", LONG)
        await logged(app, "abc", LONG)
        wrapped = pane.plain.count("\n")
        assert shown(app).count("eight nine ten") >= 3
        await pilot.press("W")
        await until(lambda: pane.plain.count("\n") < wrapped)
        assert pane.max_scroll_x > 100
        pane.focus()
        await pilot.press("W")
        await until(lambda: pane.plain.count("\n") == wrapped)
        assert pane.max_scroll_x == 0


async def test_sideways_scrolling_shows_the_rest():
    async with running(Scenario(FakeProber()), "abc", size=(80, 30)) as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        say(app, "abc", "beginning " + "x" * 100 + " ending")
        await logged(app, "abc", "beginning " + "x" * 100 + " ending")
        await pilot.press("W")
        await until(lambda: pane.max_scroll_x > 0)
        assert "beginning" in shown(app)
        assert "ending" not in shown(app)
        pane.scroll_to(x=pane.max_scroll_x, animate=False)
        await until(lambda: "ending" in shown(app) and "beginning" not in shown(app))


async def test_levels():
    async with running(Scenario(FakeProber()), "abc") as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        say(app, "abc", "so so")
        say(app, "abc", "look out", level=Level.WARNING)
        say(app, "abc", "too late", level=Level.ERROR)
        await logged(app, "abc", "too late")
        await pilot.press("L")
        assert "so so" not in pane.plain
        assert "look out" in pane.plain
        assert "warnings and errors" in shown(app)
        say(app, "abc", "nothing much")
        say(app, "abc", "look again", level=Level.WARNING)
        await logged(app, "abc", "look again")
        assert "nothing much" not in pane.plain
        await pilot.press("L")
        assert "too late" in pane.plain
        assert "look" not in pane.plain
        await pilot.press("L")
        assert "so so" in pane.plain
        assert "errors" not in shown(app)


async def test_times_count_from_the_beginning_of_the_attempt():
    async with running(Scenario(FakeProber()), "abc") as (app, pilot):
        started = app.session.watch_list[address("abc")].attempts[-1].started
        later = MonitorEvent(
            address("abc"), 1, State.WAITING, text_notice("later"), time=started + timedelta(seconds=83)
        )
        app.session.event_queue.publish(later)
        await logged(app, "abc", "later")
        assert "+1:23" not in shown(app)
        await pilot.press("t")
        await until(lambda: "+1:23" in shown(app))
        await pilot.press("t")
        await until(lambda: "+1:23" not in shown(app))


async def test_find_next_and_previous():
    async with running(Scenario(FakeProber()), "abc", size=(100, 20)) as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        say(app, "abc", *(f"line {n}: {'Needle' if n in {3, 20, 41} else 'hay'}" for n in range(60)))
        await logged(app, "abc", "line 59: hay")
        await pilot.press("f", *"needle")
        await until(lambda: "3 of 3 found" in shown(app) and "line 41" in shown(app))
        await pilot.press("enter")
        assert app.focused is pane
        await pilot.press("n")
        await until(lambda: "1 of 3 found" in shown(app) and "line 3:" in shown(app))
        await pilot.press("N", "N")
        await until(lambda: "2 of 3 found" in shown(app) and "line 20" in shown(app))
        assert not pane.following
        say(app, "abc", "another NEEDLE")
        await logged(app, "abc", "another NEEDLE")
        await until(lambda: "2 of 4 found" in shown(app))
        await pilot.press("f", "escape")
        await until(lambda: "found" not in shown(app))
        await until(lambda: pane.following)
        assert not app.dashboard.query_one(FindBar).display


@pytest.mark.parametrize("from_the_table", [True, False])
async def test_escape_ends_a_find_before_anything_else(from_the_table):
    async with two((100, 24)) as (app, pilot):
        await pilot.press("home", "l", "down", "l", "space")
        for run in ("abc", "def"):
            say(app, run, *(f"line {n}: {'page' if n < 6 else 'hay'}" for n in range(40)))
            await logged(app, run, "line 39: hay")
        await pilot.press("f", *"page", "enter")
        await until(lambda: shown(app).count("6 of 6 found") == 1)
        assert shown(app).count(" 6 found") == 2
        assert [pane.following for pane in app.dashboard.panes.panes].count(False) == 1
        if from_the_table:
            app.dashboard.query_one(RunTable).focus()
            await until(lambda: isinstance(app.focused, RunTable))
        focused = app.focused
        await pilot.press("escape")
        await until(lambda: "found" not in shown(app) and "paused" not in shown(app))
        assert all(at_the_end(app, pane, "line 39") for pane in app.dashboard.panes.panes)
        assert not app.dashboard.query_one(FindBar).display
        assert app.focused is focused
        marks = app.dashboard.query_one(RunTable).selection
        assert len(marks) == 1
        app.dashboard.query_one(RunTable).focus()
        await until(lambda: isinstance(app.focused, RunTable))
        await pilot.press("escape")
        assert not len(marks)


async def test_only_the_log_in_focus_goes_to_what_is_found():
    async with two((120, 24)) as (app, pilot):
        await pilot.press("home", "l", "down", "l")
        for run in ("abc", "def"):
            say(app, run, *(f"line {n}: {'page' if n in {3, 9, 20} else 'hay'}" for n in range(40)))
            await logged(app, run, "line 39: hay")
        first, second = pane_of(app, "abc"), pane_of(app, "def")
        second.focus()
        await until(lambda: app.focused is second)
        await pilot.press("f", *"page")
        await until(lambda: "3 of 3 found" in str(second.border_subtitle))
        assert str(first.border_subtitle) == "3 found"
        await pilot.press("enter", "N")
        assert app.focused is second
        await until(lambda: "2 of 3 found" in str(second.border_subtitle))
        assert at_the_end(app, first, "line 39")
        first.focus()
        await until(lambda: app.focused is first)
        await pilot.press("n")
        await until(lambda: "3 of 3 found" in str(first.border_subtitle))
        assert "2 of 3 found" in str(second.border_subtitle)
        # From the table, the log of the run under the cursor.
        await pilot.press("escape", "escape", "f", *"hay")
        assert app.dashboard.table.run == address("def")
        await until(lambda: "of 37 found" in str(second.border_subtitle))
        assert str(first.border_subtitle) == "37 found"


async def test_a_find_says_in_which_log_it_looks_and_when_it_begins_again():
    async with two((120, 24)) as (app, pilot):
        await pilot.press("home", "l", "down", "l")
        for run, places in (("abc", {3, 9, 20}), ("def", {5})):
            say(app, run, *(f"line {n}: {'page' if n in places else 'hay'}" for n in range(40)))
            await logged(app, run, "line 39: hay")
        await pilot.press("home", "f", *"page")
        await until(lambda: "3 of 3 in abc · 4 in all logs (Tab: next log)" in shown(app))
        await pilot.press("enter", "n")
        await until(lambda: "1 of 3 in abc, again from the top · 4 in all logs" in shown(app))
        await pilot.press("n")
        await until(lambda: "2 of 3 in abc · 4 in all logs" in shown(app))
        await pilot.press("N", "N")
        await until(lambda: "3 of 3 in abc, again from the end" in shown(app))
        await pilot.press("tab")
        await until(lambda: "1 in def · 4 in all logs" in shown(app))
        await pilot.press("n")
        await until(lambda: "1 of 1 in def · 4 in all logs" in shown(app))
        say(app, "def", "another page")
        await until(lambda: "1 of 2 in def · 5 in all logs" in shown(app))
        await pilot.press("escape")
        await until(lambda: "in all logs" not in shown(app))


@pytest.mark.parametrize(("ascii_look", "sign"), [(False, "📌 ◐ abc"), (True, "[pinned] o abc")])
async def test_a_log_that_is_pinned_says_so(ascii_look, sign):
    async with running(Scenario(FakeProber()), "abc", "def", size=(160, 40), ascii_look=ascii_look) as (app, pilot):
        pin = sign.split()[0]
        await pilot.press("home")
        await until(lambda: len(app.dashboard.panes.panes) == 2)
        assert pin not in shown(app)
        await pilot.press("l", "down")
        await until(lambda: sign in shown(app))
        assert shown(app).count(pin) == 1
        await pilot.press("up", "x")
        await until(lambda: pin not in shown(app))


async def test_what_is_not_there_is_not_found():
    async with running(Scenario(FakeProber()), "abc") as (app, pilot):
        await pilot.press("f", *"xyzzy")
        await until(lambda: "not found" in shown(app))
        await pilot.press("enter", "n", "N")
        assert app.dashboard.panes.current.following


async def test_full_screen_and_back():
    async with two() as (app, pilot):
        await pilot.press("home", "l", "down", "l")
        pane = pane_of(app, "def")
        pane.focus()
        await pilot.press("z")
        await until(lambda: app.dashboard.panes.panes == [pane] and pane.size.height > 30)
        assert not app.dashboard.query_one(RunTable).display
        await pilot.press("escape")
        await until(lambda: len(app.dashboard.panes.panes) == 2)
        assert app.dashboard.query_one(RunTable).display
        await pilot.press("escape")
        assert isinstance(app.focused, RunTable)


async def test_a_double_click_on_the_title_is_full_screen():
    async with two() as (app, pilot):
        await pilot.press("home", "l", "down", "l")
        pane = pane_of(app, "abc")
        await pilot.click(pane, offset=(5, 0), times=2)
        await until(lambda: app.dashboard.panes.panes == [pane])
        await pilot.click(pane, offset=(5, 0), times=2)
        await until(lambda: len(app.dashboard.panes.panes) == 2)


async def test_a_run_that_goes_while_its_log_is_on_full_screen():
    async with two() as (app, pilot):
        await pilot.press("home", "l")
        pane_of(app, "abc").focus()
        await pilot.press("z")
        app.session.remove([address("abc")])
        app.dashboard.refresh_all()
        await until(lambda: app.dashboard.query_one(RunTable).display)
        assert [pane.run for pane in app.dashboard.panes.panes] == [address("def")]


async def test_keys_make_a_pane_larger_and_smaller():
    async with two() as (app, pilot):
        await pilot.press("home", "l", "down", "l")
        first, second = app.dashboard.panes.panes
        before = first.size.width
        await pilot.press("greater_than_sign", "greater_than_sign")
        await until(lambda: first.size.width == before + 8)
        second.focus()
        await pilot.press("greater_than_sign")
        await until(lambda: first.size.width == before + 4)
        await pilot.press("less_than_sign")
        await until(lambda: first.size.width == before + 8)
        for _ in range(30):
            await pilot.press("less_than_sign")
        assert second.outer_size.width == 16


async def test_stacked_panes_grow_in_height():
    async with two((60, 40)) as (app, pilot):
        await pilot.press("home", "l", "down", "l")
        first, second = app.dashboard.panes.panes
        assert first.region.x == second.region.x
        before = first.size.height
        await pilot.press("greater_than_sign")
        await until(lambda: first.size.height == before + 1)


async def test_a_divider_is_dragged():
    async with two() as (app, pilot):
        await pilot.press("home", "l", "down", "l")
        first, second = app.dashboard.panes.panes
        right, y = first.region.right, first.region.y + 3
        await pilot.mouse_down(offset=(right - 1, y))
        await pilot.hover(offset=(right + 19, y))
        await until(lambda: first.region.right == right + 19)
        await pilot.mouse_up(offset=(right + 19, y))
        await pilot.hover(offset=(10, y))
        assert first.region.right == right + 19
        await pilot.hover(offset=(5, y))
        assert first.region.right == right + 19
        assert second.region.right == 120
        await until(lambda: "across2" in app.session.backend.store.view.get("panes", {}).get("shares", {}))


async def test_panes_come_back_as_they_were():
    rows = [StoredRun(address(run), Goal(), 1, State.CANCELLED, text_notice("Cancelled")) for run in ("abc", "def")]
    view = {"runs": ["lab/forks/def", "lab/forks/abc", "lab/gone/x"], "shares": {"across2": [30, 90]}}
    view["view"] = {"wrap": False, "relative": True, "fold": False, "least": "warning"}
    async with running(Scenario(store=FakeStore(rows, view={"panes": view}))) as (app, pilot):
        panes = app.dashboard.panes
        await until(lambda: [pane.run for pane in panes.panes] == [address("def"), address("abc")])
        assert panes.view == LogOptions(wrap=False, relative=True, fold=False, min_level=Level.WARNING)
        await until(lambda: panes.panes[0].outer_size.width == 30)
        await pilot.press("L", "home", "x")
        view = app.session.backend.store.view
        await until(lambda: view["panes"]["view"]["least"] == "error" and view["panes"]["runs"] == ["lab/forks/def"])


async def test_stored_panes_may_be_nonsense():
    nonsense = {"runs": [1, "x", "a b/c/d"], "view": {"least": 3}, "shares": {"across2": [0, -1, "x"], "down3": 4}}
    async with running(Scenario(store=FakeStore(view={"panes": nonsense})), "abc") as (app, _):
        assert app.dashboard.panes.pinned == []
        assert app.dashboard.panes.view == LogOptions()


async def test_a_log_is_copied(monkeypatch):
    async with running(Scenario(FakeProber()), "abc") as (app, pilot):
        say(app, "abc", "copy me", "or \x1b[31mme")
        await until(lambda: "copy me" in pane_of(app, "abc").plain and "or " in pane_of(app, "abc").plain)
        await pilot.press("Y")
        *_, before, last = app.clipboard.splitlines()
        assert before.endswith(" 1 info    copy me")
        assert last.endswith(" 1 info    or \N{REPLACEMENT CHARACTER}me")
        monkeypatch.setattr(export.newest, "__defaults__", (40,))
        await pilot.press("Y")
        assert app.clipboard.count("\n") == 1
        assert any("The newest line copied" in note.message for note in app._notifications)


async def test_a_log_is_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with running(Scenario(FakeProber()), "abc") as (app, pilot):
        say(app, "abc", "save me")
        await logged(app, "abc", "save me")
        await pilot.press("S")
        await until(lambda: list(tmp_path.glob("lab-forks-abc-*.log")))
        (path,) = tmp_path.glob("*.log")
        await until(lambda: any(str(path) in note.message for note in app._notifications))
        assert path.read_text().splitlines()[-1].endswith("1 info    save me")


async def test_a_log_that_cannot_be_saved_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    async with running(Scenario(FakeProber()), "abc") as (app, pilot):
        await pilot.press("S")
        await until(lambda: any("No space left" in note.message for note in app._notifications))


# Without a screen


def test_saving_overwrites_nothing_and_takes_any_name(tmp_path):
    run = address("a\\b c")
    first, second = (export.save(run, text, tmp_path) for text in ("1", "2"))
    assert first != second
    assert first.parent == tmp_path
    assert (first.read_text(), second.read_text()) == ("1", "2")


def test_saving_goes_home_where_the_folder_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "home_folder", lambda: tmp_path)
    assert export.save(address("abc"), "1", tmp_path / "none").parent == tmp_path


def lines_of(*messages, width=30):
    lines = [LogLine(NOON, 1, text_notice(message)) for message in messages]
    return list(rendered(lines, LogLayout(width, Glyphs()), None))


def test_a_text_that_is_broken_over_two_lines_is_found():
    lines = lines_of("nothing here", "the quick brown fox jumps over it", "nothing")
    assert len(lines) > 3
    assert found(lines, "BROWN FOX jumps") == [1]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("next check in 6 s", ["next check in", "6 s"]),
        ("not there for 12 ms, so", ["not there for", "12 ms, so"]),
        ("now there are 40 MB", ["now there are", "40 MB"]),
        ("this is step 6 so far", ["this is step 6", "so far"]),
        ("waiting for 12  s", ["waiting for 12", "s"]),
        ("1234567890123456 s", ["123456789012345", "6 s"]),
    ],
)
def test_a_number_and_its_unit_stay_together(text, lines):
    assert wrapped(text, 15) == lines


@pytest.mark.parametrize(
    ("needle", "styles"),
    [("b", ["text", "match", "text"]), ("abc", ["match"]), ("x", ["text"]), ("C", ["text", "match"])],
)
def test_every_needle_is_marked(needle, styles):
    pieces = marked([("abc", "text")], needle, "match")
    assert [style for _, style in pieces] == styles
    assert "".join(text for text, _ in pieces) == "abc"


def test_letters_that_grow_when_folded_are_left_alone():
    assert marked([("Straße", "text")], "ss", "match") == (("Straße", "text"),)


def test_attempts_are_set_apart_among_what_is_shown():
    lines = [
        LogLine(NOON, n, text_notice(f"line {n}"), level=Level.WARNING if n != 2 else Level.INFO) for n in (1, 2, 3)
    ]
    page = LogLayout(40, Glyphs(), LogOptions(min_level=Level.WARNING))
    texts = [line.text for line in rendered(lines, page, None)]
    assert [text.split("  ")[-1].strip("─ ") for text in texts][1] == "attempt 3"
    assert len(texts) == 3
    assert isinstance(next(rendered(lines, page, None)), RenderedLine)


def test_shares_know_each_number_of_neighbours_apart():
    shares = Split().with_axis(SplitAxis.ACROSS, [10, 30]).with_axis(SplitAxis.DOWN, [1, 2, 3])
    assert shares.of_axis(SplitAxis.ACROSS, 2) == (10, 30)
    assert shares.of_axis(SplitAxis.ACROSS, 3) == (1, 1, 1)
    assert Split.of(shares.saved) == shares


async def many(pilot):
    """Wait until the table has more runs than it shows."""
    table = pilot.app.dashboard.table
    await until(lambda: len(table.shown) == 40 and table.size.height == 18)
    return table, pilot.app.dashboard.panes


async def test_the_divider_between_table_and_logs_is_dragged_and_remembered():
    scenario = Scenario()
    async with running(scenario, *(f"r{n}" for n in range(40)), size=(120, 40)) as (app, pilot):
        table, panes = await many(pilot)
        top = panes.region.y
        await pilot.mouse_down(offset=(30, top))
        await pilot.hover(offset=(30, top - 6))
        await until(lambda: (table.size.height, panes.region.y) == (12, top - 6))
        await pilot.hover(offset=(30, 2))
        await until(lambda: table.size.height == 3)
        await pilot.hover(offset=(30, 39))
        await until(lambda: panes.size.height == 4)
        await pilot.hover(offset=(30, top + 5))
        await until(lambda: (table.size.height, panes.region.y) == (23, top + 5))
        await pilot.mouse_up(offset=(30, top + 5))
        await pilot.hover(offset=(30, top))
        assert panes.region.y == top + 5
        await until(lambda: "table2" in scenario.store.view.get("panes", {}).get("shares", {}))
    rows = [StoredRun(address(f"r{n}"), Goal(), 1, State.CANCELLED, text_notice("Cancelled")) for n in range(40)]
    async with running(Scenario(store=FakeStore(rows, view=scenario.store.view)), size=(120, 40)) as (app, _):
        await until(lambda: app.dashboard.table.size.height == 23)


async def test_keys_make_all_logs_larger_and_smaller():
    async with running(Scenario(), *(f"r{n}" for n in range(40)), size=(120, 40)) as (_, pilot):
        table, _ = await many(pilot)
        await pilot.press("plus", "plus")
        await until(lambda: table.size.height == 16)
        await pilot.press("minus")
        await until(lambda: table.size.height == 17)
        await pilot.resize_terminal(120, 20)
        await until(lambda: table.size.height == 8)


async def test_a_table_that_shows_all_its_runs_takes_no_more_room():
    async with two() as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        height = app.dashboard.table.size.height
        await pilot.press("minus")
        assert app.dashboard.table.size.height == height
        assert "The table already shows all its runs" in [note.message for note in app._notifications]


async def test_full_screen_and_back_leaves_the_focus_where_it_was():
    async with running(Scenario(FakeProber()), "abc") as (app, pilot):
        await until(lambda: app.dashboard.panes.panes)
        for pane in (False, True):
            if pane:
                app.dashboard.panes.panes[0].focus()
                await pilot.pause()
            before = app.focused
            await pilot.press("z")
            await until(lambda: app.dashboard.panes.zoomed and app.focused is app.dashboard.panes.panes[0])
            await pilot.press("z")
            await until(lambda before=before: not app.dashboard.panes.zoomed and app.focused is before)
