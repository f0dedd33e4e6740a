"""The details of a run: what is shown at once, what the server tells of it, and what it does not."""

from __future__ import annotations

import json
import math
import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.screen import drawn, shown, until
from tests.ui.fakes import NOT_YET, FakeInspector, FakeLineage, FakeProber, FakeStore, Scenario, address, there
from tests.ui.support import back, case, running
from tests.ui.test_layout import HOSTILE
from wandb_tui.core.details import STEP, ExportedVersion, OriginSource, RunFacts, SampleQuery, VersionCoverage, Versions
from wandb_tui.core.errors import ApiKeyError, RunNotFoundError, ServerError
from wandb_tui.core.goal import Goal
from wandb_tui.core.log import Attempt
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.probe import ArtifactVersion, Probe, RunInfo
from wandb_tui.core.state import State
from wandb_tui.services.wandb_api.run_queries import read_facts, read_metrics, read_samples, read_versions
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.details import rows
from wandb_tui.ui.details.lineage_rows import RunLineage, chain_of, lineage_lines
from wandb_tui.ui.details.screen import DetailsScreen

MADE = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FALLING = [(float(step), math.exp(-step / 20)) for step in range(100)]


def inspector(**more):
    answers = {
        "facts": RunFacts(
            RunInfo("brisk-sun-12", "finished", 99),
            MADE,
            group="grid",
            tags=("small", "baseline"),
            user="ada",
            summary=(("acc", 0.912345678), ("loss", math.nan), ("note", "[red]x[/]")),
            metrics=("epoch", "acc", "train/loss"),
            config=(("lr", 3e-4), ("model.depth", 12), ("model.name", "small")),
        ),
        "versions": Versions(
            tuple(
                ExportedVersion(ArtifactVersion(number, MADE, size=16_800 * (number + 1)), aliases)
                for number, aliases in ((1, ("latest",)), (0, ()))
            ),
            23,
        ),
        "covered": {
            1: VersionCoverage(99, complete=True),
            0: VersionCoverage(why_not="the server lists no files for it"),
        },
        "curves": {
            "train/loss": FALLING,
            "acc": [(0.0, 0.5), (1.0, math.nan), (2.0, 0.7)],
            "epoch": [(0.0, math.inf)],
        },
    }
    return FakeInspector(**answers | more)


def stored_run(run_id="abc", state=State.TIMED_OUT, message="Timeout reached after 300 s"):
    attempts = (
        Attempt(1, MADE, MADE + timedelta(seconds=200), State.FAILED, text_notice("The server is in trouble")),
        Attempt(2, MADE + timedelta(hours=1), MADE + timedelta(hours=1, seconds=300), state, text_notice(message)),
    )
    return StoredRun(address(run_id), Goal(), 2, state, text_notice(message), None, 300, attempts=attempts)


def scenario(fake=None, **options):
    return Scenario(store=FakeStore([stored_run()]), inspector=inspector() if fake is None else fake, **options)


async def opened(app, pilot, key="enter"):
    """Open the details of the first run."""
    await until(lambda: len(app.session.watch_list) and len(app.dashboard.table.shown))
    await pilot.press("home", key)
    assert isinstance(app.screen, DetailsScreen)


def picture(text):
    """The signs of braille on the screen."""
    return [char for char in text if "\u2800" < char <= "\u28ff"]


