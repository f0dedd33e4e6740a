"""Finds an installed Chromium without starting it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from wandb_tui.core.errors import NoBrowserError
from wandb_tui.core.home import home_folder

# In the order of preference. Playwright has renamed these folders over time.
_PLAYWRIGHT_PATHS = (
    "chrome-linux64/chrome",
    "chrome-linux-arm64/chrome",
    "chrome-linux/chrome",
    "chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
    "chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
    "chrome-mac/Chromium.app/Contents/MacOS/Chromium",
    "chrome-win64/chrome.exe",
    "chrome-win/chrome.exe",
)
_COMMANDS = (
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
)
_MAC_PATHS = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Chromium.app/Contents/MacOS/Chromium",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_LINUX_PATHS = (
    "/usr/bin/google-chrome",
    "/opt/google/chrome/chrome",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/lib/chromium/chromium",
    "/usr/lib64/chromium-browser/chromium-browser",
    "/snap/bin/chromium",
    "/usr/bin/microsoft-edge",
    "/opt/microsoft/msedge/msedge",
)
_WINDOWS_PATHS = (
    "Google/Chrome/Application/chrome.exe",
    "Chromium/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)
_MAX_STUB_BYTES = 10_000


def find_browser(environ: Mapping[str, str]) -> Path:
    """The browser to use: the one the user names, else Playwright's own, else Chrome, Chromium or Edge.

    Args:
        environ: The environment, with ``WANDB_TUI_BROWSER``, ``PLAYWRIGHT_BROWSERS_PATH``, ``PATH`` and others.

    Raises:
        NoBrowserError: None is installed, or the one named by ``WANDB_TUI_BROWSER`` cannot be run.
    """
    if named := environ.get("WANDB_TUI_BROWSER"):
        return _chosen_by_user(Path(named).expanduser())
    for candidate in _candidates(environ):
        if _is_executable(candidate) and not _is_stub(candidate):
            return candidate
    raise NoBrowserError("No Chrome, Chromium or Edge is on this machine.", "Install one with: wandb-tui doctor --fix")


def _chosen_by_user(path: Path) -> Path:
    if not path.exists():
        raise NoBrowserError(f"WANDB_TUI_BROWSER names {path}, which does not exist.", "Correct it, or unset it.")
    if not _is_executable(path):
        raise NoBrowserError(f"WANDB_TUI_BROWSER names {path}, which cannot be run.", "Correct it, or unset it.")
    return path


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _is_stub(path: Path) -> bool:
    """Whether this is only Ubuntu's script that tells users to install a snap."""
    try:
        return path.stat().st_size < _MAX_STUB_BYTES and b"requires the chromium snap" in path.read_bytes()
    except OSError:
        return False


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    yield from _playwright_builds(_playwright_folder(environ))
    for name in _COMMANDS:
        if found := shutil.which(name, path=environ.get("PATH")):
            yield Path(found)
    yield from _system_paths(environ)


def _playwright_folder(environ: Mapping[str, str]) -> Path | None:
    """Playwright's browser folder, found without the slow import of Playwright; None without a home folder."""
    named = environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    if named and named != "0":
        return Path(named)
    home = home_folder(environ)
    if home is None:
        return None
    if sys.platform == "darwin":
        return home / "Library/Caches/ms-playwright"
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData/Local") / "ms-playwright"
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "ms-playwright"


def _playwright_builds(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        return iter(())
    builds = sorted(folder.glob("chromium-[0-9]*"), key=_build_number, reverse=True)
    return (build / place for build in builds for place in _PLAYWRIGHT_PATHS)


def _build_number(folder: Path) -> int:
    number = folder.name.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _system_paths(environ: Mapping[str, str]) -> Iterator[Path]:
    if sys.platform == "darwin":
        home = home_folder(environ)
        roots = [Path("/Applications"), *([home / "Applications"] if home else [])]
        yield from (root / place for root in roots for place in _MAC_PATHS)
    elif sys.platform == "win32":
        named = (environ.get(name, "") for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"))
        yield from (Path(root) / place for root in named if root for place in _WINDOWS_PATHS)
    else:
        yield from (Path(place) for place in _LINUX_PATHS)
