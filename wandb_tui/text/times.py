"""Moments in time, in the user's own time zone."""

from __future__ import annotations

from datetime import datetime


def time_of_day(moment: datetime) -> str:
    """``HH:MM:SS`` where the user is."""
    return f"{moment.astimezone():%H:%M:%S}"


def date_and_time(moment: datetime) -> str:
    """``YYYY-MM-DD HH:MM`` where the user is."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
