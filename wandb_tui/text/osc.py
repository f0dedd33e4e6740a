"""What is said to the terminal itself: its clipboard, its notifications, whether it knows links."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from wandb_tui.text.plain_text import clean

_ESC, _BELL = "\x1b", "\x07"
_TITLE, _TEXT = 80, 240
_MULTIPLEXED = ("screen", "tmux")

# Terminals that know both kinds of notification, and would show both; those over an SSH line tell by TERM.
_KNOW_777 = ("foot", "kitty", "ghostty", "rxvt", "wezterm")
_KNOW_9 = ("iterm",)

_NO_LINKS = ("linux", "dumb", "unknown", "vt", "cons", "eterm", "sun", "ansi")
"""Terminals, by the beginning of their names, that might show the address of a link as garbage."""


def clipboard(text: str) -> str:
    """Put a text into the terminal's clipboard (OSC 52)."""
    data = base64.b64encode(text.encode("utf-8", "replace")).decode()
    return f"{_ESC}]52;c;{data}{_BELL}"


def notification(title: str, text: str) -> tuple[str, str]:
    """A notification in both ways that there are: OSC 9, and OSC 777."""
    title = clean(title, _TITLE).replace(";", ",")
    text = clean("; ".join(text.splitlines()), _TEXT)
    # A number at the beginning would be another command to some.
    return f"{_ESC}]9;{title}: {text}{_BELL}", f"{_ESC}]777;notify;{title};{text}{_BELL}"


def notified(title: str, text: str, environ: Mapping[str, str]) -> str:
    """A notification in the way that this terminal knows; in both where that cannot be told."""
    osc_9, osc_777 = notification(title, text)
    names = f"{environ.get('TERM', '')} {environ.get('TERM_PROGRAM', '')} {environ.get('LC_TERMINAL', '')}".lower()
    if environ.get("VTE_VERSION") or any(name in names for name in _KNOW_777):
        said = osc_777
    elif any(name in names for name in _KNOW_9):
        said = osc_9
    else:
        said = osc_9 + osc_777
    return through(said, environ)


def through(sequence: str, environ: Mapping[str, str]) -> str:
    """A sequence so that a tmux around us hands it on to its terminal, where that is allowed (`allow-passthrough`)."""
    if not in_tmux(environ):
        return sequence
    return f"{_ESC}Ptmux;{sequence.replace(_ESC, 2 * _ESC)}{_ESC}\\"


def in_tmux(environ: Mapping[str, str]) -> bool:
    """Whether there is a tmux between us and the terminal, be it at the other end of an SSH line."""
    # GNU screen gives itself the name that older versions of tmux had, but tells of itself.
    return bool(environ.get("TMUX")) or (environ.get("TERM", "").startswith(_MULTIPLEXED) and not environ.get("STY"))


def shows_links(environ: Mapping[str, str]) -> bool:
    """Whether the terminal knows links (OSC 8), or at least leaves out what it does not know."""
    term = environ.get("TERM", "")
    return bool(term) and not term.startswith(_NO_LINKS)
