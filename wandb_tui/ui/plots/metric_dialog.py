"""The dialog for choosing a metric among all that the runs have logged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.dialog import Dialog, ErrorLine, KeyButton
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.input.input_drain import drained

LoadMetrics = Callable[[], Awaitable[list[str] | str]]
"""Loads the metrics, or says why they are unknown."""

Choice = tuple[str, str]
"""The value to return, and the text that is shown for it."""

_MAX_SHOWN = 500


class MetricDialog(Dialog[str | None]):
    """Returns the metric, or None. Typing narrows the list; the arrow keys move in it."""

    PLACES = (Scope.METRIC,)
    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        *bindings(*PLACES),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
    ]

    def __init__(
        self, title: str, current: str, load: LoadMetrics, glyphs: Glyphs, others: Sequence[Choice] = ()
    ) -> None:
        """Ask for a metric.

        Args:
            title: The question.
            current: The choice so far.
            load: Loads the metrics.
            glyphs: The glyphs to draw with.
            others: The choices besides the metrics; they come first.
        """
        super().__init__()
        self._title = title
        self._current = current
        self._load = load
        self._glyphs = glyphs
        self._others = list(others)
        self._choices: list[Choice] = list(others)
        self._shown: list[Choice] = []
        self._input = Input(placeholder="part of the name", compact=True, id="metric-search")
        self._list = OptionList()

    def compose(self) -> ComposeResult:
        """The search, the list, the buttons."""
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="dialog-title")
            yield self._input
            yield self._list
            yield Static(self._glyphs.text("loading…"), id="metric-note", classes="dialog-note")
            yield ErrorLine()
            with Horizontal(classes="dialog-buttons"):
                yield KeyButton("Choose", "metric.submit", variant="primary", id="choose")
                yield KeyButton("Cancel", "metric.close", id="cancel")

    def on_mount(self) -> None:
        """Load the metrics."""
        self._list.can_focus = False
        self.set_focus(self._input)
        self._fill()
        self.run_worker(self._fetch())

    async def _fetch(self) -> None:
        found = await self._load()
        if isinstance(found, str):
            self.show_error(found)
            found = []
        self._choices = [*self._others, *((metric, metric) for metric in found)]
        note = self.query_one("#metric-note", Static)
        note.display = not found
        note.update("No run here has logged a number yet.")
        self._fill()

    @on(Input.Changed)
    def _fill(self) -> None:
        words = self._input.value.casefold().split()
        found = [choice for choice in self._choices if all(word in choice[1].casefold() for word in words)]
        self._shown = found[:_MAX_SHOWN]
        self._list.clear_options()
        self._list.add_options([Option(self._line(choice)) for choice in self._shown])
        current = [number for number, (value, _) in enumerate(self._shown) if value == self._current]
        if self._shown:
            self._list.highlighted = current[0] if current and not words else 0

    def _line(self, choice: Choice) -> Content:
        value, text = choice
        mark = "✔ " if value == self._current else "  "
        return Content.assemble((self._glyphs.text(mark), "$success"), self._glyphs.text(clean(text, 200)))

    def action_move(self, lines: int) -> None:
        """Move in the list."""
        if self._shown:
            at = self._list.highlighted or 0
            self._list.highlighted = max(0, min(len(self._shown) - 1, at + lines))

    async def action_submit(self) -> None:
        """Choose the metric under the cursor; on another button, press it."""
        if isinstance(self.focused, Button) and self.focused.id != "choose":
            self.focused.press()
            return
        await drained(self._input)
        self._choose(self._list.highlighted)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option_index)

    def _choose(self, index: int | None) -> None:
        if index is not None and index < len(self._shown):
            self.dismiss(self._shown[index][0])

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "choose":
            self._choose(self._list.highlighted)
        else:
            self.dismiss(None)
