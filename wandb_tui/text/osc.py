"""Escape sequences for the terminal itself: its clipboard, its notifications, links."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from wandb_tui.text.plain_text import clean

_ESC, _BELL = "\x1b", "\x07"
_TITLE, _TEXT = 80, 240
_MULTIPLEXED = ("screen", "tmux")

# Terminals that support both kinds of notification, and would show both; over SSH only TERM identifies them.
_KNOW_777 = ("foot", "kitty", "ghostty", "rxvt", "wezterm")
_KNOW_9 = ("iterm",)

_NO_LINKS = ("linux", "dumb", "unknown", "vt", "cons", "eterm", "sun", "ansi")
"""Terminals, by the beginning of their names, that might show the address of a link as garbage."""


def clipboard(text: str) -> str:
    """The sequence that puts a text into the terminal's clipboard (OSC 52)."""
    data = base64.b64encode(text.encode("utf-8", "replace")).decode()
    return f"{_ESC}]52;c;{data}{_BELL}"


def notification(title: str, text: str) -> tuple[str, str]:
    """The sequences for a notification: OSC 9 and OSC 777."""
    title = clean(title, _TITLE).replace(";", ",")
    text = clean("; ".join(text.splitlines()), _TEXT)
    # Some terminals read a leading number as another command.
    return f"{_ESC}]9;{title}: {text}{_BELL}", f"{_ESC}]777;notify;{title};{text}{_BELL}"


def notified(title: str, text: str, environ: Mapping[str, str]) -> str:
    """A notification as this terminal supports it; both sequences if that is unknown."""
    osc_9, osc_777 = notification(title, text)
    names = f"{environ.get('TERM', '')} {environ.get('TERM_PROGRAM', '')} {environ.get('LC_TERMINAL', '')}".lower()
    if environ.get("VTE_VERSION") or any(name in names for name in _KNOW_777):
        sequence = osc_777
    elif any(name in names for name in _KNOW_9):
        sequence = osc_9
    else:
        sequence = osc_9 + osc_777
    return through(sequence, environ)


def through(sequence: str, environ: Mapping[str, str]) -> str:
    """A sequence wrapped so that tmux passes it through to its terminal, if allowed (`allow-passthrough`)."""
    if not in_tmux(environ):
        return sequence
    return f"{_ESC}Ptmux;{sequence.replace(_ESC, 2 * _ESC)}{_ESC}\\"


def in_tmux(environ: Mapping[str, str]) -> bool:
    """Whether tmux runs between us and the terminal, even at the other end of an SSH connection."""
    # GNU screen uses the same terminal name as older versions of tmux, but sets STY.
    return bool(environ.get("TMUX")) or (environ.get("TERM", "").startswith(_MULTIPLEXED) and not environ.get("STY"))


def shows_links(environ: Mapping[str, str]) -> bool:
    """Whether the terminal supports links (OSC 8), or at least ignores them."""
    term = environ.get("TERM", "")
    return bool(term) and not term.startswith(_NO_LINKS)
