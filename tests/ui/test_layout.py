"""The layout of the screen: hostile texts, narrow terminals, other looks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.screen import shown, until
from tests.ui.fakes import NOT_YET, FakeProber, FakeStore, Scenario, address, there
from tests.ui.support import case, running
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.probe import Probe, ProbeOutcome, RunInfo
from wandb_tui.core.state import State
from wandb_tui.text.durations import format_elapsed
from wandb_tui.text.plain_text import clean, fit
from wandb_tui.ui.app.themes import LIGHT
from wandb_tui.ui.common.confirm import Confirm
from wandb_tui.ui.common.too_small import TooSmall, essential_lines
from wandb_tui.ui.dashboard.screen import Dashboard
from wandb_tui.ui.table.columns import COLUMNS, PADDING_CELLS, TREND, fitting_columns

HOSTILE = {
    "markup": "[red]not red[/red] [@click=app.quit]x[/]",
    "ansi": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J",
    "lines": "one\ntwo\r\nthree\ttab",
    "wide": "漢字かな交じり文" * 10,
    "rtl": "\u202eevil\u202c שלום مرحبا",
    "long": "x" * 5000,
    "zero": "a\u200bb\u200dc\ufe0f" + "e" + "\u0301" * 50,
}


async def test_hostile_texts_are_text_and_the_table_stays_straight():
    answers = {kind: [Probe(ProbeOutcome.NOT_FOUND, run=RunInfo(text), message=text)] for kind, text in HOSTILE.items()}
    async with running(
        Scenario(FakeProber(answers | {"def": [there(3, "calm-moon-13")]})), *HOSTILE, "def", size=(120, 30)
    ) as (app, pilot):
        await until(lambda: all(app.session.watch_list[address(kind)].state is State.FAILED for kind in HOSTILE))
        await until(lambda: "v3" in shown(app))
        await pilot.press("home")
        for kind in HOSTILE:
            with case(kind):
                # The log pane shows the run under the cursor.
                assert app.dashboard.table.run == address(kind)
                await pilot.pause(0.1)
                lines = shown(app).splitlines()
                assert [line for line in lines if cell_len(line) != 120] == []
                for char in "\x1b\x9b\u202e\u200b\t\r":
                    assert char not in "".join(lines)
                table = [line for line in lines if " exists " in line]
                assert len(table) == len(HOSTILE) + 1
                cells = {cell_len(line[: line.index(" exists ")]) for line in table}
                assert len(cells) == 1, "the columns are aligned"
                if kind == "markup":
                    assert "[red]not red" in "\n".join(lines)
                await pilot.press("down")


def test_clean_keeps_what_is_harmless():
    assert clean("größe 漢字 100 %") == "größe 漢字 100 %"
    assert clean("a\nb\tc") == "a b c"
    assert "\x1b" not in clean("\x1b[31mred\x1b[0m")
    assert clean("\x1b[31mred") == "\N{REPLACEMENT CHARACTER}red"
    assert clean("\x1b]8;;http://evil\x1b\\x") == "\N{REPLACEMENT CHARACTER}x"
    assert len(clean("x" * 5000)) == 2000
    assert clean("\u202eabc\u2066") == "abc"


def test_fit_and_minutes():
    assert fit("漢字漢字", 5) == "漢字…"
    assert fit("abc", 3) == "abc"
    assert fit("abcd", 3) == "ab…"
    assert fit("abcd", 0) == ""
    assert [format_elapsed(s) for s in (0, 61.9, 3600, 36061)] == ["0:00", "1:01", "1:00:00", "10:01:01"]


def test_columns_never_exceed_the_width():
    for width in range(16, 280):
        columns = fitting_columns(width)
        assert sum(cells + 2 * PADDING_CELLS for _, cells in columns) <= width
        assert columns[0][0].key == "state"
        if width >= 240:
            # The column with small curves comes with a metric.
            assert {column.key for column, _ in columns} == {column.key for column in COLUMNS} - {TREND}


def test_a_column_takes_no_more_than_its_text_needs_and_the_message_gets_the_rest():
    def widths(**widest):
        return {column.key: cells for column, cells in fitting_columns(160, dull={"project"}, widest=widest)}

    assert widths(run=22)["run"] == 22
    assert widths(run=22)["message"] > widths()["message"]
    assert "waited" in widths(run=22, message=40)
    assert "waited" not in widths(run=22, message=65)
    assert widths(run=22, message=65)["message"] >= 65
    assert "run_state" not in widths(run=22, message=74)
    assert widths(run=22, message=74)["message"] >= 74
    assert "run_state" in widths(run=22, message=200), "what does not make it whole stays"
    for width in range(16, 280):
        columns = fitting_columns(width, widest={"run": 22, "project": 3})
        assert sum(cells + 2 * PADDING_CELLS for _, cells in columns) <= width
        assert all(cells >= column.width for column, cells in columns)


async def test_a_name_that_comes_late_gets_its_room():
    prober = FakeProber()
    async with running(Scenario(prober), "abc", size=(160, 45)) as (app, _):
        await until(lambda: prober.open["abc"])
        name = "a-name-of-more-than-twenty-cells"
        prober.answer("abc", Probe(ProbeOutcome.NOT_YET, run=RunInfo(name)))
        await until(lambda: f"{name} abc" in shown(app))


async def test_at_160_columns_the_longest_usual_message_is_whole():
    said = "There is no run no-such-run in lab/forks, or this API key may not see it."
    prober = FakeProber({"abc": [Probe(ProbeOutcome.NOT_FOUND, message=said)]})
    async with running(Scenario(prober), "abc", size=(160, 45)) as (app, _):
        await until(lambda: app.session.watch_list[address("abc")].state is State.FAILED)
        await until(lambda: said in shown(app).splitlines()[3])


async def test_sizes():
    async with running(None, "abc", "def", size=(80, 24)) as (app, pilot):
        await until(lambda: app.session.watch_list[address("abc")].state is State.WAITING)
        for size in ((80, 24), (60, 20), (40, 10), (200, 60)):
            with case(*size):
                await pilot.resize_terminal(*size)
                await pilot.pause(0.1)
                lines = shown(app).splitlines()
                assert len(lines) == size[1]
                assert all(cell_len(line) == size[0] for line in lines)
                assert "waiting" in "\n".join(lines)
                assert "q Quit" in lines[-1]
                for key in ("a", "escape", "s", "escape", "question_mark", "escape"):
                    await pilot.press(key)


async def test_too_small_is_reported_and_passes():
    async with running(None, "abc", size=(80, 24)) as (app, pilot):
        await pilot.resize_terminal(20, 5)
        await until(lambda: "too small" in " ".join(shown(app).split()))
        await pilot.resize_terminal(80, 24)
        await until(lambda: app.screen is app.dashboard)
        await until(lambda: "abc" in shown(app))


def readable(app):
    """The text on the screen as one reads it where words are cut: without spaces and ends of lines."""
    return "".join(shown(app).split())


@pytest.mark.parametrize(
    ("widths", "heights"),
    [
        ((1, 3, 7, 39, 40), (1, 3, 9, 10)),
        pytest.param((1, 2, 3, 4, 5, 7, 9, 12, 20, 39, 40), (1, 2, 3, 9, 10, 20), marks=pytest.mark.long),
    ],
    ids=["some", "all"],
)
async def test_at_every_small_size_it_rests_and_what_matters_can_be_read(monkeypatch, widths, heights):
    """Toasts, a dialog that is open, and the question at quit at sizes from 1x1 on."""
    async with running(None, "abc", "def", size=(80, 24), notifications=True) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 2)
        frames = []
        monkeypatch.setattr(app, "_display", lambda *update: frames.append(update))
        for width in widths:
            for height in heights:
                app.notify(f"{width} {LONG}", timeout=600, markup=False)
                await pilot.resize_terminal(width, height)
                await settled(pilot, frames)
                if width >= 40 and height >= 10:
                    assert app.screen is app.dashboard
                elif width * height >= len("toosmall") * 2:
                    assert "toosmall" in readable(app), (width, height)
                await pilot.press("q")
                await until(lambda: isinstance(app.screen, Confirm))
                await settled(pilot, frames)
                if width >= 3 and width * height >= len("Quit? y/n") * 2:
                    assert "Quit" in readable(app), (width, height)
                    assert "y" in readable(app).replace("Stay", ""), (width, height)
                await pilot.press("n")
                await until(lambda: not isinstance(app.screen, Confirm))
                app.clear_notifications()
        await pilot.resize_terminal(80, 24)
        await until(lambda: app.screen is app.dashboard)


LONG = "There is no such run, or this API key may not see it. " * 3


async def settled(pilot, frames):
    """Fail if the screen is drawn again and again although nothing happens."""
    await pilot.pause()
    for _ in range(100):
        before = len(frames)
        await pilot.pause(0.03)
        if len(frames) == before:
            return
    raise AssertionError(f"it does not come to rest at {pilot.app.size}")


@pytest.mark.parametrize("grown", [(80, 24), (39, 9)])
async def test_a_question_survives_a_change_of_size(grown):
    async with running(None, "abc", size=(80, 24)) as (app, pilot):
        await pilot.press("q")
        await pilot.resize_terminal(30, 8)
        await until(lambda: "y Quit  n Stay" in shown(app))
        assert isinstance(app.screen, Confirm)
        await pilot.resize_terminal(*grown)
        await pilot.press("n")
        await until(lambda: isinstance(app.screen, TooSmall if grown < (40, 10) else Dashboard))
        await pilot.resize_terminal(80, 24)
        await until(lambda: app.screen is app.dashboard)


@given(width=st.integers(1, 60), height=st.integers(1, 25))
def test_the_essential_lines_never_exceed_the_size(width, height):
    texts = (("Terminal too small (needs 40x10)", "and more"), ("too small, needs 40x10",), ("too small",), ("!",))
    lines = essential_lines(texts, width, height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    if width * height >= len("too small") * 2:
        assert "toosmall" in "".join(lines).replace(" ", "")


async def test_the_ascii_look_is_ascii():
    stored = [
        StoredRun(address(state.value), Goal(), 1, state, text_notice(state.value)) for state in State if state.final
    ]
    async with running(Scenario(FakeProber(default=NOT_YET), store=FakeStore(stored)), "abc", ascii_look=True) as (
        app,
        pilot,
    ):
        await until(lambda: app.session.watch_list[address("abc")].state is State.WAITING)
        await pilot.press("end")
        await pilot.pause(0.1)
        odd = {char for line in shown(app).splitlines() for char in line if not char.isascii()}
        assert odd <= set("▁▂▃▄▅▆▇▌"), "but for the bars of Textual's own"


async def test_the_cursor_stays_on_its_run_when_the_columns_change():
    async with running(None, "abc", "def", "ghi", size=(160, 45)) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == 3)
        await pilot.press("home", "down")
        await pilot.resize_terminal(80, 24)
        await until(lambda: len(app.dashboard.table.columns) < len(COLUMNS))
        assert app.dashboard.table.run == address("def")


async def test_every_kind_of_theme_has_the_colours_that_are_needed():
    async with running(None, "abc", theme="nord") as (app, pilot):
        assert app.theme == "nord"
        for theme in ("textual-light", "ansi-dark"):
            app.theme = theme
            await pilot.pause()
            assert "waiting" in shown(app)
            assert f"-theme-{theme}" in app.classes


async def test_another_theme_recolours_the_cells():
    async with running(None, "abc") as (app, _):

        def colours():
            """Of what says that the first run is waiting."""
            segments = app.dashboard.table.render_line(1)
            return {s.style.color.triplet.hex for s in segments if "waiting" in s.text and s.style.color.triplet}

        await until(lambda: colours() == {app.theme_variables["primary"].lower()})
        dark = colours()
        app.theme = LIGHT
        await until(lambda: colours() != dark)
        assert colours() == {app.theme_variables["primary"].lower()}
