"""A titled box of lines that are laid out for its width."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

Draw = Callable[[int], Sequence[Content]]
"""Lays out lines for a width in cells."""


class Section(Widget):
    """As high as its lines. Requests a layout only if their number has changed."""

    def __init__(self, title: str, draw: Draw, *, id: str) -> None:  # noqa: A002 - as Textual names it
        super().__init__(id=id)
        self.border_title = Content(title)
        self._draw = draw
        self._lines: list[Content] = []

    def update(self) -> None:
        """Update the lines."""
        if not self.content_size.width:
            return
        lines = list(self._draw(self.content_size.width))
        if lines != self._lines:
            self.refresh(layout=len(lines) != len(self._lines))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        """The number of lines at this width."""
        return len(self._draw(width)) if width else 0

    def render(self) -> Content:
        """The lines."""
        self._lines = list(self._draw(self.content_size.width))
        return Content("\n").join(self._lines)
