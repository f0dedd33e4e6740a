"""The dialog for changing the goal of runs."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from wandb_tui.core.goal import Goal, GoalKind
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.dialog import Dialog, KeyButton
from wandb_tui.ui.common.goal_inputs import GoalInput
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.input.input_drain import drained

_QUICK_GOALS = tuple(kind.rule.completion for kind in GoalKind)
"""Goals to click; a number is then typed."""


class GoalDialog(Dialog[Goal | None]):
    """Returns the new goal, or None."""

    PLACES = (Scope.GOAL,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(self, names: str, goal: Goal | None, glyphs: Glyphs) -> None:
        """Ask for the goal of some runs.

        Args:
            names: Their names, abbreviated.
            goal: Their current goal; None if they have different ones.
            glyphs: The glyphs to draw with.
        """
        super().__init__()
        self._names = names
        self._goal = goal
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The runs, the goal input, the buttons."""
        with Vertical(classes="dialog"):
            yield Static("Change goal", classes="dialog-title")
            yield Static(Content(self._glyphs.text(clean(self._names))), classes="dialog-note")
            yield GoalInput(str(self._goal or ""), self._glyphs)
            with Horizontal(id="goal-ready"):
                for goal in _QUICK_GOALS:
                    yield Button(goal, id=f"goal-{goal.rstrip(':')}")
            with Horizontal(classes="dialog-buttons"):
                yield KeyButton("Change", "goal.submit", variant="primary", id="change")
                yield KeyButton("Cancel", "goal.close", id="cancel")

    def on_mount(self) -> None:
        """Focus the input."""
        self.set_focus(self.query_one(Input))

    async def action_submit(self) -> None:
        """Press the focused button, else take the goal."""
        if isinstance(self.focused, Button) and self.focused.id != "change":
            self.focused.press()
            return
        await drained(self.focused)
        goal = self.query_one(GoalInput).goal
        if goal is not None:
            self.dismiss(goal)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        match event.button.id:
            case "change":
                goal = self.query_one(GoalInput).goal
                if goal is not None:
                    self.dismiss(goal)
            case "cancel":
                self.dismiss(None)
            case _:
                line = self.query_one(Input)
                # The text is to be continued, not replaced.
                line.select_on_focus = False
                line.value = str(event.button.label)
                line.action_end()
                line.focus()