@pytest.mark.parametrize("key", ["enter", "e"])
async def test_it_opens_with_what_is_known_and_fills_in_the_rest(key):
    scripted = scenario()
    scripted.inspector.gate.clear()
    async with running(scripted, size=(160, 45)) as (app, pilot):
        await until(lambda: app.app_url)
        await opened(app, pilot, key)
        await until(lambda: "forge.coreweave.com/wandb/lab/forks/runs/abc" in shown(app))
        text = shown(app)
        for known in ("exists", "timed-out", "5:00", "3:20", "The server is in trouble", "Timeout reached", "loading…"):
            assert known in text
        scripted.inspector.gate.set()
        expected = (
            *("brisk-sun-12 abc", "finished, step 99", "grid", "small, baseline", "ada", "0.912346", "[red]x[/]"),
            *("model.depth  12", "model.name   small", "0.0003"),
            *("train/loss", "1 of 3", "v1", "33.6 kB", "16.8 kB", "and 21 older ones"),
            *("to step 99", "steps unknown", "Unknown: the server lists no files for it."),
        )
        # Each part comes by itself.
        await until(lambda: picture(shown(app)) and all(text in shown(app) for text in expected))
        assert "asking" not in shown(app)
        assert threading.get_ident() not in scripted.inspector.threads
        link = next(
            segment.style.link for strip in drawn(app) for segment in strip if segment.style and segment.style.link
        )
        assert link == "https://forge.coreweave.com/wandb/lab/forks/runs/abc"
        await pilot.press("escape")
        assert app.screen is app.dashboard


async def test_from_metric_to_metric_and_round():
    async with running(scenario(), size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: picture(shown(app)))
        await pilot.press("n")
        await until(lambda: "1 NaN or infinite · 2 of 3" in shown(app))
        assert picture(shown(app))
        await pilot.press("right")
        await until(lambda: "The only value is NaN or infinite." in shown(app))
        assert not picture(shown(app))
        await pilot.press("n")
        await until(lambda: "1 of 3" in shown(app) and picture(shown(app)))
        await pilot.press("N", "left")
        await until(lambda: "2 of 3" in shown(app))
        assert app.screen.focused.id == "details"


@pytest.mark.parametrize(
    ("part", "error", "message", "others"),
    [
        ("facts", RunNotFoundError("There is no run abc."), "There is no run abc.", ("33.6 kB", "Timeout reached")),
        ("versions", ServerError("It knows no artifactType."), "It knows no artifactType.", ("grid", "1 of 3")),
        (
            "covered",
            ServerError("The server is limiting requests."),
            "The server is limiting requests.",
            ("33.6 kB", "1 of 3"),
        ),
        ("curves", ApiKeyError("It refused the API key."), "It refused the API key.", ("33.6 kB", "grid", "1 of 3")),
    ],
)
async def test_what_cannot_be_had_is_reported_while_the_others_show(part, error, message, others):
    async with running(scenario(inspector(**{part: error})), size=(160, 45)) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: message in shown(app) and all(other in shown(app) for other in others))


async def test_why_a_run_has_failed_is_reported_once_in_its_box():
    why = "There is no run abc."
    store = FakeStore([stored_run(state=State.FAILED, message=why)])
    scripted = Scenario(store=store, inspector=inspector(facts=RunNotFoundError(why)))
    async with running(scripted, size=(80, 45)) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: "Nothing to plot: the server reports nothing." in shown(app))
        box, _, _ = shown(app).partition("─╯")
        assert box.count(why) == 1


def test_one_older_version_is_one():
    newest, frame = (ExportedVersion(ArtifactVersion(1)),), rows.Frame(Glyphs(), 80)
    for total, last in ((2, "and 1 older one"), (3, "and 2 older ones")):
        lines = rows.version_lines(rows.SectionPart(Versions(newest, total)), rows.SectionPart({}), None, frame)
        assert [line.plain for line in lines][-1] == last


def test_a_run_of_which_the_server_reports_nothing():
    part, frame = rows.SectionPart(problem="There is no run abc."), rows.Frame(Glyphs(), 80)
    for lines in (rows.summary_lines(part, RunInfo(), frame), rows.config_lines(part, frame)):
        assert [line.plain for line in lines] == ["Unknown: the server reports nothing."]


