"""A pane that shows and follows one run's log; scrolling up pauses it.

`repaint` is called many times a second for an active run. So it requests no layout, draws only visible lines, each
of them once, and changes titles and classes only if they differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

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
from wandb_tui.core.log import LogLine
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import STATE_COLOURS, Glyphs
from wandb_tui.text.links import Link, cut, written
from wandb_tui.text.plain_text import fit
from wandb_tui.text.run_labels import short_name
from wandb_tui.ui.logs.buffer import LogBuffer
from wandb_tui.ui.logs.options import LogOptions
from wandb_tui.ui.logs.rendering import LogLayout, Piece

if TYPE_CHECKING:
    from wandb_tui.ui.logs.console_log import ConsoleLog

_STYLES = ("text", "time", "count", "warning", "error", "success", "quiet", "rule", "match", "here")
_LEVEL_LABELS = {Level.INFO: "", Level.WARNING: "warnings and errors", Level.ERROR: "errors only"}
_STATES = [f"-{state}" for state in State]
_NAME_CELLS = 20
_CACHED_LINES = 256
"""The number of drawn lines that are cached: a screenful, and those that are scrolled through."""


class PaneTitle(NamedTuple):
    """The values that a pane's borders depend on; they are redrawn only if one changes."""

    run: RunAddress
    state: State
    info: RunInfo | None
    pinned: bool
    width: int
    status: str
    console: bool


