"""The check of the terminal: what it can show, and what the dashboard would lack."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

from wandb_tui.core.checks import CheckStatus
from wandb_tui.doctor.report import Finding
from wandb_tui.services.credentials.redaction import without_secrets
from wandb_tui.text.terminals import (
    APPLE,
    COLOUR_SYSTEMS,
    MOSH,
    SCREEN,
    SCREEN_OR_TMUX,
    XTERM,
    Terminal,
    TerminalFacts,
    colour_system,
    escape_delay_ms,
    identify,
    is_remote,
)

_MIN_SIZE, _GOOD_SIZE = (40, 10), (80, 24)
_ASCII = 'Set look = "ascii" in settings.toml.'
_COLOURS = {"truecolor": "16 million colours", "256": "256 colours", "standard": "16 colours", "windows": "16 colours"}
_TMUX_TIMEOUT_S = 2.0


def terminal_facts() -> TerminalFacts | None:
    """The facts about the terminal on stdout; None if stdout is not a terminal."""
    if not sys.stdout.isatty():
        return None
    from rich.console import Console

    size = os.get_terminal_size(sys.stdout.fileno())
    system = colour_system(os.environ, identify(os.environ))
    colours = Console(file=sys.stdout, color_system=system if system in _COLOURS else "auto").color_system or ""  # type: ignore[arg-type]
    return TerminalFacts(size.columns, size.lines, sys.stdout.encoding or "", colours, os.environ)


def check_terminal(facts: TerminalFacts | None) -> Finding:
    """The finding for a terminal with these facts; None means no terminal."""
    if facts is None:
        return Finding(CheckStatus.GOOD, "none; the dashboard needs one, wandb-tui wait does not")
    terminal = identify(facts.environ, facts.answer)
    encoding = facts.encoding or "unknown encoding"
    found = f"{facts.columns}×{facts.lines}, {_kind(facts.environ)}, {_colours(facts)}, {encoding}"
    found += _surroundings(facts.environ, terminal)
    status, hint = _advice(facts, terminal)
    return Finding(status, found, hint, tuple(_limits(facts.environ, terminal)))


def _advice(facts: TerminalFacts, terminal: Terminal) -> tuple[CheckStatus, str]:
    """The status of the terminal for the dashboard, and advice about the first thing that is missing."""
    size = (facts.columns, facts.lines)
    colours = facts.environ.get("TEXTUAL_COLOR_SYSTEM") or COLOUR_SYSTEMS[0]
    if not terminal.full_screen:
        return CheckStatus.WARNING, "It cannot show the dashboard; wandb-tui wait needs no terminal."
    if colours not in COLOUR_SYSTEMS:
        known = ", ".join(COLOUR_SYSTEMS)
        return CheckStatus.WARNING, f"TEXTUAL_COLOR_SYSTEM={colours} is unknown; the dashboard needs one of {known}."
    if "utf" not in facts.encoding.lower():
        return CheckStatus.WARNING, f"Symbols need UTF-8, as in LANG=C.UTF-8. {_ASCII}"
    if any(have < least for have, least in zip(size, _MIN_SIZE, strict=True)):
        return CheckStatus.WARNING, f"The dashboard needs {_MIN_SIZE[0]}×{_MIN_SIZE[1]}; enlarge the window."
    if any(have < good for have, good in zip(size, _GOOD_SIZE, strict=True)):
        return CheckStatus.GOOD, f"The dashboard shows more from {_GOOD_SIZE[0]}×{_GOOD_SIZE[1]} on."
    return CheckStatus.GOOD, _copying(facts.environ, terminal)


def _limits(environ: Mapping[str, str], terminal: Terminal) -> Iterator[str]:
    """The features that the dashboard lacks in this terminal, and its ways around that, a clause each."""
    lacks = {"the mouse": terminal.mouse, "notifications": terminal.notifications, "links": terminal.links}
    if missing := [name for name, works in lacks.items() if not works]:
        yield f"without {' or '.join((', '.join(missing[:-1]), missing[-1])) if missing[1:] else missing[0]}"
    if not terminal.symbols:
        yield "plain ASCII, as it has no other symbols"
    if terminal.copy_limit:
        size = "longer copies" if terminal.max_copied_bytes else "copies"
        yield f"{terminal.copy_limit} The dashboard saves {size} to a file."
    if not terminal.alternate_screen:
        yield "cleared when the dashboard ends, as it has no second screen"
    if "ESCDELAY" in environ or is_remote(environ):
        why = "as ESCDELAY says" if "ESCDELAY" in environ else "as keys come over the network; ESCDELAY changes that"
        yield f"Escape alone is known after {escape_delay_ms(environ)} ms, {why}"


def _kind(environ: Mapping[str, str]) -> str:
    term = environ.get("TERM") or "TERM is not set"
    program = environ.get("TERM_PROGRAM", "")
    version = environ.get("TERM_PROGRAM_VERSION", "")
    return f"{term} ({f'{program} {version}'.strip()})" if program else term


def _colours(facts: TerminalFacts) -> str:
    if facts.environ.get("NO_COLOR"):
        return "no colours (NO_COLOR is set)"
    return _COLOURS.get(facts.colours, "no colours")


def _surroundings(environ: Mapping[str, str], terminal: Terminal) -> str:
    inside = [terminal.name] if terminal.name else []
    over_ssh = any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
    # mosh uses SSH only to begin with.
    inside += ["SSH"] if over_ssh and not terminal.name.endswith(MOSH.name) else []
    return f", {' over '.join(inside)}" if inside else ""


def _copying(environ: Mapping[str, str], terminal: Terminal) -> str:
    """A sentence about the set-up that copies need to reach the clipboard of the user's machine; empty if none."""
    if terminal.passthrough and environ.get("TMUX"):
        allowed = _tmux_clipboard(environ)
        if allowed in {"on", "external"}:
            # With either, tmux passes on the copies that it gets from us.
            return ""
        now = f" (now {allowed})" if allowed else ""
        return f"Copying out of tmux (OSC 52) needs `set -s set-clipboard on` or `external`{now}."
    if terminal in {SCREEN, SCREEN_OR_TMUX}:
        return "tmux has the mouse, 24-bit colours and copies."
    if terminal is APPLE:
        return "iTerm2, kitty, WezTerm and Ghostty accept copies (OSC 52)."
    if terminal is XTERM and environ.get("VTE_VERSION"):
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
