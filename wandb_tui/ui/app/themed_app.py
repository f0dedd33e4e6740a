"""An app with themes and glyphs, from the settings or chosen by the user."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from textual.app import App
from textual.filter import LineFilter
from textual.geometry import Size
from textual.screen import Screen

from wandb_tui.text.glyphs import ASCII, LOOKS, Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.app.ascii_filter import AsciiFilter
from wandb_tui.ui.app.terminal_app import TerminalApp
from wandb_tui.ui.app.themes import DARK, THEMES, extra_colours, sixteen_colour_themes
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.dashboard.screen import Dashboard
from wandb_tui.ui.plots.palette import colours
from wandb_tui.ui.runtime.session import Session

T = TypeVar("T")

_SHORT_LINES, _LOW_LINES, _FLAT_LINES, _NARROW_CELLS = 30, 24, 14, 80
"""Below these sizes screens and dialogs omit their margins, then everything that is not essential."""


class ThemedApp(TerminalApp):
    """Applies a theme and a look."""

    session: Session
    dashboard: Dashboard
    app_url = ""
    """The address of the server's pages; empty until it is known."""

    def __init__(
        self,
        glyphs: Glyphs,
        theme: str | None,
        into_tmux: Callable[[str], bool] | None,
        save_copy: Callable[[str], Path] | None,
    ) -> None:
        """Set the theme and glyphs of the first frame; assigning a theme later would parse all styles again.

        Args:
            glyphs: The glyphs to draw with.
            theme: The name of a theme; our default if there is none of that name.
            into_tmux: As for a `TerminalApp`.
            save_copy: As for a `TerminalApp`.
        """
        super().__init__(into_tmux, save_copy)
        self.glyphs = glyphs
        self._look_setting, self._theme_setting = glyphs.name, theme
        self._ascii_filter = AsciiFilter()
        for ours in THEMES:
            self.register_theme(ours)
        name = theme if theme in self.available_themes else DARK
        self.set_reactive(App.theme, name)
        dark = self.current_theme.dark
        self.update_classes({f"-theme-{name}": True, "-dark-mode": dark, "-light-mode": not dark}, update=False)
        self.stylesheet.set_variables(self.get_css_variables())

    def on_mount(self) -> None:
        """Use a reduced palette on a terminal of 16 colours."""
        few = not self.is_headless and self.console.color_system in {"standard", "windows"}
        self.set_class(few, "-few-colours")
        if few:
            for theme in sixteen_colour_themes():
                self.register_theme(theme)
            self.mutate_reactive(App.theme)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own colours, which other themes lack."""
        dark = self.current_theme.dark
        return extra_colours(dark=dark) | colours(dark=dark, few=self.has_class("-few-colours"))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The filters that every line passes through."""
        return [*super().get_line_filters(), *([self._ascii_filter] if self.glyphs.ascii else [])]

    def choose_theme(self, theme: str) -> None:
        """Change the theme, and remember it until the settings name another one."""
        self.theme = theme
        self.session.remember("theme", {"chosen": theme, "over": self._theme_setting or ""})

    def choose_look(self, glyphs: str) -> None:
        """Change the look, and remember it until the settings name another one."""
        self._use_look(glyphs)
        self.session.remember("look", {"chosen": glyphs, "over": self._look_setting})

    def _use_look(self, glyphs: str) -> None:
        self.glyphs.ascii = glyphs == ASCII
        for screen in self.run_screens:
            screen.redraw()

    def fit(self, size: Size) -> None:
        """Set the classes for the size, which the styles refer to.

        They are the app's, not the screens': a screen would have its own only after its first layout, and all its
        styles would be worked out once more.
        """
        self.update_classes(
            {
                "-short": size.height < _SHORT_LINES,
                "-low": size.height < _LOW_LINES,
                "-flat": size.height < _FLAT_LINES,
                "-narrow": size.width < _NARROW_CELLS,
            },
            animate=False,
        )

    def restore_appearance(self) -> None:
        """Restore the theme and look that were chosen in an earlier session."""
        theme, glyphs = self._chosen("theme", self._theme_setting or ""), self._chosen("look", self._look_setting)
        if theme in self.available_themes and theme != self.theme:
            self.theme = theme
        if glyphs in LOOKS and glyphs != self.glyphs.name:
            self._use_look(glyphs)

    def _chosen(self, what: str, wanted: str) -> str:
        """The choice that replaces the setting; empty if there is none or the setting has changed since."""
        saved = self.session.view.get(what)
        return str(saved.get("chosen")) if isinstance(saved, dict) and saved.get("over") == wanted else ""

    def show_error(self, text: str, *, title: str = "") -> None:
        """Show an error for a while."""
        self.notify(clean(text, 400), title=title, severity="error", timeout=10, markup=False)

    async def off_thread(self, ask: Callable[[], T]) -> T:
        """Run a blocking call in a thread."""
        return await asyncio.to_thread(ask)

    @property
    def run_screens(self) -> list[RunScreen]:
        """The screens that show runs, including covered ones."""
        return [screen for screen in self.screen_stack if isinstance(screen, RunScreen)]

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        """The screens that can be seen behind the one in front: none behind an opaque one.

        Textual counts the next one even then, and draws the whole front again whenever anything behind it changes.
        """
        return [] if self.screen.styles.background.a == 1 else super()._background_screens