async def test_fields_that_are_not_reported_and_a_run_that_has_logged_nothing():
    facts = RunFacts(RunInfo("sun", "running"), unknown_fields=("summaryMetrics",), metrics=())
    async with running(scenario(FakeInspector(facts=facts)), size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: "This run has logged no metric yet." in shown(app))
        for expected in (
            "This server does not know summaryMetrics.",
            "The server does not report the run's summary.",
            "The server does not report the run's config.",
            "No version yet.",
        ):
            assert expected in shown(app)
        await pilot.press("n")
        assert "This run has logged no metric yet." in shown(app)


async def test_refreshing_asks_again_and_keeps_what_was_there_where_that_fails():
    fake = inspector()
    async with running(scenario(fake), size=(160, 45)) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: picture(shown(app)) and "to step 99" in shown(app))
        fake.answers["covered"] = {1: VersionCoverage(99, complete=True), 0: VersionCoverage(49)}
        fake.gate.clear()
        await pilot.press("r")
        await until(lambda: "loading…" in shown(app) and picture(shown(app)))
        fake.gate.set()
        await until(lambda: "to step 49" in shown(app) and "asking" not in shown(app))
        fake.answers["covered"] = {}
        fake.answers["versions"] = fake.answers["facts"] = ServerError("Nothing listens there.")
        await pilot.press("f5")
        await until(lambda: shown(app).count("Nothing listens there.") == 2)
        for text_before in ("33.6 kB", "to step 49", "small, baseline"):
            assert text_before in shown(app)
        assert fake.asked.count("facts") == 3


async def test_the_monitor_goes_on_showing_and_a_new_version_is_asked_for():
    prober, fake = FakeProber(), inspector()
    async with running(Scenario(prober, inspector=fake), "abc", size=(160, 45)) as (app, pilot):
        row = app.session.watch_list[address("abc")]
        await until(lambda: row.state is State.WAITING and prober.open["abc"])
        await opened(app, pilot)
        await until(lambda: "◐ waiting" in shown(app) and "in progress" in shown(app) and "to step 99" in shown(app))
        prober.answer("abc", Probe(NOT_YET.outcome, run=RunInfo("sun", "running", 120)))
        await until(lambda: "running, step 120" in shown(app))
        prober.answer("abc", there(2))
        await until(lambda: row.state is State.AVAILABLE or prober.answer("abc", there(2)))
        await until(lambda: "✔ available · v2" in shown(app) and fake.asked.count("versions") == 2)
        app.session.remove([address("abc")])
        await until(lambda: "no longer on the list" in shown(app))


async def test_answers_that_come_after_it_was_closed_go_nowhere():
    fake = inspector()
    fake.gate.clear()
    async with running(scenario(fake), size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: len(fake.asked) == 2)
        await pilot.press("escape")
        fake.gate.set()
        await until(lambda: not [worker for worker in app.workers if worker.group in {"ask", "plot"}])
        assert sorted(fake.asked) == ["facts", "versions"]
        assert app.screen is app.dashboard


async def test_without_a_way_to_ask():
    async with running(Scenario(store=FakeStore([stored_run()]))) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: "Details are not available here." in shown(app))
        assert "Timeout reached" in shown(app)


@pytest.mark.parametrize("size", [(160, 45), (80, 24)])
async def test_hostile_texts_are_text_and_nothing_bends(size):
    fake = FakeInspector()
    store = FakeStore([stored_run(kind, message=text) for kind, text in HOSTILE.items()])
    async with running(Scenario(store=store, inspector=fake), size=size) as (app, pilot):
        await until(lambda: len(app.dashboard.table.shown) == len(HOSTILE))
        await pilot.press("home")
        for kind, text in HOSTILE.items():
            with case(kind):
                assert app.dashboard.table.run == address(kind)
                fake.answers |= hostile_answers(text)
                fake.asked.clear()
                await pilot.press("enter")
                await until(lambda: "curves" in fake.asked and picture(shown(app)))
                for keys in ((), ("n", "end")):
                    await pilot.press(*keys)
                    await pilot.pause(0.1)
                    lines = shown(app).splitlines()
                    assert [line for line in lines if cell_len(line) != size[0]] == []
                    for char in "\x1b\x9b\u202e\u200b\t\r":
                        assert char not in "".join(lines)
                await back(app, pilot)
                await pilot.press("down")


