"""A checkbox as all dialogs show it."""

from textual.content import Content
from textual.widgets import Checkbox


class Tick(Checkbox):
    """A checkbox that is empty while it is off: Textual's own shows a darker X."""

    def render(self) -> Content:
        """The box and its label."""
        self.BUTTON_INNER = "X" if self.value else " "
        return super().render()
