"""The line in which the filter stands, visible as long as it is on."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from wandb_tui.ui.input.input_drain import drained


class FilterBar(Horizontal):
    """Enter goes back to the table and keeps the filter, Escape drops it. Beside it stands how many runs are left."""

    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("enter,down", "keep", "Keep", show=False, priority=True),
        Binding("escape", "drop", "Drop", show=False),
    ]

    wrong: reactive[str] = reactive("")
    """Why the filter cannot be understood."""
    doubt: reactive[str] = reactive("")
    """What is likely to be a slip in it."""
    counted: reactive[tuple[int, int]] = reactive((0, 0))
    """How many runs are shown, of how many."""

    class Changed(Message):
        """Another filter has been typed."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    def __init__(self, leave_to: Widget) -> None:
        """Make the line, hidden; `leave_to` gets the keys when the user is done with the filter."""
        super().__init__()
        self._leave_to = leave_to
        self._input = Input(placeholder="words  !not  state:failed  is:running  project:lab  /regex/", compact=True)
        self._note = Static()
        self.display = False

    def compose(self) -> ComposeResult:
        """A sign, the filter, a note."""
        yield Static("/")
        yield self._input
        yield self._note

    @property
    def value(self) -> str:
        """The filter as it stands there."""
        return self._input.value

    def put(self, text: str) -> None:
        """Put a filter there that was typed before."""
        with self.prevent(Input.Changed):
            self._input.value = text
        self.display = bool(text)

    def open(self) -> None:
        """Show the line and type into it."""
        self.display = True
        # At once, since `focus` would let keys that follow quickly go elsewhere.
        self.screen.set_focus(self._input)

    async def action_keep(self) -> None:
        """Go on with what is shown."""
        await drained(self._input)
        self.screen.set_focus(self._leave_to)
        self.display = bool(self.value.strip())

    def action_drop(self) -> None:
        """Show all again."""
        self._input.value = ""
        self.screen.set_focus(self._leave_to)
        self.display = False

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    def watch_wrong(self) -> None:
        """Say what is wrong."""
        self._say()

    def watch_doubt(self) -> None:
        """Say what is likely to be a slip."""
        self._say()

    def watch_counted(self) -> None:
        """Say how many are left."""
        self._say()

    def _say(self) -> None:
        shown, of = self.counted
        if self.wrong:
            note = Content.styled(f"✖ {self.wrong}", "$error")
        else:
            said = f"{shown} of {of}" + (f" · {self.doubt}" if self.doubt else "")
            note = Content.styled(said, "$quiet" if shown and not self.doubt else "$warning")
        self._note.update(note)
