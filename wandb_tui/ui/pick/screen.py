"""Picking runs from the server: entity, project, runs."""

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
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.add.preview import AddEffect, offer, summary
from wandb_tui.ui.common.dialog import Dialog, ErrorLine, KeyButton
from wandb_tui.ui.common.goal_inputs import AddOptionsInput
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.pick.labels import Offer, counted, keys_here, offer_all, offer_picked
from wandb_tui.ui.pick.listing import Listing, Place, addresses, look_up, look_up_all, typed, understood
from wandb_tui.ui.pick.run_list import MORE, PickList
from wandb_tui.ui.runtime.ports import Catalogue
from wandb_tui.ui.runtime.session import Session

_SETTLE = 0.3
"""Seconds without a key before the server is asked."""

_MANY = 30
"""From so many runs at once on, it is asked whether that is meant."""

Add = Callable[[list[AddEffect]], None]


class PickScreen(Dialog[None]):
    """Goes down from entity to project to runs; marks stay while one looks around."""

    PLACES = (Scope.PICK,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self,
        session: Session,
        catalogue: Callable[[], Catalogue],
        goal: Goal,
        glyphs: Glyphs,
        add: Add,
    ) -> None:
        super().__init__()
        self._session = session
        self._catalogue = catalogue
        self._goal = goal
        self._glyphs = glyphs
        self._add = add
        self._place = Place()
        self._query = RunQuery()
        self._listing = Listing()
        self._marked: dict[RunAddress, None] = {}
        self._list = PickList(session.watch_list, self._marked, glyphs)
        self._asking = ""
        self._unanswered = False

    def compose(self) -> ComposeResult:
        """Where one is, the search, the list, the goal."""
        with Vertical(classes="dialog"):
            with Horizontal(id="pick-head"):
                yield Static(id="pick-place", markup=False)
                yield Static(id="pick-told", markup=False)
            yield Input(id="pick-search", compact=True)
            yield self._list
            yield Static(id="pick-keys", markup=False)
            yield Static(id="pick-offer", markup=False)
            yield ErrorLine()
            yield AddOptionsInput(self._goal, self._session.backend.poll_policy, self._glyphs)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Back", id="pick-up")
                yield KeyButton("Ask again", "pick.again", variant="primary", id="pick-again")
                yield KeyButton("Open", "pick.open", variant="primary", id="pick-open")
                yield KeyButton("Add", "pick.submit", variant="primary", id="pick-add")
                yield KeyButton("Add all", "pick.add_all", id="pick-all")
                yield KeyButton("Close", "pick.leave", id="pick-close")

    def on_mount(self) -> None:
        """Ask at once."""
        self._go(self._place)

    def on_resize(self) -> None:
        """The lines have another width now."""
        self.call_after_refresh(self._draw)

    # Asking

    def _go(self, place: Place) -> None:
        """Be somewhere else."""
        self._place, self._query, self._listing = place, RunQuery(), Listing()
        search = self.query_one("#pick-search", Input)
        with self.prevent(Input.Changed):
            search.value = ""
        search.placeholder = "words  state:finished  group:a  sweep:b" if place.project else "part of the name"
        self._unanswered = False
        self._list.take_focus()
        self._ask()

    def _ask(self, after: str = "", *, wait: float = 0.0) -> None:
        self.run_worker(self._fetch(after, wait), exclusive=True, group="ask")

    async def _fetch(self, after: str, wait: float) -> None:
        await asyncio.sleep(wait)
        self._tell("asking…")
        place, query = self._place, self._query
        try:
            found = await asyncio.to_thread(look_up, self._catalogue, place, query, after)
        except WandbTuiError as error:
            self.say_wrong(str(error))
            if after:
                self._tell()
            else:
                # What was there before may be no answer to what was asked now.
                self._unanswered, self._listing = True, Listing()
                self._draw()
            return
        self.say_wrong("")
        self._unanswered = False
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
        query = understood(event.value)
        if query != self._query:
            self._query = query
            self._ask(wait=_SETTLE)

    # Drawing

    def _draw(self, *, keep: bool = True) -> None:
        self._list.show(self._place, self._listing, self._names, keep=keep)
        where = " / ".join(part for part in (self._place.entity, self._place.project) if part)
        self.query_one("#pick-place", Static).update(Content.styled(clean(where) or "Pick an entity", "bold"))
        self._tell()

    def _tell(self, asking: str = "") -> None:
        """Say how many there are, or what is being asked, and what adding would do."""
        self._asking = asking
        if self._unanswered:
            told, keys = "no answer", ""
        else:
            told = counted(self._place, self._listing, self._session.watch_list, len(self._marked))
            keys = keys_here(self._place, self.keys)
        self._say_quietly("#pick-told", asking or told)
        self._say_quietly("#pick-keys", keys)
        self._offer()

    def _say_quietly(self, where: str, text: str) -> None:
        self.query_one(where, Static).update(Content.styled(self._glyphs.text(text), "$quiet"))

    @on(OptionList.OptionHighlighted)
    @on(AddOptionsInput.Changed)
    def _offer(self) -> None:
        picked, every = self._picked, self._every
        inside = bool(self._place.project) and not self._unanswered
        told = "" if self._asking or (self._unanswered and not picked.possible) else picked.told
        style = "$foreground" if picked.possible else "$quiet"
        self.query_one("#pick-offer", Static).update(Content.styled(self._glyphs.text(told), style))
        self.query_one("#pick-add", KeyButton).say(picked.label, possible=picked.possible)
        self.query_one("#pick-all", KeyButton).say(every.label, possible=every.possible)
        self.query_one("#pick-up", Button).disabled = not self._can_go_up
        self.query_one("#pick-open", Button).disabled = bool(self._asking) or not self._names
        # Only what can be done here is offered.
        self.query_one("#pick-again").display = self._unanswered
        self.query_one("#pick-open").display = not self._place.project and not self._unanswered
        self.query_one("#pick-add").display = inside or picked.possible
        self.query_one("#pick-all").display = inside

    @property
    def _picked(self) -> Offer:
        """What adding the marked runs would do, or the one under the cursor."""
        terms = self.query_one(AddOptionsInput).terms
        marked = [self._session.foresee(run, terms) for run in self._marked]
        here = self._list.run.address if self._list.run else None
        return offer_picked(self._place, marked, self._session.foresee(here, terms) if here else None, terms.goal)

    @property
    def _every(self) -> Offer:
        """What adding all that match would do."""
        place, watch_list = self._place, self._session.watch_list
        any_watched = any((row.run.entity, row.run.project) == (place.entity, place.project) for row in watch_list)
        return offer_all(place, self._query, self._listing, watch_list, any_watched=any_watched)

    @property
    def _names(self) -> list[str]:
        words = self.query_one("#pick-search", Input).value.casefold().split()
        return [name for name in self._listing.names if all(word in name.casefold() for word in words)]

    # Doing

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if self._asking:
            # What is on the screen is still what was there before.
            return
        kind, _, name = (event.option_id or "").partition(":")
        if kind == MORE:
            self._ask(self._listing.after)
        elif kind == "name":
            self._go(self._place.below(name))
        else:
            self.action_mark()

    @on(Input.Submitted, "#pick-search")
    def _searched(self) -> None:
        self._list.take_focus()

    def action_mark(self) -> None:
        """Mark the run under the cursor, or no longer."""
        run = self._list.run
        if run is not None and run.address is not None:
            if self._marked.pop(run.address, None) is None:
                self._marked[run.address] = None
            self._list.repaint_current()
            self._tell(self._asking)

    def action_mark_all(self) -> None:
        """Mark all that are listed and not watched yet, or none of them."""
        listed = addresses(self._listing.runs)
        new = [run for run in listed if run not in self._session.watch_list]
        if new and not self._marked.keys() >= set(new):
            self._marked |= dict.fromkeys(new)
        else:
            for run in listed:
                self._marked.pop(run, None)
        self._draw()

    def action_group(self) -> None:
        """Only the runs of this run's group."""
        if (run := self._list.run) is not None:
            self._narrow(RunQuery(group=run.group), "group")

    def action_sweep(self) -> None:
        """Only the runs of this run's sweep."""
        if (run := self._list.run) is not None:
            self._narrow(RunQuery(sweep=run.sweep), "sweep")

    def _narrow(self, query: RunQuery, what: str) -> None:
        if query == RunQuery():
            self.say_wrong(f"This run is in no {what}.")
            return
        self.query_one("#pick-search", Input).value = typed(query)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A slash that is typed into a line belongs there."""
        if action == "search" and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def action_search(self) -> None:
        """Type a search."""
        self.set_focus(self.query_one("#pick-search"))

    @property
    def _can_go_up(self) -> bool:
        return self._place != Place() or bool(self.query_one("#pick-search", Input).value)

    def action_up(self) -> None:
        """Back to where one came from: from what a search has left to all of it, then one up."""
        search = self.query_one("#pick-search", Input)
        if search.value:
            search.value = ""
        elif self._place != Place():
            self._go(self._place.above)

    def action_again(self) -> None:
        """Ask the server again."""
        if isinstance(self.focused, Button):
            # Its button goes as soon as there is an answer.
            self._list.take_focus()
        self._ask()

    def action_leave(self) -> None:
        """From the lines to the list, from the list out."""
        if isinstance(self.focused, Input):
            self._list.take_focus()
        else:
            self.dismiss(None)

    def action_submit(self) -> None:
        """Add what is marked, else the run under the cursor."""
        if not (picked := self._picked).possible:
            self.say_wrong(f"{picked.told}.")
            return
        here = self._list.run
        self._take(list(self._marked) or addresses([here] if here else []))

    def action_add_all(self) -> None:
        """Add all that match and are not watched yet: a whole group, a whole sweep, a whole project."""
        if not (every := self._every).possible:
            self.say_wrong(f"{every.told}.")
            return
        self.run_worker(self._take_all(), exclusive=True, group="ask")

    async def _take_all(self) -> None:
        self._tell("asking for all of them…")
        try:
            found = await asyncio.to_thread(look_up_all, self._catalogue, self._place, self._query)
        except WandbTuiError as error:
            self.say_wrong(str(error))
        else:
            new = [run for run in addresses(found) if run not in self._session.watch_list]
            if new:
                self._take(new)
            else:
                self.say_wrong("All of these are watched already.")
        self._tell()

    def _take(self, runs: list[RunAddress]) -> None:
        asked = self.query_one(AddOptionsInput)
        if asked.problem:
            self.say_wrong(asked.problem)
            asked.go_to_problem()
            return
        effects = [self._session.foresee(run, asked.terms) for run in runs]
        if len(effects) >= _MANY:
            self._ask_first(effects)
        else:
            self._add(effects)
            self.dismiss(None)

    def _ask_first(self, effects: list[AddEffect]) -> None:
        from wandb_tui.ui.common.confirm import Confirm

        def answered(yes: bool | None) -> None:
            if yes:
                self._add(effects)
                self.dismiss(None)

        told = f"{summary(effects, 'to add')}. The page of each of them is visited."
        self.app.push_screen(Confirm(f"{offer(effects)}?", told, yes="Add", no="Not yet"), answered)

    def action_open(self) -> None:
        """Go into what is under the cursor."""
        self._list.choose()

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        actions = {
            "pick-up": "up",
            "pick-again": "again",
            "pick-open": "open",
            "pick-add": "submit",
            "pick-all": "add_all",
            "pick-close": "dismiss",
        }
        await self.run_action(f"screen.{actions[event.button.id or 'pick-close']}")
