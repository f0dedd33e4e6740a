"""The filter as it is typed: values that only the server knows, completion, and mistakes where they are."""

import pytest
from textual.widgets import Input

from tests.screen import drawn, shown, until
from tests.ui.fakes import NOT_YET, FakeInspector, FakeProber, FakeStore, Scenario, address
from tests.ui.support import case, running
from wandb_tui.core.details import RunFacts
from wandb_tui.core.errors import ServerError
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.state import State

FACTS = {
    "r1": RunFacts(tags=("hero",), config=(("lr", 0.1),), summary=(("loss", 0.5),)),
    "r2": RunFacts(tags=("zero",), config=(("lr", 0.001),)),
    "r3": RunFacts(config=(("lr", 0.2),)),
}


def scenario(inspector):
    rows = [
        StoredRun(address(f"r{number}"), Goal(), 1, State.FAILED, text_notice("No"), run_info=RunInfo("", "finished"))
        for number in (1, 2, 3)
    ]
    return Scenario(FakeProber(default=NOT_YET), store=FakeStore(rows), inspector=inspector)


def ids(app):
    return [run.run_id for run in app.dashboard.table.shown]


async def typed(app, pilot, text):
    await until(lambda: len(app.session.watch_list) == 3)
    if not app.dashboard.filter_bar.typing:
        await pilot.press("slash")
    line = app.dashboard.query_one("FilterBar Input", Input)
    line.value = text
    line.cursor_position = len(text)
    return line


async def test_values_of_configs_and_summaries_are_loaded_when_the_filter_asks():
    fake = FakeInspector(facts_of=FACTS)
    fake.gate.clear()
    async with running(scenario(fake), size=(120, 30)) as (app, pilot):
        await typed(app, pilot, "lr>=0.1 and (tag:hero or loss>3)")
        await until(lambda: "0 of 3 · loading 3…" in shown(app))
        fake.gate.set()
        await until(lambda: ids(app) == ["r1"] and "1 of 3" in shown(app))
        assert "loading" not in shown(app)
        assert fake.asked == ["facts_of"], "all runs in one request"
        await typed(app, pilot, "not (lr>=0.1 and tag:hero)")
        await until(lambda: ids(app) == ["r2", "r3"])
        assert fake.asked == ["facts_of"], "runs that have ended do not change"


async def test_words_alone_ask_the_server_for_nothing():
    fake = FakeInspector(facts_of=FACTS)
    async with running(scenario(fake)) as (app, pilot):
        await typed(app, pilot, "r2")
        await pilot.press("enter")
        await until(lambda: ids(app) == ["r2"])
        asked = len(fake.asked)
        app.dashboard.tick()
        assert len(fake.asked) == asked


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ServerError("The server cannot be reached."), "✖ The server cannot be reached."),
        (ZeroDivisionError(), "✖ wandb-tui itself failed: ZeroDivisionError (see the log)"),
    ],
)
async def test_values_that_cannot_be_loaded_are_no_endless_wait(error, says):
    async with running(scenario(FakeInspector(facts_of=error)), size=(120, 30)) as (app, pilot):
        await typed(app, pilot, "lr>3")
        await until(lambda: says in shown(app))
        await typed(app, pilot, "r3")
        await until(lambda: ids(app) == ["r3"] and "✖ The" not in shown(app) and "itself failed" not in shown(app))


async def test_the_word_that_is_wrong_is_underlined_and_the_last_valid_filter_holds():
    async with running(scenario(FakeInspector(facts_of=FACTS)), size=(120, 30)) as (app, pilot):
        await typed(app, pilot, "r1")
        await until(lambda: ids(app) == ["r1"])
        await typed(app, pilot, "r1 or or r2")
        await until(lambda: "✖ “or” does not fit here" in shown(app))
        assert ids(app) == ["r1"]
        segments = [segment for strip in drawn(app) for segment in strip if segment.style and segment.style.underline]
        assert "or" in [segment.text for segment in segments]
        await typed(app, pilot, "r1 or r2")
        await until(lambda: ids(app) == ["r1", "r2"] and "does not fit" not in shown(app))


async def test_tab_completes_the_last_word():
    async with running(scenario(FakeInspector(facts_of=FACTS)), size=(120, 30)) as (app, pilot):
        line = await typed(app, pilot, "")
        # The names to complete are loaded when typing begins.
        await until(lambda: app.dashboard.table.facts.names)
        for text, completed in (
            ("sta", "state:"),
            ("state:fa", "state:failed"),
            ("r1 and (is:fin", "r1 and (is:finished"),
            ("tag:he", "tag:hero"),
            ("lo", "log:"),
            ("los", "loss"),
            ("goal:com", "goal:complete"),
        ):
            with case(text):
                line.value = text
                line.cursor_position = len(text)
                await until(lambda completed=completed: completed in shown(app))
                await pilot.press("tab")
                await until(lambda completed=completed: line.value == completed)
                assert app.dashboard.focused is line


async def test_the_note_is_never_cut_though_it_changes_again_before_it_has_been_laid_out():
    async with running(scenario(FakeInspector(facts_of=FACTS)), size=(120, 30)) as (app, pilot):
        await typed(app, pilot, "r")
        bar = app.dashboard.filter_bar
        await until(lambda: "3 of 3" in shown(app))
        app.dashboard.refresh_bars = lambda: None
        bar.counted = (2, 3)
        # As after a change of the input beside it.
        bar._clear_arrangement_cache()
        app.screen._refresh_layout()
        bar.advice = "something longer"
        await until(lambda: "2 of 3 · something longer" in shown(app))
