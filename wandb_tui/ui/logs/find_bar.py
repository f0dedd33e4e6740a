"""The line in which one types what to find in the logs."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Static

from wandb_tui.ui.input.input_drain import drained


class FindBar(Horizontal):
    """Enter goes to the panes and keeps what is marked there, Escape drops it."""

    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("enter,down", "keep", "Keep", show=False, priority=True),
        Binding("escape", "drop", "Drop", show=False),
    ]

    found: reactive[str] = reactive("")
    """Where it stands."""

    class Left(Message):
        """The user is done with typing."""

    class Changed(Message):
        """Another text has been typed."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    def __init__(self) -> None:
        super().__init__()
        self._input = Input(placeholder="a text in all logs; n and N go from place to place in one", compact=True)
        self._note = Static()
        self.display = False

    def compose(self) -> ComposeResult:
        """What it is, the text, a note."""
        yield Static("find")
        yield self._input
        yield self._note

    @property
    def value(self) -> str:
        """The text as it stands there."""
        return self._input.value

    def watch_found(self, found: str) -> None:
        """Say it."""
        self._note.update(Content.styled(found, "$quiet"))

    def open(self) -> None:
        """Show the line and type into it."""
        self.display = True
        # At once, since `focus` would let keys that follow quickly go elsewhere.
        self.screen.set_focus(self._input)

    async def action_keep(self) -> None:
        """Go on with what is found."""
        await drained(self._input)
        self.display = bool(self.value)
        self.post_message(self.Left())

    def action_drop(self) -> None:
        """Find nothing any more, and go to the panes."""
        self.end()
        self.post_message(self.Left())

    def end(self) -> None:
        """Find nothing any more; the focus stays where it is."""
        self._input.value = ""
        self.display = False

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))
