"""The channels that report ended runs: toast, bell, terminal, senders such as the desktop, and the user's hooks.

A new channel of the terminal is a class here and its line in `CHANNELS`. One that reaches outside is a function in
`services` that the backend names among its `senders`. Either way its name is its setting below ``[notify]``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import ClassVar, Protocol

from wandb_tui.core.events import Level
from wandb_tui.core.hook_env import AttemptOutcome
from wandb_tui.ui.app.notifications import Notification
from wandb_tui.ui.app.themed_app import ThemedApp
from wandb_tui.ui.runtime.backend import Backend, Send
from wandb_tui.ui.runtime.ports import Hooks
from wandb_tui.ui.runtime.run_remark import RunRemark

log = logging.getLogger(__name__)

_TOAST_S = 5.0


class Notifier(Protocol):
    """Reports that runs have ended. Called on the UI thread, so it must not block.

    Attributes:
        immediate: Whether it gets each ended run immediately; else those that end within seconds share one
            notification.
    """

    immediate: ClassVar[bool]

    def notify(self, notification: Notification) -> None:
        """Report it."""


class ToastNotifier:
    """A message above the key bar."""

    immediate: ClassVar[bool] = False

    def __init__(self, app: ThemedApp) -> None:
        self._app = app

    def notify(self, notification: Notification) -> None:
        """Show the toast."""
        title, text = notification.title, self._app.glyphs.text(notification.text)
        if "\n" not in text:
            title, text = "", f"{title}: {text}"
        self._app.notify(text, title=title, severity=notification.severity, timeout=_TOAST_S, markup=False)


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


class SenderNotifier:
    """A notification through something outside the terminal, such as the desktop."""

    immediate: ClassVar[bool] = False

    def __init__(self, app: ThemedApp, channel: str, send: Send) -> None:
        """Create it.

        Args:
            app: Runs the worker.
            channel: The name of the channel, for the log.
            send: Sends the notification; may block.
        """
        self._app = app
        self._channel = channel
        self._send = send

    def notify(self, notification: Notification) -> None:
        """Send it from a thread."""
        self._app.run_worker(self._notify(notification), group=f"{self._channel}-notification")

    async def _notify(self, notification: Notification) -> None:
        problem = await asyncio.to_thread(self._send, f"wandb-tui: {notification.title}", notification.text)
        if problem:
            log.warning("Notification not sent (%s): %s", self._channel, problem)


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
        def report(text: str) -> None:
            self._app.post_from_thread(RunRemark(outcome.run, text, Level.WARNING))

        self._hooks.ended(outcome, report)


CHANNELS: dict[str, Callable[[ThemedApp], Notifier]] = {
    "toast": ToastNotifier,
    "terminal": TerminalNotifier,
    "bell": BellNotifier,
}
"""The channels of the terminal, by the names of their settings."""


def enabled_notifiers(app: ThemedApp, backend: Backend) -> list[Notifier]:
    """The channels that the settings enable, and the hooks if there are any."""
    enabled = backend.notify_channels
    channels = [build(app) for name, build in CHANNELS.items() if name in enabled]
    senders = [SenderNotifier(app, name, send) for name, send in backend.senders.items() if name in enabled]
    hooks = [HookNotifier(app, backend.hooks)] if backend.hooks is not None else []
    return [*channels, *senders, *hooks]
