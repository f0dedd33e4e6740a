"""Inputs for a goal, with its meaning beside it, and for the times of a monitor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, Static

from wandb_tui.core.errors import UsageError
from wandb_tui.core.goal import Goal, goal_examples
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.text.durations import format_duration, parse_duration
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.runtime.add_effect import AddOptions


class GoalInput(Horizontal):
    """Input for a goal; shows its meaning, or the valid goals, while one types."""

    def __init__(self, text: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._text = text
        self._glyphs = glyphs
        self.changed = False
        """Whether the user has changed the text."""

    def compose(self) -> ComposeResult:
        """A label, the input, the meaning."""
        yield Label("Goal")
        yield Input(self._text, id="goal", compact=True, placeholder="step:200")
        yield Static(id="goal-verdict", markup=False)

    def on_mount(self) -> None:
        """Show the meaning of the initial text."""
        self._check()

    @property
    def problem(self) -> str:
        """The error; empty if the text is a goal."""
        found = self._read()
        return str(found) if isinstance(found, UsageError) else ""

    @property
    def goal(self) -> Goal | None:
        """The goal, if the text is one."""
        found = self._read()
        return found if isinstance(found, Goal) else None

    @on(Input.Changed, "#goal")
    def _check(self) -> None:
        found = self._read()
        self.changed |= self.query_one(Input).value != self._text
        if isinstance(found, Goal):
            verdict = Content.styled(found.kind.rule.short_meaning, "$quiet")
        elif not self.query_one(Input).value.strip():
            verdict = Content.styled(goal_examples(), "$quiet")
        else:
            verdict = Content.styled(self._glyphs.text("✖ ") + goal_examples(), "$error")
        self.query_one("#goal-verdict", Static).update(verdict)

    def _read(self) -> Goal | UsageError:
        try:
            return Goal.parse(self.query_one(Input).value)
        except UsageError as error:
            return error


class TimesInput(Horizontal):
    """Inputs for the time limit and the check interval."""

    def __init__(self, poll_policy: PollPolicy, glyphs: Glyphs) -> None:
        super().__init__()
        self._poll_policy = poll_policy
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """Two inputs and an error."""
        yield Label("Give up after")
        yield Input(format_duration(self._poll_policy.max_wait_time), id="longest", compact=True)
        yield Label("check every")
        yield Input(format_duration(self._poll_policy.check_interval), id="interval", compact=True)
        yield Static(id="times-verdict", markup=False)

    @property
    def problem(self) -> str:
        """The error; empty if there is none."""
        found = self._read()
        return str(found) if isinstance(found, UsageError) else ""

    @property
    def poll_policy(self) -> PollPolicy | None:
        """The poll policy, if both times are valid."""
        found = self._read()
        return found if isinstance(found, PollPolicy) else None

    @on(Input.Changed)
    def _check(self) -> None:
        found = self._read()
        wrong = self._glyphs.text("✖ ") + found.hint if isinstance(found, UsageError) else ""
        self.query_one("#times-verdict", Static).update(Content.styled(wrong, "$error"))

    def _read(self) -> PollPolicy | UsageError:
        try:
            longest = parse_duration(self.query_one("#longest", Input).value)
            interval = parse_duration(self.query_one("#interval", Input).value)
        except UsageError as error:
            return error
        if interval < 1:
            return UsageError("The interval is too short.", "The minimum is 1 s.")
        return replace(self._poll_policy, max_wait_time=longest, check_interval=interval)


class AddOptionsInput(Vertical):
    """Inputs for all options with which runs are added."""

    class Changed(Message):
        """The user has changed an option."""

    def __init__(self, goal: Goal, poll_policy: PollPolicy, glyphs: Glyphs) -> None:
        super().__init__()
        self._goal, self._poll_policy = goal, poll_policy
        self._initial: tuple[str, ...] = ()
        self._typed_last: tuple[str, ...] = ()
        self._goal_input, self._times_input = GoalInput(str(goal), glyphs), TimesInput(poll_policy, glyphs)

    def compose(self) -> ComposeResult:
        """The goal, the times."""
        yield self._goal_input
        yield self._times_input

    def on_mount(self) -> None:
        """Remember the initial texts."""
        self._initial = self._typed_last = self.texts

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of all inputs, from the goal on."""
        return tuple(line.value for line in self.query(Input))

    @property
    def edited(self) -> bool:
        """Whether any text is not the initial one."""
        return self.texts != self._initial

    def put(self, texts: Sequence[str]) -> None:
        """Set the texts of all inputs, as if they were typed."""
        for line, text in zip(self.query(Input), texts, strict=True):
            line.value = text

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.texts != self._typed_last:
            self._typed_last = self.texts
            self.post_message(self.Changed())

    @property
    def problem(self) -> str:
        """The error; empty if there is none."""
        return self._goal_input.problem or self._times_input.problem

    @property
    def options(self) -> AddOptions:
        """The options; invalid ones count as not given."""
        goal, poll_policy = self._goal_input.goal, self._times_input.poll_policy
        changed = goal is not None and self._goal_input.changed
        return AddOptions(
            goal or self._goal,
            poll_policy or self._poll_policy,
            goal_given=changed,
            times_given=poll_policy not in {None, self._poll_policy},
        )

    def go_to_problem(self) -> None:
        """Focus the input with the error."""
        (self._goal_input if self._goal_input.problem else self._times_input).query(Input).first().focus()
