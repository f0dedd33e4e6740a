"""The doctor's findings about a terminal."""

import pytest

from wandb_tui.core.checks import CheckStatus
from wandb_tui.doctor.terminal import check_terminal
from wandb_tui.text.terminals import TerminalFacts


def finding_for(*, columns=160, lines=45, encoding="utf-8", colours="truecolor", **environ):
    return check_terminal(TerminalFacts(columns, lines, encoding, colours, {"TERM": "xterm-256color", **environ}))


@pytest.mark.parametrize(
    ("terminal", "status", "says"),
    [
        ({}, CheckStatus.GOOD, "160×45, xterm-256color, 16 million colours, utf-8"),
        ({"colours": "standard"}, CheckStatus.GOOD, "16 colours"),
        ({"NO_COLOR": "1"}, CheckStatus.GOOD, "NO_COLOR is set"),
        ({"encoding": "ascii"}, CheckStatus.WARNING, 'look = "ascii"'),
        ({"TERM": "linux"}, CheckStatus.GOOD, "plain ASCII, as it has no other symbols"),
        ({"TEXTUAL_COLOR_SYSTEM": "millions"}, CheckStatus.WARNING, "millions is unknown"),
        ({"TERM": "dumb"}, CheckStatus.WARNING, "cannot show the dashboard"),
        ({"NO_COLOR": ""}, CheckStatus.GOOD, "16 million colours"),
        ({"columns": 39}, CheckStatus.WARNING, "needs 40×10"),
        ({"lines": 20}, CheckStatus.GOOD, "shows more from 80×24 on"),
        ({"SSH_TTY": "/dev/pts/0", "STY": "1.pts"}, CheckStatus.GOOD, "GNU screen over SSH"),
        ({"SSH_TTY": "/dev/pts/0"}, CheckStatus.GOOD, "after 500 ms, as keys come over the network"),
        ({"ESCDELAY": "50"}, CheckStatus.GOOD, "after 50 ms, as ESCDELAY says"),
        ({"NCURSES_NO_UTF8_ACS": "1", "SSH_TTY": "/dev/pts/0"}, CheckStatus.GOOD, "utf-8, mosh\n"),
        ({"NCURSES_NO_UTF8_ACS": "1"}, CheckStatus.GOOD, "The dashboard saves longer copies to a file"),
        ({"TERM": "screen-256color"}, CheckStatus.GOOD, "GNU screen or tmux"),
        ({"TMUX": "/nowhere,1,0", "PATH": ""}, CheckStatus.GOOD, "set-clipboard on"),
        ({"TERM_PROGRAM": "Apple_Terminal", "TERM_PROGRAM_VERSION": "455"}, CheckStatus.GOOD, "(Apple_Terminal 455)"),
    ],
)
def test_terminals(terminal, status, says):
    found = finding_for(**terminal)
    assert found.status is status
    assert says in "\n".join((found.message, found.hint, *found.details))


def test_of_screen_it_tells_all_that_is_different():
    found = finding_for(colours="256", TERM="screen", STY="1.pts")
    assert found.message == "160×45, screen, 256 colours, utf-8, GNU screen"
    assert found.details == (
        "without the mouse, notifications or links",
        "GNU screen does not pass copies on to the clipboard. The dashboard saves copies to a file.",
        "cleared when the dashboard ends, as it has no second screen",
    )
    assert found.hint == "tmux has the mouse, 24-bit colours and copies."


def test_the_answer_of_the_terminal_decides():
    both = {"TERM": "screen", "STY": "1.pts", "TMUX": "/nowhere,1,0"}
    found = check_terminal(TerminalFacts(160, 45, "utf-8", "256", both, (83, 40900, 0)))
    assert found.message.endswith("GNU screen")


def test_a_good_terminal_needs_no_hint():
    assert not finding_for().hint
    assert not finding_for().details


def test_without_a_terminal():
    assert check_terminal(None).status is CheckStatus.GOOD
