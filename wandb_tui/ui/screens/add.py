"""Adding runs: paste one address or many, and see at once what each of them means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static, TextArea

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.schedule import Pace
from wandb_tui.ui.look import Look, clean
from wandb_tui.ui.pasted import Checked, Parsed, Verdict, check, parse_all, words
from wandb_tui.ui.screens.dialog import Dialog, ErrorLine
from wandb_tui.ui.session import Session
from wandb_tui.ui.widgets.goal_line import GoalInput, TimesInput

_SETTLE = 0.15
"""Seconds without a key before what was typed is checked."""

_LISTED = 100
_SIGNS = {
    Verdict.NEW: ("✔", "$success", ""),
    Verdict.WATCHED: ("✔", "$primary", "  already watched: gets this goal"),
    Verdict.TWICE: ("·", "$quiet", "  named twice"),
    Verdict.WRONG: ("✖", "$error", ""),
}

Add = Callable[[list[RunAddress], Goal, Pace], None]


class AddRuns(Dialog[None]):
    """Adds what can be understood; what cannot be stays in the box."""

    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        # Most terminals send Ctrl+Enter as Ctrl+J.
        Binding("ctrl+enter,ctrl+j,ctrl+s", "submit", "Add", priority=True),
        Binding("ctrl+o", "pick", "Pick runs from the server instead", priority=True),
        Binding("escape", "dismiss", "Close"),
    ]

    def __init__(
        self, session: Session, goal: Goal, look: Look, add: Add, pick: Callable[[], None] | None = None
    ) -> None:
        super().__init__()
        self._session = session
        self._goal = goal
        self._look = look
        self._add = add
        self._pick = pick
        self._parsed: dict[str, Parsed] = {}
        self._checking = asyncio.Lock()

    def compose(self) -> ComposeResult:
        """The box, the verdicts, the goal."""
        with Vertical(classes="dialog"):
            with Horizontal(id="add-head"):
                yield Static("Add runs", classes="dialog-title")
                yield Static(id="tally", markup=False)
            yield TextArea(id="addresses", placeholder="entity/project/run_id, or the addresses of run pages")
            with VerticalScroll(id="verdicts", can_focus=False):
                yield Static(id="verdict-list", markup=False)
            yield GoalInput(str(self._goal), self._look)
            yield TimesInput(self._session.backend.pace, self._look)
            yield ErrorLine()
            with Horizontal(classes="dialog-buttons"):
                if self._pick is not None:
                    yield Button("Pick… (^o)", id="pick")
                yield Button("Add (^s)", variant="primary", id="add")
                yield Button("Close (Esc)", id="close")

    def on_mount(self) -> None:
        """Start with an empty verdict."""
        self._show([])

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self.say_wrong("")
        self.run_worker(self._check_soon(), exclusive=True, group="check")

    @on(Button.Pressed, "#close")
    def _close(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#pick")
    def action_pick(self) -> None:
        """Pick runs from the server instead."""
        if self._pick is not None:
            self.dismiss(None)
            self._pick()

    @on(Button.Pressed, "#add")
    @on(Input.Submitted, "#goal")
    def _pressed(self) -> None:
        self.action_submit()

    def action_submit(self) -> None:
        """Add what is understood; the rest stays."""
        self.run_worker(self._submit(), exclusive=True, group="submit")

    async def _check_soon(self) -> None:
        await asyncio.sleep(_SETTLE)
        checked = await self._check()
        # The screen may have been left meanwhile.
        if self.query("#verdict-list"):
            self._show(checked)

    async def _check(self) -> list[Checked]:
        """The verdict on all that is in the box; new addresses are read off this thread."""
        async with self._checking:
            texts = words(self.query_one(TextArea).text)
            new = [text for text in dict.fromkeys(texts) if text not in self._parsed]
            if new:
                parse = self._session.backend.addresses.parse
                self._parsed |= await asyncio.to_thread(parse_all, new, parse)
            return check(texts, self._parsed, [row.run for row in self._session.watch])

    async def _submit(self) -> None:
        asked = self.query_one(GoalInput)
        goal = asked.goal
        if goal is None:
            self.say_wrong(asked.problem)
            self.query_one("#goal").focus()
            return
        times = self.query_one(TimesInput)
        pace = times.pace
        if pace is None:
            self.say_wrong(times.problem)
            return
        checked = await self._check()
        if not checked:
            self.say_wrong("There is no address yet.")
            return
        good = [one.run for one in checked if one.good and one.run is not None]
        wrong = [one for one in checked if one.verdict is Verdict.WRONG]
        if good:
            self._add(good, goal, pace)
        if not wrong:
            self.dismiss(None)
            return
        box = self.query_one(TextArea)
        box.text = "\n".join(one.text for one in wrong)
        box.focus()
        self._show(wrong)
        if good:
            watched = sum(one.verdict is Verdict.WATCHED for one in checked)
            there = f" ({watched} of them watched already)" if watched else ""
            self.app.notify(f"{_runs(len(good))} taken{there}; the rest is still in the box", markup=False)

    def _show(self, checked: list[Checked]) -> None:
        lines = [self._line(one) for one in checked[:_LISTED]]
        if len(checked) > _LISTED:
            lines.append(Content.styled(f"and {len(checked) - _LISTED} more", "$quiet"))
        self.query_one("#verdict-list", Static).update(Content("\n").join(lines))
        self.query_one("#verdicts").display = bool(lines)
        good = sum(one.good for one in checked)
        wrong = sum(one.verdict is Verdict.WRONG for one in checked)
        tally = f"{_runs(good)} to add" if good else ""
        tally += (", " if tally else "") + f"{wrong} not understood" if wrong else ""
        self.query_one("#tally", Static).update(Content.styled(tally, "$quiet"))

    def _line(self, one: Checked) -> Content:
        sign, colour, note = _SIGNS[one.verdict]
        shown = str(one.run) if one.run is not None else f"{clean(one.text, 60)}  "
        return Content.assemble(
            (self._look.text(f"{sign} "), colour),
            (self._look.text(clean(shown, 120)), "$foreground" if one.good else "$quiet"),
            (self._look.text(clean(one.why)), "$error"),
            (note, "$quiet"),
        )


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
