"""Brings a browser to a machine that has none: Playwright's own download, else the system's package manager."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.core.errors import NoBrowserError
from wandb_tui.services.browser.discovery import find_browser
from wandb_tui.services.browser.driver import driver_problem
from wandb_tui.services.credentials.redaction import redact

log = logging.getLogger(__name__)

Say = Callable[[str], None]

_DOWNLOAD_TIMEOUT = 600.0
_SILENCE_TIMEOUT = 60.0
_PACKAGES_TIMEOUT = 900.0
_PACKAGES_SILENCE = 300.0


@dataclass(frozen=True, slots=True)
class PackageManager:
    """How one package manager installs a Chromium.

    Attributes:
        program: Its command.
        refresh: Brings its lists up to date; may fail.
        installs: Tried one after the other until one works.
        by_hand: What a user types in its stead.
        as_root: Whether it needs to be root.
        libraries: Installs what Playwright's driver may lack on a bare system.
    """

    program: str
    refresh: tuple[str, ...]
    installs: tuple[tuple[str, ...], ...]
    by_hand: str
    as_root: bool = True
    libraries: tuple[str, ...] = ()


_APT = ("apt-get", "install", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0")
_MANAGERS = (
    PackageManager(
        "apt-get",
        ("apt-get", "update"),
        ((*_APT, "chromium"), (*_APT, "chromium-browser")),
        "apt-get install chromium libatomic1",
        libraries=(*_APT, "libatomic1"),
    ),
    PackageManager(
        "dnf",
        (),
        (("dnf", "install", "-y", "chromium"),),
        "dnf install chromium libatomic",
        libraries=("dnf", "install", "-y", "libatomic"),
    ),
    PackageManager("pacman", (), (("pacman", "-Sy", "--noconfirm", "chromium"),), "pacman -S chromium"),
    PackageManager("apk", (), (("apk", "add", "--no-cache", "chromium"),), "apk add chromium"),
    PackageManager(
        "zypper",
        (),
        (("zypper", "--non-interactive", "install", "chromium"),),
        "zypper install chromium libatomic1",
        libraries=("zypper", "--non-interactive", "install", "libatomic1"),
    ),
    PackageManager(
        "brew",
        (),
        (("brew", "install", "--cask", "google-chrome"),),
        "brew install --cask google-chrome",
        as_root=False,
    ),
)


def install_browser(say: Say, environ: Mapping[str, str] | None = None) -> Path:
    """Install a browser and what driving it needs; return where it is. What is there already is left as it is.

    Args:
        say: Gets each line of progress, for the user to see.
        environ: Read and handed on to what is started; by default this process's own.

    Raises:
        NoBrowserError: It could not be had; the message says what to install by hand.
    """
    environ = dict(os.environ if environ is None else environ)
    _mend_driver(say, environ)
    try:
        return find_browser(environ)
    except NoBrowserError:
        if environ.get("WANDB_TUI_BROWSER"):
            raise
    found = _by_playwright(say, environ) or _by_packages(say, environ)
    if found is None:
        raise NoBrowserError("A browser could not be installed here.", _advice())
    say(f"The browser is {found}")
    return found


def _mend_driver(say: Say, environ: dict[str, str]) -> None:
    """Bring the libraries that Playwright's driver lacks: without it there is no download and no visit."""
    if not (why := driver_problem()):
        return
    say(f"Playwright's driver does not run here: {why}.")
    manager = _manager()
    prefix = _as_root(environ) if manager and manager.libraries else None
    if manager is not None and prefix is not None:
        environ = {"DEBIAN_FRONTEND": "noninteractive", **environ}
        if manager.refresh:
            _run([*prefix, *manager.refresh], say, environ, _PACKAGES_TIMEOUT, _PACKAGES_SILENCE)
        _run([*prefix, *manager.libraries], say, environ, _PACKAGES_TIMEOUT, _PACKAGES_SILENCE)
    if why := driver_problem():
        raise NoBrowserError(f"Playwright's driver does not run here: {why}.", _advice())


def _by_playwright(say: Say, environ: dict[str, str]) -> Path | None:
    say("Downloading Chromium with Playwright…")
    # One address, one try: where it cannot be reached, the package manager is a better way than patience.
    environ = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000", **environ}
    command = [sys.executable, "-m", "playwright", "install", "chromium", "--no-shell"]
    if not _run(command, say, environ, _DOWNLOAD_TIMEOUT, _SILENCE_TIMEOUT):
        say("Playwright's download cannot be had from here.")
        return None
    if sys.platform.startswith("linux"):
        say("Installing the system libraries it needs…")
        prefix = _as_root(environ)
        deps = [*(prefix or []), sys.executable, "-m", "playwright", "install-deps", "chromium"]
        if prefix is None or not _run(deps, say, environ, _PACKAGES_TIMEOUT, _PACKAGES_SILENCE):
            say("They could not be installed; if the browser does not start, run: playwright install-deps chromium")
    return _found(environ)


