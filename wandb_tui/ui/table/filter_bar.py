"""The filter bar, visible while there is a filter."""

from __future__ import annotations

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static

from wandb_tui.ui.input.input_drain import drained
from wandb_tui.ui.table.filter_line import ErrorHighlighter


class FilterBar(Horizontal):
    """Enter returns to the table and keeps the filter, Escape clears it. Beside it is the number of matching runs."""

    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("enter,down", "apply", "Apply", show=False, priority=True),
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("tab", "complete", "Complete", show=False, priority=True),
    ]

    error: reactive[str] = reactive("")
    """The reason why the filter is not valid."""
    suggestion: reactive[str] = reactive("")
    """A likely mistake in it."""
    counted: reactive[tuple[int, int]] = reactive((0, 0))
    """The number of runs that match, and that of all runs."""
    advice: reactive[str] = reactive("")
    """Advice about the filter, shown where there is nothing more important."""

    class Changed(Message):
        """The filter text has changed."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    error_span: reactive[tuple[int, int] | None] = reactive(None)
    """The part of the text that is wrong: its start and end."""
    loading_count: reactive[int] = reactive(0)
    """Of how many runs the values that the filter asks for are still being loaded."""

    def __init__(self, leave_to: Widget, suggester: Suggester) -> None:
        """Create a hidden bar.

        Args:
            leave_to: Gets the focus when the bar is left.
            suggester: Completes what is typed.
        """
        super().__init__()
        self._leave_to = leave_to
        self._highlighter = ErrorHighlighter()
        self._input = Input(
            placeholder="words  !not  state:failed  lr>=1e-3 and (tag:hero or is:running)  /regex/",
            compact=True,
            suggester=suggester,
            highlighter=self._highlighter,
        )
        self._note = Static()
        self.display = False

    @property
    def value(self) -> str:
        """The filter text."""
        return self._input.value

    @property
    def typing(self) -> bool:
        """Whether it has the focus."""
        return self._input.has_focus

    def put(self, text: str) -> None:
        """Show a filter that was not typed."""
        if text:
            self._show()
        self.display = bool(text)
        with self.prevent(Input.Changed):
            self._input.value = text

    def _show(self) -> None:
        """Show the bar. Its parts are mounted only now: the first frame of the dashboard is drawn sooner without."""
        if not self.children:
            self.mount(Static("/"), self._input, self._note)
        self.display = True

    def open(self) -> None:
        """Show the bar and focus its input."""
        self._show()
        # Not `focus`, which takes effect later: quickly typed keys would go elsewhere.
        self.screen.set_focus(self._input)

    async def action_apply(self) -> None:
        """Keep the filter and leave the bar."""
        await drained(self._input)
        self.screen.set_focus(self._leave_to)
        self.display = bool(self.value.strip())

    def action_cancel(self) -> None:
        """Clear the filter."""
        self._input.value = ""
        self.screen.set_focus(self._leave_to)
        self.display = False

    def action_complete(self) -> None:
        """Accept the completion that is shown."""
        self._input.action_cursor_right()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    def watch_error(self) -> None:
        """Show the error."""
        self._update_note()

    def watch_error_span(self) -> None:
        """Mark the error in the text."""
        self._highlighter.span = self.error_span
        self._input.refresh()

    def watch_loading_count(self) -> None:
        """Show how much is still being loaded."""
        self._update_note()

    def watch_suggestion(self) -> None:
        """Show the likely mistake."""
        self._update_note()

    def watch_counted(self) -> None:
        """Show the count."""
        self._update_note()

    def watch_advice(self) -> None:
        """Show the advice."""
        self._update_note()

    def _update_note(self) -> None:
        shown, of = self.counted
        if self.error:
            note = Content.styled(f"✖ {self.error}", "$error")
        else:
            remark = f"loading {self.loading_count}…" if self.loading_count else self.suggestion
            text = " · ".join(part for part in (f"{shown} of {of}", remark or self.advice) if part)
            note = Content.styled(text, "$quiet" if shown and not remark else "$warning")
        # Not an automatic width: if a text changes again between two layouts, Textual keeps the width of the first.
        self._note.styles.width = note.cell_length
        self._note.update(note)
