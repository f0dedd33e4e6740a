"""Row 7: how soon a key press shows, while 200 monitors talk and while all are silent."""

from __future__ import annotations

import random
from collections import Counter

import pyte

from tests.benchmarks.figures import Benchmark, Figure, Scale, Times
from tests.benchmarks.terminal import LINES, Terminal, emulator, replayed
from tests.benchmarks.world import ENTITY, PROJECT, World, our_program, world

_RUNS = 200
_TALKING = 0.1
"""Seconds between two lines of each monitor."""
_SILENT = 3600.0
_PIN, _DOWN, _UP = b"l", b"\x1b[B", b"\x1b[A"
_PANES = 4
_INSIDE = 6
"""A column inside every row of the table."""


def keys(scale: Scale) -> list[Figure]:
    """Row 7."""
    presses = scale.count(60, 6)
    with world() as here:
        # Both worlds in turn, twice, so that whatever else the machine does hits both.
        talking, silent = Times(), Times()
        for turn in range(scale.count(2, 1)):
            silent.seconds += _pressed(here, f"silent{turn}", _SILENT, presses).seconds
            talking.seconds += _pressed(here, f"talking{turn}", _TALKING, presses).seconds
    limit = None if scale.quick else 2
    what = f"key press to repaint, {_RUNS} monitors talking ({1 / _TALKING:.0f} lines/s each) against silent"
    return [
        Figure(7, f"{what}, 95th percentile", talking.p95 * 1000, silent.p95 * 1000, "ms", limit),
        Figure(7, "the same, median", talking.median * 1000, silent.median * 1000, "ms"),
    ]


def _pressed(here: World, home: str, every: float, presses: int) -> Times:
    here.store(here.seed(_RUNS, f"{home}-"), home)
    with Terminal(our_program("dashboard", "talk", f"{every}"), here.environ(home)) as terminal:
        terminal.wait(lambda written: f"{home}-0000".encode() in written, 30, "the first row")
        terminal.read(3)
        for _ in range(_PANES):
            terminal.write(_PIN)
            terminal.read(0.3)
            terminal.write(_DOWN)
            terminal.read(0.3)
        pressed = []
        for number in range(presses):
            key = _DOWN if number % 8 < 4 else _UP
            pressed.append(terminal.write(key))
            terminal.read(random.uniform(0.25, 0.4))  # noqa: S311 - jitter, no secret
        terminal.read(1)
        screen = terminal.screen()
        if f"{_RUNS} waiting" not in screen:
            raise RuntimeError(f"not all {_RUNS} monitors are at work:\n{screen}")
        return _shown(terminal, pressed)


def _shown(terminal: Terminal, presses: list[float]) -> Times:
    """From the output, replayed afterwards: when each press had moved the cursor to another line.

    Raises:
        RuntimeError: One did not before the next one came.
    """
    screen, times = emulator(), Times()
    pending = list(presses)
    pressed_at: float | None = None
    line: int | None = None
    for at in replayed(screen, terminal.chunks):
        if pending and at > pending[0]:
            if pressed_at is not None:
                raise RuntimeError("a key press was not shown before the next one")
            pressed_at = pending.pop(0)
        now = _cursor_line(screen)
        if pressed_at is not None and now is not None and now != line:
            times.add(at - pressed_at)
            pressed_at = None
        line = now or line
    if pending or pressed_at is not None:
        raise RuntimeError("the last key presses were not shown")
    return times


def _cursor_line(screen: pyte.Screen) -> int | None:
    """The line of the table whose colour differs from that of all others."""
    colours = {
        line: screen.buffer[line][_INSIDE].bg for line in range(LINES) if f"{ENTITY}/{PROJECT}" in screen.display[line]
    }
    counts = Counter(colours.values())
    return next((line for line, colour in colours.items() if counts[colour] == 1), None)


BENCHMARKS = (Benchmark("keys", (7,), keys),)
