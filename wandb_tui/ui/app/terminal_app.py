"""An app that deals with its terminal itself: the clipboard, notifications, and giving it back to the shell.

What `TerminalApp.set_timer` is given is done on a busy machine, too.
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
    """Whatever it says is written by Textual's own writer, so between two paintings and never into one."""

    def __init__(self, into_tmux: Callable[[str], bool] | None) -> None:
        """Know the way to the clipboard.

        Args:
            into_tmux: Gives a text to the tmux around us; whether it took it. None: there is none on this machine.
        """
        super().__init__()
        self._into_tmux = into_tmux
        self._focus_told = False

    def on_mount(self) -> None:
        """Be ready to come back from the shell."""
        self._hear_continuing()
        # The terminal is empty then, and Textual would only paint what changes.
        self.app_resume_signal.subscribe(self, lambda _: self.screen.refresh(layout=True))

    @property
    def terminal_gone(self) -> bool:
        """Whether the terminal has gone without a word: whoever was started by nohup, for one, is not told."""
        return not self.is_headless and not os.isatty(0)

    def set_timer(
        self,
        delay: float,
        callback: TimerCallback | None = None,
        *,
        name: str | None = None,
        pause: bool = False,
    ) -> Timer:
        """Do something once, so many seconds later.

        Textual's timers skip what they are late for. One that is to go off once, and whose thread is held up for all of
        its time just as it begins, would skip that one time: with a millisecond's delay, among threads that talk, it
        happens, and whoever waits for it waits for good.
        """
        timer = super().set_timer(delay, callback, name=name, pause=pause)
        vars(timer)["_skip"] = False
        return timer

    # Speaking to it

    def notify_terminal(self, title: str, text: str) -> None:
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

    # Giving it back

    def action_suspend_process(self) -> None:
        """Stop, and give the terminal back to the shell; its `fg` goes on."""
        if self.is_headless or self._driver is None or not self._driver.can_suspend or not below_a_shell():
            self.notify("There is no shell here to go back to", severity="warning", timeout=5, markup=False)
            return
        self.app_suspend_signal.publish(self)
        # The terminal is given back first: the shell takes it as soon as a launcher such as `uv run` has stopped.
        self._driver.suspend_application_mode()
        vars(self._driver)["_must_signal_resume"] = True
        # The whole group stops, as when the terminal itself does it.
        os.killpg(0, signal.SIGSTOP)

    def _hear_continuing(self) -> None:
        """Take over the signal to go on. Whoever loses the terminal gets one as well, and Textual would begin anew."""
        if not self.is_headless and (number := getattr(signal, "SIGCONT", None)):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(number, self._go_on)

    def _go_on(self) -> None:
        if self._driver is None or self._exit:
            return
        if getattr(self._driver, "_must_signal_resume", True):
            self._driver.resume_application_mode()
        else:
            # Somebody has stopped us with the one signal that nobody hears, and may have written over the screen.
            self.screen.refresh(layout=True)
