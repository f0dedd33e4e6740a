"""Lines that say the same: folded into one that counts them, found, unfolded, copied one by one."""

from __future__ import annotations

import random
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from tests.screen import shown, until
from tests.ui.fakes import FakeProber, FakeStore, Scenario, address
from tests.ui.support import running
from wandb_tui.core.events import Level, MonitorEvent, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import LogLine, counted
from wandb_tui.core.notice import EventKind, Notice, text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.state import State
from wandb_tui.text import times
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.logs.buffer import LogBuffer
from wandb_tui.ui.logs.options import LogOptions
from wandb_tui.ui.logs.rendering import LogLayout, rendered

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def waits(seconds):
    return Notice(EventKind.POLL_FAILED, detail="not there", next_check=seconds)


def as_notice(message):
    return message if isinstance(message, Notice) else text_notice(message)


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch):
    monkeypatch.setattr(times, "time_of_day", lambda moment: f"{moment:%H:%M:%S}")


def log_of(*messages, attempt=1):
    return counted(
        LogLine(NOON + timedelta(seconds=second), attempt, as_notice(message), state=State.WAITING)
        for second, message in enumerate(messages)
    )


def texts(lines, width=80, glyphs=Glyphs(), **view):  # noqa: B008 - it never changes
    page = LogLayout(width, glyphs, LogOptions(**view), {1: NOON})
    return [row.text.rstrip() for row in rendered(lines, page, None)]


WAITING = log_of("begins", *(waits(n % 3 + 1) for n in range(5)), "ends")


def test_lines_that_say_the_same_are_one_with_first_and_last_time():
    assert texts(WAITING) == [
        "12:00:00 ·  begins",
        "12:00:01 ·  not there (×5, last 12:00:05)",
        "12:00:06 ·  ends",
    ]


def test_unfolded_each_line_is_as_it_was_logged():
    lines = texts(WAITING, fold=False)
    assert lines[1:6] == [f"12:00:0{n + 1} ·  not there, next check in {n % 3 + 1} s" for n in range(5)]


def test_how_the_count_looks_elsewhere():
    assert "+0:01 ·  not there (×5, last +0:05)" in texts(WAITING, relative=True)[1]
    assert texts(WAITING, glyphs=Glyphs(ascii=True))[1] == "12:00:01 -  not there (x5, last 12:00:05)"
    assert texts(WAITING, 27)[1] == "·  not there (×5)"
    assert texts(WAITING, 8, wrap=False)[1] == "·  not there (×5)"


@pytest.mark.parametrize(
    ("message", "width", "rows"),
    [
        ("not there", 41, ["12:00:00 ·  not there (×2, last 12:00:01)"]),
        ("not there", 40, ["12:00:00 ·  not there", "            (×2, last 12:00:01)"]),
        ("not there", 29, ["12:00:00 ·  not there", "            (×2, last", "            12:00:01)"]),
        (
            "歷史還不在" * 3,
            34,
            ["12:00:00 ·  歷史還不在歷史還不在歷", "            史還不在", "            (×2, last 12:00:01)"],
        ),
        ("אין עדיין", 60, ["12:00:00 ·  אין עדיין (×2, last 12:00:01)"]),
    ],
)
def test_the_count_stays_in_one_piece_where_there_is_room(message, width, rows):
    lines = texts(log_of(message, message), width)
    assert lines == rows
    assert all(cell_len(line) <= width for line in lines)


def test_neither_other_attempts_nor_other_levels_are_folded():
    lines = counted(
        LogLine(NOON, attempt, waits(1), level=level, state=State.WAITING)
        for attempt, level in ((1, Level.INFO), (1, Level.WARNING), (1, Level.WARNING), (2, Level.WARNING))
    )
    assert [line for line in texts(lines, 60) if "×" in line] == ["12:00:00 !  not there (×2, last 12:00:00)"]
    assert len(texts(lines, 60, min_level=Level.WARNING)) == 3


@pytest.mark.parametrize(
    "view", [LogOptions(), LogOptions(fold=False), LogOptions(wrap=False), LogOptions(min_level=Level.WARNING)]
)
@pytest.mark.parametrize("seed", range(5))
def test_a_log_looks_the_same_however_it_comes_in(view, seed):
    dice = random.Random(seed)  # noqa: S311 - no secret
    page = LogLayout(dice.choice([20, 40, 90]), Glyphs(), view, {1: NOON, 2: NOON})
    log, growing = deque(maxlen=1000), LogBuffer()
    growing.find("in 2 s")
    for second in range(200):
        kind, level = (
            dice.choice([waits, waits, lambda n: text_notice(f"else {n}")]),
            dice.choice([Level.INFO] * 3 + [Level.WARNING]),
        )
        line = LogLine(
            NOON + timedelta(seconds=second), 1 + second // 150, kind(dice.randrange(3)),
            level=level, state=State.WAITING,
        )  # fmt: skip
        log.append(line.after(log[-1]) if log else line)
        if dice.random() < 0.4:
            growing.take_in(log, page)
    growing.take_in(log, page)
    whole = LogBuffer()
    whole.take_in(log, page)
    whole.find("in 2 s")
    assert growing.rows == whole.rows
    assert growing.hits == whole.hits != []


