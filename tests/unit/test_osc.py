"""Sequences for the terminal itself, and addresses in texts."""

from __future__ import annotations

import pytest

from wandb_tui.text.links import cut, links_in, over_lines, written
from wandb_tui.text.osc import clipboard, notified, through
from wandb_tui.text.terminals import identify

XTERM = {"TERM": "xterm-256color"}
TMUX = {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}


def test_texts_from_outside_cannot_break_out_of_a_notification():
    sequence = notified("Avail\x07able;x", "a\x1b\\b\nc\x9cd\u202e", XTERM, identify(XTERM))
    assert sequence.count("\x1b") == sequence.count("\x07") == 2
    assert "\x9c" not in sequence
    assert "\x1b]777;notify;Avail�able,x;" in sequence


@pytest.mark.parametrize(
    ("environ", "kinds"),
    [
        (XTERM, "9 777"),
        ({"TERM": "xterm-kitty"}, "777"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "777"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "777"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "9"),
    ],
)
def test_a_terminal_that_knows_both_notifies_once(environ, kinds):
    written = notified("A", "b", environ, identify(environ))
    assert ("]9;" in written, "]777;" in written) == ("9" in kinds.split(), "777" in kinds)


def test_tmux_is_asked_to_hand_it_on():
    assert through(clipboard("x"), identify(TMUX)) == "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\"
    assert through(clipboard("x"), identify(XTERM)) == "\x1b]52;c;eA==\x07"
    at_the_other_end_of_a_line = identify({"TERM": "screen-256color"}, (84, 0, 0))
    assert "Ptmux;" in through(clipboard("x"), at_the_other_end_of_a_line)


@pytest.mark.parametrize("environ", [{"TERM": "screen", "STY": "1.x"}, {"TERM": "screen"}, {"TERM": "linux"}])
def test_where_no_notification_arrives_none_is_written(environ):
    assert not notified("A", "b", environ, identify(environ))
    assert through("x", identify(environ)) == "x"


@pytest.mark.parametrize(
    ("term", "shows"),
    [("xterm-256color", True), ("tmux-256color", True), ("linux", False), ("vt100", False), ("", False)],
)
def test_links_are_for_terminals_that_know_or_skip_them(term, shows):
    assert identify({"TERM": term}).links is shows


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see https://a.b/c?d=e#f.", ["https://a.b/c?d=e#f"]),
        ("“https://a.b/c” (http://d:8080/e)", ["https://a.b/c", "http://d:8080/e"]),
        ("file:///etc/passwd javascript://x ftp://x", []),
        ("none", []),
    ],
)
def test_addresses_are_found(text, urls):
    assert [url for _, _, url in links_in(text)] == urls
    assert [text[start:end] for start, end, _ in links_in(text)] == urls


def test_an_address_over_lines_is_one():
    text = "see https://a.b/cdefgh now https://x.y/z"
    lines = ["see", "https://a.b/", "cdefgh now", "https://x.y/z"]
    found = [
        [(line[a:b], url) for a, b, url in links] for line, links in zip(lines, over_lines(text, lines), strict=True)
    ]
    assert found == [
        [],
        [("https://a.b/", "https://a.b/cdefgh")],
        [("cdefgh", "https://a.b/cdefgh")],
        [("https://x.y/z", "https://x.y/z")],
    ]


def test_pieces_are_cut_where_an_address_begins_and_ends():
    pieces = [("12:00 ", "time"), ("see http", "text"), ("://a.b ok", "match")]
    assert list(cut(pieces, [(10, 20, "U")])) == [
        ("12:00 ", "time", ""),
        ("see ", "text", ""),
        ("http", "text", "U"),
        ("://a.b", "match", "U"),
        (" ok", "match", ""),
    ]
    assert list(cut(pieces, [])) == [(*piece, "") for piece in pieces]


def test_an_address_is_written_in_ascii():
    assert written("https://a.b/ö\x1b x") == "https://a.b/%C3%B6%1B%20x"
