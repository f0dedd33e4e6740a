"""Installs a browser: with Playwright's own download, else with the system's package manager."""

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
from wandb_tui.services.browser.driver import driver_environment, driver_error, driver_problem
from wandb_tui.services.credentials.redaction import redact

log = logging.getLogger(__name__)

ProgressCallback = Callable[[str], None]

_DOWNLOAD_TIMEOUT_S = 600.0
_DOWNLOAD_SILENCE_S = 60.0
_PACKAGES_TIMEOUT_S = 900.0
_PACKAGES_SILENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class PackageManager:
    """The commands with which one package manager installs a Chromium.

    Attributes:
        program: Its program.
        refresh_command: Updates its package lists; may fail.
        install_commands: Tried in turn until one succeeds.
        manual_command: The command for a user to type.
        needs_root: Whether it must run as root.
        install_libraries: Installs the libraries that Playwright's driver may lack on a bare system.
    """

    program: str
    refresh_command: tuple[str, ...]
    install_commands: tuple[tuple[str, ...], ...]
    manual_command: str
    needs_root: bool = True
    install_libraries: tuple[str, ...] = ()


_APT = ("apt-get", "install", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0")
_MANAGERS = (
    PackageManager(
        "apt-get",
        ("apt-get", "update"),
        ((*_APT, "chromium"), (*_APT, "chromium-browser")),
        "apt-get install chromium libatomic1",
        install_libraries=(*_APT, "libatomic1"),
    ),
    PackageManager(
        "dnf",
        (),
        (("dnf", "install", "-y", "chromium"),),
        "dnf install chromium libatomic",
        install_libraries=("dnf", "install", "-y", "libatomic"),
    ),
    PackageManager("pacman", (), (("pacman", "-Sy", "--noconfirm", "chromium"),), "pacman -S chromium"),
    PackageManager("apk", (), (("apk", "add", "--no-cache", "chromium"),), "apk add chromium"),
    PackageManager(
        "zypper",
        (),
        (("zypper", "--non-interactive", "install", "chromium"),),
        "zypper install chromium libatomic1",
        install_libraries=("zypper", "--non-interactive", "install", "libatomic1"),
    ),
    PackageManager(
        "brew",
        (),
        (("brew", "install", "--cask", "google-chrome"),),
        "brew install --cask google-chrome",
        needs_root=False,
    ),
)


def install_browser(report: ProgressCallback, environ: Mapping[str, str] | None = None) -> Path:
    """Install a browser and the libraries of Playwright's driver, unless they are there; return the browser's path.

    Args:
        report: Receives each line of progress, for the user to see.
        environ: The environment, also for child processes; by default this process's own.

    Raises:
        NoBrowserError: The installation failed; the hint says what to install by hand.
    """
    environ = dict(os.environ if environ is None else environ)
    _install_driver_libraries(report, environ)
    try:
        return find_browser(environ)
    except NoBrowserError:
        if environ.get("WANDB_TUI_BROWSER"):
            raise
    found = _install_with_playwright(report, environ) or _install_with_packages(report, environ)
    if found is None:
        raise NoBrowserError("A browser could not be installed here.", _manual_hint())
    report(f"The browser is {found}")
    return found


def _install_driver_libraries(report: ProgressCallback, environ: dict[str, str]) -> None:
    """Install the libraries that Playwright's driver lacks; downloads and visits need the driver."""
    if not (problem := driver_problem()):
        return
    report(f"Playwright's driver does not run here: {problem.reason}.")
    if not problem.library:
        raise driver_error(problem)
    manager = _manager()
    prefix = _root_prefix(environ) if manager and manager.install_libraries else None
    if manager is not None and prefix is not None:
        environ = {"DEBIAN_FRONTEND": "noninteractive", **environ}
        if manager.refresh_command:
            _run([*prefix, *manager.refresh_command], report, environ, _PACKAGES_TIMEOUT_S, _PACKAGES_SILENCE_S)
        _run([*prefix, *manager.install_libraries], report, environ, _PACKAGES_TIMEOUT_S, _PACKAGES_SILENCE_S)
    if problem := driver_problem():
        raise NoBrowserError(driver_error(problem).message, _manual_hint() if problem.library else problem.hint)


def _install_with_playwright(report: ProgressCallback, environ: dict[str, str]) -> Path | None:
    report("Downloading Chromium with Playwright…")
    # A single short try: if the address cannot be reached, the package manager is faster than waiting.
    environ = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000", **driver_environment(environ)}
    command = [sys.executable, "-m", "playwright", "install", "chromium", "--no-shell"]
    if not _run(command, report, environ, _DOWNLOAD_TIMEOUT_S, _DOWNLOAD_SILENCE_S):
        report("Playwright's download is not available here.")
        return None
    if sys.platform.startswith("linux"):
        report("Installing the system libraries it needs…")
        prefix = _root_prefix(environ)
        deps = [*(prefix or []), sys.executable, "-m", "playwright", "install-deps", "chromium"]
        if prefix is None or not _run(deps, report, environ, _PACKAGES_TIMEOUT_S, _PACKAGES_SILENCE_S):
            report("That failed; if the browser does not start, run: playwright install-deps chromium")
    return _find_or_none(environ)


def _install_with_packages(report: ProgressCallback, environ: dict[str, str]) -> Path | None:
    manager = _manager()
    if manager is None:
        return None
    prefix: list[str] | None = _root_prefix(environ) if manager.needs_root else []
    if prefix is None:
        report(f"Installing with {manager.program} needs root privileges, which are not available here.")
        return None
    report(f"Installing Chromium with {manager.program}…")
    environ = {"DEBIAN_FRONTEND": "noninteractive", **environ}
    if manager.refresh_command:
        _run([*prefix, *manager.refresh_command], report, environ, _PACKAGES_TIMEOUT_S, _PACKAGES_SILENCE_S)
    for install in manager.install_commands:
        if _run([*prefix, *install], report, environ, _PACKAGES_TIMEOUT_S, _PACKAGES_SILENCE_S) and (
            found := _find_or_none(environ)
        ):
            return found
    return None


def _find_or_none(environ: Mapping[str, str]) -> Path | None:
    try:
        return find_browser(environ)
    except NoBrowserError:
        return None


def _manager() -> PackageManager | None:
    return next((manager for manager in _MANAGERS if shutil.which(manager.program)), None)


def _manual_hint() -> str:
    manager = _manager()
    if manager is None:
        return "Install Google Chrome, Chromium or Edge, or name one in WANDB_TUI_BROWSER."
    if manager.program == "apt-get" and _is_ubuntu():
        return (
            "Ubuntu has Chromium as a snap only: install google-chrome-stable from Google's own package, "
            "or `snap install chromium`, or name a browser in WANDB_TUI_BROWSER."
        )
    sudo = "sudo " if manager.needs_root else ""
    return f"Install one with `{sudo}{manager.manual_command}`, or name one in WANDB_TUI_BROWSER."


def _is_ubuntu() -> bool:
    try:
        return "ID=ubuntu" in Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False


def _root_prefix(environ: Mapping[str, str]) -> list[str] | None:
    """The command prefix that makes root run a command; None if that is not possible."""
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    preserved = ["--preserve-env=" + ",".join(n for n in ("DEBIAN_FRONTEND", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"))]
    without_password = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False, env=dict(environ))
    if without_password.returncode == 0:
        return ["sudo", "-n", *preserved]
    # sudo asks for its password on the terminal itself; without one it would only fail.
    return ["sudo", *preserved] if sys.stdin.isatty() and sys.stderr.isatty() else None


def _run(command: list[str], report: ProgressCallback, environ: dict[str, str], timeout: float, silence: float) -> bool:
    """Run a command, report its output line by line, and end it if it takes, or prints nothing for, too long."""
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
        report(f"{command[0]} cannot be started: {error.strerror}")
        return False
    watchdog = _Watchdog(process, timeout, silence)
    with process:
        for line in _lines(process, watchdog):
            report(line)
        status = process.wait()
    watchdog.stop()
    if watchdog.timed_out:
        report(f"{command[0]} took too long and was stopped.")
    return status == 0


def _lines(process: subprocess.Popen[bytes], watchdog: _Watchdog) -> Iterator[str]:
    """The output of a process line by line; the carriage returns of a progress bar count as line ends."""
    pending = b""
    output = process.stdout
    while output is not None and (chunk := os.read(output.fileno(), 4096)):
        watchdog.note_output()
        *lines, pending = re.split(rb"[\r\n]+", pending + chunk)
        yield from filter(None, map(_clean_line, lines))
    if text := _clean_line(pending):
        yield text


def _clean_line(line: bytes) -> str:
    """A line without escape codes and secrets."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line.decode(errors="replace"))
    return redact("".join(c for c in text if c.isprintable()).strip())


class _Watchdog:
    """Ends a process that takes too long, or prints nothing for too long."""

    def __init__(self, process: subprocess.Popen[bytes], timeout: float, silence: float) -> None:
        self.timed_out = False
        self._process = process
        self._terminate = time.monotonic() + timeout
        self._silence = silence
        self._last_output = time.monotonic()
        self._stopped = threading.Event()
        start_daemon(self._watch, "wandb-tui installation watchdog")

    def note_output(self) -> None:
        """Note that the process has printed something."""
        self._last_output = time.monotonic()

    def stop(self) -> None:
        """Stop watching: the process has ended."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(0.5):
            now = time.monotonic()
            if now > self._terminate or now - self._last_output > self._silence:
                self.timed_out = True
                _terminate(self._process)
                return


def _terminate(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGTERM)
    except (OSError, AttributeError):
        process.terminate()
