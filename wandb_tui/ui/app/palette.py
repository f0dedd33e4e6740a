"""The palette: every available action, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from wandb_tui.text.glyphs import ASCII, EMOJI, LOOKS
from wandb_tui.ui.app.themed_app import ThemedApp
from wandb_tui.ui.app.themes import DESCRIPTIONS
from wandb_tui.ui.common.copy_formats import COPY_FORMATS
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.dashboard.screen import Dashboard
from wandb_tui.ui.input.actions import ACTIONS, BY_ID, Action, Scope, display_key
from wandb_tui.ui.table.saved_views import MAX_VIEWS

_OWN_ENTRIES = {"command_palette", "view_1"}
"""Actions that the palette does not list as such: it is open, and each view has an entry of its own."""

_LOOKS = {EMOJI: "Use symbols and emoji.", ASCII: "Use ASCII only, for fonts without the symbols."}

Command = tuple[str, str, Callable[[], Any]]


class ActionCommands(Provider):
    """Offers the actions of the current screen, the looks and the themes."""

    async def discover(self) -> Hits:
        """All commands, before anything is typed."""
        for name, help_text, run in self._commands():
            yield DiscoveryHit(name, run, help=Content(help_text).plain)

    async def search(self, query: str) -> Hits:
        """The commands that match."""
        matcher = self.matcher(query)
        for name, help_text, run in self._commands():
            # The name matters more than the description.
            score = max(matcher.match(name), matcher.match(f"{name} {help_text}") / 2)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, help=help_text)

    def _commands(self) -> Iterator[Command]:
        app = cast("ThemedApp", self.app)
        screen = self.screen if isinstance(self.screen, RunScreen) else None
        for action in ACTIONS:
            if action.listed and action.id not in _OWN_ENTRIES and _usable(action, screen):
                owner = self.app if action.where is Scope.ANYWHERE else self.screen
                key = app.session.keys.first(action.id)
                yield (
                    f"{action.label}  {key}".rstrip(),
                    action.help,
                    partial(owner.run_action, action.action or action.id),
                )
        if screen is not None:
            yield from _user_commands(screen)
        if screen is not None and screen.applies(BY_ID["copy"]):
            for copy in COPY_FORMATS:
                yield (
                    f"Copy {copy.name}",
                    "Copy it for all selected runs.",
                    partial(screen.copy_now, copy),
                )
        if isinstance(screen, Dashboard):
            yield from _views(screen)
        for glyphs in LOOKS:
            if glyphs != app.glyphs.name:
                yield f"Look {glyphs}", _LOOKS[glyphs], partial(app.choose_look, glyphs)
        # The current theme comes first, so that a hasty Enter changes nothing.
        for theme in sorted(
            app.available_themes, key=lambda theme: (theme != app.theme, theme not in DESCRIPTIONS, theme)
        ):
            does = "Current theme" if theme == app.theme else "Switch theme"
            yield (
                f"Theme {theme}{app.glyphs.text('  ✔ current') if theme == app.theme else ''}",
                f"{does}{': ' + DESCRIPTIONS[theme] if theme in DESCRIPTIONS else ''}.",
                partial(app.choose_theme, theme),
            )


def _user_commands(screen: RunScreen) -> Iterator[Command]:
    """The user's own commands, with their keys."""
    keys = {number: display_key(key) for key, number in screen.session.keys.command_keys.items()}
    for number, command in enumerate(screen.session.backend.commands):
        title = f"{command.title}  {keys.get(number, '')}".rstrip()
        yield title, f"Your own command: {' '.join(command.command)}", partial(screen.action_user_command, number)


def _views(screen: Dashboard) -> Iterator[Command]:
    """The saved views, with their keys, and the order in which the runs were added."""
    for number, view in enumerate(screen.view_tabs.saved.all[:MAX_VIEWS], 1):
        title = f"View {view.name}  {screen.session.keys.first(f'view_{number}')}".rstrip()
        yield title, "Show this view, or return from it.", partial(screen.view_tabs.action_show_view, number)
    if screen.table.view.order.column:
        yield "Sort in order added", "Show the runs in the order they were added.", screen.table.sort_as_added


def _usable(action: Action, screen: RunScreen | None) -> bool:
    if action.where is Scope.ANYWHERE:
        return True
    return screen is not None and action.where in screen.PLACES and screen.applies(action)
