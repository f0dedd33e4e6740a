"""Row 7: how soon a key press shows, while 200 monitors talk and while all are silent."""

from __future__ import annotations

import random
from collections import Counter

import pyte

from tests.benchmarks.environment import BenchmarkSandbox, benchmark_sandbox, our_program
from tests.benchmarks.figures import Benchmark, Figure, Scale, Times
from tests.benchmarks.terminal import Terminal, emulator, replayed
from wandb_tui.core.goal import Goal

_RUNS = 200
_TALKING = 0.1
"""Seconds between two lines of each monitor."""
_SILENT = 3600.0
_TURNS, _PRESSES = 4, 50
"""The number of times that each side is started, and of key presses each time."""
_PAUSE_S = 0.25
"""The least seconds between two presses: a few times what the slowest takes to show."""
_PIN = b"l"
DOWN, UP = b"\x1b[B", b"\x1b[A"
_PANES = 4
_INSIDE = 6
"""A column inside every row of the table."""


def keys(scale: Scale) -> list[Figure]:
    """Row 7."""
    presses, runs = scale.count(_PRESSES, 2), scale.count(_RUNS, 10)
    with benchmark_sandbox() as here:
        # Both in turn, several times, so that other load on the machine hits both.
        talking, silent = Times(), Times()
        for turn in range(scale.count(_TURNS, 1)):
            silent.seconds += _pressed(here, f"silent{turn}", _SILENT, presses, runs).seconds
            talking.seconds += _pressed(here, f"talking{turn}", _TALKING, presses, runs).seconds
    limit = None if scale.quick else 1.5
    what = f"key press to repaint, {runs} monitors talking ({1 / _TALKING:.0f} lines/s each) against silent"
    return [
        Figure(7, f"{what}, 95th percentile", talking.p95 * 1000, silent.p95 * 1000, "ms", limit),
        Figure(7, "the same, median", talking.median * 1000, silent.median * 1000, "ms"),
    ]


def _pressed(here: BenchmarkSandbox, home: str, every: float, presses: int, runs: int) -> Times:
    here.store(here.seed(runs, f"{home}-"), home)
    with Terminal(our_program("dashboard", "talk", f"{every}"), here.environ(home)) as terminal:
        terminal.wait(lambda written: f"{home}-0000".encode() in written, 120, "the first row")
        terminal.read(3)
        for _ in range(_PANES):
            terminal.write(_PIN)
            terminal.read(0.3)
            terminal.write(DOWN)
            terminal.read(0.3)
        pressed = [press(terminal, number, _PAUSE_S) for number in range(presses)]
        terminal.read(1)
        screen = terminal.screen()
        if f"{runs} waiting" not in screen:
            raise RuntimeError(f"not all {runs} monitors are at work:\n{screen}")
        return shown(terminal, pressed)


def press(terminal: Terminal, number: int, pause_s: float = 0.8) -> float:
    """Move the cursor, four times down and four times up again, with a pause after it; when the key was pressed."""
    pressed = terminal.write(DOWN if number % 8 < 4 else UP)
    terminal.read(random.uniform(pause_s, pause_s + 0.2))  # noqa: S311 - jitter, no secret
    return pressed


def shown(terminal: Terminal, presses: list[float]) -> Times:
    """From the output, replayed afterwards: when each press had moved the cursor to another line.

    Raises:
        RuntimeError: The last one never did.
    """
    lines = _table_lines(terminal)
    screen, times = emulator(), Times()
    pending = list(presses)
    pressed_at: float | None = None
    line: int | None = None
    for at in replayed(screen, terminal.chunks):
        if pending and at > pending[0]:
            following = pending.pop(0)
            if pressed_at is not None:
                # Still not shown when the next one came: it took at least this long.
                times.add(following - pressed_at)
            pressed_at = following
        now = _cursor_line(screen, lines)
        if pressed_at is not None and now is not None and now != line:
            times.add(at - pressed_at)
            pressed_at = None
        line = line if now is None else now
    if pending or pressed_at is not None:
        raise RuntimeError("the last key presses were not shown")
    return times


def _table_lines(terminal: Terminal) -> list[int]:
    """The lines on which the table's rows stand, which all name their goal; they do not change."""
    shown = terminal.screen().splitlines()
    return [line for line, text in enumerate(shown) if f" {Goal()} " in text]


def _cursor_line(screen: pyte.Screen, lines: list[int]) -> int | None:
    """The line of the table whose colour differs from that of all others."""
    colours = {line: screen.buffer[line][_INSIDE].bg for line in lines}
    counts = Counter(colours.values())
    return next((line for line, colour in colours.items() if counts[colour] == 1), None)


BENCHMARKS = (Benchmark("keys", (7,), keys),)
