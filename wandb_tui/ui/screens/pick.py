"""Picking runs from the server: entity, project, runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import ListedRun, RunQuery
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.goal import Goal
from wandb_tui.core.ports import Catalogue
from wandb_tui.core.schedule import Pace
from wandb_tui.ui.look import Look, clean
from wandb_tui.ui.pick_lines import run_line
from wandb_tui.ui.picking import Listing, Place, addresses, look_up, look_up_all, typed, understood
from wandb_tui.ui.screens.dialog import Dialog, ErrorLine
from wandb_tui.ui.session import Session
from wandb_tui.ui.widgets.goal_line import GoalInput, TimesInput

_SETTLE = 0.3
"""Seconds without a key before the server is asked."""

_MANY = 30
"""From so many runs at once on, it is asked whether that is meant."""

_MORE = "more"

Add = Callable[[list[RunAddress], Goal, Pace], None]


class PickRuns(Dialog[None]):
    """Goes down from entity to project to runs; marks stay while one looks around."""

    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("space", "mark", "Mark a run"),
        Binding("asterisk", "mark_all", "Mark all that are listed, or none"),
        Binding("g", "group", "Only the group of this run"),
        Binding("s", "sweep", "Only the sweep of this run"),
        Binding("slash", "search", "Search; state:finished, group:a and sweep:b narrow it down", priority=True),
        Binding("left,backspace", "up", "Back to the projects, or to the entities"),
        Binding("ctrl+s", "submit", "Add the marked runs, or the one under the cursor", priority=True),
        Binding("ctrl+a", "add_all", "Add all runs that match", priority=True),
        Binding("ctrl+r", "again", "Ask the server again", priority=True),
        Binding("escape", "leave", "From the search to the list; from there, close"),
    ]

    def __init__(
        self,
        session: Session,
        catalogue: Callable[[], Catalogue],
        goal: Goal,
        look: Look,
        add: Add,
    ) -> None:
        super().__init__()
        self._session = session
        self._catalogue = catalogue
        self._goal = goal
        self._look = look
        self._add = add
        self._place = Place()
        self._query = RunQuery()
        self._listing = Listing()
        self._marked: dict[RunAddress, ListedRun] = {}
        self._list = OptionList()

    def compose(self) -> ComposeResult:
        """Where one is, the search, the list, the goal."""
        with Vertical(classes="dialog"):
            with Horizontal(id="pick-head"):
                yield Static(id="pick-place", markup=False)
                yield Static(id="pick-told", markup=False)
            yield Input(id="pick-search", compact=True)
            yield self._list
            yield ErrorLine()
            yield GoalInput(str(self._goal), self._look)
            yield TimesInput(self._session.backend.pace, self._look)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Back", id="pick-up")
                yield Button("Add (^s)", variant="primary", id="pick-add")
                yield Button("Add all (^a)", id="pick-all")
                yield Button("Close (Esc)", id="pick-close")

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
        self._list.focus()
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
            self._tell("")
            return
        self.say_wrong("")
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
        before = self._list.highlighted if keep else None
        options = [Option(Content(self._look.text(clean(name))), id=f"name:{name}") for name in self._names]
        options += [self._option(number, run) for number, run in enumerate(self._listing.runs)]
        if self._listing.after:
            left = f" ({self._listing.total - len(self._listing.runs)} left)" if self._listing.total else ""
            options.append(Option(Content.styled(self._look.text(f"… more{left}"), "$accent"), id=_MORE))
        self._list.clear_options()
        self._list.add_options(options)
        if options:
            self._list.highlighted = min(before or 0, len(options) - 1)
        where = " / ".join(part for part in (self._place.entity, self._place.project) if part)
        self.query_one("#pick-place", Static).update(Content.styled(clean(where) or "Pick an entity", "bold"))
        self._tell(self._told())

    def _option(self, number: int, run: ListedRun) -> Option:
        return Option(self._line(run), id=f"run:{number}", disabled=run.address is None)

    def _line(self, run: ListedRun) -> Content:
        width = max(20, self._list.scrollable_content_region.width - 2)
        marked, watched = run.address in self._marked, run.address in self._session.watch
        return run_line(run, self._look, width, marked=marked, watched=watched)

    def _told(self) -> str:
        listing = self._listing
        if not self._place.project:
            return "" if listing.names else "nothing there"
        total = len(listing.runs) if listing.total is None else listing.total
        told = f"{total:,} runs" if total != 1 else "1 run"
        return f"{len(self._marked)} marked, {told}" if self._marked else told

    def _tell(self, text: str) -> None:
        self.query_one("#pick-told", Static).update(Content.styled(self._look.text(text), "$quiet"))
        in_project = bool(self._place.project)
        self.query_one("#pick-add", Button).disabled = not (in_project or self._marked)
        self.query_one("#pick-all", Button).disabled = not in_project
        self.query_one("#pick-up", Button).disabled = self._place == Place()

    @property
    def _names(self) -> list[str]:
        words = self.query_one("#pick-search", Input).value.casefold().split()
        return [name for name in self._listing.names if all(word in name.casefold() for word in words)]

    @property
    def _run(self) -> ListedRun | None:
        """The run under the cursor."""
        highlighted = self._list.highlighted
        option = self._list.get_option_at_index(highlighted) if highlighted is not None else None
        kind, _, number = (option.id or "" if option else "").partition(":")
        return self._listing.runs[int(number)] if kind == "run" else None

    # Doing

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        kind, _, name = (event.option_id or "").partition(":")
        if kind == _MORE:
            self._ask(self._listing.after)
        elif kind == "name":
            self._go(self._place.below(name))
        else:
            self.action_mark()

    @on(Input.Submitted, "#pick-search")
    def _searched(self) -> None:
        self._list.focus()

    def action_mark(self) -> None:
        """Mark the run under the cursor, or no longer."""
        run = self._run
        if run is not None and run.address is not None:
            if self._marked.pop(run.address, None) is None:
                self._marked[run.address] = run
            index = self._list.highlighted or 0
            self._list.replace_option_prompt_at_index(index, self._line(run))
            self._tell(self._told())

    def action_mark_all(self) -> None:
        """Mark all that are listed, or none of them."""
        listed = {run.address: run for run in self._listing.runs if run.address is not None}
        if listed.keys() <= self._marked.keys():
            self._marked = {address: run for address, run in self._marked.items() if address not in listed}
        else:
            self._marked |= listed
        self._draw()

    def action_group(self) -> None:
        """Only the runs of this run's group."""
        if (run := self._run) is not None:
            self._narrow(RunQuery(group=run.group), "group")

    def action_sweep(self) -> None:
        """Only the runs of this run's sweep."""
        if (run := self._run) is not None:
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

    def action_up(self) -> None:
        """Back to where one came from."""
        if self._place != Place():
            self._go(self._place.above)

    def action_again(self) -> None:
        """Ask the server again."""
        self._ask()

    def action_leave(self) -> None:
        """From the lines to the list, from the list out."""
        if isinstance(self.focused, Input):
            self._list.focus()
        else:
            self.dismiss(None)

    def action_submit(self) -> None:
        """Add what is marked, else the run under the cursor."""
        run = self._run
        self._take(addresses(self._marked.values() if self._marked else [run] if run else []))

    def action_add_all(self) -> None:
        """Add all that match: a whole group, a whole sweep, a whole project."""
        if self._place.project:
            self.run_worker(self._take_all(), exclusive=True, group="ask")

    async def _take_all(self) -> None:
        self._tell("asking for all of them…")
        try:
            found = await asyncio.to_thread(look_up_all, self._catalogue, self._place, self._query)
        except WandbTuiError as error:
            self.say_wrong(str(error))
            self._tell(self._told())
            return
        self._tell(self._told())
        self._take(addresses(found))

    def _take(self, runs: list[RunAddress]) -> None:
        asked, times = self.query_one(GoalInput), self.query_one(TimesInput)
        goal, pace = asked.goal, times.pace
        if not runs:
            self.say_wrong("There is no run to add: mark some, or go to one.")
        elif goal is None or pace is None:
            self.say_wrong(asked.problem or times.problem)
        elif len(runs) >= _MANY:
            self._ask_first(runs, goal, pace)
        else:
            self._add(runs, goal, pace)
            self.dismiss(None)

    def _ask_first(self, runs: list[RunAddress], goal: Goal, pace: Pace) -> None:
        from wandb_tui.ui.screens.confirm import Confirm

        def answered(yes: bool | None) -> None:
            if yes:
                self._add(runs, goal, pace)
                self.dismiss(None)

        question = Confirm(f"Add {len(runs)} runs?", "The page of each of them is visited.", yes="Add", no="Not yet")
        self.app.push_screen(question, answered)

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        actions = {"pick-up": "up", "pick-add": "submit", "pick-all": "add_all", "pick-close": "dismiss"}
        await self.run_action(f"screen.{actions[event.button.id or 'pick-close']}")
