"""Opens the sign-in dialog unasked, but never over what the user is typing."""

from __future__ import annotations

import math
from collections.abc import Callable

from textual.events import InputEvent, Key, Paste
from textual.message import Message
from textual.widgets import Input

from wandb_tui.ui.app.terminal_app import TerminalApp
from wandb_tui.ui.dashboard.screen import Dashboard

_QUIET_S = 1.0
"""Seconds without a key press before the dialog opens over the dashboard."""


class SignInPrompt:
    """Waits until no other dialog is open and nothing is being typed. Belongs to the UI thread."""

    def __init__(self, app: TerminalApp, open_dialog: Callable[[], None]) -> None:
        self._app = app
        self._open_dialog = open_dialog
        self._dashboard: Dashboard | None = None
        self._last_key_at = -math.inf
        self._usable_from = -math.inf
        self._timer_runs = False

    @property
    def waiting(self) -> bool:
        """Whether the dialog is still to be opened."""
        return self._dashboard is not None

    def request(self, dashboard: Dashboard) -> None:
        """Open the dialog now, or as soon as the user has finished; until then a banner says so."""
        self._dashboard = dashboard
        self._app.screen_change_signal.subscribe(dashboard, lambda _: self._later())
        dashboard.watch(dashboard, "focused", self._later, init=False)
        self._open_if_free()

    def cancel(self) -> None:
        """Note that the user has opened it, so that it does not open by itself."""
        if self._dashboard is not None:
            self._dashboard.sign_in_waits = False
            self._dashboard = None

    def ignores(self, event: InputEvent) -> bool:
        """Whether an event is older than the dialog that it would go to."""
        if isinstance(event, Key | Paste):
            self._last_key_at = event.time
        return event.time < self._usable_from

    def _later(self) -> None:
        if self.waiting:
            self._app.call_later(self._open_if_free)

    def _open_if_free(self) -> None:
        dashboard = self._dashboard
        if dashboard is None:
            return
        if self._app.screen is not dashboard or isinstance(dashboard.focused, Input):
            dashboard.sign_in_waits = True
            return
        if (quiet := Message().time - self._last_key_at) < _QUIET_S:
            if not self._timer_runs:
                self._timer_runs = True
                self._app.set_timer(_QUIET_S - quiet, self._timer_fired)
            return
        self.cancel()
        # Keys pressed before this moment were not meant for the dialog. Waiting for its first frame would lose keys
        # pressed as soon as it is seen: on a busy machine the app learns of the frame late.
        self._open_dialog()
        self._usable_from = Message().time

    def _timer_fired(self) -> None:
        self._timer_runs = False
        self._open_if_free()
