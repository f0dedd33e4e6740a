"""Rows 6, 8 and 21: how soon the dashboard and the help of a command can be read, and how soon a command is over."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.environment import BenchmarkSandbox, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale, Times
from tests.benchmarks.processes import program, until
from tests.benchmarks.terminal import Terminal
from wandb_tui.core.state import State

_LEET_RUN = "leet0000"
_BIN = Path(sys.executable).parent


def startup(scale: Scale) -> list[Figure]:
    """Row 6."""
    with benchmark_sandbox() as here:
        runs = here.seed(200, "start")
        here.store(runs, "ended", State.AVAILABLE)
        here.store(runs, "waiting")
        file = here.runs_file(runs)
        wandb_tui = str(_BIN / "wandb-tui")
        sides: dict[str, Callable[[], float]] = {
            "ended": lambda: _readable(here, [wandb_tui], "ended", runs[0].run_id),
            "waiting": lambda: _readable(here, [wandb_tui], "waiting", runs[0].run_id),
            "bare": lambda: _readable(here, our_program("bare", file), "bare", runs[0].run_id),
        }
        note = _prepare_leet(here)
        if not note:
            command = [str(_BIN / "wandb"), "leet", "run", str(_leet_folder(here))]
            sides["leet"] = lambda: _readable(here, command, "leet", _LEET_RUN)
        times = interleaved(sides, scale.count(7, 1))
    return _figures(times, note, scale)


def _figures(times: dict[str, Times], note: str, scale: Scale) -> list[Figure]:
    what = "first of 200 stored runs readable"
    ours, waiting, bare = (times[name].median for name in ("ended", "waiting", "bare"))
    leet = times["leet"].median if "leet" in times else None
    limits = (None, None) if scale.quick else (1.15, 0.9)
    return [
        Figure(6, f"{what}, against a bare Textual app", ours, bare, "s", limits[0]),
        Figure(6, "the same, all 200 waiting", waiting, bare, "s", limits[0]),
        Figure(6, f"{what}, against wandb leet with one run", ours, leet, "s", limits[1], note=note),
    ]


def interleaved(sides: dict[str, Callable[[], float]], rounds: int) -> dict[str, Times]:
    """Each side in turn, again and again; where there are several rounds, one before them only warms the caches."""
    times = {name: Times() for name in sides}
    for number in range(rounds + (rounds > 1)):
        for name, measure in sides.items():
            seconds = measure()
            if number or rounds == 1:
                times[name].add(seconds)
    return times


def _readable(here: BenchmarkSandbox, command: list[str], home: str, text: str) -> float:
    """Seconds from the start of a program in a pty until a text stands on its screen."""
    with Terminal(command, here.environ(home)) as terminal:
        return terminal.wait(lambda written: text.encode() in written, 120, f"“{text}”") - terminal.began


def _prepare_leet(here: BenchmarkSandbox) -> str:
    """Log the run that leet shows; a note where it cannot be shown."""
    with (
        (here.folder / "leet.txt").open("wb") as output,
        program(our_program("offline_run"), here.environ("leet"), output) as process,
    ):
        until(lambda: process.poll() is not None, 120, "the end of the offline run")
    try:
        command = [str(_BIN / "wandb"), "leet", "run", str(_leet_folder(here))]
        _readable(here, command, "leet", _LEET_RUN)
    except (TimeoutError, OSError, IndexError) as error:
        return f"wandb leet cannot be started here: {str(error).splitlines()[0]}"
    return ""


def _leet_folder(here: BenchmarkSandbox) -> Path:
    return next(iter((here.folder / "leet" / "wandb").glob("offline-run-*")))


def helps(scale: Scale) -> list[Figure]:
    """Row 8."""
    wandb_tui = str(_BIN / "wandb-tui")
    with benchmark_sandbox() as here:
        environ = here.environ()
        sides = {
            "help": lambda: _ended([wandb_tui, "--help"], environ),
            "wait": lambda: _ended([wandb_tui, "wait", "--help"], environ),
            "click": lambda: _ended([sys.executable, "-c", "import click"], environ),
        }
        times = interleaved(sides, scale.count(15, 1))
    limit = None if scale.quick else 1.3
    click = times["click"].median * 1000
    return [
        Figure(8, f"{name}, against import click", times[key].median * 1000, click, "ms", limit)
        for key, name in (("help", "wandb-tui --help"), ("wait", "wandb-tui wait --help"))
    ]


def exists(scale: Scale) -> list[Figure]:
    """Row 21."""
    with benchmark_sandbox() as here:
        (run,) = here.seed(1, "exists")
        here.export(run, 0.0)
        environ = here.environ()
        asks = f"import wandb; assert wandb.Api().artifact_exists('{run.history_artifact}:latest')"
        sides = {
            "wait": lambda: _ended([str(_BIN / "wandb-tui"), "wait", str(run)], environ),
            "sdk": lambda: _ended([sys.executable, "-c", asks], environ),
        }
        times = interleaved(sides, scale.count(9, 1))
    limit = None if scale.quick else 0.4
    what = "wandb-tui wait on a run whose export is there, against Api().artifact_exists()"
    return [Figure(21, what, times["wait"].median, times["sdk"].median, "s", limit)]


def _ended(command: list[str], environ: dict[str, str]) -> float:
    began = time.monotonic()
    subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


BENCHMARKS = (Benchmark("startup", (6,), startup), Benchmark("help", (8,), helps), Benchmark("exists", (21,), exists))
