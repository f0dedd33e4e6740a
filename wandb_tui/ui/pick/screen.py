"""The dialog for picking runs from the server: entity, project, runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static

from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import RunQuery
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.goal import Goal
from wandb_tui.core.project_query import ProjectQuery
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.add_preview import button_label, summary
from wandb_tui.ui.common.dialog import Dialog, ErrorLine, KeyButton
from wandb_tui.ui.common.goal_inputs import AddOptionsInput
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.pick.labels import Offer, count_text, offer_all, offer_picked
from wandb_tui.ui.pick.listing import Listing, Place, addresses, fetch, fetch_all, format_query, parse_query
from wandb_tui.ui.pick.run_list import MORE, PickList
from wandb_tui.ui.runtime.add_effect import AddEffect, FollowEffect
from wandb_tui.ui.runtime.ports import Catalogue
from wandb_tui.ui.runtime.session import Session

_TYPING_PAUSE_S = 0.3
"""Seconds without a key press before the server is queried."""

_CONFIRM_FROM_RUNS = 30
"""From this number of runs on, adding them needs a confirmation."""

Add = Callable[[list[AddEffect]], None]
Follow = Callable[[list[FollowEffect]], None]


class PickScreen(Dialog[None]):
    """Navigates from entity to project to runs; the selection stays meanwhile."""

    PLACES = (Scope.PICK,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self,
        session: Session,
        catalogue: Callable[[], Catalogue],
        goal: Goal,
        glyphs: Glyphs,
        add: Add,
        *,
        follow: Follow,
    ) -> None:
        super().__init__()
        self._session = session
        self._catalogue = catalogue
        self._goal = goal
        self._glyphs = glyphs
        self._add = add
        self._follow = follow
        self._place = Place()
        self._query = RunQuery()
        self._listing = Listing()
        self._selected: dict[RunAddress, None] = {}
        self._list = PickList(session.watch_list, self._selected, glyphs)
        self._loading = ""
        self._failed = False

    def compose(self) -> ComposeResult:
        """The current level, the search, the list, the options."""
        with Vertical(classes="dialog"):
            with Horizontal(id="pick-head"):
                yield Static(id="pick-place", markup=False)
                yield Static(id="pick-count", markup=False)
            yield Input(id="pick-search", compact=True)
            yield self._list
            yield Static(id="pick-offer", markup=False)
            yield ErrorLine()
            yield AddOptionsInput(self._goal, self._session.backend.poll_policy, self._glyphs)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Back", id="pick-up")
                yield KeyButton("Refresh", "pick.refresh", variant="primary", id="pick-refresh")
                yield KeyButton("Open", "pick.open", variant="primary", id="pick-open")
                yield KeyButton("Add", "pick.submit", variant="primary", id="pick-add")
                yield KeyButton("Add all", "pick.add_all", id="pick-all")
                yield KeyButton("Follow", "pick.follow", id="pick-follow")
                yield KeyButton("Close", "pick.leave", id="pick-close")

    def on_mount(self) -> None:
        """Query the entities."""
        self._go(self._place)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self.call_after_refresh(self._draw)

    # Queries

    def _go(self, place: Place) -> None:
        """Go to another level."""
        self._place, self._query, self._listing = place, RunQuery(), Listing()
        search = self.query_one("#pick-search", Input)
        with self.prevent(Input.Changed):
            search.value = ""
        search.placeholder = "words  state:finished  group:a  sweep:b" if place.project else "part of the name"
        self._failed = False
        self._list.take_focus()
        self._query_server()

    def _is_gone(self) -> bool:
        """Whether the screen has been closed, which removes its widgets while the server may still be answering."""
        return not self.query("#pick-offer")

    def _query_server(self, after: str = "", *, wait: float = 0.0) -> None:
        self.run_worker(self._fetch(after, wait), exclusive=True, group="ask")

    async def _fetch(self, after: str, wait: float) -> None:
        await asyncio.sleep(wait)
        if self._is_gone():
            return
        self._update_status("loading…")
        place, query = self._place, self._query
        try:
            found = await asyncio.to_thread(fetch, self._catalogue, place, query, after)
        except WandbTuiError as error:
            if self._is_gone():
                return
            self.show_error(str(error))
            if after:
                self._update_status()
            else:
                # The previous results may not answer this query.
                self._failed, self._listing = True, Listing()
                self._draw()
            return
        if self._is_gone():
            return
        self.show_error("")
        self._failed = False
        if after:
            found.names, found.runs = self._listing.names + found.names, self._listing.runs + found.runs
        self._listing = found
        if not place.entity and len(found.names) == 1:
            self._go(Place(found.names[0]))
            return
        self._draw(keep=bool(after))

    @on(Input.Changed, "#pick-search")
    def _typed(self, event: Input.Changed) -> None:
        if not self._place.project:
            self._draw()
            return
        query = parse_query(event.value)
        if query != self._query:
            self._query = query
            self._query_server(wait=_TYPING_PAUSE_S)

    # Drawing

    def _draw(self, *, keep: bool = True) -> None:
        self._list.show(self._place, self._listing, self._names, keep=keep)
        where = " / ".join(part for part in (self._place.entity, self._place.project) if part)
        self.query_one("#pick-place", Static).update(Content.styled(clean(where) or "Pick an entity", "bold"))
        self._update_status()

    def _update_status(self, loading: str = "") -> None:
        """Update the counts, or the query in progress, and the buttons."""
        self._loading = loading
        if self._failed:
            note = "no answer"
        else:
            note = count_text(self._place, self._listing, self._session.watch_list, len(self._selected))
        self._set_note("#pick-count", loading or note)
        nowhere = () if self._place.entity else ("up",)
        inside = ("select", "select_all", "group", "sweep", "submit", "add_all", "follow")
        no_runs = () if self._place.project else inside
        self.key_bar.disabled_actions = frozenset(f"{Scope.PICK}.{action}" for action in (*nowhere, *no_runs))
        self._offer()

    def _set_note(self, where: str, text: str) -> None:
        self.query_one(where, Static).update(Content.styled(self._glyphs.text(text), "$quiet"))

    @on(OptionList.OptionHighlighted)
    @on(AddOptionsInput.Changed)
    def _offer(self) -> None:
        add_offer, add_all = self._add_offer, self._add_all_offer
        inside = bool(self._place.project) and not self._failed
        note = "" if self._loading or (self._failed and not add_offer.possible) else add_offer.detail
        style = "$foreground" if add_offer.possible else "$quiet"
        self.query_one("#pick-offer", Static).update(Content.styled(self._glyphs.text(note), style))
        self.query_one("#pick-add", KeyButton).relabel(add_offer.label, possible=add_offer.possible)
        self.query_one("#pick-all", KeyButton).relabel(add_all.label, possible=add_all.possible)
        self.query_one("#pick-up", Button).disabled = not self._can_go_up
        self.query_one("#pick-open", Button).disabled = bool(self._loading) or not self._names
        # Only available buttons are shown.
        self.query_one("#pick-refresh").display = self._failed
        self.query_one("#pick-open").display = not self._place.project and not self._failed
        self.query_one("#pick-add").display = inside or add_offer.possible
        self.query_one("#pick-all").display = inside
        self.query_one("#pick-follow").display = inside

    @property
    def _add_offer(self) -> Offer:
        """The button that adds the selected runs, or the one under the cursor."""
        options = self.query_one(AddOptionsInput).options
        selected = [self._session.preview(run, options) for run in self._selected]
        here = self._list.run.address if self._list.run else None
        return offer_picked(self._place, selected, self._session.preview(here, options) if here else None, options.goal)

    @property
    def _add_all_offer(self) -> Offer:
        """The button that adds all matching runs."""
        place, watch_list = self._place, self._session.watch_list
        any_watched = any((row.run.entity, row.run.project) == (place.entity, place.project) for row in watch_list)
        return offer_all(place, self._query, self._listing, watch_list, any_watched=any_watched)

    @property
    def _names(self) -> list[str]:
        words = self.query_one("#pick-search", Input).value.casefold().split()
        return [name for name in self._listing.names if all(word in name.casefold() for word in words)]

    # Actions

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if self._loading:
            # The list still shows the previous results.
            return
        kind, _, name = (event.option_id or "").partition(":")
        if kind == MORE:
            self._query_server(self._listing.after)
        elif kind == "name":
            self._go(self._place.below(name))
        else:
            self.action_select()

    @on(Input.Submitted, "#pick-search")
    def _searched(self) -> None:
        self._list.take_focus()

    def action_select(self) -> None:
        """Select or deselect the run under the cursor."""
        run = self._list.run
        if run is not None and run.address is not None:
            if self._selected.pop(run.address, None) is None:
                self._selected[run.address] = None
            self._list.repaint_current()
            self._update_status(self._loading)

    def action_select_all(self) -> None:
        """Select all listed runs that are not watched yet, or none of them."""
        listed = addresses(self._listing.runs)
        new = [run for run in listed if run not in self._session.watch_list]
        if new and not self._selected.keys() >= set(new):
            self._selected |= dict.fromkeys(new)
        else:
            for run in listed:
                self._selected.pop(run, None)
        self._draw()

    def action_group(self) -> None:
        """Show only the group of this run."""
        if (run := self._list.run) is not None:
            self._narrow(RunQuery(group=run.group), "group")

    def action_sweep(self) -> None:
        """Show only the sweep of this run."""
        if (run := self._list.run) is not None:
            self._narrow(RunQuery(sweep=run.sweep), "sweep")

    def _narrow(self, query: RunQuery, what: str) -> None:
        if query == RunQuery():
            self.show_error(f"This run is in no {what}.")
            return
        self.query_one("#pick-search", Input).value = format_query(query)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave a slash to the input that is being typed into."""
        if action == "search" and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def action_search(self) -> None:
        """Focus the search."""
        self.set_focus(self.query_one("#pick-search"))

    @property
    def _can_go_up(self) -> bool:
        return self._place != Place() or bool(self.query_one("#pick-search", Input).value)

    def action_up(self) -> None:
        """Go back: clear the search, else go one level up."""
        search = self.query_one("#pick-search", Input)
        if search.value:
            search.value = ""
        elif self._place != Place():
            self._go(self._place.above)

    def action_refresh(self) -> None:
        """Query the server again."""
        if isinstance(self.focused, Button):
            # The button is hidden as soon as there is an answer.
            self._list.take_focus()
        self._query_server()

    def action_leave(self) -> None:
        """Return from an input to the list, from the list to the dashboard."""
        if isinstance(self.focused, Input):
            self._list.take_focus()
        else:
            self.dismiss(None)

    def action_submit(self) -> None:
        """Add the selected runs, else the one under the cursor."""
        if not (add_offer := self._add_offer).possible:
            self.show_error(f"{add_offer.detail}.")
            return
        here = self._list.run
        self._add_runs(list(self._selected) or addresses([here] if here else []))

    def action_add_all(self) -> None:
        """Add all matching runs that are not watched yet: a whole group, sweep or project."""
        if not (add_all := self._add_all_offer).possible:
            self.show_error(f"{add_all.detail}.")
            return
        self.run_worker(self._add_all(), exclusive=True, group="ask")

    def action_follow(self) -> None:
        """Follow all matching runs, those that come later included."""
        asked = self.query_one(AddOptionsInput)
        if not self._place.project or self._failed:
            self.show_error("Open a project first.")
        elif asked.problem:
            self.show_error(asked.problem)
            asked.go_to_problem()
        else:
            query = ProjectQuery(self._place.entity, self._place.project, self._query)
            self._follow([self._session.queries.preview(query, asked.options)])
            self.dismiss(None)

    async def _add_all(self) -> None:
        self._update_status("loading all of them…")
        try:
            found = await asyncio.to_thread(fetch_all, self._catalogue, self._place, self._query)
        except WandbTuiError as error:
            if not self._is_gone():
                self.show_error(str(error))
        else:
            if self._is_gone():
                return
            new = [run for run in addresses(found) if run not in self._session.watch_list]
            if new:
                self._add_runs(new)
            else:
                self.show_error("All of these are already watched.")
        if not self._is_gone():
            self._update_status()

    def _add_runs(self, runs: list[RunAddress]) -> None:
        asked = self.query_one(AddOptionsInput)
        if asked.problem:
            self.show_error(asked.problem)
            asked.go_to_problem()
            return
        effects = [self._session.preview(run, asked.options) for run in runs]
        if len(effects) >= _CONFIRM_FROM_RUNS:
            self._confirm(effects)
        else:
            self._add(effects)
            self.dismiss(None)

    def _confirm(self, effects: list[AddEffect]) -> None:
        from wandb_tui.ui.common.confirm import Confirm

        def answered(yes: bool | None) -> None:
            if yes:
                self._add(effects)
                self.dismiss(None)

        note = f"{summary(effects, 'to add')}. Each run page will be visited."
        self.app.push_screen(Confirm(f"{button_label(effects)}?", note, yes="Add", no="Cancel"), answered)

    def action_open(self) -> None:
        """Open the highlighted item."""
        self._list.choose()

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        actions = {
            "pick-up": "up",
            "pick-refresh": "refresh",
            "pick-open": "open",
            "pick-add": "submit",
            "pick-all": "add_all",
            "pick-follow": "follow",
            "pick-close": "dismiss",
        }
        await self.run_action(f"screen.{actions[event.button.id or 'pick-close']}")
