"""Playwright's driver, a Node.js program: the environment that it gets, and the reason where it does not run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from wandb_tui.core.errors import NoBrowserError
from wandb_tui.services.browser.discovery import find_browser
from wandb_tui.services.browser.start_problem import StartProblem, start_problem
from wandb_tui.services.credentials.redaction import without_secrets

_START_TIMEOUT_S = 30.0

# Playwright's debugging variables, which would print typed text or pause in a window.
_DEBUG_VARIABLES = frozenset({"DEBUG", "DEBUG_FILE", "PWDEBUG", "DEBUGP"})
# Options of Node.js, meant for the user's own programs: some keep it from starting, or make it print on our pipe.
_NODE_PREFIX = "NODE_"
# The certificates that it trusts, and the folder for compiled code, which takes a third off its start.
_HARMLESS = frozenset({"NODE_EXTRA_CA_CERTS", "NODE_COMPILE_CACHE"})
_OPENSSL_CONFIGURATION = "OPENSSL_CONF"
_NODE, _CORRECT_NODE = "PLAYWRIGHT_NODEJS_PATH", "Correct it, or unset it."
_ALIVE = "alive"
"""The text that Node.js is told to print."""
_REINSTALL = "Install Playwright again: pip install --force-reinstall playwright"


def driver_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for the driver: without secrets, and without what would change how Node.js starts."""
    return {
        name: value
        for name, value in without_secrets(environ).items()
        if name not in _DEBUG_VARIABLES
        and name != _OPENSSL_CONFIGURATION
        and (not name.upper().startswith(_NODE_PREFIX) or name in _HARMLESS)
    }


def usable_browser(environ: Mapping[str, str]) -> Path:
    """The browser, after checking that Playwright's driver runs.

    Raises:
        NoBrowserError: There is no browser, or the driver does not run here.
    """
    browser = find_browser(environ)
    if problem := driver_problem():
        raise driver_error(problem)
    return browser


def driver_error(problem: StartProblem) -> NoBrowserError:
    """The error for a driver that does not run."""
    return NoBrowserError(f"Playwright's driver does not run here: {problem.reason}.", problem.hint)


def driver_problem() -> StartProblem | None:
    """The reason why Playwright's driver does not run; None where it does: its Node.js is started."""
    from playwright._impl._driver import compute_driver_executable
    from playwright.async_api import Error

    try:
        completed = subprocess.run(
            # Cheaper than the whole driver, yet unlike `--version` it needs memory, threads and files.
            [compute_driver_executable()[0], "--eval", f"console.log('{_ALIVE}')"],
            env=driver_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_START_TIMEOUT_S,
            check=False,
        )
    except (Error, OSError, subprocess.SubprocessError) as error:
        if named := os.environ.get(_NODE):
            return StartProblem(f"{_NODE} names {named}, which cannot be started", _CORRECT_NODE)
        cause = getattr(error, "strerror", None) or type(error).__name__
        return start_problem(str(error)) or StartProblem(f"it cannot be started ({cause})", _REINSTALL)
    if completed.returncode == 0 and _ALIVE in completed.stdout:
        return None
    if (named := os.environ.get(_NODE)) and start_problem(completed.stderr) is None:
        return StartProblem(f"{_NODE} names {named}, which is no Node.js that works here", _CORRECT_NODE)
    return start_problem(completed.stderr) or StartProblem(f"it ends with status {completed.returncode}", _REINSTALL)
