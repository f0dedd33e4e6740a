"""The view in a terminal that is too small for the dashboard: as much of the essential as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.cells import chop_cells
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from wandb_tui.text.wrapping import wrapped

_MIN_WIDTH, _MIN_HEIGHT = 40, 10
_BRIEF = 3

Paragraphs = tuple[str, ...]


def too_small(size: Size) -> bool:
    """Whether the dashboard and its dialogs cannot be used in this size."""
    return size.width < _MIN_WIDTH or size.height < _MIN_HEIGHT


class Essential(Widget):
    """Shows the first of several texts, from the fullest to the briefest, that fits."""

    def __init__(self, *texts: Paragraphs) -> None:
        super().__init__()
        self._texts = texts

    def show(self, *texts: Paragraphs) -> None:
        """Show other texts."""
        self._texts = texts
        self.refresh()

    def render(self) -> Content:
        """The text."""
        return Content("\n".join(essential_lines(self._texts, *self.size)))


def essential_lines(texts: Sequence[Paragraphs], width: int, height: int) -> list[str]:
    """The first of the texts that fits with its words whole, else the first of the brief ones with its words cut.

    Args:
        texts: From the fullest to a single character; the last `_BRIEF` are brief enough to be read with cut words, and
            all but the last two say what matters.
        width: In cells.
        height: In lines.
    """
    whole = (_lines(text, lambda line: wrapped(line, width, break_words=False)) for text in texts[: 1 - _BRIEF])
    cut = [_lines(text, lambda line: chop_cells(line, max(1, width))) for text in texts[-_BRIEF:]]
    fitting = (lines for lines in (*whole, *cut) if len(lines) <= height and max(map(len, lines)) <= width)
    return next(fitting, cut[-1][:height])


def _lines(text: Paragraphs, broken: Callable[[str], list[str]]) -> list[str]:
    return [line for paragraph in text for line in broken(paragraph)]


class TooSmall(Screen[None]):
    """Covers everything until the terminal has grown."""

    def compose(self) -> ComposeResult:
        """One sentence."""
        needed = f"{_MIN_WIDTH}x{_MIN_HEIGHT}"
        yield Essential(
            (f"Terminal too small (needs {needed})",),
            (f"too small, needs {needed}",),
            ("too small",),
            ("small",),
            ("!",),
        )
