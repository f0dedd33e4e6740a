"""A message for the app about the reason why the services wait."""

from __future__ import annotations

from textual.message import Message


class ServiceNotice(Message):
    """A service keeps everything waiting, such as a keyring that is to be unlocked."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
