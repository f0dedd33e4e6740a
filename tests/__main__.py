"""All checks, with all set-up they need: ``python -m tests``. People and CI run the same.

With ``--all`` also the tests that are marked as long; whatever else is given goes to pytest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wandb_tui.core.errors import NoBrowserError
from wandb_tui.services.browser.driver import usable_browser
from wandb_tui.services.browser.installation import install_browser

ROOT = Path(__file__).resolve().parents[1]
# A command that must be there, and Debian's package that brings it.
TOOLS = {
    "gnome-keyring-daemon": "gnome-keyring",
    "dbus-run-session": "dbus-daemon",
    "tmux": "tmux",
    "Xvfb": "xvfb",
    "jq": "jq",
}
# Of the tests that touch the SDK those that say most for their time; `python -m tests.oldest` alone runs all of them.
OLDEST = (
    "tests/unit/test_settings.py",
    "tests/integration/test_fallbacks.py",
    "tests/integration/test_sandbox_export.py",
)
# Most tests wait for a browser or another process, so more of them run at a time than there are cores. The files keep
# their order, in which those that take longest come first (`conftest.py`).
SIDE_BY_SIDE = ("-n", "3", "--durations", "40", "--dist", "loadfile", "--no-loadscope-reorder")
# Hypothesis's own: what holds today holds tomorrow, on a busy machine as well. Whoever calls pytest explores further.
SAME_EXAMPLES = ("--hypothesis-profile", "ci")
QUIET = {"WANDB_ERROR_REPORTING": "false", "RAY_USAGE_STATS_ENABLED": "0"}


def main() -> int:
    set_up()
    with tempfile.TemporaryDirectory(prefix="wandb-tui-pages-") as pages:
        return check(pages)


def check(pages: str) -> int:
    python = [sys.executable, "-m"]
    first = {
        "formatting": [*python, "ruff", "format", "--check", "-q", "."],
        "lint": [*python, "ruff", "check", "-q", "."],
        "imports": [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"],
        "dependencies": [*python, "deptry", "."],
        "dead code": [*python, "tests.dead_code"],
    }
    # Each of these uses one core, and not all of that.
    beside = {
        "types": [*python, "mypy"],
        "reference": [*python, "mkdocs", "build", "--strict", "-q", "-f", ".ci/mkdocs.yml", "-d", pages],
        "oldest wandb": [*python, "tests.oldest", *OLDEST],
    }
    tests = {"tests": [*python, "pytest", *SIDE_BY_SIDE, *SAME_EXAMPLES, *wanted(sys.argv[1:])]}
    last = {"benchmarks": [*python, "tests.benchmarks", "--quick"]}
    failed = failing(first)
    with ThreadPoolExecutor(1) as second:
        others = second.submit(failing, beside, apart=True)
        failed += failing(tests) + others.result() + failing(last)
    if failed:
        say(f"failed: {', '.join(failed)}")
    return len(failed)


def wanted(arguments: list[str]) -> list[str]:
    """What pytest is told."""
    rest = [argument for argument in arguments if argument != "--all"]
    return rest if rest != arguments else ["-m", "not long", *rest]


def set_up() -> None:
    """Install what the tests drive: a browser, a Secret Service, a terminal."""
    try:
        usable_browser(os.environ)
    except NoBrowserError:
        say("installing a browser")
        install_browser(lambda line: print(line, flush=True), os.environ)
    missing = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if missing:
        say(f"installing {', '.join(missing)}")
        root = [] if os.geteuid() == 0 else ["sudo"]
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *missing]):
            subprocess.run([*root, *command], env=environ, check=True)


def failing(steps: dict[str, list[str]], *, apart: bool = False) -> list[str]:
    """The names of those that fail, one after the other."""
    return [name for name, command in steps.items() if not passes(name, command, apart=apart)]


def passes(name: str, command: list[str], *, apart: bool) -> bool:
    """Run one step; what it prints comes at its end, if it is to stand `apart` from that of others."""
    if not apart:
        say(name)
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as kept:
        # A file, no pipe: whoever outlives the step would hold that open.
        into = {"stdout": kept, "stderr": kept, "stdin": subprocess.DEVNULL} if apart else {}
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **QUIET}, check=False, **into)
        kept.seek(0)
        printed = kept.read()
    passed = done.returncode == 0
    say(f"{name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - started:.0f} s")
    if not passed and printed:
        print(printed, flush=True)
    return passed


def say(text: str) -> None:
    print(f"── {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
