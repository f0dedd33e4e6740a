"""Row 20: how soon the first plot of a run is there, in each of the terminal viewers of W&B runs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.benchmarks.environment import ENTITY, PROJECT, BenchmarkSandbox, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale, Times
from tests.benchmarks.processes import program, until
from tests.benchmarks.startup import interleaved
from tests.benchmarks.terminal import Terminal
from wandb_tui.core.address import RunAddress
from wandb_tui.core.state import State

_STEPS = 300
_PLOT_CELLS = 15
"""A screen with at least so many cells of a curve shows a plot; a spinner has fewer."""

_OTHER_PYTHON = "OTHER_WANDB_TUI_PYTHON"
"""The variable that names an interpreter with PyPI's wandb-tui."""

_BIN = Path(sys.executable).parent
_OTHER = Path(__file__).with_name("programs") / "other_viewer.py"
_TIMEOUT_S = 60.0


def viewers(scale: Scale) -> list[Figure]:
    """Row 20."""
    with benchmark_sandbox() as here:
        run = _logged(here)
        for home in ("ours", "preview"):
            here.store([run], home, State.AVAILABLE)
        ours = [str(_BIN / "wandb-tui")]
        _leave_plot_below_the_table(here, ours, run)
        _log_offline(here)
        page = f"{here.sandbox.base_url}/{ENTITY}/{PROJECT}/runs/{run.run_id}"
        leet = [str(_BIN / "wandb"), "leet"]
        local = str(next(iter((here.folder / "leet" / "wandb").glob("offline-run-*"))))
        sides: dict[str, Callable[[], float]] = {
            "ours": partial(_plotted, here, ours, "ours", run.run_id, b"m"),
            "preview": partial(_plotted, here, ours, "preview"),
            "local": partial(_plotted, here, [*leet, "run", local], "leet"),
            "remote": partial(_plotted, here, [*leet, page], "leet"),
        }
        if other := os.environ.get(_OTHER_PYTHON):
            command = [other, "-I", str(_OTHER), f"{here.sandbox.base_url}/graphql", f"{ENTITY}/{PROJECT}"]
            sides["other"] = partial(_plotted, here, command, "other", "loss", b"m")
        times = interleaved(sides, scale.count(7, 1))
    return _figures(times)


def _figures(times: dict[str, Times]) -> list[Figure]:
    what, missing = "start to the first plot", f"name its interpreter in {_OTHER_PYTHON}"
    seconds = {name: measured.median for name, measured in times.items()}
    other = seconds.get("other")
    return [
        Figure(20, f"{what}, m pressed, against wandb leet on this server", seconds["ours"], seconds["remote"], "s"),
        Figure(20, "the same, against wandb leet on a local file", seconds["ours"], seconds["local"], "s"),
        Figure(
            20, "the same, against PyPI's wandb-tui, m pressed", seconds["ours"], other, "s",
            note="" if other else missing,
        ),
        Figure(20, f"{what} below the table, where the last start left it", seconds["preview"], seconds["remote"], "s"),
    ]  # fmt: skip


def _logged(here: BenchmarkSandbox) -> RunAddress:
    """A run on the server, with the metric that the local one has."""
    [run] = here.seed(1, "viewed")
    inner = here.sandbox.context
    project, _ = inner.state.ensure_project(run.entity, run.project)
    made = inner.state.run(project, run.run_id)
    lines = [json.dumps({"_step": step, "loss": 1 / (step + 1)}) for step in range(5, _STEPS)]
    if made is None:
        raise LookupError(f"there is no run {run}")
    with inner.state.db:
        inner.histories.append(made, "wandb-history.jsonl", 5, lines)
    return run


def _log_offline(here: BenchmarkSandbox) -> None:
    with (
        (here.folder / "leet.txt").open("wb") as output,
        program(our_program("offline_run", str(_STEPS)), here.environ("leet"), output) as process,
    ):
        until(lambda: process.poll() is not None, 120, "the end of the offline run")


def _leave_plot_below_the_table(here: BenchmarkSandbox, command: list[str], run: RunAddress) -> None:
    with Terminal(command, here.environ("preview")) as terminal:
        terminal.wait(lambda written: run.run_id.encode() in written, _TIMEOUT_S, "the first row")
        terminal.read(2)
        terminal.write(b"PP")
        terminal.wait(lambda _: _curve_cells(terminal) >= _PLOT_CELLS, _TIMEOUT_S, "the plot below the table")
        # The view is saved as it changes.
        terminal.read(2)


def _plotted(here: BenchmarkSandbox, command: list[str], home: str, ready: str = "", key: bytes = b"") -> float:
    """Seconds from the start of a program in a pty until a plot stands on its screen.

    Args:
        here: The sandbox.
        command: The program.
        home: Its home.
        ready: A text after which `key` is pressed.
        key: The key that plots.
    """
    with Terminal(command, here.environ(home)) as terminal:
        if key:
            terminal.wait(lambda written: ready.encode() in written, _TIMEOUT_S, f"“{ready}”")
            terminal.write(key)
        shown = terminal.wait(lambda _: _curve_cells(terminal) >= _PLOT_CELLS, _TIMEOUT_S, "the plot")
        return shown - terminal.began


def _curve_cells(terminal: Terminal) -> int:
    """The cells on the screen that curves are drawn with: dots of Braille, or quarters of a block."""
    return sum("\u2801" <= cell <= "\u28ff" or "\u2596" <= cell <= "\u259f" for cell in terminal.screen())


BENCHMARKS = (Benchmark("viewers", (20,), viewers),)
