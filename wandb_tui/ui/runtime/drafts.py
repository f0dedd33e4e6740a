"""Drafts of closed dialogs: their text comes back when the dialog is opened again, in this session only."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AddDraft:
    """Runs that were typed but not added.

    Attributes:
        addresses: The text of the address box.
        options: The texts of the options, from the goal on.
    """

    addresses: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignInDraft:
    """A sign-in that was not sent. It is kept in memory and must not be written anywhere: no repr shows the secrets."""

    username: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)


@dataclass(slots=True)
class Drafts:
    """The drafts of all dialogs; None where nothing was left behind."""

    add: AddDraft | None = None
    sign_in: SignInDraft | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets among them, to be removed from anything that is written."""
        return (self.sign_in.password, self.sign_in.api_key) if self.sign_in else ()
