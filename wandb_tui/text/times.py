"""Times and dates in the user's time zone."""

from __future__ import annotations

from datetime import datetime


def time_of_day(moment: datetime) -> str:
    """A time of day as ``HH:MM:SS``."""
    return f"{moment.astimezone():%H:%M:%S}"


def date_and_time(moment: datetime) -> str:
    """A date and time as ``YYYY-MM-DD HH:MM``."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
