"""The list of the pick dialog: entities, projects or runs, with headings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import ListedRun
from wandb_tui.core.watch_list import WatchList
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.pick.listing import Listing, Place
from wandb_tui.ui.pick.rows import ListColumn, headings, name_columns, name_line, run_columns, run_line

MORE = "more"
"""The id of the option that loads more."""


class PickList(Vertical):
    """Shows one listing; runs already on the watch list are marked as such."""

    def __init__(self, watch_list: WatchList, selected: Container[RunAddress], glyphs: Glyphs) -> None:
        super().__init__()
        self._watch_list = watch_list
        self._selected = selected
        self._glyphs = glyphs
        self._runs: list[ListedRun] = []
        self._columns: list[ListColumn] = []
        self._heads = Static(id="pick-headings", markup=False)
        self._list = OptionList()

    def compose(self) -> ComposeResult:
        """The headings and the lines."""
        yield self._heads
        yield self._list

    @property
    def run(self) -> ListedRun | None:
        """The run under the cursor."""
        highlighted = self._list.highlighted
        option = self._list.get_option_at_index(highlighted) if highlighted is not None else None
        kind, _, number = (option.id or "" if option else "").partition(":")
        return self._runs[int(number)] if kind == "run" else None

    def take_focus(self) -> None:
        """Focus the list."""
        self._list.focus()

    def choose(self) -> None:
        """Press Enter on the highlighted option."""
        self._list.action_select()

    def show(self, place: Place, listing: Listing, names: Iterable[str], *, keep: bool) -> None:
        """Show a listing; with `keep`, the cursor stays where it is."""
        before = self._list.highlighted if keep else None
        self._runs = listing.runs
        options = self._of_runs() if place.project else self._of_names(place, list(names))
        if listing.after:
            left = f" ({listing.total - len(listing.runs):,} left)" if listing.total else ""
            options.append(Option(Content.styled(self._glyphs.text(f"… more{left}"), "$accent"), id=MORE))
        self._heads.update(headings(self._columns, self._glyphs) if options else "")
        self._list.clear_options()
        self._list.add_options(options)
        if options:
            self._list.highlighted = min(before or 0, len(options) - 1)

    def repaint_current(self) -> None:
        """Redraw the run under the cursor."""
        if (run := self.run) is not None and self._list.highlighted is not None:
            self._list.replace_option_prompt_at_index(self._list.highlighted, self._line(run))

    @property
    def _width(self) -> int:
        return max(20, self._list.scrollable_content_region.width)

    def _of_names(self, place: Place, names: list[str]) -> list[Option]:
        counts = Counter(
            row.run.project if place.entity else row.run.entity for row in self._watch_list if _in(row.run, place)
        )
        watched = any(counts[name] for name in names)
        self._columns = name_columns(self._width, "Project" if place.entity else "Entity", watched=watched)
        return [Option(name_line(name, counts[name], self._columns, self._glyphs), id=f"name:{name}") for name in names]

    def _of_runs(self) -> list[Option]:
        watched = any(run.address in self._watch_list for run in self._runs)
        self._columns = run_columns(self._width, self._runs, watched=watched)
        return [
            Option(self._line(run), id=f"run:{number}", disabled=run.address is None)
            for number, run in enumerate(self._runs)
        ]

    def _line(self, run: ListedRun) -> Content:
        address = run.address
        row = self._watch_list.get(address) if address is not None else None
        return run_line(run, self._columns, self._glyphs, selected=address in self._selected, row=row)


def _in(run: RunAddress, place: Place) -> bool:
    return not place.entity or run.entity == place.entity
