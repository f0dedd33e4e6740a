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

from tests.small_browser import SMALL_BROWSER
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
# Most tests wait for a browser or another process: it takes four at a time to keep two cores busy. With more, what the
# program promises within seconds fails for want of a processor. The files keep their order, the longest first
# (`conftest.py`).
IN_PARALLEL = ("-n", "4", "--durations", "40", "--dist", "loadfile", "--no-loadscope-reorder")
# Starts some twenty processes that import much: a minute beside what gives way to it, five beside other tests.
CLUSTER = "tests/integration/test_ray.py"
# These need little but the processor. Dealt out singly, they keep both cores busy to the end.
UNIT, UI = "tests/unit", "tests/ui"
IN_PAIRS = ("-n", "2", "--dist", "worksteal")
# For what may take its time. A dashboard may not: its toasts and timers go by the clock.
NICE = ("nice", "-n", "5")
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
    given = pytest_arguments(sys.argv[1:])
    pytest = [*python, "pytest", *SAME_EXAMPLES]
    # Compiles all that the tests import, once; workers that start together would do so once each.
    collection = {"collection": [*python, "pytest", "--collect-only", "-q", *given]}
    waiting = {"tests": [*pytest, *IN_PARALLEL, "tests", *without(CLUSTER, UNIT, UI), *given]}
    cluster = {"cluster": [*pytest, "--durations", "5", CLUSTER, *given]}
    unit = {"unit tests": [*pytest, *IN_PAIRS, UNIT, *given]}
    ui = {"UI tests": [*pytest, *IN_PAIRS, UI, *given]}
    if set(sys.argv[1:]) - {"--all"}:
        # The tests asked for may be of one kind only.
        waiting, cluster, unit, ui = {"tests": [*pytest, *IN_PARALLEL, *given]}, {}, {}, {}
    static = {
        "imports": [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"],
        "dependencies": [*python, "deptry", "."],
        "dead code": [*python, "tests.dead_code"],
        "types": [*python, "mypy"],
        "documentation": [*python, "mkdocs", "build", "--strict", "-q", "-d", pages],
    }
    others = {
        "oldest wandb": [*python, "tests.oldest", *OLDEST],
        "benchmarks": [*python, "tests.benchmarks", "--quick"],
        **ui,
    }
    failed = failures(quick)
    with ThreadPoolExecutor(1) as gaps, ThreadPoolExecutor(1) as beside:
        running = [gaps.submit(failures, static, through=NICE, buffered=True)]
        # Tests that cannot be collected cannot be run either, and say so once.
        if unfit := failures(collection, buffered=True):
            failed += unfit
        else:
            running.append(gaps.submit(failures, unit, through=NICE, buffered=True))
            failed += failures(cluster, buffered=True)
            running.append(beside.submit(failures, others, buffered=True))
            failed += failures(waiting)
        failed += [name for lane in running for name in lane.result()]
    say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return len(failed)


def without(*paths: str) -> list[str]:
    """Arguments that make pytest ignore these paths."""
    return [f"--ignore={path}" for path in paths]


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


def failures(steps: dict[str, list[str]], *, through: tuple[str, ...] = (), buffered: bool = False) -> list[str]:
    """Run the steps one after the other, each `through` another command; returns the names of those that fail."""
    return [name for name, command in steps.items() if not passes(name, command, through=through, buffered=buffered)]


def passes(name: str, command: list[str], *, through: tuple[str, ...], buffered: bool) -> bool:
    """Run one step; a `buffered` one prints all at its end if it fails, else its last line and what it has skipped."""
    say(f"{name}: {shlex.join(command[1:])}")
    started = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        # A file, no pipe: a process that outlives the step would hold that open.
        into = {"stdout": output, "stderr": output, "stdin": subprocess.DEVNULL} if buffered else {}
        environ = {**os.environ, **QUIET}
        try:
            passed = subprocess.run([*through, *command], cwd=ROOT, env=environ, check=False, **into).returncode == 0
        except OSError as error:
            say(f"{name}: cannot be started: {error}")
            passed = False
        output.seek(0)
        printed = output.read().strip()
    last = printed.rpartition("\n")[2].strip("= ")
    seconds = f"{time.monotonic() - started:.0f} s"
    say(f"{name}: passed in {seconds}" + (f": {last}" if last else "") if passed else f"{name}: FAILED in {seconds}")
    for line in printed.splitlines():
        if not passed or line.startswith("SKIPPED"):
            print(line, flush=True)
    return passed


def say(text: str) -> None:
    print(f"── {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
