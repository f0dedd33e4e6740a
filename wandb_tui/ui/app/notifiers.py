"""The channels that report ended runs: toast, bell, terminal, desktop and the user's hooks.

A new channel is a class here and its line in `CHANNELS`; its name there is its setting below ``[notify]``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import ClassVar, Protocol

from textual.message import Message

from wandb_tui.core.address import RunAddress
from wandb_tui.core.hook_env import AttemptOutcome
from wandb_tui.ui.app.notifications import Notification
from wandb_tui.ui.app.themed_app import ThemedApp
from wandb_tui.ui.runtime.backend import Backend
from wandb_tui.ui.runtime.ports import Hooks

log = logging.getLogger(__name__)

_TOAST_S = 5.0


class Notifier(Protocol):
    """Reports that runs have ended. Called on the UI thread, so it must not block.

    Attributes:
        immediate: Whether it gets each ended run at once; else those that end within seconds of each other share one
            notification.
    """

    immediate: ClassVar[bool]

    def notify(self, notification: Notification) -> None:
        """Report it."""


class ToastNotifier:
    """A message in the corner of the dashboard."""

    immediate: ClassVar[bool] = False

    def __init__(self, app: ThemedApp) -> None:
        self._app = app

    def notify(self, notification: Notification) -> None:
        """Show the toast."""
        text = self._app.glyphs.text(notification.text)
        self._app.notify(text, title=notification.title, severity=notification.severity, timeout=_TOAST_S, markup=False)


class BellNotifier:
    """The terminal's bell."""

    immediate: ClassVar[bool] = False

    def __init__(self, app: ThemedApp) -> None:
        self._app = app

    def notify(self, notification: Notification) -> None:  # noqa: ARG002 - a bell has no text
        """Ring it."""
        self._app.bell()


class TerminalNotifier:
    """A notification of the terminal, unless the user is looking at it."""

    immediate: ClassVar[bool] = False

    def __init__(self, app: ThemedApp) -> None:
        self._app = app

    def notify(self, notification: Notification) -> None:
        """Send the escape sequence."""
        self._app.notify_terminal(f"wandb-tui: {notification.title}", notification.text)


class DesktopNotifier:
    """A notification of the desktop."""

    immediate: ClassVar[bool] = False

    def __init__(self, app: ThemedApp, show: Callable[[str, str], str]) -> None:
        """Create it.

        Args:
            app: Runs the worker.
            show: Shows title and text; returns the reason if it cannot. May block.
        """
        self._app = app
        self._show = show

    def notify(self, notification: Notification) -> None:
        """Show it from a thread."""
        self._app.run_worker(self._notify(notification), group="desktop-notification")

    async def _notify(self, notification: Notification) -> None:
        problem = await asyncio.to_thread(self._show, f"wandb-tui: {notification.title}", notification.text)
        if problem:
            log.warning("Desktop notification not shown: %s", problem)


class HookFailed(Message):
    """A hook of the user's failed."""

    def __init__(self, run: RunAddress, text: str) -> None:
        super().__init__()
        self.run = run
        self.text = text


class HookNotifier:
    """Runs the user's hooks, one for each run."""

    immediate: ClassVar[bool] = True

    def __init__(self, app: ThemedApp, hooks: Hooks) -> None:
        self._app = app
        self._hooks = hooks

    def notify(self, notification: Notification) -> None:
        """Start the hooks."""
        for outcome in notification.outcomes:
            self._start(outcome)

    def _start(self, outcome: AttemptOutcome) -> None:
        self._hooks.ended(outcome, lambda text: self._app.post_from_thread(HookFailed(outcome.run, text)))


def _desktop(app: ThemedApp, backend: Backend) -> Notifier | None:
    return DesktopNotifier(app, backend.notify_desktop) if backend.notify_desktop is not None else None


CHANNELS: dict[str, Callable[[ThemedApp, Backend], Notifier | None]] = {
    "toast": lambda app, _: ToastNotifier(app),
    "terminal": lambda app, _: TerminalNotifier(app),
    "bell": lambda app, _: BellNotifier(app),
    "desktop": _desktop,
}
"""By the name of its setting, what builds a channel; None where it is not available."""


def enabled_notifiers(app: ThemedApp, backend: Backend) -> list[Notifier]:
    """The channels that the settings enable, and the hooks if there are any."""
    built = [build(app, backend) for name, build in CHANNELS.items() if name in backend.notify_channels]
    hooks = [HookNotifier(app, backend.hooks)] if backend.hooks is not None else []
    return [*(notifier for notifier in built if notifier is not None), *hooks]