def _by_packages(say: Say, environ: dict[str, str]) -> Path | None:
    manager = _manager()
    if manager is None:
        return None
    prefix: list[str] | None = _as_root(environ) if manager.as_root else []
    if prefix is None:
        say(f"Installing with {manager.program} needs root rights, which are not to be had here.")
        return None
    say(f"Installing Chromium with {manager.program}…")
    environ = {"DEBIAN_FRONTEND": "noninteractive", **environ}
    if manager.refresh:
        _run([*prefix, *manager.refresh], say, environ, _PACKAGES_TIMEOUT, _PACKAGES_SILENCE)
    for install in manager.installs:
        if _run([*prefix, *install], say, environ, _PACKAGES_TIMEOUT, _PACKAGES_SILENCE) and (found := _found(environ)):
            return found
    return None


def _found(environ: Mapping[str, str]) -> Path | None:
    try:
        return find_browser(environ)
    except NoBrowserError:
        return None


def _manager() -> PackageManager | None:
    return next((manager for manager in _MANAGERS if shutil.which(manager.program)), None)


def _advice() -> str:
    manager = _manager()
    if manager is None:
        return "Install Google Chrome, Chromium or Edge, or name one in WANDB_TUI_BROWSER."
    if manager.program == "apt-get" and _is_ubuntu():
        return (
            "Ubuntu has Chromium as a snap only: install google-chrome-stable from Google's own package, "
            "or `snap install chromium`, or name a browser in WANDB_TUI_BROWSER."
        )
    sudo = "sudo " if manager.as_root else ""
    return f"Install one with `{sudo}{manager.by_hand}`, or name one in WANDB_TUI_BROWSER."


def _is_ubuntu() -> bool:
    try:
        return "ID=ubuntu" in Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False


def _as_root(environ: Mapping[str, str]) -> list[str] | None:
    """What to put before a command so that root runs it; None where that is not to be had."""
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    keep = ["--preserve-env=" + ",".join(n for n in ("DEBIAN_FRONTEND", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"))]
    quiet = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False, env=dict(environ))
    if quiet.returncode == 0:
        return ["sudo", "-n", *keep]
    # sudo asks for its password on the terminal itself; without one it would only fail.
    return ["sudo", *keep] if sys.stdin.isatty() and sys.stderr.isatty() else None


def _run(command: list[str], say: Say, environ: dict[str, str], timeout: float, silence: float) -> bool:
    """Run a command, hand on its output line by line, and end it when it takes or keeps silent too long."""
    log.info("Running %s", " ".join(command))
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if "sudo" not in command[:1] else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environ,
            start_new_session="sudo" not in command[:1],
        )
    except OSError as error:
        say(f"{command[0]} cannot be started: {error.strerror}")
        return False
    watchdog = _Watchdog(process, timeout, silence)
    with process:
        for line in _lines(process, watchdog):
            say(line)
        status = process.wait()
    watchdog.stop()
    if watchdog.barked:
        say(f"{command[0]} took too long and was ended.")
    return status == 0


def _lines(process: subprocess.Popen[bytes], watchdog: _Watchdog) -> Iterator[str]:
    """The output of a process line by line; the returns of a progress bar count as line ends."""
    pending = b""
    output = process.stdout
    while output is not None and (chunk := os.read(output.fileno(), 4096)):
        watchdog.heard()
        *lines, pending = re.split(rb"[\r\n]+", pending + chunk)
        yield from filter(None, map(_shown, lines))
    if text := _shown(pending):
        yield text


def _shown(line: bytes) -> str:
    """A line without escape codes, which belong to the terminal of the user and to nobody else."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line.decode(errors="replace"))
    return redact("".join(c for c in text if c.isprintable()).strip())


class _Watchdog:
    """Ends a process that takes too long, or says nothing for too long."""

    def __init__(self, process: subprocess.Popen[bytes], timeout: float, silence: float) -> None:
        self.barked = False
        self._process = process
        self._end = time.monotonic() + timeout
        self._silence = silence
        self._heard = time.monotonic()
        self._stopped = threading.Event()
        start_daemon(self._watch, "wandb-tui installation watchdog")

    def heard(self) -> None:
        """The process has said something."""
        self._heard = time.monotonic()

    def stop(self) -> None:
        """The process has ended."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(0.5):
            now = time.monotonic()
            if now > self._end or now - self._heard > self._silence:
                self.barked = True
                _end(self._process)
                return


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGTERM)
    except (OSError, AttributeError):
        process.terminate()
