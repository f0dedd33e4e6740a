"""Rows 10 to 12: the delays after a key press, and that of an answer to many aliases."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import requests

from tests.benchmarks.environment import ENTITY, PROJECT, BenchmarkSandbox, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale, Times
from tests.benchmarks.keys import DOWN
from tests.benchmarks.processes import until
from tests.benchmarks.terminal import Terminal, emulator, replayed
from wandb_tui.core.goal import Goal
from wandb_tui.core.state import State

_WANDB_TUI = str(Path(sys.executable).with_name("wandb-tui"))
_BACK = "back-at-the-prompt"
# The shell says when it has its terminal back, in words that its own command line does not hold.
BELOW_SHELL = ["sh", "-c", '"$@"; printf "back-at-%s\\n" the-prompt; sleep 60', "sh"]
_ALIASES = 150


def leaving(scale: Scale) -> list[Figure]:
    """Row 10."""
    count, times = scale.count(40, 2), Times()
    with benchmark_sandbox() as here:
        here.sandbox.set_faults("export-never")
        for number in range(scale.count(5, 1)):
            times.add(_left(here, f"leave{number}", count))
    limit = None if scale.quick else 1.3
    what = f"from q y to the prompt, {count} runs waiting, the browser up"
    return [Figure(10, what, times.median, unit="s", limit=limit, absolute=True)]


def _left(here: BenchmarkSandbox, home: str, count: int) -> float:
    """Seconds from the yes to quitting until the shell has its terminal back."""
    here.store(here.seed(count, f"{home}-"), home)
    visits = here.sandbox.stats()["page_visits"]
    with Terminal([*BELOW_SHELL, _WANDB_TUI], here.environ(home)) as terminal:
        terminal.wait(lambda written: f"{home}-0000".encode() in written, 120, "the first row")

        def visited() -> bool:
            terminal.read(0.2)
            return here.sandbox.stats()["page_visits"] > visits

        until(visited, 120, "the first visit")
        return left(terminal)


def left(terminal: Terminal) -> float:
    """Quit the dashboard below `BELOW_SHELL`; seconds from the yes until the shell has its terminal back."""

    def asked() -> bool:
        terminal.read(0.1)
        return "Quit wandb-tui?" in terminal.screen()

    terminal.write(b"q")
    until(asked, 60, "the question")
    began = terminal.write(b"y")
    return terminal.wait(lambda written: _BACK.encode() in written, 120, "the prompt") - began


def cancelling(scale: Scale) -> list[Figure]:
    """Row 11."""
    runs, presses = scale.count(40, 6), scale.count(12, 2)
    with benchmark_sandbox() as here:
        times = _cancelled(here, runs, presses)
    limit = None if scale.quick else 100
    what = f"from c to the row that says cancelled, {runs} runs waiting"
    return [
        Figure(11, f"{what}, 95th percentile", times.p95 * 1000, unit="ms", limit=limit, absolute=True),
        Figure(11, "the same, median", times.median * 1000, unit="ms"),
    ]


def _cancelled(here: BenchmarkSandbox, runs: int, presses: int) -> Times:
    """Cancel one run after the other, from the first row down.

    Raises:
        RuntimeError: Not every row said so.
    """
    home = "cancel"
    here.store(here.seed(runs, f"{home}-"), home)
    with Terminal(our_program("dashboard", "poll"), here.environ(home)) as terminal:
        terminal.wait(lambda written: f"{home}-0000".encode() in written, 120, "the first row")
        until(lambda: _waiting(terminal, runs), 120, "the first answer about all runs")
        terminal.write(b"\x1b[H")
        terminal.read(0.5)
        pressed = []
        for _ in range(presses):
            pressed.append(terminal.write(b"c"))
            terminal.read(0.6)
            terminal.write(DOWN)
            terminal.read(0.4)
        screen, times = emulator(), Times()
        for at in replayed(screen, terminal.chunks):
            if _cancelled_rows(screen.display) > len(times.seconds):
                times.add(at - pressed[len(times.seconds)])
        if len(times.seconds) != presses:
            raise RuntimeError(f"not every run was cancelled:\n{terminal.screen()}")
        return times


def _waiting(terminal: Terminal, runs: int) -> bool:
    terminal.read(0.3)
    return f"{runs} waiting" in terminal.screen()


def _cancelled_rows(lines: list[str]) -> int:
    """The number of rows of the table, which all name their goal, that say that their run is cancelled."""
    return sum(f" {Goal()} " in line and State.CANCELLED in line for line in lines)


def answering(scale: Scale) -> list[Figure]:
    """Row 12."""
    times = Times()
    with benchmark_sandbox() as here:
        [run] = here.seed(1, "alias")
        here.export(run, 0)
        one = (
            f'project(name: "{PROJECT}", entityName: "{ENTITY}") {{ run(name: "{run.run_id}") {{ state historyKeys }} '
            f'artifactCollectionMembership(name: "{run.history_artifact}:latest") {{ versionIndex createdAt }} }}'
        )
        for number in range(scale.count(10, 1)):
            # Another text each time, so that none has been parsed before.
            query = "{" + " ".join(f"a{number}x{index}: {one}" for index in range(_ALIASES)) + "}"
            times.add(_answered(here, query))
    limit = None if scale.quick else 3
    what = f"the sandbox's answer to {_ALIASES} runs in one request"
    return [Figure(12, what, times.median, unit="s", limit=limit, absolute=True)]


def _answered(here: BenchmarkSandbox, query: str) -> float:
    """Seconds until the whole answer is there.

    Raises:
        RuntimeError: It does not tell of every run.
    """
    began = time.monotonic()
    reply = requests.post(
        f"{here.sandbox.base_url}/graphql", json={"query": query}, auth=("api", here.sandbox.api_key), timeout=60
    )
    data = reply.json()["data"]
    seconds = time.monotonic() - began
    if len(data) != _ALIASES or not all(project["run"] for project in data.values()):
        raise RuntimeError(f"not every run was answered: {reply.text[:500]}")
    return seconds


BENCHMARKS = (
    Benchmark("quit", (10,), leaving),
    Benchmark("cancel", (11,), cancelling),
    Benchmark("aliases", (12,), answering),
)
