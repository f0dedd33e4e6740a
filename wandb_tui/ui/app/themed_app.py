"""An app that knows its colours and signs: those of the settings, or those that were chosen since."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import App
from textual.filter import LineFilter

from wandb_tui.text.glyphs import ASCII, LOOKS, Glyphs
from wandb_tui.ui.app.ascii_filter import AsciiFilter
from wandb_tui.ui.app.terminal_app import TerminalApp
from wandb_tui.ui.app.themes import DARK, THEMES, in_sixteen_colours, own_colours
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.runtime.session import Session


class ThemedApp(TerminalApp):
    """Its themes, and the look of all that is drawn."""

    session: Session

    def __init__(self, glyphs: Glyphs, theme: str | None, into_tmux: Callable[[str], bool] | None) -> None:
        """Choose colours and signs of the first painting; a theme that is assigned later has all styles read once more.

        Args:
            glyphs: The signs to draw with.
            theme: The name of a theme; our own, where there is none of that name.
            into_tmux: As for a `TerminalApp`.
        """
        super().__init__(into_tmux)
        self.glyphs = glyphs
        self._wanted_look, self._wanted_theme = glyphs.name, theme
        self._in_ascii = AsciiFilter()
        for ours in THEMES:
            self.register_theme(ours)
        name = theme if theme in self.available_themes else DARK
        self.set_reactive(App.theme, name)
        dark = self.current_theme.dark
        self.update_classes({f"-theme-{name}": True, "-dark-mode": dark, "-light-mode": not dark}, update=False)
        self.stylesheet.set_variables(self.get_css_variables())

    def on_mount(self) -> None:
        """Do with few colours where the terminal has no more."""
        few = not self.is_headless and self.console.color_system in {"standard", "windows"}
        self.set_class(few, "-few-colours")
        if few:
            for theme in in_sixteen_colours():
                self.register_theme(theme)
            self.mutate_reactive(App.theme)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of ours that other people's themes do not have."""
        return own_colours(dark=self.current_theme.dark)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through before it is shown."""
        return [*super().get_line_filters(), *([self._in_ascii] if self.glyphs.ascii else [])]

    def choose_theme(self, theme: str) -> None:
        """Change the colours, and remember that; until the settings name another theme than now."""
        self.theme = theme
        self.session.remember("theme", {"chosen": theme, "over": self._wanted_theme or ""})

    def choose_look(self, glyphs: str) -> None:
        """Change the signs, and remember that; until the settings name another look than now."""
        self._draw_with(glyphs)
        self.session.remember("look", {"chosen": glyphs, "over": self._wanted_look})

    def _draw_with(self, glyphs: str) -> None:
        self.glyphs.ascii = glyphs == ASCII
        for screen in self.run_screens:
            screen.redraw()

    def take_back_appearance(self) -> None:
        """Take the colours and signs that were chosen in an earlier session."""
        theme, glyphs = self._chosen("theme", self._wanted_theme or ""), self._chosen("look", self._wanted_look)
        if theme in self.available_themes and theme != self.theme:
            self.theme = theme
        if glyphs in LOOKS and glyphs != self.glyphs.name:
            self._draw_with(glyphs)

    def _chosen(self, what: str, wanted: str) -> str:
        """What has been chosen in place of what the settings want; empty where nothing was, or they want another."""
        kept = self.session.view.get(what)
        return str(kept.get("chosen")) if isinstance(kept, dict) and kept.get("over") == wanted else ""

    @property
    def run_screens(self) -> list[RunScreen]:
        """The screens that show how the monitors stand, covered ones included."""
        return [screen for screen in self.screen_stack if isinstance(screen, RunScreen)]
