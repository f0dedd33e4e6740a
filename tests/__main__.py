"""All checks, with the set-up that they need: ``python -m tests``. People and CI run the same.

``--all`` adds the tests that are marked as long; all other arguments go to pytest.
"""

from __future__ import annotations

import os
import shlex
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
# The commands that the tests need, and Debian's packages for them.
TOOLS = {
    "gnome-keyring-daemon": "gnome-keyring",
    "dbus-run-session": "dbus-daemon",
    "tmux": "tmux",
    "screen": "screen",
    "mosh-server": "mosh",
    "Xvfb": "xvfb",
    "jq": "jq",
}
# The most telling of the tests that touch the SDK; `python -m tests.oldest` runs all of them.
OLDEST = (
    "tests/unit/test_settings.py",
    "tests/integration/test_fallbacks.py",
    "tests/integration/test_sandbox_export.py",
)
# Used where the distribution has it: see `conftest.py`.
SMALL_BROWSER = "chromium-headless-shell"
# Most tests wait for a browser or another process: it takes four at a time to keep two cores busy. With more, what the
# program promises within seconds fails for want of a processor. The files keep their order, the longest first
# (`conftest.py`).
IN_PARALLEL = ("-n", "4", "--durations", "40", "--dist", "loadfile", "--no-loadscope-reorder")
# A cluster alone takes more processors than there are.
ON_ITS_OWN = "tests/integration/test_ray.py"
# Hypothesis's own profile: the same examples in every run and no deadlines. A plain `pytest` tries new ones.
SAME_EXAMPLES = ("--hypothesis-profile", "ci")
QUIET = {"WANDB_ERROR_REPORTING": "false", "RAY_USAGE_STATS_ENABLED": "0"}


def main() -> int:
    set_up()
    with tempfile.TemporaryDirectory(prefix="wandb-tui-pages-") as pages:
        return check(pages)


def check(pages: str) -> int:
    python = [sys.executable, "-m"]
    quick = {
        "formatting": [*python, "ruff", "format", "--check", "-q", "."],
        "lint": [*python, "ruff", "check", "-q", "."],
    }
    # Compiles all that the tests import, once; workers that start together would do so once each.
    given = pytest_arguments(sys.argv[1:])
    collection = {"collection": [*python, "pytest", "--collect-only", "-q", *given]}
    cluster = {"cluster": [*python, "pytest", "--durations", "5", ON_ITS_OWN, *given]}
    tests = {"tests": [*python, "pytest", *IN_PARALLEL, *SAME_EXAMPLES, "--ignore", ON_ITS_OWN, *given]}
    if set(sys.argv[1:]) - {"--all"}:
        # What is asked for may have none of the cluster's tests.
        cluster, tests = {}, {"tests": [*python, "pytest", *IN_PARALLEL, *SAME_EXAMPLES, *given]}
    # One after the other, on one core.
    during_the_tests = {
        "imports": [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"],
        "dependencies": [*python, "deptry", "."],
        "dead code": [*python, "tests.dead_code"],
        "types": [*python, "mypy"],
        "documentation": [*python, "mkdocs", "build", "--strict", "-q", "-d", pages],
        "oldest wandb": [*python, "tests.oldest", *OLDEST],
        "benchmarks": [*python, "tests.benchmarks", "--quick"],
    }
    failed = failures(quick)
    with ThreadPoolExecutor(1) as second:
        others = second.submit(failures, during_the_tests, buffered=True)
        # What cannot be collected cannot be run either, and says so once.
        collected = not failures(collection, buffered=True)
        failed += failures(tests) if collected else list(collection)
        failed += others.result()
    if collected:
        failed += failures(cluster, buffered=True)
    say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return len(failed)


def pytest_arguments(arguments: list[str]) -> list[str]:
    """The command line for pytest: without the long tests, unless --all is given."""
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
    if missing or (shutil.which("apt-get") and not shutil.which(SMALL_BROWSER)):
        say(f"installing {', '.join([*missing, SMALL_BROWSER])}")
        root = [] if os.geteuid() == 0 else ["sudo"]
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *missing]):
            subprocess.run([*root, *command], env=environ, check=bool(missing))
        # Not every distribution has it.
        small = subprocess.run([*root, "apt-get", "install", "-y", "-qq", SMALL_BROWSER], env=environ, check=False)
        if small.returncode:
            say(f"without {SMALL_BROWSER}, which only makes the tests faster")


def failures(steps: dict[str, list[str]], *, buffered: bool = False) -> list[str]:
    """Run the steps one after the other; returns the names of those that fail."""
    return [name for name, command in steps.items() if not passes(name, command, buffered=buffered)]


def passes(name: str, command: list[str], *, buffered: bool) -> bool:
    """Run one step; a `buffered` one prints its output at its end, and only if it fails."""
    say(f"{name}: {shlex.join(command[1:])}")
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        # A file, no pipe: a process that outlives the step would hold that open.
        into = {"stdout": output, "stderr": output, "stdin": subprocess.DEVNULL} if buffered else {}
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **QUIET}, check=False, **into)
        output.seek(0)
        printed = output.read()
    passed = done.returncode == 0
    say(f"{name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - started:.0f} s")
    if not passed and printed:
        print(printed, flush=True)
    return passed


def say(text: str) -> None:
    print(f"── {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
