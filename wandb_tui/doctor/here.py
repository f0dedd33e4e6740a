"""What works on this machine and with this server: the checks that need no run."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

from wandb_tui.core.errors import NoBrowserError
from wandb_tui.core.habit import Habit, Starter
from wandb_tui.core.ports import Source
from wandb_tui.core.probe import Answer
from wandb_tui.doctor.report import Check, Finding, Mark, look
from wandb_tui.services.redact import without_secrets

if TYPE_CHECKING:
    from wandb_tui.wiring import Wiring

_PACKAGES = ("wandb", "textual", "playwright", "keyring", "cryptography")
_STARTED_BY = {
    Starter.WAITING: "by themselves",
    Starter.API_QUERY: "by an API query",
    Starter.VISIT: "by a visit",
}


def examine(wiring: Wiring) -> Iterator[Check]:
    """Look at everything that does not need a run, one check at a time."""
    looks: tuple[tuple[str, Callable[[Wiring], Finding]], ...] = (
        ("versions", _versions),
        ("files", _files),
        ("terminal", _terminal),
        ("browser", _browser),
        ("keyring", _keyring),
        ("server", _server),
        ("API key", _api_key),
        ("browser sign-in", _account),
        ("exports here", _exports),
    )
    for name, find in looks:
        yield look(name, partial(find, wiring))


def _versions(_: Wiring) -> Finding:
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("wandb-run-monitor", *_PACKAGES))
    return Finding(Mark.GOOD, f"{packages}; Python {platform.python_version()} on {platform.system()}")


def _files(wiring: Wiring) -> Finding:
    paths = wiring.paths
    return Finding(Mark.GOOD, f"settings {paths.settings_file}, state {paths.state}, log {paths.log_file}")


def _terminal(_: Wiring) -> Finding:
    if not sys.stdout.isatty():
        return Finding(Mark.GOOD, "none here; the dashboard needs one, wandb-tui wait does not")
    size = os.get_terminal_size()
    encoding = sys.stdout.encoding or "unknown"
    found = f"{size.columns}×{size.lines}, {os.environ.get('TERM', 'unknown')}, {encoding}"
    if "utf" not in encoding.lower():
        return Finding(Mark.WARNING, found, 'Symbols need UTF-8; set look = "ascii" in settings.toml.')
    return Finding(Mark.GOOD, found)


def _browser(wiring: Wiring) -> Finding:
    from wandb_tui.services.browser.driver import usable_browser

    path = usable_browser(wiring.environ)
    try:
        command = [str(path), "--version"]
        environ = without_secrets(wiring.environ)
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True, env=environ)
    except (OSError, subprocess.SubprocessError):
        raise NoBrowserError(
            f"{path} does not start.", "Install another one, and name it in WANDB_TUI_BROWSER."
        ) from None
    return Finding(Mark.GOOD, f"{done.stdout.strip()} ({path})")


def _keyring(wiring: Wiring) -> Finding:
    from wandb_tui.core.errors import KeyringError

    try:
        wiring.vault.check()
    except KeyringError as error:
        return Finding(Mark.WARNING, error.message, error.hint)
    return Finding(Mark.GOOD, "works")


def _server(wiring: Wiring) -> Finding:
    info = wiring.server.info
    where = f"API {info.base_url}, pages {info.app_url}"
    client = wiring.client()
    try:
        reply = client.ask("query Viewer { viewer { id } }", {})
    finally:
        client.close()
    if reply.problem in {None, Answer.REFUSED}:
        return Finding(Mark.GOOD, where)
    return Finding(Mark.BAD, f"{where}: {reply.message}", "Check --host or WANDB_BASE_URL, the network and the proxy.")


def _api_key(wiring: Wiring) -> Finding:
    from wandb_tui.signing import whose_key

    source = wiring.account.state().api_key
    if source is Source.NONE:
        where = f"{wiring.server.info.app_url}/authorize"
        return Finding(
            Mark.WARNING, "none; only public runs can be watched", f"Get one at {where}, then wandb-tui login."
        )
    return Finding(Mark.GOOD, f"from {_SOURCES[source]}, accepted, belongs to {whose_key(wiring)}")


def _account(wiring: Wiring) -> Finding:
    state = wiring.account.state()
    if state.saved_session:
        return Finding(Mark.GOOD, f"a session of {state.username or 'this user'} is kept, encrypted")
    if state.password is Source.NONE:
        return Finding(
            Mark.WARNING,
            "no user name and password are known; only public pages can be visited",
            "Run wandb-tui login, or set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW.",
        )
    return Finding(Mark.GOOD, f"password of {state.username} from {_SOURCES[state.password]}")


_SOURCES = {
    Source.ENVIRONMENT: "the environment",
    Source.NETRC: "~/.netrc",
    Source.KEYRING: "the keyring",
    Source.MEMORY: "memory, for this session",
    Source.NONE: "nowhere",
}


def _exports(wiring: Wiring) -> Finding:
    habit = wiring.habits.read()
    if habit is None:
        return Finding(Mark.GOOD, "what starts them here is not known yet; wandb-tui doctor RUN finds it out")
    return Finding(Mark.GOOD, f"{in_words(habit)}, as was seen before (kept in {wiring.habits.path})")


def in_words(habit: Habit) -> str:
    """How a server exports, as a clause."""
    return f"started {_STARTED_BY[habit.starter]}, there after {habit.seconds:.0f} s"
