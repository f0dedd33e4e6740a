"""The dashboard is killed at random moments, with fifty runs and a real browser: nothing is lost, nothing left over."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import signal
import sqlite3
import sys
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.terminal import Terminal, alive, descendants
from tests.integration.test_story import RUNS as FORTY
from tests.integration.test_story import account, environment
from tests.stopwatch import Stopwatch, until
from wandb_tui.sandbox import Sandbox, SandboxConfig

PROGRAM = str(Path(sys.executable).with_name("wandb-tui"))
RUNS = [f"lab/forks/run{i:02}" for i in range(50)]
ADDED = 3
"""Each third time it is killed just after a run was added by hand."""

WHOLE = re.compile(
    r"Queued|Attempt \d+|Cancelled|Resumed; \d+ s waited so far|Monitoring artifact run-run\d\d-history( \(v7\))?…"
    r"|Artifact .*, (next check in \d+ s|checking now)|Visiting run page…|Signing in to W&B…|Signed in as \S+"
    r"|Run page loaded in [\d.]+ s( \(.*\))?|Visit failed: .* Trying again in \d+ s|Cannot visit: .* in \d+ s"
)


@pytest.fixture
def seed():
    """Printed where the test fails; set WANDB_TUI_TEST_SEED to see the same again."""
    seed = int(os.environ.get("WANDB_TUI_TEST_SEED", random.SystemRandom().randrange(1_000_000)))
    print(f"WANDB_TUI_TEST_SEED={seed}")
    return seed


@pytest.fixture
def sandbox():
    with Sandbox(SandboxConfig(export_delay=1)) as sandbox:
        project, _ = sandbox.context.state.ensure_project("lab", "forks")
        for run in RUNS:
            run_id = run.rpartition("/")[2]
            sandbox.context.state.create_run(project, run_id, f"name-of-{run_id}")
        sandbox.set_faults("export-never")
        yield sandbox


class Disk:
    """The contents of the watch list's file."""

    def __init__(self, home):
        path = home / ".local" / "state" / "wandb-tui" / "watchlist.sqlite3"
        self.runs, self.attempts, self.lines = {}, defaultdict(list), defaultdict(list)
        if not path.exists():
            return
        with closing(sqlite3.connect(path, timeout=10)) as db:
            if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                return
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            rows = db.execute("SELECT position, entity, project, run_id, attempt FROM run").fetchall()
            names = {position: f"{entity}/{project}/{run}" for position, entity, project, run, _ in rows}
            assert len(set(names.values())) == len(rows), "a run is there twice"
            self.runs = {names[row[0]]: row[4] for row in rows}
            for position, number in db.execute("SELECT run, number FROM attempt ORDER BY run, number"):
                self.attempts[names[position]].append(number)
            for position, attempt, message in db.execute("SELECT run, attempt, message FROM line ORDER BY id"):
                self.lines[names[position]].append((attempt, message))

    def check(self):
        """Every line is whole, and attempts are in order and without a gap."""
        for run, lines in self.lines.items():
            attempts = [attempt for attempt, _ in lines]
            assert attempts == sorted(attempts), run
            assert [message for _, message in lines if not WHOLE.fullmatch(message)] == [], run
            assert self.attempts[run] == list(range(1, self.runs[run] + 1)), run


def count_on(screen):
    """The number of runs in the header."""
    found = re.search(r"(\d+) runs?\b", screen.splitlines()[0])
    return int(found[1]) if found else 0


def ours(home, shell):
    """All that lives with this home, the terminal and its shell apart; what is below the shell in any case."""
    terminal = {shell, int(Path(f"/proc/{shell}/stat").read_text().rsplit(")", 1)[1].split()[1])}
    found = set(descendants(shell))
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"HOME={home}".encode() in path.read_bytes().split(b"\0"):
                found.add(int(path.parent.name))
    return {pid for pid in found - terminal if alive(pid)}


