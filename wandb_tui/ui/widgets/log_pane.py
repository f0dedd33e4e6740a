"""A pane that shows one run's log and follows it, unless one scrolls up to read.

What must stay cheap, since with a talking run it happens many times a second: `repaint` asks for no layout, draws only
lines in view, each of them once, and touches titles and classes only where they change.
"""

from __future__ import annotations

from itertools import islice

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Level
from wandb_tui.core.record import LogLine
from wandb_tui.core.state import State
from wandb_tui.core.watch import LOG_LINES, Watched
from wandb_tui.ui.links import Link, cut, written
from wandb_tui.ui.log_lines import Drawn, Page, Piece, drawn
from wandb_tui.ui.log_search import found, marked
from wandb_tui.ui.log_view import LogView
from wandb_tui.ui.look import STATE_COLOURS, Look, run_name

_STYLES = ("text", "time", "warning", "error", "success", "quiet", "rule", "match", "here")
_LEAST = {Level.INFO: "", Level.WARNING: "warnings and errors", Level.ERROR: "errors only"}
_STATES = [f"-{state}" for state in State]
_DRAWN = 256
"""How many lines are kept as they were drawn: a screen full, and what one scrolls through."""


class LogPane(ScrollView, can_focus=True):
    """The log of a run; draws only the lines that can be seen, so that a thousand cost nothing."""

    COMPONENT_CLASSES = {f"log--{style}" for style in _STYLES}  # noqa: RUF012 - as Textual declares it
    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("end,G", "follow", "Follow", show=False),
        Binding("escape", "leave", "Back", show=False),
    ]
    ALLOW_SELECT = False

    class ZoomWanted(Message):
        """The pane's title was clicked twice."""

        def __init__(self, pane: LogPane) -> None:
            super().__init__()
            self.pane = pane

    class Left(Message):
        """Escape was pressed."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._row: Watched | None = None
        self._last: LogLine | None = None
        self._lines: list[Drawn] = []
        self._widest = 0
        self._view = LogView()
        self._needle = ""
        self._hits: list[int] = []
        self._hit: int | None = None
        self._following = True
        self._paused_by_finding = False
        self._titled: tuple[State, str, str] | None = None
        self._styles_by_name: dict[str, Style] = {}
        self._strips: LRUCache[tuple[int, int, tuple[Piece, ...], tuple[Link, ...]], Strip] = LRUCache(_DRAWN)

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
        return "\n".join(line.text for line in self._lines)

    @property
    def log_lines(self) -> list[LogLine]:
        """The whole log of the run, as far as it is kept."""
        return list(self._row.log) if self._row else []

    @property
    def view(self) -> LogView:
        """How the log is shown."""
        return self._view

    @view.setter
    def view(self, view: LogView) -> None:
        if view != self._view:
            self._view = view
            self.styles.overflow_x = "hidden" if view.wrap else "auto"
            self.scroll_to(x=0, animate=False)
            self._redraw()

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
        self._last = new[-1]
        self._append(list(drawn(new, self._page, self._attempt)))

    def _append(self, lines: list[Drawn]) -> None:
        count = len(self._lines)
        self._lines += lines
        if self._needle:
            self._hits += [count + index for index in found(lines, self._needle)]
        if not self._view.wrap:
            self._widest = max(self._widest, *(cell_len(line.text) for line in lines), 0)
        # The log itself is bounded; what is wrapped here may be a few times as many lines.
        dropped = len(self._lines) - 4 * LOG_LINES
        if dropped > 0:
            self._drop(dropped)
        self._resized()

    def _drop(self, count: int) -> None:
        """Let go of the oldest lines; what is in view stays there."""
        del self._lines[:count]
        self._hits = [hit - count for hit in self._hits if hit >= count]
        self._hit = self._hit - count if self._hit is not None and self._hit >= count else None
        if not self._following:
            self.scroll_to(y=max(0, self.scroll_y - count), animate=False)

    @property
    def _attempt(self) -> int | None:
        """The attempt of the last line drawn."""
        return self._lines[-1].of.attempt if self._lines and self._lines[-1].of else None

    @property
    def _page(self) -> Page:
        starts = {attempt.number: attempt.started for attempt in self._row.attempts} if self._row else {}
        return Page(self._width, self._look, self._view, starts)

    def reload(self) -> None:
        """Draw all of the log anew."""
        self._redraw()

    # Finding

    def find(self, needle: str) -> None:
        """Highlight a text wherever it stands, and go to the nearest place; nothing where it is empty."""
        self._needle = needle
        self._hits = found(self._lines, needle) if needle else []
        self._hit = None
        self._strips.clear()
        if not needle and self._paused_by_finding:
            self.action_follow()
        elif self._hits:
            was_following = self._following or self._paused_by_finding
            below = (hit for hit in self._hits if hit >= self.scroll_y)
            self._go_to(self._hits[-1] if was_following else next(below, self._hits[-1]))
            self._paused_by_finding |= was_following
        self.refresh()
        self._retitle()

    def find_next(self, step: int) -> None:
        """Go to the next place, or with -1 to the one before; round and round."""
        if self._hits:
            at = self._hits.index(self._hit) if self._hit in self._hits else (-1 if step > 0 else 0)
            self._go_to(self._hits[(at + step) % len(self._hits)])

    def _go_to(self, line: int) -> None:
        self._hit = line
        self._following = False
        self._strips.clear()
        self.scroll_to(y=max(0, line - self.scrollable_content_region.height // 2), animate=False)
        self.refresh()
        self._retitle()

    # Following

    def pause(self) -> None:
        """Stay where one is, whatever comes."""
        self._paused_by_finding = False
        self._following = False
        self._retitle()

    def action_leave(self) -> None:
        """Go back to where one came from."""
        self.post_message(self.Left())

    def on_click(self, event: events.Click) -> None:
        """On the lower border: follow again; twice on the title: all of the screen, or no longer."""
        if event.y == 0 and event.chain == 2:  # noqa: PLR2004 - a double click
            self.post_message(self.ZoomWanted(self))
        elif event.y == self.size.height + 1 and not self._following:
            self.action_follow()

    def action_follow(self) -> None:
        """Go to the newest line and stay there."""
        self._paused_by_finding = False
        self._following = True
        self._resized()

    def render_line(self, y: int) -> Strip:
        """One line, styled."""
        width, left = self.scrollable_content_region.width, round(self.scroll_x)
        index = y + round(self.scroll_y)
        if index >= len(self._lines):
            return Strip.blank(width, self._style())
        pieces = self._lines[index].pieces
        if self._needle:
            here = self._hit is not None and self._lines[index].of is self._lines[self._hit].of
            pieces = marked(pieces, self._needle, "here" if here else "match")
        links = self._lines[index].links
        strip = self._strips.get((width, left, pieces, links))
        if strip is None:
            strip = Strip([Segment(text, self._linked(style, url)) for text, style, url in cut(pieces, links)])
            strip = strip.crop_extend(left, left + width, self._style())
            self._strips[width, left, pieces, links] = strip
        return strip

    def _linked(self, name: str, url: str) -> Style:
        """The style of a kind of text, with an address behind it where there is one."""
        style = self._style(name)
        return style + Style(link=written(url)) if url else style

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

    def watch_show_vertical_scrollbar(self) -> None:
        """Only now one can scroll: what was to be in view before the layout could not be brought there."""
        self._to_end()

    def watch_show_horizontal_scrollbar(self) -> None:
        """It takes a line, or gives it back."""
        self._to_end()

    @property
    def _width(self) -> int:
        """How wide lines are, with room left for the scroll bar: its coming and going wraps nothing anew."""
        return max(8, self.size.width - 1)

    def _redraw(self) -> None:
        self._lines, self._last, self._widest = [], None, 0
        self._hits, self._hit = [], None
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
        before, after, room = (
            self.virtual_size,
            Size(max(self._width, self._widest), len(self._lines)),
            self.container_size.height,
        )
        if before.width != after.width or (before.height > room) != (after.height > room):
            self.virtual_size = after
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
            (row.state, self._look.fit(run_name(row), max(4, self.size.width - 8)), self._standing) if row else None
        )
        if titled == self._titled:
            return
        self._titled = titled
        if titled is None:
            self.border_title = self.border_subtitle = None
            return
        state, title, standing = titled
        self.remove_class(*(name for name in _STATES if name != f"-{state}"))
        self.add_class(f"-{state}")
        icon = (f"{self._look.icon(state)} ", f"${STATE_COLOURS[state]}")
        self.border_title = Content.assemble(icon, title)
        self.border_subtitle = Content(self._look.text(standing)) if standing else None

    @property
    def _standing(self) -> str:
        """What one should know of the pane, for its border."""
        said = ["" if self._following else "paused: End follows", _LEAST[self._view.least]]
        if self._needle and not self._hits:
            said.append("not found")
        elif self._needle:
            at = f"{self._hits.index(self._hit) + 1} of " if self._hit in self._hits else ""
            said.append(f"{at}{len(self._hits)} found")
        return " · ".join(part for part in said if part)


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
