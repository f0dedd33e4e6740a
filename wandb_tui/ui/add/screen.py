"""The dialog for adding runs: paste addresses, and see what each of them means."""

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
from wandb_tui.ui.add.address_list import AddressVerdict, CheckedList, Parsed, check, may_change, parse_all, words
from wandb_tui.ui.common.add_preview import button_label, describe, describe_following, queries, summary
from wandb_tui.ui.common.dialog import Dialog, ErrorLine, KeyButton
from wandb_tui.ui.common.goal_inputs import AddOptionsInput
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.input.input_drain import drained
from wandb_tui.ui.runtime.add_effect import AddEffect, FollowEffect
from wandb_tui.ui.runtime.drafts import AddDraft
from wandb_tui.ui.runtime.session import Session

_TYPING_PAUSE_S = 0.15
"""Seconds without a key press before the input is checked."""

_MIN_ADDRESS_CELLS = 8
"""The minimum width of an address, in cells."""

_TITLE_CELLS = 10
"""The width of the title and the space after it, in cells."""

_MAX_VERDICTS = 100
"""The maximum number of verdicts shown, around that of the address under the cursor."""

_ICONS = {
    AddressVerdict.VALID: ("✔", "$success"),
    AddressVerdict.DUPLICATE: ("·", "$quiet"),
    AddressVerdict.INVALID: ("✖", "$error"),
}
_HINT = "A goal may follow an address: lab/forks/abc123 step:200. A line may be a query: lab/forks/* tag:hero"

Add = Callable[[list[AddEffect]], None]
Follow = Callable[[list[FollowEffect]], None]


