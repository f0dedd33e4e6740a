"""Checks that Playwright's driver, a separate program, can run: bare systems lack a library that it needs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from wandb_tui.core.errors import NoBrowserError
from wandb_tui.services.browser.discovery import find_browser
from wandb_tui.services.credentials.redaction import without_secrets

_START_TIMEOUT_S = 30.0


def usable_browser(environ: Mapping[str, str]) -> Path:
    """The browser, after checking that Playwright's driver runs.

    Raises:
        NoBrowserError: There is no browser, or the driver does not run here.
    """
    browser = find_browser(environ)
    check_driver()
    return browser


def check_driver() -> None:
    """Check that Playwright's driver runs.

    Raises:
        NoBrowserError: It does not; the message says what is missing.
    """
    if problem := driver_problem():
        raise NoBrowserError(f"Playwright's driver does not run here: {problem}.", "Run wandb-tui doctor --fix.")


def driver_problem() -> str:
    """The reason why Playwright's driver does not run, or empty."""
    from playwright._impl._driver import compute_driver_executable
    from playwright.async_api import Error

    try:
        node = compute_driver_executable()[0]
        completed = subprocess.run(
            [node, "--version"],
            env=without_secrets(os.environ),
            capture_output=True,
            text=True,
            timeout=_START_TIMEOUT_S,
            check=False,
        )
    except (Error, OSError, subprocess.SubprocessError) as error:
        return f"it cannot be started ({type(error).__name__})"
    if completed.returncode == 0:
        return ""
    missing = re.search(r"loading shared libraries: (\S+?):", completed.stderr)
    return f"the system library {missing[1]} is missing" if missing else f"it ends with status {completed.returncode}"
