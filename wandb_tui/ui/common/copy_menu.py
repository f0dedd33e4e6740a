"""A menu of what can be copied of one or several runs."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.copy_formats import BY_ID, COPY_FORMATS, CopyFormat
from wandb_tui.ui.common.dialog import Dialog, KeyButton
from wandb_tui.ui.input.actions import Scope, bindings

_WIDEST = max(len(copy.name) for copy in COPY_FORMATS)


class CopyMenu(Dialog[CopyFormat | None]):
    """Returns the chosen format, or None."""

    PLACES = (Scope.COPY,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(self, rows: Sequence[WatchedRun], names: str, app_url: str, glyphs: Glyphs) -> None:
        """Create the menu.

        Args:
            rows: The runs.
            names: Their names, abbreviated.
            app_url: Base address of the server's pages; empty until it is known.
            glyphs: The glyphs to draw with.
        """
        super().__init__()
        self._rows = rows
        self._names = names
        self._app_url = app_url
        self._glyphs = glyphs
        self._list = OptionList()

    def compose(self) -> ComposeResult:
        """A line for each format."""
        with Vertical(classes="dialog"):
            yield Static("Copy", classes="dialog-title")
            yield Static(Content(self._glyphs.text(clean(self._names))), classes="dialog-note")
            yield self._list
            with Horizontal(classes="dialog-buttons"):
                yield KeyButton("Close", "copy.close", id="close")

    def on_mount(self) -> None:
        """Highlight the first format."""
        self._list.add_options(
            [
                Option(self._line(copy), id=copy.id, disabled=not copy.of(self._rows, self._app_url))
                for copy in COPY_FORMATS
            ]
        )
        self._list.highlighted = 0
        self._list.focus()

    def action_choose(self) -> None:
        """Copy in the highlighted format."""
        self._list.action_select()

    def action_copy(self, copy_id: str) -> None:
        """Copy, if there is anything to copy."""
        copy = BY_ID[copy_id]
        if copy.of(self._rows, self._app_url):
            self.dismiss(copy)
        else:
            self.app.notify(f"{copy.name[0].upper()}{copy.name[1:]}: {copy.missing}", timeout=3, markup=False)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.action_copy(str(event.option.id))

    @on(Button.Pressed)
    def _close(self) -> None:
        self.dismiss(None)

    def _line(self, copy: CopyFormat) -> Content:
        """Its key, its name, and the first line of the text as far as it fits."""
        text = copy.of(self._rows[:1], self._app_url) or copy.missing
        return Content.assemble(
            (f"{self.keys.first(f'copy.{copy.id}'):<2} ", "bold $accent"),
            (f"{copy.name:<{_WIDEST}}  ", "$foreground"),
            (self._glyphs.text(clean(text, 400)), "$quiet"),
        )
