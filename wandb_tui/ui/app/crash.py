"""The report of a crash: a traceback without what the user typed into secret fields."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable

from textual.screen import Screen
from textual.widgets import Input

_REDACTED = "●●●●"


def crash_report(screens: Iterable[Screen[object]], redact: Callable[[str], str], secrets: Iterable[str] = ()) -> str:
    """The traceback of the current error, without local variables and secrets.

    Args:
        screens: The screens whose secret fields are redacted.
        redact: Removes the secrets that are already known.
        secrets: Other secrets that were typed.
    """
    text = redact(traceback.format_exc())
    typed = {field.value for screen in screens for field in screen.query(Input) if field.password} | {*secrets}
    for secret in sorted(
        {form for value in typed if value for form in (value, repr(value)[1:-1])}, key=len, reverse=True
    ):
        text = text.replace(secret, _REDACTED)
    return text
