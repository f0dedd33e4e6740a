"""A confirmation before an action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from wandb_tui.ui.common.dialog import Dialog, KeyButton
from wandb_tui.ui.common.too_small import Essential, Paragraphs, too_small
from wandb_tui.ui.input.actions import Scope, bindings


class Confirm(Dialog[bool]):
    """Asks yes or no; Enter means yes unless that is risky."""

    PLACES = (Scope.CONFIRM,)
    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        *bindings(*PLACES),
        Binding("left,right,tab", "app.focus_next", show=False),
    ]
    AUTO_FOCUS = ""

    def __init__(self, question: str, detail: str, *, yes: str, no: str = "Stay", enter: bool = True) -> None:
        super().__init__()
        self._question = question
        self._detail = detail
        self._yes = yes
        self._no = no
        self._enter = enter

    def compose(self) -> ComposeResult:
        """The question and two buttons."""
        with Vertical(classes="dialog"):
            yield Static(Content(self._question), classes="dialog-title")
            if self._detail:
                yield Static(Content(self._detail), classes="dialog-text")
            with Horizontal(classes="dialog-buttons"):
                yield KeyButton(self._yes, "confirm.yes", variant="error", id="yes")
                yield KeyButton(self._no, "confirm.no", id="no")
        yield Essential(*self._essentials())

    def _essentials(self) -> Iterator[Paragraphs]:
        """The question and the keys for a terminal that has no room for the dialog."""
        yes, no = self.keys.first("confirm.yes"), self.keys.first("confirm.no")
        keys = f"{yes} {self._yes}  {no} {self._no}"
        yield self._question, self._detail, keys
        yield self._question, keys
        yield (f"{self._question} {yes}/{no}",)
        yield (f"{self._yes}? {yes}/{no}",)
        yield (f"{yes}/{no}",)
        yield ("?",)

    def on_resize(self) -> None:
        """Show only the essential where the dialog does not fit."""
        self.set_class(too_small(self.app.size), "-tiny")

    @property
    def key_labels(self) -> Mapping[str, str]:
        """The answers in their own words."""
        return {"confirm.yes": self._yes, "confirm.no": self._no}

    def update_detail(self, detail: str) -> None:
        """Show another text below the question."""
        self._detail = detail
        self.query_one(".dialog-text", Static).update(Content(detail))
        self.query_one(Essential).show(*self._essentials())

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)

    def action_enter(self) -> None:
        """Press the focused button, if any."""
        self.dismiss(self.focused.id == "yes" if isinstance(self.focused, Button) else self._enter)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Close with the button's answer."""
        self.dismiss(event.button.id == "yes")


class QuitQuestion(Confirm):
    """Asks whether to quit; Ctrl-C, pressed once more, is an answer."""

    BINDINGS = [("ctrl+c", "answer(True)", "Quit")]  # noqa: RUF012 - as Textual declares it
