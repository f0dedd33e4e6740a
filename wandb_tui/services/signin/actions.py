"""The actions on a sign-in page, and the record of those already taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from wandb_tui.core.errors import SignInProblem
from wandb_tui.services.signin.forms import SignInForm
from wandb_tui.services.signin.origins import OriginProblem
from wandb_tui.services.signin.page_view import Button


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing yet: the page may still be rendering."""


@dataclass(frozen=True, slots=True)
class Press:
    """Press a button or follow a link."""

    frame: int
    button: Button


@dataclass(frozen=True, slots=True)
class Fill:
    """Fill in a form and submit it."""

    form: SignInForm


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End the sign-in with an error.

    Attributes:
        problem: The reason.
        words: The page's own message, or empty.
        page: The page that caused it: its origin, or the problem with that origin.
        code_beside: Whether a field for a code, left empty, is beside the password.
    """

    problem: SignInProblem
    words: str = ""
    page: OriginProblem | str = ""
    code_beside: bool = False


SignInAction: TypeAlias = Wait | Press | Fill | GiveUp


@dataclass(slots=True)
class Progress:
    """The record of a sign-in's actions.

    Attributes:
        identifier_sent: Whether the identifier alone was sent, as the first of two steps.
        password_sent: Whether the password was sent; it is never sent twice.
        refused: Whether the response to the password was an HTTP error.
        overdue: Whether the page has had its time to react to the submitted form.
        signed_out: Whether the server's API has reported no user since then.
        pressed_buttons: Keys of the buttons already pressed, so that each is pressed once.
        loaded_at: `FrameView.loaded_at` of the document on which the form was sent.
        earlier_alerts: The page's messages before the form was sent.
        earlier_lines: The page's lines at that time.
        earlier_invalid: Names of the fields that were marked as invalid before anything was typed.
    """

    identifier_sent: bool = False
    password_sent: bool = False
    refused: bool = False
    overdue: bool = False
    signed_out: bool = False
    pressed_buttons: list[str] = field(default_factory=list)
    loaded_at: float = 0.0
    earlier_alerts: frozenset[str] = frozenset()
    earlier_lines: frozenset[str] = frozenset()
    earlier_invalid: frozenset[str] = frozenset()

    @property
    def anything_sent(self) -> bool:
        """Whether a form was sent."""
        return self.identifier_sent or self.password_sent

    def pressed(self, button: Button) -> bool:
        """Whether this button was already pressed."""
        return _button_key(button) in self.pressed_buttons

    def note_press(self, button: Button) -> None:
        """Record a press, so that the button is not pressed again."""
        self.pressed_buttons.append(_button_key(button))


def _button_key(button: Button) -> str:
    return f"{button.text} {button.href}"
