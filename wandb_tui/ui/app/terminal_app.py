"""An app that handles its terminal: the clipboard, notifications, and suspending to the shell.

Timers of `TerminalApp.set_timer` fire even on a busy machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

from textual.app import App
from textual.message import Message
from textual.timer import Timer, TimerCallback

from wandb_tui.text.osc import clipboard, in_tmux, notified, through
from wandb_tui.ui.app.terminal import below_a_shell


class TerminalApp(App[int]):
    """Writes escape sequences through Textual's writer, so never in the middle of a frame."""

    def __init__(self, into_tmux: Callable[[str], bool] | None) -> None:
        """Set the way to the clipboard.

        Args:
            into_tmux: Passes a text to the tmux around us; returns whether that worked. None: there is no tmux.
        """
        super().__init__()
        self._into_tmux = into_tmux
        self._focus_reported = False

    def on_mount(self) -> None:
        """Prepare for resuming from the shell."""
        self._handle_sigcont()
        # The terminal is empty after that, and Textual would only paint changes.
        self.app_resume_signal.subscribe(self, lambda _: self.screen.refresh(layout=True))

    @property
    def terminal_gone(self) -> bool:
        """Whether the terminal is gone without a signal, as under nohup."""
        return not self.is_headless and not os.isatty(0)

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
            self._write_sequence(notified(title, text, os.environ))

    def on_app_focus(self) -> None:
        """Remember that this terminal reports its focus."""
        self._focus_reported = True

    def on_app_blur(self) -> None:
        """Remember that this terminal reports its focus."""
        self._focus_reported = True

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text, also over SSH and through tmux with default settings."""
        if self._into_tmux is not None:
            self._clipboard = text
            self.run_worker(self._copy_into_tmux(self._into_tmux, text))
            return
        super().copy_to_clipboard(text)
        if in_tmux(os.environ):
            self._write_sequence(through(clipboard(text), os.environ))

    async def _copy_into_tmux(self, into_tmux: Callable[[str], bool], text: str) -> None:
        if not await asyncio.to_thread(into_tmux, text):
            # tmux may accept one of these two, depending on its settings.
            self._write_sequence(clipboard(text) + through(clipboard(text), os.environ))
            self.notify(
                "tmux may have ignored this copy; it needs: set -g set-clipboard on",
                severity="warning",
                markup=False,
            )

    def post_from_thread(self, message: Message) -> None:
        """Post from another thread, where the loop may just have closed."""
        with contextlib.suppress(RuntimeError):
            self.post_message(message)

    def _write_sequence(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

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
