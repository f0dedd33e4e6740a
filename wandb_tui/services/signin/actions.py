"""What can be done on a sign-in page, and what has been done so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from wandb_tui.core.errors import SignInProblem
from wandb_tui.services.signin.forms import SignInForm
from wandb_tui.services.signin.origins import OriginProblem
from wandb_tui.services.signin.page_view import Button


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do yet: the page may still be drawing itself."""


@dataclass(frozen=True, slots=True)
class Press:
    """Press a button or follow a link."""

    frame: int
    button: Button


@dataclass(frozen=True, slots=True)
class Fill:
    """Fill in the form and send it."""

    form: SignInForm


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End the sign-in, for this reason.

    Attributes:
        problem: The reason.
        words: What the page itself says, or empty.
        page: The page that was the reason: its origin, or what is wrong with that.
    """

    problem: SignInProblem
    words: str = ""
    page: OriginProblem | str = ""


SignInAction: TypeAlias = Wait | Press | Fill | GiveUp


@dataclass(slots=True)
class Progress:
    """What has been done so far.

    Attributes:
        identifier_sent: Whether the identifier alone was sent, as the first of two steps.
        password_sent: Whether the password was sent; it never is twice.
        refused: Whether the request with the password was answered with an HTTP error.
        silent: Whether the page has had its time to react to what was sent.
        presses: Which buttons were pressed, so that none is pressed for ever.
        born: The load of the document on which the form was sent.
        said_before: Messages that stood on the page before anything was sent.
        read_before: All its lines at that time.
    """

    identifier_sent: bool = False
    password_sent: bool = False
    refused: bool = False
    silent: bool = False
    presses: list[str] = field(default_factory=list)
    born: float = 0.0
    said_before: frozenset[str] = frozenset()
    read_before: frozenset[str] = frozenset()

    @property
    def anything_sent(self) -> bool:
        """Whether an answer of the page is awaited."""
        return self.identifier_sent or self.password_sent

    def pressed(self, button: Button) -> bool:
        """Whether this button was pressed already."""
        return _mark(button) in self.presses

    def note_press(self, button: Button) -> None:
        """Remember a press, so that the same one is not tried again."""
        self.presses.append(_mark(button))


def _mark(button: Button) -> str:
    return f"{button.text} {button.href}"
