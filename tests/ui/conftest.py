"""Fixtures for all tests of the dashboard."""

import pytest
from textual import constants
from textual.css.stylesheet import Stylesheet


@pytest.fixture(scope="session", autouse=True)
def shared_rules():
    """Let the apps share the rules made of the same styles and colours: parsing takes a tenth of the time."""
    parse_rules, known = Stylesheet._parse_rules, {}

    def shared(sheet, css, *args, **options):
        key = (css, *args, *options.items(), *sheet._variables.items())
        if key not in known:
            known[key] = parse_rules(sheet, css, *args, **options)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", shared)
        yield


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
