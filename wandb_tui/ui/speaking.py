"""An app that speaks to the terminal itself: its clipboard, and its notifications."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

from textual.app import App
from textual.message import Message

from wandb_tui.ui.sequences import clipboard, in_tmux, notified, through


class SpeakingApp(App[int]):
    """Whatever it says is written by Textual's own writer, so between two paintings and never into one."""

    def __init__(self, into_tmux: Callable[[str], bool] | None) -> None:
        """Know the way to the clipboard.

        Args:
            into_tmux: Gives a text to the tmux around us; whether it took it. None: there is none on this machine.
        """
        super().__init__()
        self._into_tmux = into_tmux
        self._focus_told = False

    def notify_outside(self, title: str, text: str) -> None:
        """Let the terminal notify the user, unless it has told that the user is looking at it; many never tell."""
        if not (self._focus_told and self.app_focus):
            self._say(notified(title, text, os.environ))

    def on_app_focus(self) -> None:
        """This terminal tells when it is in focus."""
        self._focus_told = True

    def on_app_blur(self) -> None:
        """This terminal tells when it is not."""
        self._focus_told = True

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text: over SSH too, and through a tmux in its default settings."""
        if self._into_tmux is not None:
            self._clipboard = text
            self.run_worker(self._copy_into_tmux(self._into_tmux, text))
            return
        super().copy_to_clipboard(text)
        if in_tmux(os.environ):
            self._say(through(clipboard(text), os.environ))

    async def _copy_into_tmux(self, into_tmux: Callable[[str], bool], text: str) -> None:
        if not await asyncio.to_thread(into_tmux, text):
            # One of these two it heeds, if its settings say so.
            self._say(clipboard(text) + through(clipboard(text), os.environ))
            self.notify(
                "This tmux may have let it fall; what it needs is: set -g set-clipboard on",
                severity="warning",
                markup=False,
            )

    def post_late(self, message: Message) -> None:
        """Post from another thread, which may find that the loop has just closed."""
        with contextlib.suppress(RuntimeError):
            self.post_message(message)

    def _say(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)
