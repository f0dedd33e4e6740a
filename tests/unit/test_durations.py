"""Durations, ages and sizes as people read and type them."""

import pytest

from wandb_tui.core.errors import UsageError
from wandb_tui.text.durations import format_age, format_duration, parse_duration
from wandb_tui.text.sizes import format_bytes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("2d", 172800), ("2.5", 2.5), ("never", 0), ("0", 0)],
)
def test_they_are_read(text, seconds):
    assert parse_duration(text) == seconds
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["soon", "-5", "5x", "1e9", "m", "٣", "9" * 30])
def test_what_is_none_is_refused(text):
    with pytest.raises(UsageError):
        parse_duration(text)


def test_an_age_has_one_unit():
    assert [format_age(seconds) for seconds in (0, 59.4, 60, 7199, 7200, 200_000)] == [
        "0 s",
        "59 s",
        "1 m",
        "1 h",
        "2 h",
        "2 d",
    ]


def test_sizes_have_three_digits_and_a_unit():
    assert [format_bytes(size) for size in (None, 0, 999, 999_499, 999_500, 12_345_678, 10**14, 10**40)] == [
        "–",
        "0 B",
        "999 B",
        "999 kB",
        "1 MB",
        "12.3 MB",
        "100 TB",
        "huge",
    ]
