"""The palette: every action that makes sense now, by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from wandb_tui.text.glyphs import ASCII, EMOJI, LOOKS
from wandb_tui.ui.app.themed_app import ThemedApp
from wandb_tui.ui.app.themes import OWN
from wandb_tui.ui.common.copy_formats import COPY_FORMATS
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.dashboard.screen import Dashboard
from wandb_tui.ui.input.actions import ACTIONS, BY_ID, Action, Scope

_LOOKS = {EMOJI: "Draw with signs and emoji.", ASCII: "Draw with ASCII alone, where a font lacks the signs."}

Command = tuple[str, str, Callable[[], Any]]


class ActionCommands(Provider):
    """Offers the actions of where one is, the looks and the themes."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for name, help_text, run in self._commands():
            yield DiscoveryHit(name, run, help=Content(help_text).plain)

    async def search(self, query: str) -> Hits:
        """Those that match."""
        matcher = self.matcher(query)
        for name, help_text, run in self._commands():
            # What it is called tells more than what is said of it.
            score = max(matcher.match(name), matcher.match(f"{name} {help_text}") / 2)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, help=help_text)

    def _commands(self) -> Iterator[Command]:
        app = cast("ThemedApp", self.app)
        screen = self.screen if isinstance(self.screen, RunScreen) else None
        for action in ACTIONS:
            if action.id != "command_palette" and _usable(action, screen):
                owner = self.app if action.where is Scope.ANYWHERE else self.screen
                key = app.session.keys.first(action.id)
                yield f"{action.label}  {key}".rstrip(), action.help, partial(owner.run_action, action.id)
        if screen is not None and screen.applies(BY_ID["copy"]):
            for copy in COPY_FORMATS:
                yield (
                    f"Copy {copy.name}",
                    "Copy it of the run, or of all that are marked.",
                    partial(screen.copy_now, copy),
                )
        if isinstance(screen, Dashboard) and screen.table.view.order.column:
            yield (
                "Sort as added",
                "Sort by no column: in the order in which the runs were added.",
                screen.table.sort_as_added,
            )
        for glyphs in LOOKS:
            if glyphs != app.glyphs.name:
                yield f"Look {glyphs}", _LOOKS[glyphs], partial(app.choose_look, glyphs)
        # The one there is comes first: what is taken by a hasty Enter changes nothing.
        for theme in sorted(app.available_themes, key=lambda theme: (theme != app.theme, theme not in OWN, theme)):
            does = "These are the colours now" if theme == app.theme else "Change the colours"
            yield (
                f"Theme {theme}{app.glyphs.text('  ✔ now') if theme == app.theme else ''}",
                f"{does}{': ' + OWN[theme] if theme in OWN else ''}.",
                partial(app.choose_theme, theme),
            )


def _usable(action: Action, screen: RunScreen | None) -> bool:
    if action.where is Scope.ANYWHERE:
        return True
    return screen is not None and action.where in screen.PLACES and screen.applies(action)
