"""What keeps the services waiting, as a message for the app."""

from __future__ import annotations

from textual.message import Message


class ServiceNotice(Message):
    """A service keeps everything waiting, such as a keyring that is to be unlocked."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
