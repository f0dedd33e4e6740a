"""What the doctor says of a terminal."""

import pytest

from wandb_tui.core.checks import CheckStatus, TerminalFacts
from wandb_tui.doctor.terminal import check_terminal


def finding_for(*, columns=160, lines=45, encoding="utf-8", colours="truecolor", **environ):
    return check_terminal(TerminalFacts(columns, lines, encoding, colours, {"TERM": "xterm-256color", **environ}))


@pytest.mark.parametrize(
    ("terminal", "status", "says"),
    [
        ({}, CheckStatus.GOOD, "160×45, xterm-256color, 16 million colours, utf-8"),
        ({"colours": "standard"}, CheckStatus.GOOD, "16 colours"),
        ({"NO_COLOR": "1"}, CheckStatus.GOOD, "NO_COLOR is set"),
        ({"encoding": "ascii"}, CheckStatus.WARNING, 'look = "ascii"'),
        ({"TERM": "linux"}, CheckStatus.GOOD, "shows plain ASCII"),
        ({"TERM": "dumb"}, CheckStatus.WARNING, "cannot show the dashboard"),
        ({"NO_COLOR": ""}, CheckStatus.GOOD, "16 million colours"),
        ({"columns": 39}, CheckStatus.WARNING, "needs 40×10"),
        ({"lines": 20}, CheckStatus.GOOD, "shows more from 80×24 on"),
        ({"SSH_TTY": "/dev/pts/0", "STY": "1.pts"}, CheckStatus.GOOD, "in screen over SSH"),
        ({"STY": "1.pts"}, CheckStatus.GOOD, "OSC 52"),
        ({"TMUX": "/nowhere,1,0", "PATH": ""}, CheckStatus.GOOD, "set-clipboard on"),
        ({"TERM_PROGRAM": "Apple_Terminal", "TERM_PROGRAM_VERSION": "455"}, CheckStatus.GOOD, "(Apple_Terminal 455)"),
    ],
)
def test_terminals(terminal, status, says):
    found = finding_for(**terminal)
    assert found.status is status
    assert says in f"{found.message} {found.hint}"


def test_a_good_terminal_needs_no_hint():
    assert not finding_for().hint


def test_without_a_terminal():
    assert check_terminal(None).status is CheckStatus.GOOD
