"""The lines in which a goal is typed, with what it means beside it, and the times of a monitor."""

from __future__ import annotations

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
from wandb_tui.ui.add.preview import AddOptions


class GoalInput(Horizontal):
    """Asks for a goal and says live what it means, or what is wrong with it."""

    def __init__(self, text: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._text = text
        self._glyphs = glyphs
        self.said = False
        """Whether the user has typed here."""

    def compose(self) -> ComposeResult:
        """The question, the line, the verdict."""
        yield Label("Wait for")
        yield Input(self._text, id="goal", compact=True, placeholder="exists, step:200")
        yield Static(id="goal-verdict", markup=False)

    def on_mount(self) -> None:
        """Say what is there already."""
        self._check()

    @property
    def problem(self) -> str:
        """Why it is no goal; empty if it is one."""
        found = self._read()
        return str(found) if isinstance(found, UsageError) else ""

    @property
    def goal(self) -> Goal | None:
        """The goal, if it is one."""
        found = self._read()
        return found if isinstance(found, Goal) else None

    @on(Input.Changed, "#goal")
    def _check(self) -> None:
        found = self._read()
        self.said |= self.query_one(Input).value != self._text
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
    """Asks when to give up and how often to look."""

    def __init__(self, poll_policy: PollPolicy, glyphs: Glyphs) -> None:
        super().__init__()
        self._poll_policy = poll_policy
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """Two lines and a verdict."""
        yield Label("Give up after")
        yield Input(format_duration(self._poll_policy.max_wait_time), id="longest", compact=True)
        yield Label("ask every")
        yield Input(format_duration(self._poll_policy.check_interval), id="interval", compact=True)
        yield Static(id="times-verdict", markup=False)

    @property
    def problem(self) -> str:
        """What is wrong with them; empty where nothing is."""
        found = self._read()
        return str(found) if isinstance(found, UsageError) else ""

    @property
    def poll_policy(self) -> PollPolicy | None:
        """The pace they make, if they make one."""
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
            return UsageError("The server cannot be asked that often.", "Ask every second at the most.")
        return replace(self._poll_policy, max_wait_time=longest, check_interval=interval)


class AddOptionsInput(Vertical):
    """Asks for both: what runs are added with."""

    class Changed(Message):
        """Something was typed."""

    def __init__(self, goal: Goal, poll_policy: PollPolicy, glyphs: Glyphs) -> None:
        super().__init__()
        self._goal, self._poll_policy = goal, poll_policy
        self._typed_last: list[str] = []
        self._asked, self._times = GoalInput(str(goal), glyphs), TimesInput(poll_policy, glyphs)

    def compose(self) -> ComposeResult:
        """The goal, the times."""
        yield self._asked
        yield self._times

    def on_mount(self) -> None:
        """What stands there at first was not typed."""
        self._typed_last = self._texts

    @property
    def _texts(self) -> list[str]:
        return [line.value for line in self.query(Input)]

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._texts != self._typed_last:
            self._typed_last = self._texts
            self.post_message(self.Changed())

    @property
    def problem(self) -> str:
        """What is wrong with what was typed; empty where nothing is."""
        return self._asked.problem or self._times.problem

    @property
    def terms(self) -> AddOptions:
        """What was typed; what cannot be understood of it counts as not said."""
        goal, poll_policy = self._asked.goal, self._times.poll_policy
        said = goal is not None and self._asked.said
        return AddOptions(
            goal or self._goal,
            poll_policy or self._poll_policy,
            goal_said=said,
            pace_said=poll_policy not in {None, self._poll_policy},
        )

    def go_to_problem(self) -> None:
        """Put the cursor where something is to be mended."""
        (self._asked if self._asked.problem else self._times).query(Input).first().focus()
