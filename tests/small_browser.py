"""Chromium without a user interface: half the processor time, for whatever is not about the browser itself."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

SMALL_BROWSER = "chromium-headless-shell"
"""Its command, and Debian's package for it. Not every distribution has it."""


def link_small_browser(folder: Path) -> bool:
    """Put it into a folder under the name of the whole one; whether it is installed."""
    found = shutil.which(SMALL_BROWSER, path=f"/usr/lib/chromium:{os.environ.get('PATH', '')}")
    if found is None:
        return False
    (folder / "chromium").symlink_to(Path(found).resolve())
    return True
