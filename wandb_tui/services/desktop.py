"""The desktop around the terminal: the user's browser, notifications, and the clipboard of tmux."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.services.browser.launch import has_display
from wandb_tui.services.credentials.redaction import without_secrets

_OPENERS = (("xdg-open",), ("gio", "open"), ("x-www-browser",))
"""Programs that open an address in the user's browser on Linux, in order of preference."""

_WSL = "wslview"
_OPENER_TIMEOUT_S = 3.0
"""The time in which an opener reports a failure; after that it may have turned into the browser itself."""

_TMUX_TIMEOUT_S = 5.0
_NOTIFICATION_TIMEOUT_S = 5.0


def open_page(url: str, environ: Mapping[str, str] = os.environ) -> str:
    """Open a page in the user's browser. Blocks for up to a few seconds.

    Only browsers with a window are used: a text browser would take over the terminal.

    Returns:
        The reason why that is not possible, or empty.
    """
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return "The browser is at the other end of the SSH connection"
    if _is_installed(_WSL, environ):
        command: tuple[str, ...] | None = (_WSL,)
    elif not has_display(environ):
        return "There is no display here for a browser"
    else:
        command = _opener(environ)
    if command is None:
        return "There is no xdg-open here to open a browser with"
    return _start([*command, url], environ)


def _opener(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    if sys.platform == "darwin":
        return ("open",)
    if sys.platform == "win32":
        return ("explorer",)
    return next((opener for opener in _OPENERS if _is_installed(opener[0], environ)), None)


def _is_installed(program: str, environ: Mapping[str, str]) -> bool:
    return shutil.which(program, path=environ.get("PATH")) is not None


def _start(command: list[str], environ: Mapping[str, str]) -> str:
    try:
        process = subprocess.Popen(
            command,
            env=without_secrets(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror}"
    try:
        status = process.wait(_OPENER_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        start_daemon(process.wait, "wandb-tui page opener")
        return ""
    # Explorer always exits with 1.
    return f"{command[0]} could not open a browser" if status and sys.platform != "win32" else ""


def show_notification(title: str, text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Show a notification of the desktop; returns the reason if that is not possible, else an empty text.

    Blocks for up to a few seconds.
    """
    if sys.platform == "darwin":
        # The texts are arguments, not part of the script, so that nothing in them is run.
        script = "on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run"
        command = ["osascript", *(part for line in script for part in ("-e", line)), title, text]
    elif _is_installed("notify-send", environ):
        # The text may hold markup, the title may not.
        # Imported here: its table of entities takes a millisecond of each start.
        import html

        command = ["notify-send", "--app-name=wandb-tui", "--", title, html.escape(text, quote=False)]
    else:
        return "notify-send is not installed"
    try:
        completed = subprocess.run(
            command,
            env=without_secrets(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_NOTIFICATION_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} got no answer from the desktop"
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror}"
    return f"{command[0]} failed" if completed.returncode else ""


def into_tmux(text: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Copy a text to the paste buffer of the surrounding tmux and the terminal's clipboard. Blocks briefly.

    By default tmux ignores OSC 52 from programs, but not this command.

    Returns:
        Whether tmux accepted the text.
    """
    try:
        completed = subprocess.run(
            ["tmux", "load-buffer", "-w", "-"],
            input=text.encode("utf-8", "replace"),
            env=without_secrets(environ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TMUX_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return completed.returncode == 0
