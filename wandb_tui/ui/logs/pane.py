"""A pane that shows one run's log and follows it, unless one scrolls up to read.

What must stay cheap, since with a talking run it happens many times a second: `repaint` asks for no layout, draws only
lines in view, each of them once, and touches titles and classes only where they change.
"""

from __future__ import annotations

from typing import NamedTuple

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

_STYLES = ("text", "time", "count", "warning", "error", "success", "quiet", "rule", "match", "here")
_LEAST = {Level.INFO: "", Level.WARNING: "warnings and errors", Level.ERROR: "errors only"}
_STATES = [f"-{state}" for state in State]
_NAME = 20
_DRAWN = 256
"""How many lines are kept as they were drawn: a screen full, and what one scrolls through."""


class PaneTitled(NamedTuple):
    """What a pane's borders depend on: while nothing of it changes they are left alone."""

    run: RunAddress
    state: State
    info: RunInfo | None
    kept: bool
    width: int
    standing: str


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

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._row: WatchedRun | None = None
        self._rows = LogBuffer()
        self._view = LogOptions()
        self._kept = False
        self._following = True
        self._paused_by_finding = False
        self._titled: PaneTitled | None = None
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
        return "\n".join(row.text for row in self._rows.rows)

    @property
    def log_lines(self) -> list[LogLine]:
        """The whole log of the run, as far as it is kept."""
        return list(self._row.log) if self._row else []

    @property
    def view(self) -> LogOptions:
        """How the log is shown."""
        return self._view

    @view.setter
    def view(self, view: LogOptions) -> None:
        if view != self._view:
            folded, self._view = self._view.fold, view
            self.styles.overflow_x = "hidden" if view.wrap else "auto"
            self.scroll_to(x=0, animate=False)
            self._redraw(folded=folded)

    def show(self, row: WatchedRun | None, *, kept: bool = False) -> None:
        """Show this run's log from now on; one that is kept says so."""
        self._kept = kept
        if row is not self._row:
            self._row = row
            self._following = True
            self._redraw()
        self.repaint()

    def repaint(self) -> None:
        """Take in what has been added to the log."""
        first = self._rows.take_in(self._row.log, self._page) if self._row and self.size.width else None
        if first is None:
            self._retitle()
            return
        dropped = self._rows.trim()
        if dropped and not self._following:
            # What is in view stays there.
            self.scroll_to(y=max(0, self.scroll_y - dropped), animate=False)
        self._resized(0 if dropped else first)

    @property
    def _page(self) -> LogLayout:
        attempts = self._row.attempts if self._row and self._view.relative else ()
        starts = {attempt.number: attempt.started for attempt in attempts}
        return LogLayout(self._width, self._glyphs, self._view, starts)

    def reload(self) -> None:
        """Draw all of the log anew, and its title."""
        self._titled = None
        self._redraw()

    # Finding

    @property
    def places(self) -> int:
        """At how many places stands what is looked for."""
        return len(self._rows.hits)

    @property
    def found(self) -> str:
        """At which of the places one is here, and whether one has been at the last one before."""
        name = fit(short_name(self._row), _NAME, "…") if self._row else ""
        again = f", again {self._rows.again}" if self._rows.again else ""
        return f"{self._rows.at or 'none'} in {name}{again}"

    def find(self, needle: str, *, go: bool = True) -> None:
        """Highlight a text wherever it stands, and perhaps go to the nearest place; nothing where it is empty."""
        self._rows.find(needle)
        self._strips.clear()
        if not needle and self._paused_by_finding:
            self.action_follow()
        elif go:
            self._go_to_nearest()
        self.refresh()
        self._retitle()

    def find_next(self, step: int) -> None:
        """Go to the next place, or with -1 to the one before; round and round. At first, to the nearest."""
        if self._rows.hit is None:
            self._go_to_nearest()
        else:
            self._go_to(self._rows.next_hit(step))

    def _go_to_nearest(self) -> None:
        was_following = self._following or self._paused_by_finding
        nearest = self._rows.nearest(len(self._rows.rows) if was_following else round(self.scroll_y))
        if nearest is not None:
            self._go_to(nearest)
            self._paused_by_finding |= was_following

    def _go_to(self, row: int) -> None:
        self._rows.hit = row
        self._following = False
        self._strips.clear()
        self.scroll_to(y=max(0, row - self.scrollable_content_region.height // 2), animate=False)
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
            event.stop()
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

    def _redraw(self, *, folded: bool = False) -> None:
        """Draw all of the log anew; what one reads stays in view, and the place where one is in finding is kept.

        Args:
            folded: Whether lines that say the same stood as one before.
        """
        rows = self._rows
        reading = None if self._following else rows.line_at(round(self.scroll_y))
        found = None if rows.hit is None else rows.line_at(rows.hit)
        rows.clear()
        self.repaint()
        if found is not None and (row := rows.row_of(found, folded=folded)) in rows.hits:
            rows.hit = row
        self._resized()
        if reading is not None:
            self.scroll_to(y=rows.row_of(reading, folded=folded), animate=False)

    def _resized(self, first: int = 0) -> None:
        """There are more rows, or fewer; those from `first` on are other ones."""
        following, top, (width, height) = self._following, self.scroll_y, self.size
        self._measure()
        if following:
            self._following = True
            self._to_end()
        # Where nothing has scrolled, what stands above stays as it is.
        above = max(0, first - round(top)) if self.scroll_y == top else 0
        if above < height:
            self.refresh(Region(0, above, width, height - above))
        self._retitle()

    def _measure(self) -> None:
        """Say how many lines there are. A layout of the whole screen is due only where the scroll bar comes or goes."""
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
        titled = (
            PaneTitled(row.run, row.state, row.run_info, self._kept, self.size.width, self._standing) if row else None
        )
        if titled == self._titled:
            return
        self._titled = titled
        if row is None or titled is None:
            self.border_title = self.border_subtitle = None
            return
        self.remove_class(*(name for name in _STATES if name != f"-{row.state}"))
        self.add_class(f"-{row.state}")
        icon, kept = self._glyphs.icon(row.state), self._glyphs.kept if self._kept else ""
        name = self._glyphs.fit_name(row, max(4, self.size.width - 8 - cell_len(kept)))
        self.border_title = Content.assemble(kept, (f"{icon} ", f"${STATE_COLOURS[row.state]}"), name)
        self.border_subtitle = Content(self._glyphs.text(titled.standing)) if titled.standing else None

    @property
    def _standing(self) -> str:
        """What one should know of the pane, for its border."""
        said = ("" if self._following else "paused: End follows", _LEAST[self._view.least], self._rows.told)
        return " · ".join(part for part in said if part)
