"""Times as callers give them: a number of seconds that makes sense, or a clear word."""

from __future__ import annotations

from numbers import Real

from wandb_tui.core.errors import UsageError

SHORTEST_INTERVAL = 0.1
"""Seconds between two looks at the least."""

_LONGEST = 10.0**9


def checked_seconds(name: str, value: object, least: float = 0.0) -> float:
    """A time that was passed as an argument.

    Args:
        name: What the argument is called.
        value: What was passed.
        least: How many seconds it must be at the least.

    Raises:
        UsageError: It is no number of seconds.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not least <= float(value) <= _LONGEST:
        hint = "Give 0 to wait for ever." if least == 0 else ""
        raise UsageError(f"{name}={value!r} is not a number of seconds, {least:g} or more.", hint)
    return float(value)
