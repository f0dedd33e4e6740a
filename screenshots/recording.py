"""A story in pictures of the app, shown one after the other: an SVG that moves by itself, as crisp as each of them.

Most lines of a screen stay as they are from picture to picture, so each line is drawn once for each of its contents,
and shown while it has that content: much less than whole pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LINE_HEIGHT, _FIRST_TOP = 24.4, 1.5
_BASELINE = 18.5
"""Of a line's text, below its top."""

_BACKGROUND = re.compile(r'<rect fill="([^"]*)" x="([^"]*)" y="([^"]*)" width="([^"]*)"[^>]*shape-rendering[^>]*/>')
_TEXT = re.compile(
    r'<text class="terminal-\d+-(r\d+)" x="([^"]*)" y="[^"]*" textLength="([^"]*)" '
    r'clip-path="[^"]*-line-(\d+)\)">([^<]*)</text>'
)
_CLASS_RULE = re.compile(r"\.terminal-\d+-(r\d+) \{([^}]*)\}\n?")
_LINE_CLIPS = re.compile(r'<clipPath id="terminal-\d+-line-\d+">.*?</clipPath>\n?', re.DOTALL)
_END_OF_CELLS = re.compile(r"</g>\s*</g>\s*</svg>")

Interval = tuple[float, float]
"""Begin and end, in seconds."""


@dataclass(slots=True)
class _Line:
    """The drawing of a line: backgrounds as long as they are of one colour, and texts."""

    backgrounds: list[tuple[str, float, float]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def fill(self, colour: str, left: float, width: float) -> None:
        """Add a background to the right of the others."""
        if self.backgrounds and self.backgrounds[-1][0] == colour and abs(self.backgrounds[-1][2] - left) < 1:
            _, left_before, _ = self.backgrounds.pop()
            self.backgrounds.append((colour, left_before, left + width))
        else:
            self.backgrounds.append((colour, left, left + width))

    def __str__(self) -> str:
        place = f'y="{-_BASELINE}" height="{_LINE_HEIGHT + 0.25:g}"'
        rects = [
            f'<rect fill="{colour}" x="{left:g}" width="{right - left:g}" {place}/>'
            for colour, left, right in self.backgrounds
        ]
        return "".join([*rects, *self.texts])


@dataclass(frozen=True, slots=True)
class _Frame:
    """A picture as its lines.

    Attributes:
        lines: The drawing on each line, by its number; styles are written out instead of classes.
        frame: All around them.
        seconds: For how long it is shown.
    """

    lines: dict[int, str]
    frame: str
    seconds: float


class Recording:
    """Collects pictures of one size, and for how long each is shown."""

    def __init__(self) -> None:
        self._frames: list[_Frame] = []

    def add(self, svg: str, seconds: float) -> None:
        """Show this picture next."""
        rules = dict(_CLASS_RULE.findall(svg))
        lines: dict[int, _Line] = {}
        for found in _BACKGROUND.finditer(svg):
            fill, left, top, width = found.groups()
            number = round((float(top) - _FIRST_TOP) / _LINE_HEIGHT)
            lines.setdefault(number, _Line()).fill(fill, float(left), float(width))
        for found in _TEXT.finditer(svg):
            name, left, length, line, text = found.groups()
            drawn = f'<text style="{rules[name].strip()}" x="{left}" textLength="{length}">{text}</text>'
            lines.setdefault(int(line), _Line()).texts.append(drawn)
        frame = _LINE_CLIPS.sub("", _CLASS_RULE.sub("", _TEXT.sub("", _BACKGROUND.sub("", svg))))
        self._frames.append(_Frame({number: str(line) for number, line in lines.items()}, frame, seconds))

    def svg(self) -> str:
        """All of it, beginning again at its end."""
        whole = sum(frame.seconds for frame in self._frames)
        shown = self._shown()
        moments = {intervals: f"m{number}" for number, intervals in enumerate(dict.fromkeys(shown.values()))}
        rules = [_animation(name, intervals, whole) for intervals, name in moments.items()]
        cells = []
        for (line, drawn), intervals in shown.items():
            baseline = _FIRST_TOP + line * _LINE_HEIGHT + _BASELINE
            cells.append(f'<g class="{moments[intervals]}" transform="translate(0 {baseline:g})">{drawn}</g>')
        text, styles = _with_classes("\n".join(cells))
        style = "\n".join([*styles, *rules])
        frame = self._frames[0].frame.replace(
            "</style>", f"rect {{ shape-rendering: crispEdges }}\n{style}\n</style>", 1
        )
        at = next(iter(_END_OF_CELLS.finditer(frame))).start()
        return f"{frame[:at]}{text}\n{frame[at:].strip()}\n"

    def _shown(self) -> dict[tuple[int, str], tuple[Interval, ...]]:
        """The intervals in which each content of each line is shown."""
        shown: dict[tuple[int, str], list[Interval]] = {}
        begin = 0.0
        for frame in self._frames:
            end = begin + frame.seconds
            for line in frame.lines.items():
                intervals = shown.setdefault(line, [])
                if intervals and intervals[-1][1] == begin:
                    begin_before, _ = intervals.pop()
                    intervals.append((begin_before, end))
                else:
                    intervals.append((begin, end))
            begin = end
        return {line: tuple(intervals) for line, intervals in shown.items()}


def _animation(name: str, intervals: tuple[Interval, ...], whole: float) -> str:
    """The rules that show something in these intervals. Where nothing moves, the first picture is seen."""
    at_first = intervals[0][0] == 0
    if intervals == ((0.0, whole),):
        return ""
    steps = dict(_steps(intervals, whole))
    frames = " ".join(f"{percent:.2f}% {{ visibility: {value} }}" for percent, value in sorted(steps.items()))
    still = "visible" if at_first else "hidden"
    rule = f".{name} {{ visibility: {still}; animation: {name} {whole:.1f}s step-end infinite }}"
    return f"@keyframes {name} {{ {frames} }} {rule}"


def _steps(intervals: tuple[Interval, ...], whole: float) -> Iterator[tuple[float, str]]:
    yield 0, "hidden"
    for begin, end in intervals:
        if end < whole:
            yield 100 * end / whole, "hidden"
        yield 100 * begin / whole, "visible"
    yield 100, "visible" if intervals[-1][1] >= whole else "hidden"


def _with_classes(text: str) -> tuple[str, list[str]]:
    """The text with a class for each style that is written out in it, and the rules of these classes."""
    names: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        return f'class="{names.setdefault(found[1], f"r{len(names)}")}"'

    return re.sub(r'style="([^"]*)"', named, text), [f".{name} {{ {style} }}" for style, name in names.items()]
