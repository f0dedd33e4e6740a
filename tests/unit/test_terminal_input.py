"""The input from a terminal, before Textual reads it."""

import pytest
from textual import constants
from textual._xterm_parser import XTermParser
from textual.events import Key

from wandb_tui.text.terminals import escape_delay_ms
from wandb_tui.ui.input.terminal_input import TerminalInput


@pytest.fixture
def received():
    """Feeds pieces to the filter; gives what is left of them, and the answers."""

    def feed(*pieces):
        answers = []
        filtered = TerminalInput(answers.append, lambda: answers.append("well"))
        return [filtered.feed(piece) for piece in pieces], answers

    return feed


def keys(text):
    parser = XTermParser()
    return [event.key for event in parser.feed(text) if isinstance(event, Key)]


def test_answers_are_no_keys(received):
    assert received("a\x1b[>83;40900;0cb\x1b[0nc") == (["abc"], [(83, 40900, 0), "well"])
    assert received("\x1b[>c") == ([""], [()])


@pytest.mark.parametrize("at", range(3, 14))
def test_an_answer_in_two_pieces_is_none_either(received, at):
    text = "\x1b[>83;40900;0c"
    assert received(text[:at], text[at:] + "x") == (["", "x"], [(83, 40900, 0)])


def test_a_key_with_parameters_is_joined_however_late_it_comes(received):
    assert received("j\x1b[1;", "5A") == (["j", "\x1b[1;5A"], [])
    assert received("\x1b[<35;1", "0;4M") == (["", "\x1b[<35;10;4M"], [])


def test_what_a_person_may_type_is_not_held_back(received):
    for text in ("\x1b", "\x1b[", "\x1bO", "\x1b[A", "q"):
        assert received(text) == ([text], [])


@pytest.mark.parametrize("tail", ["[D", "OD", "[1;5D", "[0n", "[200~d\x1b[201~"])
def test_what_comes_after_its_escape_was_taken_for_a_key_is_not_typed(tail):
    filtered = TerminalInput(lambda _: None, lambda: None)
    assert filtered.feed("\x1b") == "\x1b"
    filtered.escape_was_key()
    assert not any(key in {"[", "O", "D", "d"} for key in keys(filtered.feed(tail)))
    for typed in ("[", "D", tail):
        assert filtered.feed(typed) == typed


def test_a_torn_answer_does_not_swallow_what_follows(received):
    assert received("\x1b[>83;", "\x1b[A") == (["", "\x1b[>83;\x1b[A"], [])


@pytest.mark.parametrize(
    ("sequence", "key"),
    [
        ("\x1b[27;5;13~", "ctrl+enter"),
        ("\x1b[27;2;13~", "shift+enter"),
        ("\x1b[27;5;105~", "ctrl+i"),
        ("\x1b[27;2;65~", "A"),
        ("\x1b[13;5u", "ctrl+enter"),
        ("\x1b[27;5u", "ctrl+escape"),
    ],
)
def test_keys_as_modify_other_keys_sends_them(received, sequence, key):
    assert not constants.DISABLE_KITTY_KEY
    (text,), _ = received(sequence)
    assert keys(text) == [key]


def test_over_ssh_an_escape_waits_for_the_rest_of_a_key(monkeypatch):
    now = 0.0
    monkeypatch.setattr("textual._parser.get_time", lambda: now)
    monkeypatch.setattr(constants, "ESCAPE_DELAY", escape_delay_ms({"SSH_TTY": "/dev/pts/0"}) / 1000)
    parser = XTermParser()
    assert not list(parser.feed("\x1b"))
    now = 0.4
    assert not list(parser.tick())
    assert [event.key for event in parser.feed("[B")] == ["down"]
    assert not list(parser.feed("\x1b"))
    now = 1.0
    assert [event.key for event in parser.tick()] == ["escape"]
