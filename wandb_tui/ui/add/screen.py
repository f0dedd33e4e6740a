"""Adding runs: paste one address or many, and see at once what each of them means."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.widgets import Button, Input, Static, TextArea

from wandb_tui.core.goal import Goal
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.add.address_list import AddressVerdict, CheckedList, Parsed, check, parse_all, words
from wandb_tui.ui.add.preview import AddEffect, in_words, offer, summary
from wandb_tui.ui.common.dialog import Dialog, ErrorLine, KeyButton
from wandb_tui.ui.common.goal_inputs import AddOptionsInput
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.input.input_drain import drained
from wandb_tui.ui.runtime.session import Session

_SETTLE = 0.15
"""Seconds without a key before what was typed is checked."""

_LEAST = 8
"""Cells that an address gets on its line at least."""

_TITLE = 10
"""Cells for the title and the space beside it."""

_LISTED = 100
"""How many verdicts are shown at a time, around the one on what is under the cursor."""

_SIGNS = {
    AddressVerdict.GOOD: ("✔", "$success"),
    AddressVerdict.TWICE: ("·", "$quiet"),
    AddressVerdict.WRONG: ("✖", "$error"),
}
_HINT = "A goal may stand behind an address: lab/forks/abc123 step:200"

Add = Callable[[list[AddEffect]], None]


class AddScreen(Dialog[None]):
    """Adds what can be understood; what cannot be stays in the box."""

    PLACES = (Scope.ADD,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self, session: Session, goal: Goal, glyphs: Glyphs, add: Add, pick: Callable[[], None] | None = None
    ) -> None:
        super().__init__()
        self._session = session
        self._goal = goal
        self._glyphs = glyphs
        self._add = add
        self._pick = pick
        self._parsed: dict[str, Parsed] = {}
        self._checking = asyncio.Lock()
        self._checked: list[CheckedList] = []

    def compose(self) -> ComposeResult:
        """The box, the verdicts, the goal."""
        with Vertical(classes="dialog"):
            with Horizontal(id="add-head"):
                yield Static("Add runs", classes="dialog-title")
                yield Static(id="tally", markup=False)
            yield TextArea(id="addresses", placeholder="entity/project/run_id, or the addresses of run pages")
            with VerticalScroll(id="verdicts", can_focus=False):
                yield Static(id="verdict-list", markup=False)
            yield AddOptionsInput(self._goal, self._session.backend.poll_policy, self._glyphs)
            yield ErrorLine()
            with Horizontal(classes="dialog-buttons"):
                if self._pick is not None:
                    yield KeyButton(self._glyphs.text("Pick…"), "add.pick", id="pick")
                yield KeyButton("Add", "add.submit", variant="primary", id="add")
                yield KeyButton("Close", "add.close", id="close")

    def on_mount(self) -> None:
        """Start with an empty verdict, and type at once."""
        self.set_focus(self.query_one(TextArea))
        self._show([])

    def on_resize(self) -> None:
        """The lines have another width now."""
        self.call_after_refresh(lambda: self._show(self._checked))

    @on(TextArea.SelectionChanged)
    def _cursor_moved(self) -> None:
        self._show(self._checked)

    @on(TextArea.Changed)
    @on(AddOptionsInput.Changed)
    def _typed(self) -> None:
        self.say_wrong("")
        self._check_soon()

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
        self._submit()

    async def action_submit(self) -> None:
        """Add what is understood; the rest stays."""
        await drained(self.focused)
        self._submit()

    @work(exclusive=True, group="check")
    async def _check_soon(self) -> None:
        await asyncio.sleep(_SETTLE)
        checked = await self._check()
        # The screen may have been left meanwhile.
        if self.query("#verdict-list"):
            self._show(checked)

    async def _check(self) -> list[CheckedList]:
        """The verdict on all that is in the box; new addresses are read off this thread."""
        async with self._checking:
            typed = words(self.query_one(TextArea).text)
            new = [text for text in dict.fromkeys(word.text for word in typed) if text not in self._parsed]
            if new:
                parse = self._session.backend.addresses.parse
                self._parsed |= await asyncio.to_thread(parse_all, new, parse)
            terms = self.query_one(AddOptionsInput).terms
            return check(typed, self._parsed, lambda run, goal: self._session.foresee(run, terms, goal))

    @work(exclusive=True, group="submit")
    async def _submit(self) -> None:
        asked = self.query_one(AddOptionsInput)
        if asked.problem:
            self.say_wrong(asked.problem)
            asked.go_to_problem()
            return
        checked = await self._check()
        if not checked:
            self.say_wrong("There is no address yet.")
            return
        good = _good(checked)
        wrong = [one for one in checked if one.verdict is AddressVerdict.WRONG]
        if good:
            self._add(good)
        if not wrong:
            self.dismiss(None)
            return
        box = self.query_one(TextArea)
        box.text = "\n".join(str(one.word) for one in wrong)
        box.focus()
        self._show(wrong)

    def _show(self, checked: list[CheckedList]) -> None:
        self._checked = checked
        at = min(max(0, len(words(_up_to_cursor(self.query_one(TextArea)))) - 1), max(0, len(checked) - 1))
        first = max(0, min(at - _LISTED // 2, len(checked) - _LISTED))
        lines = [self._line(one) for one in checked[first : first + _LISTED]]
        if first:
            lines.insert(0, Content.styled(f"{first} before", "$quiet"))
        if (after := len(checked) - first - _LISTED) > 0:
            lines.append(Content.styled(f"and {after} more", "$quiet"))
        lines = lines or [Content.styled(_HINT, "$quiet")]
        self.query_one("#verdict-list", Static).update(Content("\n").join(lines))
        self.call_after_refresh(self._bring_into_view, lines, at - first + bool(first))
        good = _good(checked)
        wrong = sum(one.verdict is AddressVerdict.WRONG for one in checked)
        self.query_one("#tally", Static).update(self._tally(good, wrong))
        self.query_one("#add", KeyButton).say(offer(good))

    def _bring_into_view(self, lines: list[Content], index: int) -> None:
        """Let the verdict on what is under the cursor be seen; the one on what is wrong may take several lines."""
        width = self.query_one("#verdict-list").size.width
        if width:
            *before, height = (line.get_height({}, width) for line in lines[: index + 1])
            self.query_one("#verdicts").scroll_to_region(Region(0, sum(before), width, height), animate=False)

    def _tally(self, good: list[AddEffect], wrong: int) -> Content:
        """How many there are of what; briefly where there is no room: each line tells the rest."""
        room = self.query_one("#add-head").size.width - _TITLE
        missed = [Content.styled(self._glyphs.text(f"✖ {wrong} not understood"), "$error")] if wrong else []
        for changes in (True, False):
            parts = [Content.styled(summary(good, "to add", changes=changes), "$quiet")] if good else []
            tally = Content.styled(", ", "$quiet").join([*parts, *missed])
            if tally.cell_length <= room:
                return tally
        return (missed or [tally])[0]

    def _line(self, one: CheckedList) -> Content:
        """An address and what becomes of it, on one line."""
        sign, colour = _SIGNS[one.verdict]
        told, told_colour = self._told(one)
        if one.effect is not None and one.effect.listed:
            sign, colour = ("✔", "$primary") if one.effect.changes else ("·", "$quiet")
        told = self._glyphs.text(told)
        room = self.query_one("#verdict-list").size.width - cell_len(told) - 4
        shown = (
            self._glyphs.fit_end(clean(str(one.run), 300), max(_LEAST, room)) if one.run else clean(one.word.text, 60)
        )
        return Content.assemble(
            (self._glyphs.text(f"{sign} "), colour),
            (shown, "$foreground" if one.effect is not None else "$quiet"),
            (f"  {told}" if told else "", told_colour),
        )

    def _told(self, one: CheckedList) -> tuple[str, str]:
        match one.verdict:
            case AddressVerdict.WRONG:
                return clean(one.why), "$error"
            case AddressVerdict.TWICE:
                return one.why, "$warning" if one.word.goal else "$quiet"
        offered = self.query_one(AddOptionsInput).terms.goal
        effect = one.effect
        return (in_words(effect, offered), "$warning" if effect.changes else "$quiet") if effect else ("", "$quiet")


def _good(checked: list[CheckedList]) -> list[AddEffect]:
    return [one.effect for one in checked if one.effect is not None]


def _up_to_cursor(box: TextArea) -> str:
    """What stands before the cursor, and the rest of the word it is in."""
    row, column = box.cursor_location
    lines = box.text.split("\n")
    rest = re.match(r"[^\s,;]*", lines[row][column:])
    return "\n".join([*lines[:row], lines[row][:column] + (rest[0] if rest else "")])
