"""Textual's driver for Unix terminals, which asks what the terminal is, and leaves nothing behind for the shell."""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import signal
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key

from wandb_tui.text.terminals import Answer, identify, is_remote
from wandb_tui.ui.app.event_loop import interpreter_wanted
from wandb_tui.ui.input.terminal_input import (
    DEVICE_REQUEST,
    STATUS_REPORT,
    STATUS_REQUEST,
    TerminalAnswered,
    TerminalInput,
)

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

# Textual's flags for the keyboard protocol of kitty, after those that a killed dashboard could not remove: they stay
# with the alternate screen. It may also have been in the middle of a frame.
_START_CLEAN, _KEYBOARD_ON, _KEYBOARD_OFF = "\x1b[?2026l", "\x1b[<99u\x1b[>25u", "\x1b[<99u"
_REPORTS_OFF = "\x1b[?2004l\x1b[?2048l\x1b[?1004l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"
# A terminal without an alternate screen would keep the last frame.
_LEAVE_SCREEN = "\x1b[0m\x1b[2J\x1b[H\x1b[?7h\x1b[?1049l\x1b[?25h"

_ANSWER_TIMEOUT_S, _REMOTE_ANSWER_TIMEOUT_S = 1.0, 3.0
_SILENT_TIMEOUT_S = 0.1
"""Seconds to wait at the end for a terminal that did not answer at the start."""

_ESCAPE_DELAY_S = constants.ESCAPE_DELAY + 0.001
"""Seconds without input after which the parser has waited for long enough for what follows an ESC."""

_READ_BYTES = 4096


class TerminalDriver(LinuxDriver):
    """Draws on the terminal, and reads keys and answers from it."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse and identify(os.environ).mouse, size=size)
        # Called before anything is read: the other threads of an app would take the interpreter meanwhile.
        self._input_comes: Callable[[], object] = getattr(app, "input_comes", lambda: None)
        self._escape_timer: asyncio.TimerHandle | None = None
        self._asked_at = 0.0
        self._answered = False

    def start_application_mode(self) -> None:
        """Take the terminal, and ask what it is."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._key_thread is None:
            # In the background, where Textual stops again.
            return
        if self.attrs_before is not None:
            self.attrs_before = _usable(self.attrs_before)
        self._asked_at, self._answered = time.monotonic(), False
        self.begin_input()
        self.write(_START_CLEAN)
        if not constants.DISABLE_KITTY_KEY:
            self.write(_KEYBOARD_ON)
        self.write(DEVICE_REQUEST + STATUS_REQUEST)

    def use_mouse(self, mouse: bool) -> None:
        """Turn reports of the mouse on or off."""
        if mouse is not self._mouse:
            self._mouse = True
            (self._enable_mouse_support if mouse else self._disable_mouse_support)()
            self._mouse = mouse

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was, without keys and answers that are still on their way."""
        if self._key_thread is None:
            return
        self.disable_input()
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error):
                # Not TCSAFLUSH: that waits for a terminal that may have stopped reading.
                termios.tcflush(self.fileno, termios.TCIFLUSH)
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        # The shell would be seen for a moment before another app follows.
        if not getattr(self._app, "switching", False):
            self.write(_LEAVE_SCREEN)

    def disable_input(self) -> None:
        """Have keys sent as the shell reads them, and discard all that comes until the terminal has confirmed that."""
        if self._key_thread is None:
            return
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        # Before the question: a local terminal answers at once, and that answer belongs to what is discarded.
        self._end_input()
        self.write(_REPORTS_OFF)
        if not constants.DISABLE_KITTY_KEY:
            self.write(_KEYBOARD_OFF)
        self.write(STATUS_REQUEST)
        self._discard_input()
        self._key_thread = None

    def run_input_thread(self) -> None:
        """Nothing: the event loop reads the input, so that a key press need not wait for two threads in turn."""

    def send_message(self, message: Message) -> None:
        """Post a message to the app."""
        # Not by a coroutine, as Textual does from its thread: that comes two turns of the loop later.
        self._app.post_message(message)

    def begin_input(self) -> None:
        """Read and dispatch input from now on, in the event loop."""
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._received = TerminalInput(self._device_known, self._status_reported)
        self._parser = XTermParser(self._debug)
        self._loop.add_reader(self.fileno, self._on_readable)

    def _end_input(self) -> None:
        self._loop.remove_reader(self.fileno)
        self._expect_no_more()

    def _on_readable(self) -> None:
        self._input_comes()
        with interpreter_wanted():
            data = self._read()
        if not data:
            self._end_input()
            return
        self._expect_no_more()
        if text := self._received.feed(self._decode(data)):
            for event in self._parser.feed(text):
                self.process_message(event)
        self._escape_timer = self._loop.call_later(_ESCAPE_DELAY_S, self._input_paused)

    def _input_paused(self) -> None:
        """Take an ESC that nothing has followed for a key."""
        for event in self._parser.tick():
            if isinstance(event, Key) and event.key == "escape":
                self._received.escape_was_key()
            self.process_message(event)

    def _expect_no_more(self) -> None:
        if self._escape_timer is not None:
            self._escape_timer.cancel()
            self._escape_timer = None

    def _discard_input(self) -> None:
        """Discard input until the answer to the last question, or until it is late."""
        timeout = _REMOTE_ANSWER_TIMEOUT_S if is_remote(os.environ) else _ANSWER_TIMEOUT_S
        if not self._answered and time.monotonic() - self._asked_at > timeout:
            timeout = _SILENT_TIMEOUT_S
        # At an early end the answer to the first question is still on its way, too.
        expected = 1 if self._answered else 2
        received, deadline = b"", time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while received.count(STATUS_REPORT.encode()) < expected:
                if not selector.select(max(0.0, deadline - time.monotonic())) or not (data := self._read()):
                    return
                received += data

    def _read(self) -> bytes:
        """The next input; empty if the terminal is gone."""
        try:
            return os.read(self.fileno, _READ_BYTES)
        except OSError:
            return b""

    def _device_known(self, answer: Answer) -> None:
        self.process_message(TerminalAnswered(answer))

    def _status_reported(self) -> None:
        self._answered = True


def _usable(attributes: list[Any]) -> list[Any]:
    """The terminal's settings, as a shell needs them: a dashboard that was killed has left its own."""
    input_flags, local_flags = 0, 3
    if not attributes[local_flags] & (termios.ICANON | termios.ECHO):
        attributes[local_flags] |= termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN
        attributes[input_flags] |= termios.ICRNL | termios.IXON
    return attributes
