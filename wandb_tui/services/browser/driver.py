"""Whether Playwright's driver, a program of its own, can run on this machine: bare systems lack a library it needs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from wandb_tui.core.errors import NoBrowserError
from wandb_tui.services.browser.discovery import find_browser
from wandb_tui.services.credentials.redaction import without_secrets

_START_TIMEOUT = 30.0


def usable_browser(environ: Mapping[str, str]) -> Path:
    """The browser, after making sure that Playwright can drive one at all.

    Raises:
        NoBrowserError: There is no browser, or the driver does not run here.
    """
    browser = find_browser(environ)
    check_driver()
    return browser


def check_driver() -> None:
    """Make sure that Playwright's driver runs.

    Raises:
        NoBrowserError: It does not; the message says what is missing.
    """
    if why := driver_problem():
        raise NoBrowserError(f"Playwright's driver does not run here: {why}.", "Run wandb-tui doctor --fix.")


def driver_problem() -> str:
    """Why Playwright's driver does not run, or empty where it does."""
    from playwright._impl._driver import compute_driver_executable
    from playwright.async_api import Error

    try:
        node = compute_driver_executable()[0]
        done = subprocess.run(
            [node, "--version"],
            env=without_secrets(os.environ),
            capture_output=True,
            text=True,
            timeout=_START_TIMEOUT,
            check=False,
        )
    except (Error, OSError, subprocess.SubprocessError) as error:
        return f"it cannot be started ({type(error).__name__})"
    if done.returncode == 0:
        return ""
    missing = re.search(r"loading shared libraries: (\S+?):", done.stderr)
    return f"the system library {missing[1]} is missing" if missing else f"it ends with status {done.returncode}"
