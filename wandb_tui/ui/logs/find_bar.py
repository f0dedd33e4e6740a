"""The search bar of the logs."""

from __future__ import annotations

from rich.cells import cell_len
from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Static

from wandb_tui.ui.input.input_drain import drained


class FindBar(Horizontal):
    """Enter moves to the panes and keeps the matches highlighted, Escape ends the search."""

    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("enter,down", "apply", "Apply", show=False, priority=True),
        Binding("escape", "cancel", "Cancel", show=False),
    ]

    found: reactive[str] = reactive("")
    """The position among the matches."""

    class Left(Message):
        """Typing has ended."""

    class Changed(Message):
        """The search text has changed."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    def __init__(self) -> None:
        super().__init__()
        self._input = Input(placeholder="search all logs; n and N go to the next and previous match", compact=True)
        self._note = Static()
        self.display = False

    @property
    def value(self) -> str:
        """The search text."""
        return self._input.value

    def watch_found(self, found: str) -> None:
        """Show the position."""
        # Not an automatic width: if a text changes again between two layouts, Textual keeps the width of the first.
        self._note.styles.width = cell_len(found)
        self._note.update(Content.styled(found, "$quiet"))

    def open(self) -> None:
        """Show the bar and focus its input."""
        if not self.children:
            # Mounted only now: the first frame of the dashboard is drawn sooner without.
            self.mount(Static("search"), self._input, self._note)
        self.display = True
        # Not `focus`, which takes effect later: quickly typed keys would go elsewhere.
        self.screen.set_focus(self._input)

    async def action_apply(self) -> None:
        """Keep the search and leave the bar."""
        await drained(self._input)
        self.display = bool(self.value)
        self.post_message(self.Left())

    def action_cancel(self) -> None:
        """End the search and move to the panes."""
        self.end()
        self.post_message(self.Left())

    def end(self) -> None:
        """End the search; the focus stays where it is."""
        self._input.value = ""
        self.display = False

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))