def hostile_answers(text):
    """Answers with a text wherever there can be one."""
    facts = RunFacts(
        RunInfo(text, text, 3),
        MADE,
        text,
        text,
        text,
        (text, text),
        text,
        ((text, text),),
        (text, "loss"),
        (text,),
        ((text, text),),
    )
    versions = Versions((ExportedVersion(ArtifactVersion(1), (text,)),))
    return {
        "facts": facts,
        "versions": versions,
        "covered": {1: VersionCoverage(why_not=text)},
        "curves": {text: FALLING},
    }


async def test_the_ascii_look_is_ascii_and_the_smallest_terminal_scrolls():
    async with running(scenario(), size=(80, 24), ascii_look=True) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: "***" in shown(app))
        text = shown(app)
        await pilot.press("end")
        await pilot.pause(0.1)
        assert {char for char in text + shown(app) if not char.isascii()} - set("\n▁▂▃▄▅▆▇▌") == set()
        await pilot.resize_terminal(40, 10)
        await until(lambda: all(cell_len(line) == 40 for line in shown(app).splitlines()))
        await pilot.press("home")
        await until(lambda: "timed-out" in shown(app))


async def test_the_palette_and_the_keys_at_the_bottom_know_where_they_are():
    from wandb_tui.ui.app.palette import ActionCommands

    async with running(scenario(), size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: picture(shown(app)))
        names = {name.split("  ")[0] for name, _, _ in ActionCommands(app.screen)._commands()}
        assert {"Next metric", "Refresh", "Back", "Quit"} <= names
        assert "Cancel" not in names
        bar = shown(app).splitlines()[-1]
        assert "Restart" not in bar
        await pilot.click("DetailsScreen KeyBar", offset=(bar.index("Next metric"), 0))
        await until(lambda: "2 of 3" in shown(app))
        await pilot.click("DetailsScreen KeyBar", offset=(2, 0))
        assert app.screen is app.dashboard


async def test_a_copy_is_of_this_run():
    async with running(scenario(inspector())) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("y", "p")
        await until(lambda: app.clipboard == "lab/forks/abc")
        assert isinstance(app.screen, DetailsScreen)


async def test_hundreds_of_config_keys_are_bounded_and_none_is_reported():
    many = RunFacts(RunInfo("sun", "running"), config=tuple((f"key{n:03}", n) for n in range(400)))
    for facts, expected in (
        (many, "and 100 more"),
        (RunFacts(config=()), "The run has no config."),
        (RunFacts(RunInfo("sun", "running"), summary=()), "The run has no summary yet."),
        (RunFacts(RunInfo("sun", "finished"), summary=()), "The run has no summary. "),
    ):
        async with running(scenario(FakeInspector(facts=facts)), size=(120, 40)) as (app, pilot):
            await opened(app, pilot)
            await until(lambda: "asking" not in shown(app))
            await pilot.press("end")
            await until(lambda expected=expected: expected in shown(app))


async def test_the_plot_says_what_lies_across():
    async with running(scenario(), size=(120, 40)) as (app, pilot):
        await opened(app, pilot)
        await until(lambda: picture(shown(app)) and re.search(r"0 +\d.* +step │", shown(app)))


