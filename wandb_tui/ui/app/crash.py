"""What is shown when the dashboard itself fails: a traceback without what the user has typed into secret fields."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable

from textual.screen import Screen
from textual.widgets import Input

_BLOT = "●●●●"


def crash_report(screens: Iterable[Screen[object]], redact: Callable[[str], str]) -> str:
    """The traceback of the error at hand, without local variables and secrets.

    Args:
        screens: What is typed into their secret fields is taken out.
        redact: Takes out the secrets that are known already.
    """
    text = redact(traceback.format_exc())
    typed = {field.value for screen in screens for field in screen.query(Input) if field.password and field.value}
    for secret in sorted({form for value in typed for form in (value, repr(value)[1:-1])}, key=len, reverse=True):
        text = text.replace(secret, _BLOT)
    return text
