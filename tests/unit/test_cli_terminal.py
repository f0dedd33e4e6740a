"""The dashboard's reading of the terminal and of the variables that describe it, before it opens."""

import os
import pty
import subprocess
import sys
from types import SimpleNamespace

import pytest

from wandb_tui.cli import terminal
from wandb_tui.core.errors import UsageError

PROGRAM = "from wandb_tui.cli import main; main()"


@pytest.fixture
def on_a_terminal(monkeypatch):
    stream = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(terminal, "sys", SimpleNamespace(stdin=stream, stdout=stream, stderr=stream))
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("TEXTUAL_COLOR_SYSTEM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def test_an_unknown_colour_system_is_refused(on_a_terminal, monkeypatch):
    monkeypatch.setenv("TEXTUAL_COLOR_SYSTEM", "millions")
    with pytest.raises(UsageError, match="millions is unknown"):
        terminal.check_terminal()
    monkeypatch.setenv("TEXTUAL_COLOR_SYSTEM", "256")
    terminal.check_terminal()


def test_an_empty_no_color_means_colours(on_a_terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "")
    terminal.check_terminal()
    assert "NO_COLOR" not in os.environ
    monkeypatch.setenv("NO_COLOR", "1")
    terminal.check_terminal()
    assert os.environ["NO_COLOR"] == "1"


def test_terminals_without_symbols_get_ascii():
    assert terminal.is_ascii("emoji", {"TERM": "linux"})
    assert terminal.is_ascii("ascii", {"TERM": "xterm"})
    assert not terminal.is_ascii("emoji", {"TERM": "xterm-256color"})


@pytest.mark.parametrize(("encoding", "plain"), [("latin-1", True), ("ascii", True), ("utf-8", False), (None, False)])
def test_an_encoding_without_symbols_gets_ascii(encoding, plain):
    assert terminal.is_ascii("emoji", {"TERM": "xterm"}, SimpleNamespace(encoding=encoding)) is plain


def test_a_driver_that_is_not_there_is_not_asked_for(on_a_terminal, monkeypatch):
    monkeypatch.setenv("TEXTUAL_DRIVER", "no.such:Driver")
    terminal.check_terminal()
    assert "TEXTUAL_DRIVER" not in os.environ


def test_a_redirected_stderr_is_refused_where_the_user_sees_it(tmp_path):
    ours, theirs = pty.openpty()
    with (tmp_path / "err.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "lab/forks/abc"],
            stdin=theirs,
            stdout=theirs,
            stderr=log,
            env={**os.environ, "HOME": str(tmp_path), "TERM": "xterm-256color"},
        )
        os.close(theirs)
        shown = os.read(ours, 4096).decode()
        assert process.wait(60) == 2
    os.close(ours)
    assert "draws on stderr, which is redirected" in " ".join(shown.split())