class LogPane(ScrollView, can_focus=True):
    """The log of a run; only visible lines are drawn, so that a thousand cost nothing."""

    COMPONENT_CLASSES = {f"log--{style}" for style in _STYLES}  # noqa: RUF012 - as Textual declares it
    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("end,G", "follow", "Follow", show=False),
        Binding("escape", "leave", "Back", show=False),
    ]
    ALLOW_SELECT = False

    class ZoomWanted(Message):
        """The pane's title was double-clicked."""

        def __init__(self, pane: LogPane) -> None:
            super().__init__()
            self.pane = pane

    class Left(Message):
        """Escape was pressed."""

    class Retitled(Message):
        """The title or the status has changed, as when the pane pauses."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._row: WatchedRun | None = None
        self._run_console: ConsoleLog | None = None
        self._rows = LogBuffer()
        self._view = LogOptions()
        self._pinned = False
        self._following = True
        self._paused_by_search = False
        self._last_title: PaneTitle | None = None
        self._styles_by_name: dict[str, Style] = {}
        self._strips: LRUCache[tuple[int, int, tuple[Piece, ...], tuple[Link, ...]], Strip] = LRUCache(_CACHED_LINES)

    @property
    def run(self) -> RunAddress | None:
        """The run whose log is shown."""
        return self._row.run if self._row else None

    @property
    def following(self) -> bool:
        """Whether the newest line stays in view."""
        return self._following

    @property
    def plain(self) -> str:
        """All lines as text."""
        return "\n".join(row.text for row in self._rows.rows)

    @property
    def text(self) -> str:
        """The log that is shown, as far as it is stored, for a file or the clipboard."""
        from wandb_tui.ui.logs.export import text_of

        if self._run_console is not None:
            return self._run_console.text()
        return text_of(self._row.log) if self._row else ""

    @property
    def run_console(self) -> ConsoleLog | None:
        """The run's console, if that is what it shows."""
        return self._run_console

    @property
    def _log(self) -> Sequence[LogLine]:
        if self._run_console is not None:
            return self._run_console.lines
        return self._row.log if self._row else ()

    @property
    def view(self) -> LogOptions:
        """The display options."""
        return self._view

    @view.setter
    def view(self, view: LogOptions) -> None:
        if view != self._view:
            folded, self._view = self._view.fold, view
            self.styles.overflow_x = "hidden" if view.wrap else "auto"
            self.scroll_to(x=0, animate=False)
            self._redraw(folded=folded)

    def show(self, row: WatchedRun | None, *, pinned: bool = False, console: ConsoleLog | None = None) -> None:
        """Show this run's log, or its console if that is given; a pinned pane is marked as such.

        New lines of the run that is shown already are left to `repaint`: the cursor would have to wait for them.
        """
        self._pinned = pinned
        if row is not self._row or console is not self._run_console:
            self._row, self._run_console = row, console
            self._following = True
            self._redraw()
        self._retitle()

    def repaint(self) -> None:
        """Show the lines that have been added to the log."""
        first = self._rows.take_in(self._log, self._log_layout) if self._row and self.size.width else None
        if first is None:
            self._retitle()
            return
        dropped = self._rows.trim()
        if dropped and not self._following:
            # Keep the visible lines in place.
            self.scroll_to(y=max(0, self.scroll_y - dropped), animate=False)
        self._resized(0 if dropped else first)

    def console_read(self, console: ConsoleLog, kept: LogLine | None) -> None:
        """Show what was read of a console, if that is shown; the lines after `kept` are new."""
        if console is self._run_console:
            self._rows.rewind(kept)
            self._strips.clear()
            self.repaint()

    @property
    def _log_layout(self) -> LogLayout:
        attempts = self._row.attempts if self._row and self._view.relative else ()
        starts = {attempt.number: attempt.started for attempt in attempts}
        return LogLayout(self._width, self._glyphs, self._view, starts, signs=self._run_console is None)

    def reload(self) -> None:
        """Draw the whole log and its title again."""
        self._last_title = None
        self._redraw()

    # Search

    @property
    def match_count(self) -> int:
        """The number of matches."""
        return len(self._rows.hits)

    @property
    def match_position(self) -> str:
        """The position among the matches, and whether the search has wrapped around."""
        name = fit(short_name(self._row), _NAME_CELLS, "…") if self._row else ""
        again = f", again {self._rows.wrapped_around}" if self._rows.wrapped_around else ""
        return f"{self._rows.at or 'none'} in {name}{again}"

    def find(self, needle: str, *, go: bool = True) -> None:
        """Highlight a text, and scroll to the nearest match if `go`; an empty text ends the search."""
        self._rows.find(needle)
        self._strips.clear()
        if not needle and self._paused_by_search:
            self.action_follow()
        elif go:
            self._go_to_nearest()
        self.refresh()
        self._retitle()

    def find_next(self, step: int) -> None:
        """Go to the next match, or with -1 to the previous one, wrapping around; at first, to the nearest."""
        if self._rows.hit is None:
            self._go_to_nearest()
        else:
            self._go_to(self._rows.next_hit(step))

    def _go_to_nearest(self) -> None:
        was_following = self._following or self._paused_by_search
        nearest = self._rows.nearest(len(self._rows.rows) if was_following else round(self.scroll_y))
        if nearest is not None:
            self._go_to(nearest)
            self._paused_by_search |= was_following

    def _go_to(self, row: int) -> None:
        self._rows.hit = row
        self._following = False
        self._strips.clear()
        self.scroll_to(y=max(0, row - self.scrollable_content_region.height // 2), animate=False)
        self.refresh()
        self._retitle()

    # Following

    def pause(self) -> None:
        """Stop following."""
        self._paused_by_search = False
        self._following = False
        self._retitle()

    def action_leave(self) -> None:
        """Leave the pane."""
        self.post_message(self.Left())

    def on_click(self, event: events.Click) -> None:
        """Follow again on a click on the lower border; toggle full screen on a double click on the title."""
        if event.y == 0 and event.chain == 2:  # noqa: PLR2004 - a double click
            event.stop()
            self.post_message(self.ZoomWanted(self))
        elif event.y == self.size.height + 1 and not self._following:
            self.action_follow()

    def action_follow(self) -> None:
        """Scroll to the newest line and follow."""
        self._paused_by_search = False
        self._following = True
        self._resized()

    def render_line(self, y: int) -> Strip:
        """One line, styled."""
        width, left = self.scrollable_content_region.width, round(self.scroll_x)
        index = y + round(self.scroll_y)
        if index >= len(self._rows.rows):
            return Strip.blank(width, self._style())
        pieces, links = self._rows.pieces(index), self._rows.rows[index].links
        strip = self._strips.get((width, left, pieces, links))
        if strip is None:
            strip = Strip([Segment(text, self._linked(style, url)) for text, style, url in cut(pieces, links)])
            strip = strip.crop_extend(left, left + width, self._style())
            self._strips[width, left, pieces, links] = strip
        return strip

    def _linked(self, name: str, url: str) -> Style:
        """The style of a piece, with a link if there is an address."""
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
        """Clear the caches: the theme or the focus has changed."""
        super().notify_style_update()
        self._styles_by_name.clear()
        self._strips.clear()

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap for the new width."""
        self._redraw()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow while the end is visible; scrolling up pauses."""
        super().watch_scroll_y(old_value, new_value)
        self._following = round(new_value) >= self.max_scroll_y
        self._retitle()

    def watch_show_vertical_scrollbar(self) -> None:
        """Scroll to the end again: that was not possible before the layout."""
        self._to_end()

    def watch_show_horizontal_scrollbar(self) -> None:
        """Scroll to the end again: the bar takes a line, or returns it."""
        self._to_end()

    @property
    def _width(self) -> int:
        """The width of lines, without the scroll bar's column: its appearance wraps nothing again."""
        return max(8, self.size.width - 1)

    def _redraw(self, *, folded: bool = False) -> None:
        """Draw the whole log again; the visible lines and the current match stay.

        Args:
            folded: Whether repeated lines were folded before.
        """
        rows = self._rows
        reading = None if self._following else rows.line_at(round(self.scroll_y))
        match = None if rows.hit is None else rows.line_at(rows.hit)
        rows.clear()
        self.repaint()
        if match is not None and (row := rows.row_of(match, folded=folded)) in rows.hits:
            rows.hit = row
        self._resized()
        if reading is not None:
            self.scroll_to(y=rows.row_of(reading, folded=folded), animate=False)

    def _resized(self, first: int = 0) -> None:
        """Update after rows were added or dropped; those from `first` on have changed."""
        following, top, (width, height) = self._following, self.scroll_y, self.size
        self._measure()
        if following:
            self._following = True
            self._to_end()
        # Without scrolling, the rows above stay as they are.
        above = max(0, first - round(top)) if self.scroll_y == top else 0
        if above < height:
            self.refresh(Region(0, above, width, height - above))
        self._retitle()

    def _measure(self) -> None:
        """Set the number of lines. The screen needs a new layout only if the scroll bar appears or disappears."""
        before, after, room = (
            self.virtual_size,
            Size(max(self._width, self._rows.widest), len(self._rows.rows)),
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
        title = (
            PaneTitle(
                row.run,
                row.state,
                row.run_info,
                self._pinned,
                self.size.width,
                self._status,
                console=self._run_console is not None,
            )
            if row
            else None
        )
        if title == self._last_title:
            return
        self.post_message(self.Retitled())
        self._last_title = title
        if row is None or title is None:
            self.border_title = self.border_subtitle = None
            return
        self.remove_class(*(name for name in _STATES if name != f"-{row.state}"))
        self.add_class(f"-{row.state}")
        icon, pin = self._glyphs.icon(row.state), self._glyphs.pinned if self._pinned else ""
        label = "console of " if title.console else ""
        name = self._glyphs.fit_name(row, max(4, self.size.width - 8 - cell_len(pin) - len(label)))
        self.border_title = Content.assemble(pin, (f"{icon} ", f"${STATE_COLOURS[row.state]}"), label, name)
        self.border_subtitle = Content(self._glyphs.text(title.status)) if title.status else None

    @property
    def _status(self) -> str:
        """The status on the pane's lower border."""
        parts = (
            "" if self._following else "paused; End follows",
            _LEVEL_LABELS[self._view.min_level],
            self._rows.status,
            self._run_console.status if self._run_console is not None else "",
        )
        return " · ".join(part for part in parts if part)
