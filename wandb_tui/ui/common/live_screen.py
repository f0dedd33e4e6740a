"""What the screens share that show how the monitors stand, and go on showing it while they are open."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.screen import Screen
from textual.widget import Widget

from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.ui.input.actions import Action, Scope


class LiveScreen(Screen[None]):
    """A screen with actions of its own; it is told what changes, also while a dialog is over it."""

    PLACES: ClassVar[tuple[Scope, ...]] = ()
    """Whose actions can be used here."""

    def on_screen_suspend(self) -> None:
        """Whoever is in front shows the messages, too: here they would stand a second time."""
        self._show_messages(False)

    def on_screen_resume(self) -> None:
        """In front again."""
        self._show_messages(True)

    def _show_messages(self, shown: bool) -> None:
        for rack in self.query("ToastRack"):
            rack.display = shown
        # Behind another screen nothing is arranged anew by itself.
        self._refresh_layout()

    @abstractmethod
    def repainting(self, rows: Iterable[WatchedRun]) -> Iterator[None]:
        """These rows have changed: show that part by part, so that a key may be heard between two of them."""

    def repaint(self, rows: Iterable[WatchedRun]) -> None:
        """These rows have changed: show that now."""
        for _ in self.repainting(rows):
            pass

    @abstractmethod
    def tick(self) -> None:
        """A second has gone by."""

    def redraw(self) -> None:
        """All is drawn with other signs from now on."""
        self.tick()
        for widget in self.walk_children(Widget):
            widget.refresh()

    @abstractmethod
    def applies(self, action: Action) -> bool:
        """Whether an action makes sense now."""