def test_a_config_is_flat_sorted_and_without_what_the_sdk_keeps_there():
    def read(config):
        return read_facts({"config": config}, []).config

    wrapped = {
        "lr": {"value": 0.1, "desc": None},
        "_wandb": {"value": {"t": {"1": []}}},
        "_name_or_path": {"value": "gpt2"},
        "model": {"value": {"name": "small", "layers": {"depth": 12}, "extra": {}}},
        "betas": {"desc": None, "value": [0.9, 0.999]},
        "files": {"value": list(range(40))},
    }
    assert read(json.dumps(wrapped)) == (
        ("_name_or_path", "gpt2"),
        ("betas", "[0.9, 0.999]"),
        ("files", "a list of 40"),
        ("lr", 0.1),
        ("model.extra", "an empty object"),
        ("model.layers.depth", 12),
        ("model.name", "small"),
    )
    assert read(wrapped) == read(json.dumps(wrapped))
    assert len(read({str(n): {"value": n} for n in range(2000)})) == 1000
    assert (read(None), read("{"), read(7), read_facts({}, []).config) == ((), None, None, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    *("displayName", "state", "createdAt", "tags", "user", "summaryMetrics", "config", "historyKeys", "sampledHistory"),
)


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)), JSON, JSON)
def test_nonsense_from_a_server_is_never_fatal(run, artifacts, node):
    assert isinstance(read_facts(run, []), RunFacts)
    for across in (STEP, "b"):
        assert read_samples(run, SampleQuery(address("abc"), "a", across)).metric == "a"
    assert read_metrics(run) is None or isinstance(read_metrics(run), tuple)
    for found in (artifacts, {"edges": [{"node": node}], "totalCount": node}):
        assert read_versions({"artifactType": {"artifactCollection": {"artifacts": found}}}).newest is not None


async def test_the_lineage_is_a_tree_of_ancestors_and_forks_and_tells_contradictions():
    lineage = FakeLineage({"mid": ("root", 1_000), "one": ("mid", 2_000), "a": ("one", 3), "b": ("one", 4)})
    told = lineage.of_runs

    def of_runs(runs):
        found = told(runs)
        said = "The config says one thing, a note another."
        found[address("mid")] = replace(found[address("mid")], source=OriginSource.NOTE, contradiction=said)
        found.pop(address("root"))
        return found

    lineage.of_runs = of_runs
    scenario = Scenario(FakeProber(default=there()), inspector=inspector(), lineage=lineage)
    async with running(scenario, "lab/forks/one", size=(160, 45)) as (app, pilot):
        await pilot.press("enter")
        await until(lambda: "Lineage" in shown(app) and "└─ b" in shown(app))
        for line in (
            "root · deleted, or not visible with this API key",
            "└─ mid · from step 1,000 · noted here · finished",
            "   └─ one · from step 2,000 · finished",
            "      ├─ a · from step 3 · finished",
            "      └─ b · from step 4 · finished",
            "The config says one thing, a note another.",
        ):
            assert line in shown(app)


@pytest.mark.parametrize(
    ("lineage", "said"),
    [
        (FakeLineage(), "Not a fork, and not forked, as far as the server reports."),
        (FakeLineage(error=ServerError("It is down.", "Press r to try again.")), "It is down. Press r to try again."),
    ],
)
async def test_a_run_without_a_lineage_says_so(lineage, said):
    scenario = Scenario(FakeProber(default=there()), inspector=inspector(), lineage=lineage)
    async with running(scenario, "lab/forks/one", size=(160, 45)) as (app, pilot):
        await pilot.press("enter")
        await until(lambda: said in shown(app))


def test_a_long_lineage_stays_in_its_box():
    names = [f"r{number}" for number in range(80)]
    lineage = FakeLineage({child: (parent, 1) for parent, child in pairwise(names)} | {"[red]漢字": ("r79", 2)})
    run = address("r79")
    part = rows.SectionPart(RunLineage(chain_of(run, lineage.of_runs([run])), lineage.forks_of(run)))
    for width in (4, 20, 60):
        lines = list(lineage_lines(part, rows.Frame(Glyphs(), width)))
        assert len(lines) == 81
        assert all(cell_len(line.plain) <= width for line in lines)
