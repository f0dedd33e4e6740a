"""An app that handles its terminal: the clipboard, notifications, and suspending to the shell.

Timers of `TerminalApp.set_timer` fire even on a busy machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from textual import constants
from textual.app import App
from textual.driver import Driver
from textual.message import Message
from textual.timer import Timer, TimerCallback

from wandb_tui.text.osc import clipboard, notified, through
from wandb_tui.text.plain_text import clean
from wandb_tui.text.terminals import Answer, Terminal, TerminalFacts, colour_system, escape_delay_ms, identify
from wandb_tui.ui.app.terminal import below_a_shell
from wandb_tui.ui.input.terminal_input import TerminalAnswered

_CONFIRMED_S, _COPY_PROBLEM_S = 5.0, 15.0
"""Seconds to show a message."""


class TerminalApp(App[int]):
    """Writes escape sequences through Textual's writer, so never in the middle of a frame."""

    def __init__(self, into_tmux: Callable[[str], bool] | None, save_copy: Callable[[str], Path] | None) -> None:
        """Set the ways for copies.

        Args:
            into_tmux: Passes a text to the tmux around us; returns whether that worked. None: there is no tmux.
            save_copy: Writes a text that cannot reach the clipboard to a file, and returns its path. None: there is no
                place for it.
        """
        self.terminal = identify(os.environ)
        _configure_textual(self.terminal, os.environ)
        super().__init__()
        self._into_tmux = into_tmux
        self._save_copy = save_copy
        self._answer: Answer = ()
        self._focus_reported = False

    def on_mount(self) -> None:
        """Prepare for resuming from the shell."""
        self._handle_sigcont()
        # The terminal is empty after that, and Textual would only paint changes.
        self.app_resume_signal.subscribe(self, lambda _: self.screen.refresh(layout=True))

    @property
    def terminal_gone(self) -> bool:
        """Whether the terminal is gone without a signal, as under nohup."""
        return not self.is_headless and not self.is_web and not os.isatty(0)

    def set_timer(
        self,
        delay: float,
        callback: TimerCallback | None = None,
        *,
        name: str | None = None,
        pause: bool = False,
    ) -> Timer:
        """Call a function once after a delay, in seconds.

        Textual's timers skip an interval they are late for. A single-shot timer whose thread is blocked for the whole
        delay would be skipped for good, which happens with a delay of a millisecond among busy threads.
        """
        timer = super().set_timer(delay, callback, name=name, pause=pause)
        vars(timer)["_skip"] = False
        return timer

    # Notifications and clipboard

    def notify_terminal(self, title: str, text: str) -> None:
        """Show a notification of the terminal, unless it has reported that it has the focus; many never report that."""
        if not (self._focus_reported and self.app_focus):
            self._write_sequence(notified(title, text, os.environ, self.terminal))

    def on_app_focus(self) -> None:
        """Remember that this terminal reports its focus."""
        self._focus_reported = True

    def on_app_blur(self) -> None:
        """Remember that this terminal reports its focus."""
        self._focus_reported = True

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text, also over SSH and through tmux with default settings."""
        self.copy(text)

    def copy(self, text: str, confirmation: str = "", *, timeout: float = _CONFIRMED_S) -> None:
        """Copy a text, and confirm it if it can have reached the clipboard; else say where it is.

        Args:
            text: The text.
            confirmation: The message; empty for none.
            timeout: Seconds to show it.
        """
        self._clipboard = text

        def confirm() -> None:
            if confirmation:
                self.notify(confirmation, timeout=timeout, markup=False)

        if not self.terminal.can_copy(text):
            self.run_worker(self._copy_to_file(text))
        elif self._into_tmux is not None and self.terminal.passthrough:
            self.run_worker(self._copy_into_tmux(self._into_tmux, text, confirm))
        else:
            self._write_copy(text)
            confirm()

    def _write_copy(self, text: str) -> None:
        sequence = clipboard(text)
        # tmux may accept one of these two, depending on its settings.
        self._write_sequence(sequence + (through(sequence, self.terminal) if self.terminal.passthrough else ""))

    async def _copy_into_tmux(self, into_tmux: Callable[[str], bool], text: str, confirm: Callable[[], None]) -> None:
        if await asyncio.to_thread(into_tmux, text):
            confirm()
            return
        self._write_copy(text)
        needed = "tmux may have ignored this copy; it needs: set -g set-clipboard on"
        self.notify(needed, severity="warning", markup=False)

    async def _copy_to_file(self, text: str) -> None:
        """Say why a text is not in the clipboard, and save it."""
        where = ""
        if self._save_copy is not None:
            try:
                path = await asyncio.to_thread(self._save_copy, text)
                where = f" The text is in the file {clean(str(path), 400)}"
            except OSError as error:
                where = f" It cannot be saved to a file either: {error.strerror}."
        said = f"{self.terminal.copy_limit}{where}"
        self.notify(said, title="Not copied", severity="warning", timeout=_COPY_PROBLEM_S, markup=False)

    def post_from_thread(self, message: Message) -> None:
        """Post from another thread, where the loop may just have closed."""
        with contextlib.suppress(RuntimeError):
            self.post_message(message)

    def _write_sequence(self, sequence: str) -> None:
        if self._driver is not None and sequence:
            self._driver.write(sequence)

    # The terminal's identity

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver, or ours in place of the one for Unix terminals."""
        driver = super().get_driver_class()
        if driver.__name__ != "LinuxDriver":
            return driver
        from wandb_tui.ui.app.driver import TerminalDriver

        return TerminalDriver

    def on_terminal_answered(self, message: TerminalAnswered) -> None:
        """Adapt to what the terminal says it is; the environment may come from another one."""
        self._answer = message.answer
        self.terminal = identify(os.environ, message.answer)
        from wandb_tui.ui.app.driver import TerminalDriver

        if isinstance(self._driver, TerminalDriver):
            self._driver.use_mouse(self.terminal.mouse)

    @property
    def terminal_facts(self) -> TerminalFacts:
        """The known properties of the terminal."""
        encoding = getattr(sys.__stderr__, "encoding", None) or ""
        return TerminalFacts(*self.size, encoding, self.console.color_system or "", os.environ, self._answer)

    # Suspending

    def action_suspend_process(self) -> None:
        """Stop, and return to the shell; its `fg` resumes."""
        if self.is_headless or self._driver is None or not self._driver.can_suspend or not below_a_shell():
            self.notify("There is no shell to return to", severity="warning", timeout=5, markup=False)
            return
        self.app_suspend_signal.publish(self)
        # Restore the terminal first: the shell takes it as soon as a launcher such as `uv run` has stopped.
        self._driver.suspend_application_mode()
        vars(self._driver)["_must_signal_resume"] = True
        # Stop the whole process group, as the terminal itself does.
        os.killpg(0, signal.SIGSTOP)

    def _handle_sigcont(self) -> None:
        """Handle SIGCONT ourselves: it is also sent when the terminal is lost, and Textual would start again."""
        if not self.is_headless and (number := getattr(signal, "SIGCONT", None)):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(number, self._resume)

    def _resume(self) -> None:
        if self._driver is None or self._exit:
            return
        if getattr(self._driver, "_must_signal_resume", True):
            self._driver.resume_application_mode()
        else:
            # SIGSTOP, which cannot be handled, has stopped us; the shell may have written over the screen.
            self.screen.refresh(layout=True)


def _configure_textual(terminal: Terminal, environ: Mapping[str, str]) -> None:
    """Set what Textual would only read from the environment; what the user has set there wins."""
    vars(constants)["ESCAPE_DELAY"] = escape_delay_ms(environ) / 1000
    vars(constants)["COLOR_SYSTEM"] = colour_system(environ, terminal)
