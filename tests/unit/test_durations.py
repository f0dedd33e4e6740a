"""Lengths of time as people type them."""

import pytest

from wandb_tui.core.errors import UsageError
from wandb_tui.text.durations import parse_duration, show_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("2d", 172800), ("2.5", 2.5), ("never", 0), ("0", 0)],
)
def test_they_are_read(text, seconds):
    assert parse_duration(text) == seconds
    assert parse_duration(show_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["soon", "-5", "5x", "1e9", "m", "٣", "9" * 30])
def test_what_is_none_is_refused(text):
    with pytest.raises(UsageError):
        parse_duration(text)
