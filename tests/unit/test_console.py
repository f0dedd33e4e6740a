"""Output in the shell: whole words on a terminal, whole lines in a pipe."""

import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl

import click
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from tests.unit.commands import COMMANDS, SHOWN
from wandb_tui.cli import cli, console, program
from wandb_tui.cli.console import columns, fitted, say

SENTENCE = "There is no project lab/forks, or this API key may not see it. Its next check comes in 5 s at the earliest."
CHECK = (
    "✔ API key          "
    + click.style("accepted", fg="green")
    + " by the server, and it belongs to a researcher  0.3 s"
)
EXAMPLE = "    wandb-tui lab/forks/abc123 --until step:200    the dashboard, waiting for step 200"


@pytest.mark.parametrize("width", [30, 40, 60, 80])
@pytest.mark.parametrize("text", [SENTENCE, CHECK, EXAMPLE, "漢字 " * 40, f"{SENTENCE}\n\n{EXAMPLE}"])
def test_words_stay_whole_and_nothing_is_lost(text, width):
    lines = fitted(text, width).split("\n")
    assert all(cell_len(click.unstyle(line)) <= max(width, len("lab/forks/abc123") + 10) for line in lines)
    assert " ".join(lines).split() == text.split()
    assert not [line for line in lines if line != line.rstrip()]


def test_it_hangs_where_the_text_began():
    lines = click.unstyle(fitted(CHECK, 60, hang=19)).split("\n")
    assert lines == ["✔ API key          accepted by the server, and it belongs to", " " * 19 + "a researcher  0.3 s"]
    assert fitted(CHECK, 60) == fitted(CHECK, 60, hang=19)
    assert fitted(EXAMPLE, 60).split("\n") == [EXAMPLE[:47], " " * 8 + EXAMPLE[51:]]
    assert fitted("one two three four five six", 26, hang=19).split("\n") == ["one two three four five", "  six"]


def test_an_address_stays_whole_to_be_copied():
    url = "http://127.0.0.1:8080/" + "x" * 80
    assert fitted(f"Look at {url} and then elsewhere", 60).split("\n") == [f"Look at {url}", "and then elsewhere"]


def test_only_a_terminal_has_a_width():
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    read, write = os.pipe()
    with os.fdopen(theirs, "w") as terminal, os.fdopen(write, "w") as pipe:
        assert columns(terminal) == 60
        assert columns(pipe) is None
    for end in (ours, read):
        os.close(end)
    assert columns(None) is None
    assert fitted(SENTENCE, None) == SENTENCE


@pytest.mark.parametrize("name", [None, *SHOWN])
def test_the_help_fits_a_narrow_terminal(monkeypatch, name):
    monkeypatch.setattr(program, "columns", lambda _: 60)
    done = CliRunner().invoke(cli, [*([name] if name else []), "--help"], terminal_width=58)
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert [line for line in lines if len(line) > 60] == [] or name == "completion"
    assert not [line for line in lines if re.search(r"[a-z]\.\.\.$", line)]


def test_the_help_lists_every_command_but_hidden_ones():
    listed = CliRunner().invoke(cli, ["--help"]).output.partition("Commands:")[2].splitlines()
    assert [line.split()[0] for line in listed if line] == SHOWN


MODULES = """
import atexit, sys
from wandb_tui.cli import main

atexit.register(lambda: print(*sys.modules))
main()
"""


@pytest.mark.parametrize(
    ("called", "imported"),
    [([], []), (["wait"], ["wandb_tui.cli.wait.command"]), (["logout"], ["wandb_tui.cli.login"])],
)
def test_a_command_is_imported_when_it_is_called(called, imported):
    modules = {command.callback.__module__ for command in COMMANDS.values()}
    done = subprocess.run(
        [sys.executable, "-c", MODULES, *called, "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert sorted(modules & set(done.stdout.splitlines()[-1].split())) == imported


def test_errors_fit_the_terminal(monkeypatch, capsys):
    monkeypatch.setattr(console, "columns", lambda _: 60)
    monkeypatch.setattr("sys.argv", ["wandb-tui", "wait", "--nonsense", "--interval", "x"])
    with pytest.raises(SystemExit) as end:
        program.run_program()
    assert end.value.code == 2
    assert "--nonsense" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["wandb-tui", "demoo"])
    with pytest.raises(SystemExit):
        program.run_program()
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) > 1
    assert max(map(len, printed)) <= 60


def printed_on_wrong_usage(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["wandb-tui", *arguments])
    with pytest.raises(SystemExit) as end:
        program.run_program()
    assert end.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--frobnicate"], ["lab/forks/abc", "--frobnicate"], ["--until"]])
def test_a_wrong_option_shows_the_usage_of_what_was_typed(monkeypatch, capsys, arguments):
    printed = printed_on_wrong_usage(monkeypatch, capsys, *arguments)
    assert "Usage: wandb-tui [RUN]... [--until GOAL] [--host URL]\n       wandb-tui COMMAND [OPTIONS]...\n" in printed
    assert "wandb-tui --help" in printed
    assert "dashboard" not in printed


@pytest.mark.parametrize("arguments", [["wait", "--frobnicate"], ["wait", "lab/forks/abc", "--until"]])
def test_a_wrong_option_of_a_command_shows_its_usage(monkeypatch, capsys, arguments):
    printed = printed_on_wrong_usage(monkeypatch, capsys, *arguments)
    assert printed.startswith("Usage: wandb-tui wait [OPTIONS] RUN...\n")


def test_options_before_a_command_are_refused_in_its_name(monkeypatch, capsys):
    printed = printed_on_wrong_usage(monkeypatch, capsys, "--until", "step:5", "wait", "lab/forks/abc")
    assert printed.startswith("Usage: wandb-tui wait [OPTIONS] RUN...\n")
    assert "“--until” stands before “wait”, but the options of a command follow its name." in printed


def test_a_stream_without_our_signs_gets_ascii(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="replace", newline="")
    monkeypatch.setattr(sys, "stdout", stream)
    say("✔ ready → ünï…")
    assert stream.buffer.getvalue() == "+ ready -> ünï...\n".encode("latin-1")
