"""Validates durations that callers pass as arguments."""

from __future__ import annotations

from numbers import Real

from wandb_tui.core.errors import UsageError

MIN_INTERVAL_S = 0.1
"""The shortest interval between two probes, in seconds."""

_MAX_S = 10.0**9


def checked_seconds(name: str, value: object, least: float = 0.0) -> float:
    """Validate a duration that was passed as an argument.

    Args:
        name: The name of the argument.
        value: Its value.
        least: The minimum.

    Raises:
        UsageError: It is not a number of seconds, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not least <= float(value) <= _MAX_S:
        hint = "Give 0 to wait for ever." if least == 0 else ""
        raise UsageError(f"{name}={value!r} is not a number of seconds, {least:g} or more.", hint)
    return float(value)
