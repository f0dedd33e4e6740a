"""The table in a real terminal: runs picked from a server with hostile names, sorted, filtered, and found again."""

import json
import shutil

import pytest
from rich.cells import cell_len

from tests.integration.terminal import Terminal
from tests.integration.test_story import PROGRAM, account, environment
from wandb_tui.sandbox import Sandbox, SandboxConfig

NAMES = {
    "markup": "[red]not red[/red] [@click=app.quit]x[/]",
    "ansi": "\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J",
    "lines": "one\ntwo\r\nthree\tfour",
    "wide": "漢字かな交じり文" * 10,
    "rtl": "\u202eevil\u202c שלום مرحبا",
    "long": "x" * 5000,
    "zero": "a\u200bb\u200dc\ufe0f" + "e" + "\u0301" * 50,
    "plain": "calm-moon-13",
}


@pytest.fixture
def sandbox():
    with Sandbox(SandboxConfig(export_delay=1)) as sandbox:
        sandbox.set_faults("export-never")
        state = sandbox.context.state
        project, _ = state.ensure_project("lab", "forks")
        for run_id, name in NAMES.items():
            run = state.create_run(project, run_id, name)
            sandbox.context.histories.append(run, "wandb-history.jsonl", 0, [json.dumps({"_step": 7, "loss": 1.0})])
            state.update_run(run, state="finished", run_group="odd" if run_id != "plain" else "even")
        yield sandbox


def rows(screen):
    """The lines of the table."""
    return [line for line in screen.splitlines() if " exists " in line and ("waiting" in line or "visiting" in line)]


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is what this is about")
def test_picked_sorted_filtered_and_found_again(sandbox, tmp_path):
    with Terminal(environment(sandbox, tmp_path, **account(sandbox)), columns=150, lines=40) as terminal:
        terminal.run(PROGRAM)
        terminal.until("No runs yet")
        terminal.keys("p")
        terminal.until("│  lab ")
        terminal.keys("Enter")
        terminal.until("│  forks ")
        terminal.keys("Enter")
        terminal.until("lab / forks", "8 runs", "calm-moon-13")
        terminal.keys("C-a")
        terminal.until("8 runs", "8 waiting")
        terminal.until("[red]not red", "one two", "漢字", "xxxx", "calm-moon")
        screen = terminal.when(lambda screen: len(rows(screen)) == 8, "eight rows")
        places = {cell_len(line[: line.index(" exists ")]) for line in rows(screen)}
        assert len(places) == 1, f"the table is straight:\n{screen}"
        assert all(cell_len(line) <= 150 for line in screen.splitlines())

        terminal.keys("o", "o")
        screen = terminal.until("Run▲")
        terminal.keys("End", "/")
        terminal.type("!/red|evil/ project:lab")
        terminal.until("5 of 8")
        terminal.keys("Enter", "Home", "Space", "c")
        terminal.until("cancelled")

        terminal.keys("C-z")
        terminal.until("Stopped")
        terminal.type("fg")
        terminal.keys("Enter")
        terminal.until("5 of 8", "Run▲", "wandb-tui", "q Quit", "calm-moon-13")

        terminal.keys("q")
        terminal.until("Quit wandb-tui?")
        terminal.keys("y")
        terminal.until("shell-is-back$")
        terminal.run(PROGRAM)
        terminal.until("Run▲", "cancelled", "calm-moon-13", "one two")
        # The run under the cursor stays until the cursor leaves it, though the filter hides what has become its name.
        terminal.keys("Home")
        terminal.until("5 of 8", "Run▲", "cancelled")
        terminal.keys("Escape")
        terminal.until("8 runs", "[red]not red")
        terminal.keys("q")
        terminal.until("Quit wandb-tui?")
        terminal.keys("y")
        terminal.until("shell-is-back$")
