"""Durations: as people type them (``90``, ``5m``, ``1h30m``, ``never``), as a clock, and as an age."""

from __future__ import annotations

import re

from wandb_tui.core.errors import UsageError

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_HOUR_MINUTES, _DAY_HOURS = 60, 24
_NEVER = ("never", "0", "")
_MAX_DURATION_S = 366 * 86400.0


def parse_duration(text: str) -> float:
    """The seconds in a duration as typed; 0 for ``never``.

    Raises:
        UsageError: The text is not a duration.
    """
    text = "".join(text.casefold().split())
    if text in _NEVER:
        return 0.0
    if re.fullmatch(r"[0-9]{1,8}(\.[0-9]{1,3})?", text):
        return min(_MAX_DURATION_S, float(text))
    if re.fullmatch(r"([0-9]{1,8}[dhms])+", text):
        parts = re.findall(r"([0-9]+)([dhms])", text)
        return min(_MAX_DURATION_S, float(sum(int(count) * _UNITS[unit] for count, unit in parts)))
    raise UsageError(f"“{text[:20]}” is not a duration.", "Write 90, 5m, 1h30m or never.")


def format_duration(seconds: float) -> str:
    """A duration as it would be typed."""
    if seconds <= 0:
        return "never"
    if seconds != int(seconds):
        return f"{seconds:g}"
    shown, left = "", int(seconds)
    for unit, size in _UNITS.items():
        count, left = divmod(left, size)
        shown += f"{count}{unit}" if count else ""
    return shown


def format_elapsed(seconds: float) -> str:
    """Elapsed seconds as ``m:ss``, or ``h:mm:ss`` from an hour on."""
    minutes, seconds = divmod(int(seconds), _UNITS["m"])
    hours, minutes = divmod(minutes, _HOUR_MINUTES)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def format_estimate(seconds: float) -> str:
    """A remaining time, as exactly as can be told: ``35 min``, ``2 h 40 min``, ``3 d``."""
    minutes = max(1, round(seconds / _UNITS["m"]))
    if minutes < _HOUR_MINUTES:
        return f"{minutes} min"
    hours, minutes = divmod(5 * round(minutes / 5), _HOUR_MINUTES)
    if hours >= _DAY_HOURS:
        days, hours = divmod(hours, _DAY_HOURS)
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def format_age(seconds: float) -> str:
    """The time since an event, in its largest unit: ``3 h``."""
    for unit, size in _UNITS.items():
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"