def test_only_what_is_new_is_drawn():
    log, rows, page = deque(log_of("one", waits(1), "two")), LogBuffer(), LogLayout(60, Glyphs())
    assert rows.take_in(log, page) == 0
    assert rows.take_in(log, page) is None
    for nth in range(4):
        line = LogLine(NOON + timedelta(minutes=nth), 1, waits(nth), state=State.WAITING)
        log.append(line.after(log[-1]))
        assert rows.take_in(log, page) == 3, "the row that counts is taken back and drawn again"
    assert len(rows.rows) == 4


def test_what_only_folded_lines_say_is_found_there():
    rows = LogBuffer()
    rows.take_in(WAITING, LogLayout(80, Glyphs()))
    rows.find("in 2 s")
    assert rows.hits == [1]
    assert rows.pieces(1)[-1] == ("(×5, last 12:00:05)", "match")
    rows.hit = 1
    assert rows.pieces(1)[-1][1] == "here"
    rows.find("there")
    assert ("there", "match") in rows.pieces(1)
    assert rows.pieces(1)[-1][1] == "count"
    rows.find("12:00")
    assert rows.hits == [], "times are no part of what was said"
    assert rows.pieces(1) == rows.rows[1].pieces


# On the screen


def wait_in(app, *messages, second=0):
    for number, message in enumerate(messages):
        event = MonitorEvent(address("abc"), 1, State.WAITING, as_notice(message), status=MonitorStatus.NOT_AVAILABLE,
                      time=NOON + timedelta(seconds=second + number))  # fmt: skip
        app.session.event_queue.publish(event)


async def test_a_waiting_run_fills_one_line_and_u_unfolds_it():
    async with running(Scenario(FakeProber()), "abc") as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        wait_in(app, *(waits(n % 3 + 1) for n in range(14)))
        await until(lambda: "not there (×14, last 12:00:13)" in shown(app))
        wait_in(app, waits(9), second=14)
        await until(lambda: "12:00:00 ⏳ not there (×15, last 12:00:14)" in shown(app))
        assert pane.plain.count("not there") == 1
        await pilot.press("U")
        await until(lambda: pane.plain.count("not there, next check in") == 15)
        view = app.session.backend.store.view
        await until(lambda: view.get("panes", {}).get("view", {}).get("fold") is False)
        await pilot.press("Y")
        assert app.clipboard.count("not there, next check in") == 15
        await pilot.press("U", "Y")
        assert "(×15" in pane.plain
        assert app.clipboard.count("not there, next check in") == 15


async def test_unfolded_comes_back_as_it_was():
    view = {"view": {"fold": False}}
    rows = [StoredRun(address("abc"), Goal(), 1, State.CANCELLED, text_notice("Cancelled"))]
    logs = {address("abc"): log_of(*[waits(1)] * 4)}
    async with running(Scenario(store=FakeStore(rows, view={"panes": view}, logs=logs))) as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        await until(lambda: pane.plain.count("not there") == 4)
        await pilot.press("U")
        assert "(×4, last 12:00:03)" in pane.plain


async def test_what_one_reads_stays_where_it_is():
    async with running(Scenario(FakeProber()), "abc", size=(100, 20)) as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        wait_in(app, *(f"line {n} {n} s" if n % 5 else waits(1) for n in range(60)))
        wait_in(app, *[waits(1)] * 9, second=60)
        await until(lambda: "(×9" in shown(app))
        await pilot.press("F")
        row = next(n for n, row in enumerate(pane.plain.splitlines()) if "line 17 " in row)
        pane.scroll_to(y=row, animate=False)
        wait_in(app, *[waits(1)] * 9, second=70)
        await until(lambda: "(×18" in pane.plain)
        assert round(pane.scroll_y) == row
        assert not pane.following
        await pilot.press("U")
        await until(lambda: "(×18" not in pane.plain)
        assert "line 17 " in pane.plain.splitlines()[round(pane.scroll_y)]
        await pilot.press("W", "t", "U")
        assert "line 17 " in pane.plain.splitlines()[round(pane.scroll_y)]
        assert not pane.following


async def test_the_position_in_a_search_stays():
    async with running(Scenario(FakeProber()), "abc", size=(100, 20)) as (app, pilot):
        wait_in(app, *(waits(n) if n % 10 < 5 else f"line {n}" for n in range(60)))
        await until(lambda: "line 59" in shown(app))
        await pilot.press("f", *"not there", "enter", "N")
        await until(lambda: "5 of 6 found" in shown(app))
        await pilot.press("U")
        await until(lambda: "21 of 30 found" in shown(app))
        await pilot.press("U")
        await until(lambda: "5 of 6 found" in shown(app))


async def test_a_line_that_counts_asks_for_its_own_row_only(monkeypatch):
    async with running(Scenario(FakeProber()), "abc", size=(100, 24)) as (app, pilot):
        pane = app.dashboard.panes.panes[0]
        wait_in(app, *(f"line {n}" for n in range(40)), waits(1), waits(2))
        await until(lambda: "(×2" in shown(app))
        await pilot.pause()
        drawn_rows, layouts = [], []
        render, refresh = pane.render_line, pane.refresh
        monkeypatch.setattr(pane, "render_line", lambda y: drawn_rows.append(y) or render(y))
        monkeypatch.setattr(
            pane, "refresh", lambda *a, layout=False, **k: layouts.append(layout) or refresh(*a, layout=layout, **k)
        )
        wait_in(app, waits(3), second=50)
        await until(lambda: "(×3" in shown(app))
        await until(lambda: drawn_rows)
        assert set(drawn_rows) == {pane.size.height - 1}
        assert not any(layouts)
