"""The parts of the app that widgets and screens may use without importing it."""

from __future__ import annotations

from typing import Protocol, cast

from textual.dom import DOMNode
from textual.message import Message

from wandb_tui.text.terminals import TerminalFacts
from wandb_tui.ui.runtime.event_pump import EventPump
from wandb_tui.ui.runtime.session import Session


class AppContext(Protocol):
    """The app, as its widgets see it.

    Attributes:
        session: The watch list and the services.
        event_pump: Applies the monitors' events to the screen.
        app_url: Base address of the server's pages; empty until it is known.
    """

    session: Session
    event_pump: EventPump
    app_url: str

    @property
    def terminal_facts(self) -> TerminalFacts:
        """The known properties of the terminal."""

    def post_from_thread(self, message: Message) -> None:
        """Post from another thread, where the loop may just have closed."""

    def copy(self, text: str, confirmation: str = "", *, timeout: float = ...) -> None:
        """Copy a text to the clipboard, and show a message: the confirmation, or what became of the text instead."""


def app_context(node: DOMNode) -> AppContext:
    """The app that a widget or screen belongs to."""
    return cast("AppContext", node.app)
