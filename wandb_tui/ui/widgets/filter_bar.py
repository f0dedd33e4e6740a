"""The line in which the filter stands, visible as long as it is on."""

from __future__ import annotations

from textual.binding import Binding
from textual.message import Message
from textual.widgets import Input


class FilterBar(Input):
    """Enter goes back to the table and keeps the filter, Escape drops it."""

    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("enter,down", "keep", "Keep", show=False),
        Binding("escape", "drop", "Drop", show=False),
    ]

    class Left(Message):
        """The user is done with the filter."""

    def __init__(self) -> None:
        super().__init__(placeholder="filter: words, !not, state:failed, project:lab", compact=True)
        self.display = False

    def open(self) -> None:
        """Show the line and type into it."""
        self.display = True
        self.focus()

    def action_keep(self) -> None:
        """Go on with what is shown."""
        self.display = bool(self.value.strip())
        self.post_message(self.Left())

    def action_drop(self) -> None:
        """Show all again."""
        self.value = ""
        self.display = False
        self.post_message(self.Left())
