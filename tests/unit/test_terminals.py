"""The terminal that is recognised, and its abilities."""

import pytest

from wandb_tui.text.terminals import (
    DUMB,
    LINUX,
    MOSH,
    SCREEN,
    SCREEN_OR_TMUX,
    TMUX,
    VT,
    XTERM,
    colour_system,
    escape_delay_ms,
    identify,
    is_remote,
)

MOSH_SETS = {"NCURSES_NO_UTF8_ACS": "1"}
SCREEN_SAYS, TMUX_SAYS, XTERM_SAYS, MOSH_SAYS = (83, 40900, 0), (84, 0, 0), (41, 388, 0), (1, 10, 0)


@pytest.mark.parametrize(
    ("environ", "answer", "terminal"),
    [
        ({"TERM": "xterm-256color"}, (), XTERM),
        ({"TERM": "xterm-kitty"}, (1, 4000, 35), XTERM),
        ({"TERM": "tmux-256color"}, (), TMUX),
        ({"TERM": "screen-256color", "TMUX": "/tmp/x,1,0"}, (), TMUX),
        ({"TERM": "xterm-256color", "TMUX": "/tmp/x,1,0"}, (), TMUX),
        ({"TERM": "screen", "STY": "1.pts"}, (), SCREEN),
        ({"TERM": "xterm-256color", "STY": "1.pts"}, (), SCREEN),
        ({"TERM": "linux"}, (), LINUX),
        ({"TERM": "linux-16color"}, (), LINUX),
        ({"TERM": "linux", "TMUX": "/tmp/x,1,0"}, (84, 0, 0), LINUX),
        ({"TERM": "vt220"}, (), VT),
        ({"TERM": "vte-256color"}, (), XTERM),
        ({"TERM": "dumb"}, (), DUMB),
        # Over SSH and in sudo there is only the name; one inside the other has the variables of both.
        ({"TERM": "screen"}, (), SCREEN_OR_TMUX),
        ({"TERM": "screen.xterm-256color"}, (), SCREEN_OR_TMUX),
        ({"TERM": "screen", "STY": "1.pts", "TMUX": "/tmp/x,1,0"}, (), SCREEN_OR_TMUX),
        ({"TERM": "tmux-256color", "STY": "1.pts", "TMUX": "/tmp/x,1,0"}, (), TMUX),
        # The answer decides.
        ({"TERM": "screen"}, SCREEN_SAYS, SCREEN),
        ({"TERM": "screen"}, TMUX_SAYS, TMUX),
        ({"TERM": "screen", "STY": "1.pts", "TMUX": "/tmp/x,1,0"}, SCREEN_SAYS, SCREEN),
        ({"TERM": "xterm"}, SCREEN_SAYS, SCREEN),
        ({"TERM": "xterm-256color", "TMUX": "/tmp/x,1,0", "STY": "1.pts"}, XTERM_SAYS, XTERM),
        ({"TERM": "xterm-256color", **MOSH_SETS}, (), MOSH),
        ({"TERM": "xterm-256color", **MOSH_SETS, "TMUX": "/tmp/x,1,0"}, MOSH_SAYS, MOSH),
        ({"TERM": "xterm-256color", **MOSH_SETS}, XTERM_SAYS, XTERM),
        ({"TERM": "xterm-256color"}, MOSH_SAYS, XTERM),
        ({"TERM": "tmux-256color", **MOSH_SETS}, TMUX_SAYS, TMUX.over(MOSH)),
    ],
)
def test_the_terminal_is_recognized(environ, answer, terminal):
    assert identify(environ, answer) == terminal


def test_one_over_the_other_can_do_what_both_can():
    both = TMUX.over(MOSH)
    assert both.name == "tmux over mosh"
    assert both.passthrough
    assert both.mouse
    assert not both.notifications
    assert both.max_copied_bytes == MOSH.max_copied_bytes
    assert SCREEN.over(MOSH).max_copied_bytes == 0


def test_mosh_passes_on_whole_groups_of_its_16_kib_counted_in_bytes():
    assert MOSH.can_copy("x" * 12_282)
    assert not MOSH.can_copy("x" * 12_283)
    assert not MOSH.can_copy("é" * 6_142)
    assert MOSH.copy_limit == "Mosh passes on copies of at most 12 kB."
    assert SCREEN.copy_limit == "GNU screen does not pass copies on to the clipboard."
    assert XTERM.can_copy("x" * 10**6)
    assert not XTERM.copy_limit


@pytest.mark.parametrize(
    ("environ", "delay"),
    [
        ({}, 100),
        ({"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"}, 500),
        ({"SSH_TTY": "/dev/pts/1"}, 500),
        (MOSH_SETS, 500),
        ({"SSH_TTY": "/dev/pts/1", "ESCDELAY": "40"}, 40),
        ({"ESCDELAY": "900"}, 900),
        ({"SSH_TTY": "/dev/pts/1", "ESCDELAY": "soon"}, 500),
        ({"ESCDELAY": "0"}, 1),
    ],
)
def test_a_line_gets_more_time_and_the_user_decides(environ, delay):
    assert escape_delay_ms(environ) == delay
    assert is_remote(environ) is any(name.startswith(("SSH", "NCURSES")) for name in environ)


def test_the_colours_are_those_of_the_terminal_unless_the_user_decides():
    assert colour_system({"COLORTERM": "truecolor"}, SCREEN) == "256"
    assert colour_system({"TEXTUAL_COLOR_SYSTEM": "auto"}, SCREEN) == "256"
    assert colour_system({"TEXTUAL_COLOR_SYSTEM": "standard"}, SCREEN) == "standard"
    assert colour_system({}, XTERM) == "auto"
    assert colour_system({}, LINUX) == "standard"
