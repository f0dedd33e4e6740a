"""Lengths of time as people type them: ``90``, ``5m``, ``1h30m``, ``never``."""

from __future__ import annotations

import re

from wandb_tui.core.errors import UsageError

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_NEVER = ("never", "0", "")
_LONGEST = 366 * 86400.0
_MINUTE = 60
_HOUR = 3600


def parse_duration(text: str) -> float:
    """Seconds; 0 for ``never``.

    Raises:
        UsageError: The text is no length of time.
    """
    text = "".join(text.casefold().split())
    if text in _NEVER:
        return 0.0
    if re.fullmatch(r"[0-9]{1,8}(\.[0-9]{1,3})?", text):
        return min(_LONGEST, float(text))
    if re.fullmatch(r"([0-9]{1,8}[dhms])+", text):
        parts = re.findall(r"([0-9]+)([dhms])", text)
        return min(_LONGEST, float(sum(int(count) * _UNITS[unit] for count, unit in parts)))
    raise UsageError(f"“{text[:20]}” is not a length of time.", "Write 90, 5m, 1h30m or never.")


def show_duration(seconds: float) -> str:
    """A length of time as it could be typed."""
    if seconds <= 0:
        return "never"
    if seconds != int(seconds):
        return f"{seconds:g}"
    shown, left = "", int(seconds)
    for unit, size in _UNITS.items():
        count, left = divmod(left, size)
        shown += f"{count}{unit}" if count else ""
    return shown


def minutes(seconds: float) -> str:
    """A length of time as ``m:ss``, or ``h:mm:ss`` from an hour on."""
    whole = int(seconds)
    if whole >= _HOUR:
        return f"{whole // _HOUR}:{whole % _HOUR // _MINUTE:02}:{whole % _MINUTE:02}"
    return f"{whole // _MINUTE}:{whole % _MINUTE:02}"
