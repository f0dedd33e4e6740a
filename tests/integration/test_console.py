"""The console of a run: as the SDK reads it, from older servers, and while it grows."""

from __future__ import annotations

import json
import time

import pytest

from tests.integration.sandbox_fixtures import run_sdk_script, services
from wandb_tui.core.address import RunAddress
from wandb_tui.core.console import ConsolePosition
from wandb_tui.core.errors import RunNotFoundError, ServerError
from wandb_tui.core.log import MAX_CONSOLE_LINES
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.text.console_text import console_text

TALKS = """
import json, sys, time, wandb
run = wandb.init(project="forks", id="talks", settings=wandb.Settings(console="wrap"))
print("hello \\x1b[31mred\\x1b[0m world")
print("a warning", file=sys.stderr)
for step in range(5):
    sys.stderr.write(f"\\rprogress {step + 1}/5")
    sys.stderr.flush()
print("\\ndone")
run.finish()
logs = wandb.Api().run("lab/forks/talks")
if hasattr(logs, "console_logs"):
    lines = [(line.number, line.content, line.level, str(line.timestamp)) for line in logs.console_logs()]
    json.dump(lines, open("lines.json", "w"))
"""
RUN = RunAddress("lab", "forks", "grows")
START = ConsolePosition()


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig()) as sandbox:
        project, _ = sandbox.context.state.ensure_project("lab", "forks")
        sandbox.context.state.create_run(project, "grows", None)
        yield sandbox


def write(sandbox, offset, *texts):
    """Store lines of a run's output, as the SDK streams them."""
    run = sandbox.context.state.run(sandbox.context.state.project("lab", "forks"), "grows")
    lines = [f"2026-11-29T12:00:{index % 60:02}.000001 {text}" for index, text in enumerate(texts)]
    sandbox.context.histories.append(run, "output.log", offset, lines)


def texts(page):
    return [line.text for line in page.lines]


def test_the_console_is_what_the_program_wrote_and_what_the_sdk_reads(sandbox, tmp_path):
    run_sdk_script(sandbox, TALKS, tmp_path)
    with services(sandbox, tmp_path) as wiring:
        page = wiring.console.read(RunAddress("lab", "forks", "talks"), START)
    shown = [(console_text(line.text), line.stderr) for line in page.lines if line.text]
    assert shown == [("hello red world", False), ("a warning", True), ("progress 5/5", True), ("done", False)]
    assert (page.more, page.going_on) == (False, False)
    # SDKs before 0.31 cannot read consoles.
    if (read := tmp_path / "lines.json").exists():
        own = [[line.number, line.text, "error" * line.stderr, str(line.time)] for line in page.lines]
        assert own == json.loads(read.read_text())


def test_a_growing_console_is_read_on_from_where_it_ended_at_least_a_second_apart(sandbox, tmp_path):
    write(sandbox, 0, *(f"line {number}" for number in range(1500)))
    with services(sandbox, tmp_path) as wiring:
        console = wiring.console
        assert console.pause() == 0
        asked_at = time.monotonic()
        first = console.read(RUN, START)
        assert (len(first.lines), first.total, first.more, first.going_on) == (1000, 1500, True, True)
        assert 0 < console.pause() <= 1 or time.monotonic() - asked_at > 1
        second = console.read(RUN, first.end)
        assert [line.number for line in second.lines] == list(range(1000, 1500))
        write(sandbox, 1499, "line 1499, later", "one more")
        third = console.read(RUN, second.end)
        assert texts(third)[-3:] == ["line 1498", "line 1499, later", "one more"]
        assert (len(third.lines), third.end.number) == (20, 1501)


def test_older_servers_give_the_newest_lines_and_others_one_sentence(sandbox, tmp_path):
    write(sandbox, 0, *(f"line {number}" for number in range(MAX_CONSOLE_LINES + 500)))
    with services(sandbox, tmp_path) as wiring:
        newest = wiring.console.read(RUN, START)
        assert (newest.lines[0].number, newest.total) == (500, MAX_CONSOLE_LINES + 500), "more than are kept"
        assert wiring.console.read(RUN, newest.end).lines[-1].number == MAX_CONSOLE_LINES + 499
    sandbox.context.faults.replace(["no-field:name=logLines.useImprovedPagination"])
    with services(sandbox, tmp_path) as wiring:
        first = wiring.console.read(RUN, START)
        assert (len(first.lines), first.end) == (MAX_CONSOLE_LINES, ConsolePosition("", MAX_CONSOLE_LINES + 500))
        write(sandbox, MAX_CONSOLE_LINES + 500, "one more")
        assert texts(wiring.console.read(RUN, first.end))[-1] == "one more"
        write(sandbox, MAX_CONSOLE_LINES + 501, *(f"line {number}" for number in range(300)))
        later = wiring.console.read(RUN, ConsolePosition("", MAX_CONSOLE_LINES + 501))
        assert len(later.lines) == MAX_CONSOLE_LINES, "what was written in between is not left out"
    sandbox.context.faults.replace(["no-field:name=logLines"])
    with services(sandbox, tmp_path) as wiring, pytest.raises(ServerError, match="does not give the console output"):
        wiring.console.read(RUN, START)
    sandbox.context.faults.replace([])


def test_a_run_that_is_not_there_and_a_server_that_limits_requests(sandbox, tmp_path):
    with services(sandbox, tmp_path) as wiring, pytest.raises(RunNotFoundError):
        wiring.console.read(RunAddress("lab", "forks", "nothing"), START)
    sandbox.context.faults.replace(["rate-limit:retry-after=7"])
    with services(sandbox, tmp_path) as wiring:
        with pytest.raises(ServerError, match="limiting requests"):
            wiring.console.read(RUN, START)
        assert wiring.console.pause() > 6
    sandbox.context.faults.replace([])
