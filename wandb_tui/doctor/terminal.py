"""The check of the terminal: what it can show, and what the dashboard would lack."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from wandb_tui.core.checks import CheckStatus, TerminalFacts
from wandb_tui.doctor.report import Finding
from wandb_tui.services.credentials.redaction import without_secrets

_MIN_SIZE, _GOOD_SIZE = (40, 10), (80, 24)
_ASCII = 'Set look = "ascii" in settings.toml.'
_COLOURS = {"truecolor": "16 million colours", "256": "256 colours", "standard": "16 colours", "windows": "16 colours"}
_PLAIN = (CheckStatus.GOOD, "It has no emoji, so the dashboard shows plain ASCII.")
_LIMITED = {
    "linux": _PLAIN,
    "vt100": _PLAIN,
    "vt220": _PLAIN,
    "dumb": (CheckStatus.WARNING, "It cannot show the dashboard; wandb-tui wait needs no terminal."),
}
_TMUX_TIMEOUT_S = 2.0


def terminal_facts() -> TerminalFacts | None:
    """The facts about the terminal on stdout; None if stdout is not a terminal."""
    if not sys.stdout.isatty():
        return None
    from rich.console import Console

    size = os.get_terminal_size(sys.stdout.fileno())
    colours = Console(file=sys.stdout).color_system or ""
    return TerminalFacts(size.columns, size.lines, sys.stdout.encoding or "", colours, os.environ)


def check_terminal(facts: TerminalFacts | None) -> Finding:
    """The finding for a terminal with these facts; None means no terminal."""
    if facts is None:
        return Finding(CheckStatus.GOOD, "none; the dashboard needs one, wandb-tui wait does not")
    environ = facts.environ
    encoding = facts.encoding or "unknown encoding"
    found = f"{facts.columns}×{facts.lines}, {_kind(environ)}, {_colours(facts)}, {encoding}{_surroundings(environ)}"
    size = (facts.columns, facts.lines)
    if "utf" not in encoding.lower():
        return Finding(CheckStatus.WARNING, found, f"Symbols need UTF-8, as in LANG=C.UTF-8. {_ASCII}")
    if limited := _LIMITED.get(environ.get("TERM", "")):
        return Finding(limited[0], found, limited[1])
    if any(have < least for have, least in zip(size, _MIN_SIZE, strict=True)):
        return Finding(
            CheckStatus.WARNING, found, f"The dashboard needs {_MIN_SIZE[0]}×{_MIN_SIZE[1]}; enlarge the window."
        )
    if any(have < good for have, good in zip(size, _GOOD_SIZE, strict=True)):
        return Finding(CheckStatus.GOOD, found, f"The dashboard shows more from {_GOOD_SIZE[0]}×{_GOOD_SIZE[1]} on.")
    return Finding(CheckStatus.GOOD, found, _copying(environ))


def _kind(environ: Mapping[str, str]) -> str:
    term = environ.get("TERM") or "TERM is not set"
    program = environ.get("TERM_PROGRAM", "")
    version = environ.get("TERM_PROGRAM_VERSION", "")
    return f"{term} ({f'{program} {version}'.strip()})" if program else term


def _colours(facts: TerminalFacts) -> str:
    if facts.environ.get("NO_COLOR"):
        return "no colours (NO_COLOR is set)"
    return _COLOURS.get(facts.colours, "no colours")


def _surroundings(environ: Mapping[str, str]) -> str:
    inside = [name for name, variable in (("tmux", "TMUX"), ("screen", "STY")) if environ.get(variable)]
    inside += ["SSH"] if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY") else []
    return f", in {' over '.join(inside)}" if inside else ""


def _copying(environ: Mapping[str, str]) -> str:
    """What copies need to reach the clipboard of the user's own machine; empty if nothing."""
    if environ.get("TMUX"):
        allowed = _tmux_clipboard(environ)
        if allowed in {"on", "external"}:
            # With either, tmux passes on the copies that it gets from us.
            return ""
        now = f" (now {allowed})" if allowed else ""
        return f"Copying out of tmux (OSC 52) needs `set -s set-clipboard on` or `external`{now}."
    if environ.get("STY"):
        return "GNU screen does not pass copies on (OSC 52); tmux does."
    if environ.get("TERM_PROGRAM") == "Apple_Terminal":
        return "Terminal.app does not accept copies (OSC 52); iTerm2, kitty, WezTerm and Ghostty do."
    if environ.get("VTE_VERSION"):
        return "Copies may not arrive: GNOME Terminal and its relatives may not accept them (OSC 52)."
    return ""


def _tmux_clipboard(environ: Mapping[str, str]) -> str:
    """The value of tmux's set-clipboard: ``on``, ``external`` or ``off``; empty if unknown."""
    try:
        done = subprocess.run(
            ["tmux", "show-options", "-sv", "set-clipboard"],
            env=without_secrets(environ),
            capture_output=True,
            text=True,
            timeout=_TMUX_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
