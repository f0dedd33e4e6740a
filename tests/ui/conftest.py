"""Fixtures for all tests of the dashboard."""

import pytest
from textual import constants


@pytest.fixture(autouse=True)
def still(monkeypatch):
    """Turn animations off, so that no test waits for one."""
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")


@pytest.fixture(autouse=True)
def on_xterm(monkeypatch):
    """Be on the same terminal wherever the tests run."""
    for name in (
        *("TMUX", "STY", "TERM_PROGRAM", "NCURSES_NO_UTF8_ACS", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"),
        *("ESCDELAY", "TEXTUAL_COLOR_SYSTEM"),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
