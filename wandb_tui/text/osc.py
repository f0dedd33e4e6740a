"""Escape sequences for the terminal itself: its clipboard, its notifications, links."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from wandb_tui.text.plain_text import clean
from wandb_tui.text.terminals import Terminal

_ESC, _BELL = "\x1b", "\x07"
_TITLE, _TEXT = 80, 240

# Terminals that support both kinds of notification, and would show both; over SSH only TERM identifies them.
_KNOW_777 = ("foot", "kitty", "ghostty", "rxvt", "wezterm")
_KNOW_9 = ("iterm",)


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


def notified(title: str, text: str, environ: Mapping[str, str], terminal: Terminal) -> str:
    """A notification as this terminal supports it; both sequences if that is unknown, empty if none reaches it."""
    if not terminal.notifications:
        return ""
    osc_9, osc_777 = notification(title, text)
    names = f"{environ.get('TERM', '')} {environ.get('TERM_PROGRAM', '')} {environ.get('LC_TERMINAL', '')}".lower()
    if environ.get("VTE_VERSION") or any(name in names for name in _KNOW_777):
        sequence = osc_777
    elif any(name in names for name in _KNOW_9):
        sequence = osc_9
    else:
        sequence = osc_9 + osc_777
    return through(sequence, terminal)


def through(sequence: str, terminal: Terminal) -> str:
    """A sequence wrapped so that tmux passes it through to its terminal, if allowed (`allow-passthrough`)."""
    if not terminal.passthrough:
        return sequence
    return f"{_ESC}Ptmux;{sequence.replace(_ESC, 2 * _ESC)}{_ESC}\\"
