"""Draws curves with dots: a column of them is one whole number, so that a line takes a few operations on bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from wandb_tui.ui.plots.axis import Span
from wandb_tui.ui.plots.curve import Curve

_LEFT = [0, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47]
"""The dots of a Braille character for those of its left column, the topmost in the lowest bit."""

_RIGHT = [0, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x80, 0x88, 0x90, 0x98, 0xA0, 0xA8, 0xB0, 0xB8]
_BRAILLE = 0x2800
DOTS_ACROSS, DOTS_DOWN = 2, 4
"""The dots in a cell."""

_SIGN_CELLS = 40
"""Each curve bears its sign about every so many cells."""

_BLOCKS = 3
"""Points are taken together where there are so many blocks of them in a column, so that none moves by a whole dot."""

_TINY, _HALF = 1e-12, 0.5

Dots = list[int]
"""For each column of dots from left to right those that are set, the topmost in the lowest bit."""


@dataclass(frozen=True, slots=True)
class PlotFrame:
    """The part of the plane that is drawn, and how finely.

    Attributes:
        across: The range of the horizontal axis.
        up: The range of the vertical one.
        columns: The columns of dots.
        rows: The rows of dots.
    """

    across: Span
    up: Span
    columns: int
    rows: int

    def column(self, x: float) -> float:
        """The column of a place, with fractions; may be outside."""
        return self.across.place(x) * self.columns

    def row(self, y: float) -> float:
        """The row of a height, from the top, with fractions; may be outside."""
        return (1 - self.up.place(y)) * (self.rows - 1)


_Group = tuple[int, int, int, float, float]
"""The points of one column: it, the first and the last of them, and the rows of the highest and the lowest."""


def dots_of(curve: Curve, frame: PlotFrame) -> Dots:
    """The dots of a curve. Every extreme is among them, however many points there are in a column."""
    dots = [0] * frame.columns
    last_column, last_index, last_top, last_bottom = -2, -1, 0.0, 0.0
    for column, first, last, top, bottom in _groups(curve, frame):
        if 0 <= column < frame.columns:
            _fill(dots, column, top, bottom, frame.rows)
        if last_index >= 0 and first not in curve.breaks:
            touches = last_column == column - 1 and top <= last_bottom and last_top <= bottom
            if not touches:
                _connect(dots, curve, frame, (last_column, last_index), (column, first))
        last_column, last_index, last_top, last_bottom = column, last, top, bottom
    return dots


def _groups(curve: Curve, frame: PlotFrame) -> Iterator[_Group]:
    """The points in sight by column, with the nearest on either side."""
    first, stop = curve.indices(frame.across.low, frame.across.high)
    if first > 0:
        yield _single(curve, frame, first - 1, -1)
    if stop > first:
        yield from _columns(curve, frame, first, stop)
    if stop < len(curve):
        yield _single(curve, frame, stop, frame.columns)


def _columns(curve: Curve, frame: PlotFrame, first: int, stop: int) -> Iterator[_Group]:
    """The columns with points. Where there are many, blocks of them are taken as a whole, a few for each column."""
    row = frame.row
    size, starts, (lows, highs) = curve.blocks((stop - first) // (frame.columns * _BLOCKS))
    block, end = first // size, -(-stop // size)
    for column, count in _counts(starts[block:end], frame):
        after = block + count
        if count == 1:
            low, high = lows[block], highs[block]
        else:
            low, high = min(lows[block:after]), max(highs[block:after])
        yield column, max(first, block * size), min(stop, after * size) - 1, row(high), row(low)
        block = after


def _counts(xs: list[float], frame: PlotFrame) -> Iterator[tuple[int, int]]:
    """The columns with places in them, and how many each has."""
    across, last = frame.across, frame.columns - 1
    if across.length > 0:
        # As `PlotFrame.column`, without a call for each.
        scale, low, factor = across.scale, across.low / across.scale, frame.columns / across.length
        found = [min(last, max(0, int((x / scale - low) * factor))) for x in xs]
    else:
        found = [frame.columns // 2] * len(xs)
    for column, same in groupby(found):
        yield column, sum(1 for _ in same)


def _single(curve: Curve, frame: PlotFrame, index: int, column: int) -> _Group:
    row = frame.row(curve.ys[index])
    return column, index, index, row, row


def _connect(dots: Dots, curve: Curve, frame: PlotFrame, before: tuple[int, int], after: tuple[int, int]) -> None:
    """Draw the line between two points, each given by its column and its index."""
    x0, y0 = frame.column(curve.xs[before[1]]), frame.row(curve.ys[before[1]])
    x1, y1 = frame.column(curve.xs[after[1]]), frame.row(curve.ys[after[1]])
    slope = (y1 - y0) / (x1 - x0) if x1 - x0 > _TINY else 0.0
    for column in range(max(0, before[0]), min(frame.columns - 1, after[0]) + 1):
        start = y0 if column <= x0 else y0 + (column - x0) * slope
        end = y1 if column + 1 >= x1 else y0 + (column + 1 - x0) * slope
        _fill(dots, column, min(start, end), max(start, end), frame.rows)


def _fill(dots: Dots, column: int, top: float, bottom: float, rows: int) -> None:
    """Set the dots of a column from one row to another, as far as there are any."""
    if bottom < -_HALF or top > rows - _HALF:
        return
    first = int(top + _HALF) if top > 0 else 0
    last = int(bottom + _HALF) if bottom < rows - 1 else rows - 1
    dots[column] |= ((2 << (last - first)) - 1) << first


class Canvas:
    """Cells with the dots of several curves; where they cross, the one drawn last lies above.

    Attributes:
        width: Cells from left to right.
        height: Cells from top to bottom.
        owners: For each cell, row by row, the number of the curve above; -1 for none.
    """

    def __init__(self, width: int, height: int, *, ascii_look: bool) -> None:
        self.width, self.height = width, height
        self._ascii = ascii_look
        self._across, self._down = (1, 1) if ascii_look else (DOTS_ACROSS, DOTS_DOWN)
        self._bits = [0] * (width * height)
        self._signs: dict[int, str] = {}
        self.owners = [-1] * (width * height)

    def frame(self, across: Span, up: Span) -> PlotFrame:
        """The frame of a curve that fills it."""
        return PlotFrame(across, up, self.width * self._across, self.height * self._down)

    def draw(self, dots: Dots, owner: int, sign: str) -> None:
        """Draw a curve.

        Args:
            dots: Its dots.
            owner: Its number.
            sign: The character that tells it from others without colour; empty if it is alone.
        """
        if self._ascii:
            self._draw_characters(dots, owner, sign or "*")
            return
        bits, owners, width = self._bits, self.owners, self.width
        for column in range(width):
            left, right = dots[2 * column], dots[2 * column + 1]
            rest = left | right
            while rest:
                shift = (rest & -rest).bit_length() - 1 & ~3
                cell = (shift >> 2) * width + column
                bits[cell] |= _LEFT[left >> shift & 15] | _RIGHT[right >> shift & 15]
                owners[cell] = owner
                rest &= ~(15 << shift)

    def sign(self, dots: Dots, owner: int, sign: str, place: int, places: int) -> None:
        """Write a curve's sign on it here and there; the curves share the columns for that.

        Args:
            dots: Its dots.
            owner: Its number.
            sign: Its sign.
            place: Its place among the curves.
            places: How many curves there are.
        """
        if self._ascii:
            return
        start = 1 + place * max(3, min(_SIGN_CELLS, self.width) // max(1, places))
        for first in range(start, self.width, _SIGN_CELLS):
            for column in range(first, min(first + 3, self.width)):
                cells = [row * self.width + column for row in _rows(dots[2 * column] | dots[2 * column + 1])]
                if free := [cell for cell in cells if self.owners[cell] == owner and cell not in self._signs]:
                    self._signs[free[len(free) // 2]] = sign
                    break

    def rule(self, column: int, owner: int, char: str) -> None:
        """Draw a vertical line wherever there is nothing."""
        for cell in range(column, self.width * self.height, self.width):
            if self.owners[cell] == -1:
                self.owners[cell], self._signs[cell] = owner, char

    def _draw_characters(self, dots: Dots, owner: int, sign: str) -> None:
        for column in range(self.width):
            for row in range(self.height):
                if dots[column] >> row & 1:
                    cell = row * self.width + column
                    self._bits[cell], self.owners[cell], self._signs[cell] = 1, owner, sign

    def row(self, number: int) -> Sequence[tuple[str, int]]:
        """The characters of a row and the numbers of their curves; neighbours of one curve are one text."""
        start, found = number * self.width, list[tuple[str, int]]()
        text, before = "", -2
        for cell in range(start, start + self.width):
            owner, bits = self.owners[cell], self._bits[cell]
            char = self._signs.get(cell) or (chr(_BRAILLE | bits) if bits else " ")
            if owner == before:
                text += char
            else:
                if text:
                    found.append((text, before))
                text, before = char, owner
        found.append((text, before))
        return found


def _rows(dots: int) -> list[int]:
    """The rows of cells in which there are dots."""
    return [row for row in range(-(-dots.bit_length() // DOTS_DOWN)) if dots >> (DOTS_DOWN * row) & 15]
