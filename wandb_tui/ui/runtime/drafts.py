"""What was typed into a dialog that was closed: it comes back when the dialog is opened again, in this session only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AddDraft:
    """Runs that were typed but not added.

    Attributes:
        addresses: The text of the address box.
        options: The texts of the options, from the goal on.
    """

    addresses: str
    options: tuple[str, ...]


@dataclass(slots=True)
class Drafts:
    """The drafts of all dialogs; None where nothing was left behind."""

    add: AddDraft | None = None