def command(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def kill(terminal, home):
    """Kill the dashboard; whether its browser was up, what was on the screen, and how long its children lived on."""
    shell = terminal.shell()
    program = terminal.program()
    screen = terminal.screen()
    # A row is shown first and written in the same breath, by another thread: it gets the time for one.
    written = Stopwatch()
    until(lambda: written.seconds > 0.2)
    had_browser = any(b"chrom" in command(pid) for pid in ours(home, shell))
    os.kill(program, signal.SIGKILL)
    killed = Stopwatch()
    while left := ours(home, shell):
        commands = "\n".join(command(pid).replace(b"\0", b" ").decode()[:300] for pid in left)
        assert killed.seconds < 60, f"still there:\n{commands}\nafter a kill at:\n{screen}"
        time.sleep(0.05)
    return had_browser, screen, killed.seconds


def live(terminal, sandbox, dice, number, new, *, last):
    """One life of the dashboard up to where it is to be killed: at any moment, or just after a run was added.

    The last one has seen a page, however slow the machine is.
    """
    if last:
        until(lambda: sandbox.stats()["page_visits"], seconds=60)
    if number % ADDED:
        time.sleep(dice.uniform(0.2, 7))
        return
    terminal.until("a Add", "Quit")
    terminal.keys("a")
    terminal.until("Add runs")
    terminal.type(new)
    terminal.until("1 run to add")
    terminal.keys("C-j")
    terminal.gone("Add runs")
    time.sleep(dice.uniform(0, 0.5))


@pytest.mark.parametrize("kills", [3, pytest.param(15, marks=pytest.mark.long)])
def test_killed_at_random_moments_with_fifty_runs(sandbox, tmp_path, seed, kills):
    dice = random.Random(seed)  # noqa: S311 - dice, no secret
    browsers, slowest, before = 0, 0.0, Disk(tmp_path)
    # The runs added by hand must not be on the list already.
    by_hand, given_at_start = iter(RUNS[len(FORTY) : -5]), itertools.cycle(RUNS[-5:])
    given = RUNS[: len(FORTY)]
    with Terminal(environment(sandbox, tmp_path, **account(sandbox))) as terminal:
        for number in range(1, kills + 1):
            run = next(given_at_start if number % ADDED else by_hand)
            terminal.keys("stty sane", "Enter")
            terminal.run(PROGRAM, *(given if number <= 2 else [run] if number % ADDED else []))
            live(terminal, sandbox, dice, number, run, last=number == kills)
            had_browser, screen, took = kill(terminal, tmp_path)
            terminal.until("shell-is-back$")
            browsers, slowest = browsers + had_browser, max(slowest, took)
            disk = Disk(tmp_path)
            disk.check()
            assert before.runs.keys() <= disk.runs.keys(), "a run was lost"
            assert len(disk.runs) >= count_on(screen), f"what was on the screen was lost:\n{screen}"
            assert all(disk.runs[run] >= attempt for run, attempt in before.runs.items())
            before = disk
        print(f"{browsers} of {kills} with a browser; the last process was gone after {slowest:.1f} s at the most")
        assert browsers >= 1
        assert sandbox.stats()["page_visits"] >= 1
        terminal.keys("stty sane", "Enter")
        terminal.run(PROGRAM, *RUNS)
        terminal.until("50 runs", "Resumed", seconds=60)
        until(lambda: sorted(Disk(tmp_path).runs) == RUNS)
        terminal.keys("q")
        terminal.until("Quit wandb-tui?")
        terminal.keys("y")
        terminal.until("shell-is-back$")


def test_a_lost_connection_loses_nothing(sandbox, tmp_path):
    with Terminal(environment(sandbox, tmp_path, **account(sandbox)), columns=100, lines=30) as terminal:
        terminal.run(PROGRAM, RUNS[0], "--until", "v7")
        terminal.until("next check in")
        dashboard = terminal.program()
    # The terminal is gone, and with it the line: SIGHUP.
    until(lambda: not alive(dashboard))
    disk = Disk(tmp_path)
    disk.check()
    assert disk.runs == {RUNS[0]: 1}
    assert any("next check in" in message for _, message in disk.lines[RUNS[0]])
    with Terminal(environment(sandbox, tmp_path, **account(sandbox)), columns=100, lines=30) as terminal:
        terminal.run(PROGRAM)
        terminal.until("v7", "Resumed", "1 run")


def test_two_dashboards_share_a_list(sandbox, tmp_path):
    environ = environment(sandbox, tmp_path, **account(sandbox))
    with Terminal(environ, columns=100, lines=30) as one, Terminal(environ, columns=100, lines=30) as other:
        one.run(PROGRAM, RUNS[0], RUNS[1])
        one.until("2 runs")
        other.run(PROGRAM, RUNS[2])
        other.until("3 runs", "run00", "run02")
        one.until("3 runs", "run02")
        one.keys("Home", "d")
        one.until("2 runs")
        other.when(lambda screen: count_on(screen) == 2, "the removal")
        other.keys("Home", "c")
        other.until("cancelled")
        one.until("cancelled")
        for terminal in (one, other):
            terminal.keys("q")
            terminal.until("Quit wandb-tui?")
            terminal.keys("y")
            terminal.until("shell-is-back$")
    disk = Disk(tmp_path)
    disk.check()
    assert sorted(disk.runs) == RUNS[1:3]
