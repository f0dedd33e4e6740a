"""Textual's driver for an app that a page in a browser shows: pipes to the web server take the place of a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

from textual.drivers.web_driver import WebDriver

from wandb_tui.ui.input.terminal_input import TerminalClosed

if TYPE_CHECKING:
    from textual.app import App


_PRELUDE = b"__GANGLION__\n"
"""Stands before the first packet."""


class PageDriver(WebDriver):
    """Draws into a pipe, and ends the app in order when the page is closed or the server is gone.

    Textual's own goes on when its input ends, and ends the app at once, without saving, when it is told to quit.
    """

    _begun = False
    """Whether an app has begun to draw into the pipe: one that follows it does not announce itself."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._write_lock = threading.Lock()
        # Not a method: the base class assigns one, too.
        self._write = self._write_all  # type: ignore[assignment]

    def start_application_mode(self) -> None:
        """Begin to draw and to read."""
        super().start_application_mode()
        PageDriver._begun = True
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, self._close)

    def run_input_thread(self) -> None:
        """Read and dispatch input until it ends."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._close()

    def _close(self) -> None:
        self.process_message(TerminalClosed())

    def _write_all(self, data: bytes) -> int:
        """Write a whole packet; nothing once the server is gone."""
        if data == _PRELUDE and PageDriver._begun:
            return len(data)
        with self._write_lock, contextlib.suppress(OSError):
            left = memoryview(data)
            while left:
                left = left[os.write(self.fileno, left) :]
        return len(data)