class AddScreen(Dialog[None]):
    """Adds the valid addresses; the others stay in the box."""

    PLACES = (Scope.ADD,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self,
        session: Session,
        goal: Goal,
        glyphs: Glyphs,
        add: Add,
        *,
        follow: Follow,
        pick: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self._session = session
        self._goal = goal
        self._glyphs = glyphs
        self._add = add
        self._follow = follow
        self._pick = pick
        self._parsed: dict[str, Parsed] = {}
        self._checking = asyncio.Lock()
        self._checked: list[CheckedList] = []

    def compose(self) -> ComposeResult:
        """The address box, the verdicts, the options."""
        with Vertical(classes="dialog"):
            with Horizontal(id="add-head"):
                yield Static("Add runs", classes="dialog-title")
                yield Static(id="tally", markup=False)
            yield TextArea(
                id="addresses",
                placeholder="entity/project/run_id, addresses of pages, or a query: entity/project/*",
            )
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
        """Restore text that was typed and not added, and focus the box."""
        box, draft = self.query_one(TextArea), self._session.drafts.add
        self.set_focus(box)
        self._show([])
        if draft is not None:
            box.text = draft.addresses
            box.move_cursor(box.document.end)
            self.query_one(AddOptionsInput).put(draft.options)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self.call_after_refresh(lambda: self._show(self._checked))

    @on(TextArea.SelectionChanged)
    def _cursor_moved(self) -> None:
        self._show(self._checked)

    @on(TextArea.Changed)
    @on(AddOptionsInput.Changed)
    def _typed(self) -> None:
        self.show_error("")
        self._check_later()

    @on(Button.Pressed, "#close")
    async def action_close(self) -> None:
        """Close without adding; the text comes back when this is opened again."""
        await drained(self.focused)
        self._keep_draft()
        self.dismiss(None)

    @on(Button.Pressed, "#pick")
    async def action_pick(self) -> None:
        """Pick runs from the server instead."""
        if self._pick is not None:
            await self.action_close()
            self._pick()

    def _keep_draft(self) -> None:
        text, options = self.query_one(TextArea).text, self.query_one(AddOptionsInput)
        typed = bool(text.strip()) or options.edited
        self._session.drafts.add = AddDraft(text, options.texts) if typed else None

    @on(Button.Pressed, "#add")
    @on(Input.Submitted, "#goal")
    def _pressed(self) -> None:
        self._submit()

    async def action_submit(self) -> None:
        """Add the valid addresses; the others stay."""
        await drained(self.focused)
        self._submit()

    @work(exclusive=True, group="check")
    async def _check_later(self) -> None:
        await asyncio.sleep(_TYPING_PAUSE_S)
        checked = await self._check()
        if not self._is_gone():
            self._show(checked)

    def _is_gone(self) -> bool:
        """Whether the screen has been closed, which removes its widgets while something is still being checked."""
        return not self.query("#verdict-list")

    async def _check(self) -> list[CheckedList]:
        """Check all addresses in the box; new ones are parsed in a thread."""
        async with self._checking:
            if self._is_gone():
                return []
            typed = words(self.query_one(TextArea).text)
            new = [text for text in dict.fromkeys(word.text for word in typed) if may_change(self._parsed.get(text))]
            if new:
                self._parsed |= await asyncio.to_thread(parse_all, new, self._session.backend.addresses)
            if self._is_gone():
                return []
            options = self.query_one(AddOptionsInput).options
            return check(
                typed,
                self._parsed,
                lambda run, goal: self._session.preview(run, options, goal),
                lambda query, goal: self._session.queries.preview(query, options, goal),
            )

    @work(exclusive=True, group="submit")
    async def _submit(self) -> None:
        options_input = self.query_one(AddOptionsInput)
        if options_input.problem:
            self.show_error(options_input.problem)
            options_input.go_to_problem()
            return
        checked = await self._check()
        if self._is_gone():
            return
        if not checked:
            self.show_error("Enter an address first.")
            return
        good, followed = _valid(checked)
        wrong = [one for one in checked if one.verdict is AddressVerdict.INVALID]
        if good:
            self._add(good)
        if followed:
            self._follow(followed)
        if not wrong:
            self._session.drafts.add = None
            self.dismiss(None)
            return
        box = self.query_one(TextArea)
        box.text = "\n".join(str(one.word) for one in wrong)
        box.focus()
        self._show(wrong)

    def _show(self, checked: list[CheckedList]) -> None:
        self._checked = checked
        at = min(max(0, len(words(_up_to_cursor(self.query_one(TextArea)))) - 1), max(0, len(checked) - 1))
        first = max(0, min(at - _MAX_VERDICTS // 2, len(checked) - _MAX_VERDICTS))
        lines = [self._line(one) for one in checked[first : first + _MAX_VERDICTS]]
        if first:
            lines.insert(0, Content.styled(f"{first} before", "$quiet"))
        if (after := len(checked) - first - _MAX_VERDICTS) > 0:
            lines.append(Content.styled(f"and {after} more", "$quiet"))
        lines = lines or [Content.styled(_HINT, "$quiet")]
        self.query_one("#verdict-list", Static).update(Content("\n").join(lines))
        self.call_after_refresh(self._bring_into_view, lines, at - first + bool(first))
        good, followed = _valid(checked)
        wrong = sum(one.verdict is AddressVerdict.INVALID for one in checked)
        self.query_one("#tally", Static).update(self._tally(good, len(followed), wrong))
        self.query_one("#add", KeyButton).relabel(button_label(good) if good or not followed else "Follow")

    def _bring_into_view(self, lines: list[Content], index: int) -> None:
        """Scroll to the verdict of the address under the cursor; an error may take several lines."""
        width = self.query_one("#verdict-list").size.width
        if width:
            *before, height = (line.get_height({}, width) for line in lines[: index + 1])
            self.query_one("#verdicts").scroll_to_region(Region(0, sum(before), width, height), animate=False)

    def _tally(self, good: list[AddEffect], followed: int, wrong: int) -> Content:
        """A summary; brief if there is little room, since each line has the details."""
        room = self.query_one("#add-head").size.width - _TITLE_CELLS
        missed = [Content.styled(f"{queries(followed)} to follow", "$quiet")] if followed else []
        missed += [Content.styled(self._glyphs.text(f"✖ {wrong} invalid"), "$error")] if wrong else []
        for changes in (True, False):
            parts = [Content.styled(summary(good, "to add", changes=changes), "$quiet")] if good else []
            tally = Content.styled(", ", "$quiet").join([*parts, *missed])
            if tally.cell_length <= room:
                return tally
        return (missed or [tally])[0]

    def _line(self, one: CheckedList) -> Content:
        """An address and its effect, on one line."""
        sign, colour = _ICONS[one.verdict]
        text, colour_of_text = self._verdict_text(one)
        if one.effect is not None and (one.effect.changes or _is_listed(one.effect)):
            sign, colour = ("✔", "$primary") if one.effect.changes else ("·", "$quiet")
        text = self._glyphs.text(text)
        room = self.query_one("#verdict-list").size.width - cell_len(text) - 4
        shown = (
            self._glyphs.fit_end(clean(str(one.run), 300), max(_MIN_ADDRESS_CELLS, room))
            if one.run
            else clean(one.word.text, 60)
        )
        return Content.assemble(
            (self._glyphs.text(f"{sign} "), colour),
            (shown, "$foreground" if one.effect is not None else "$quiet"),
            (f"  {text}" if text else "", colour_of_text),
        )

    def _verdict_text(self, one: CheckedList) -> tuple[str, str]:
        match one.verdict:
            case AddressVerdict.INVALID:
                return clean(one.why), "$error"
            case AddressVerdict.DUPLICATE:
                return one.why, "$warning" if one.word.goal else "$quiet"
        offered = self.query_one(AddOptionsInput).options.goal
        effect = one.effect
        if effect is None:
            return "", "$quiet"
        told = describe(effect, offered) if isinstance(effect, AddEffect) else describe_following(effect)
        return told, "$warning" if effect.changes else "$quiet"


def _is_listed(effect: AddEffect | FollowEffect) -> bool:
    return effect.listed if isinstance(effect, AddEffect) else effect.goal_before is not None


def _valid(checked: list[CheckedList]) -> tuple[list[AddEffect], list[FollowEffect]]:
    """The runs to add, and the queries to follow."""
    effects = [one.effect for one in checked]
    return [one for one in effects if isinstance(one, AddEffect)], [
        one for one in effects if isinstance(one, FollowEffect)
    ]


def _up_to_cursor(box: TextArea) -> str:
    """The text up to the cursor and the rest of the word under it."""
    row, column = box.cursor_location
    lines = box.text.split("\n")
    rest = re.match(r"[^\s,;]*", lines[row][column:])
    return "\n".join([*lines[:row], lines[row][:column] + (rest[0] if rest else "")])
