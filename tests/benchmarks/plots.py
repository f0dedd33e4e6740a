"""Row 19: how soon a step of zooming shows in a plot of eight runs."""

from __future__ import annotations

import time

from tests.benchmarks.environment import benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale, Times
from tests.benchmarks.processes import processor_seconds
from tests.benchmarks.terminal import Terminal
from wandb_tui.core.state import State

_RUNS, _STEPS = 8, 100_000
_TARGET_MS = 50
_PAUSE = 0.25
"""Seconds between two presses: less than the rest after which a plot asks for more points."""

_PATIENCE = 10.0
_GAP = 0.01
"""Seconds without output that separate two pictures."""

_SELECT_ALL, _PLOT = b"*", b"m"
_IN, _OUT, _LEFT, _RIGHT = b"+", b"-", b"\x1b[D", b"\x1b[C"


def plots(scale: Scale) -> list[Figure]:
    """Row 19."""
    steps = scale.count(_STEPS, 2_000)
    zoomed, panned = Times(), Times()
    with benchmark_sandbox() as here:
        here.store(here.seed(_RUNS, "plot-"), "home", State.AVAILABLE)
        with Terminal(our_program("plots", f"{steps}"), here.environ("home")) as terminal:
            terminal.wait(lambda written: b"plot-0000" in written, 120, "the first row")
            terminal.read(2)
            terminal.write(_SELECT_ALL)
            terminal.read(0.5)
            terminal.write(_PLOT)
            terminal.wait(lambda written: b"Fit" in written, 60, "the plot")
            terminal.wait(lambda written: "⣿".encode() in written, 120, "the curves")
            terminal.read(2)
            began, presses = processor_seconds(terminal.process.pid), 0
            for _ in range(scale.count(4, 1)):
                for key, times in (
                    *[(_IN, zoomed)] * scale.count(12, 2),
                    *[(_LEFT, panned), (_RIGHT, panned)] * scale.count(3, 1),
                    *[(_OUT, zoomed)] * scale.count(12, 2),
                ):
                    times.add(_shown(terminal, key))
                    presses += 1
            used = processor_seconds(terminal.process.pid) - began
            if f"{_RUNS}" not in terminal.screen():
                raise RuntimeError(f"the plot is gone:\n{terminal.screen()}")
    limit = None if scale.quick else _TARGET_MS
    what = f"key press to repaint, a step of zooming in a plot of {_RUNS} runs × {steps:,} points"
    return [
        Figure(19, f"{what}, median", zoomed.median * 1000, unit="ms", limit=limit, absolute=True),
        Figure(19, "the same, 95th percentile", zoomed.p95 * 1000, unit="ms"),
        Figure(19, "the same, a step of panning, median", panned.median * 1000, unit="ms", limit=limit, absolute=True),
        Figure(19, "the same, processor time for each step", used / presses * 1000, unit="ms"),
    ]


def _shown(terminal: Terminal, key: bytes) -> float:
    """Press a key; the seconds until the picture that follows from it has been written.

    Later pictures belong to something else, such as the clock that ticks once a second.
    """
    before = len(terminal.chunks)
    pressed = terminal.write(key)
    terminal.read(_PAUSE)
    while len(terminal.chunks) == before and time.monotonic() - pressed < _PATIENCE:
        terminal.read(_PAUSE)
    written = [at for at, _ in terminal.chunks[before:]]
    if not written:
        raise RuntimeError(f"nothing changed:\n{terminal.screen()}")
    last = written[0]
    for at in written:
        if at - last > _GAP:
            break
        last = at
    return last - pressed


BENCHMARKS = (Benchmark("plots", (19,), plots),)
