"""The line in which one types what to find in the logs."""

from __future__ import annotations

from textual.binding import Binding
from textual.message import Message
from textual.widgets import Input


class FindBar(Input):
    """Enter goes to the panes and keeps what is marked there, Escape drops it."""

    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("enter,down", "keep", "Keep", show=False),
        Binding("escape", "drop", "Drop", show=False),
    ]

    class Left(Message):
        """The user is done with typing."""

    def __init__(self) -> None:
        super().__init__(placeholder="find in the logs; then n and N go from place to place", compact=True)
        self.display = False

    def open(self) -> None:
        """Show the line and type into it."""
        self.display = True
        self.focus()

    def action_keep(self) -> None:
        """Go on with what is found."""
        self.display = bool(self.value)
        self.post_message(self.Left())

    def action_drop(self) -> None:
        """Find nothing any more."""
        self.value = ""
        self.display = False
        self.post_message(self.Left())
