"""File sizes as text."""

from __future__ import annotations

_UNKNOWN_FROM_BYTES = 10**15
"""Larger sizes are shown as “huge”."""

_ROUNDS_UP_FROM = 999.5
"""From here on, three digits would round to 1,000."""


def format_bytes(size: int | None) -> str:
    """A number of bytes as ``12.3 MB``; a dash if unknown."""
    if size is None:
        return "–"
    if size >= _UNKNOWN_FROM_BYTES:
        return "huge"
    amount, unit = float(size), "B"
    larger_units = iter(("kB", "MB", "GB", "TB"))
    while amount >= _ROUNDS_UP_FROM and (larger := next(larger_units, "")):
        amount, unit = amount / 1000, larger
    return f"{amount:,.3g} {unit}"
