"""A pane that shows one run's log and follows it, unless one scrolls up to read.

What must stay cheap, since with a talking run it happens many times a second: `repaint` asks for no layout, draws only
lines in view, each of them once, and touches titles and classes only where they change.
"""

from __future__ import annotations

from itertools import islice

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wandb_tui.core.address import RunAddress
from wandb_tui.core.record import LogLine
from wandb_tui.core.state import State
from wandb_tui.core.watch import LOG_LINES, Watched
from wandb_tui.ui.log_lines import Piece, drawn
from wandb_tui.ui.look import STATE_COLOURS, Look, run_name

_STYLES = ("text", "time", "warning", "error", "success", "quiet", "rule")
_STATES = [f"-{state}" for state in State]
_DRAWN = 256
"""How many lines are kept as they were drawn: a screen full, and what one scrolls through."""


class LogPane(ScrollView, can_focus=True):
    """The log of a run; draws only the lines that can be seen, so that a thousand cost nothing."""

    COMPONENT_CLASSES = {f"log--{style}" for style in _STYLES}  # noqa: RUF012 - as Textual declares it
    BINDINGS = [Binding("end,G", "follow", "Follow", show=False)]  # noqa: RUF012

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._row: Watched | None = None
        self._last: LogLine | None = None
        self._lines: list[list[Piece]] = []
        self._following = True
        self._titled: tuple[State, str, bool] | None = None
        self._styles_by_name: dict[str, Style] = {}
        self._strips: LRUCache[tuple[int, tuple[Piece, ...]], Strip] = LRUCache(_DRAWN)

    @property
    def run(self) -> RunAddress | None:
        """Whose log this is."""
        return self._row.run if self._row else None

    @property
    def following(self) -> bool:
        """Whether the newest line stays in view."""
        return self._following

    @property
    def plain(self) -> str:
        """All lines, as text."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def show(self, row: Watched | None) -> None:
        """Show this run's log from now on."""
        if row is not self._row:
            self._row = row
            self._following = True
            self._redraw()
        self.repaint()

    def repaint(self) -> None:
        """Take in what has been added to the log."""
        self._retitle()
        if self._row is None or not self.size.width:
            return
        new = _after(self._last, self._row)
        if not new:
            return
        before = self._last.attempt if self._last else None
        self._last = new[-1]
        self._lines += drawn(new, self._width, self._look, before)
        # The log itself is bounded; what is wrapped here may be a few times as many lines.
        dropped = len(self._lines) - 4 * LOG_LINES
        if dropped > 0:
            del self._lines[:dropped]
        self._resized()

    def reload(self) -> None:
        """Draw all of the log anew."""
        self._redraw()

    def action_follow(self) -> None:
        """Go to the newest line and stay there."""
        self._following = True
        self._resized()

    def render_line(self, y: int) -> Strip:
        """One line, styled."""
        width = self.scrollable_content_region.width
        index = y + round(self.scroll_y)
        if index >= len(self._lines):
            return Strip.blank(width, self._style())
        pieces = tuple(self._lines[index])
        strip = self._strips.get((width, pieces))
        if strip is None:
            strip = Strip([Segment(text, self._style(style)) for text, style in pieces])
            strip = strip.adjust_cell_length(width, self._style())
            self._strips[width, pieces] = strip
        return strip

    def _style(self, name: str = "") -> Style:
        """The style of a kind of text; without a name, that of the pane."""
        style = self._styles_by_name.get(name)
        if style is None:
            part = self.get_component_rich_style(f"log--{name}", partial=True) if name else Style.null()
            style = self._styles_by_name[name] = self.rich_style + part
        return style

    def notify_style_update(self) -> None:
        """The theme or the focus has changed."""
        super().notify_style_update()
        self._styles_by_name.clear()
        self._strips.clear()

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap anew."""
        self._redraw()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow while the end is in view; scrolling up pauses."""
        super().watch_scroll_y(old_value, new_value)
        self._following = round(new_value) >= self.max_scroll_y
        self._retitle()

    @property
    def _width(self) -> int:
        return max(8, self.scrollable_content_region.width - 1)

    def _redraw(self) -> None:
        self._lines, self._last = [], None
        self.repaint()
        self._resized()

    def _resized(self) -> None:
        following = self._following
        self._measure()
        if following:
            self._following = True
            self._to_end()
        self.refresh(Region(0, 0, *self.size))
        self._retitle()

    def _measure(self) -> None:
        """Say how many lines there are. A layout of the whole screen is due only where the scroll bar comes or goes."""
        before, after, room = self.virtual_size, Size(self._width, len(self._lines)), self.container_size.height
        if before.width != after.width or (before.height > room) != (after.height > room):
            self.virtual_size = after
            # Where the scroll bar has only just appeared, the end is known after the layout.
            self.call_after_refresh(self._to_end)
            return
        self.set_reactive(LogPane.virtual_size, after)
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = after.height

    def _to_end(self) -> None:
        if self._following:
            self.scroll_to(y=self.max_scroll_y, animate=False)
            self._following = True

    def _retitle(self) -> None:
        row = self._row
        titled = (
            (row.state, self._look.fit(run_name(row), max(4, self.size.width - 8)), self._following) if row else None
        )
        if titled == self._titled:
            return
        self._titled = titled
        if titled is None:
            self.border_title = self.border_subtitle = None
            return
        state, title, following = titled
        self.remove_class(*(name for name in _STATES if name != f"-{state}"))
        self.add_class(f"-{state}")
        icon = (f"{self._look.icon(state)} ", f"${STATE_COLOURS[state]}")
        self.border_title = Content.assemble(icon, title)
        self.border_subtitle = None if following else Content("paused: End follows")


def _after(last: LogLine | None, row: Watched) -> list[LogLine]:
    """The lines of a row's log after `last`, oldest first; all of them where it has gone already."""
    new = list(islice(_until(last, row), LOG_LINES))
    new.reverse()
    return new


def _until(last: LogLine | None, row: Watched) -> list[LogLine]:
    lines: list[LogLine] = []
    for line in reversed(row.log):
        if line is last:
            break
        lines.append(line)
    return lines
