"""Memorable names."""

from __future__ import annotations

_FIRST = [
    "brisk",
    "calm",
    "clear",
    "bright",
    "quiet",
    "warm",
    "bold",
    "swift",
    "gentle",
    "proud",
    "early",
    "late",
    "silver",
    "golden",
    "misty",
    "lucid",
    "eager",
    "deep",
    "fair",
    "steady",
    "amber",
    "vivid",
    "mild",
    "crisp",
]
_SECOND = [
    "sun",
    "moon",
    "river",
    "forest",
    "meadow",
    "harbor",
    "ridge",
    "valley",
    "cloud",
    "breeze",
    "ember",
    "stone",
    "lake",
    "garden",
    "field",
    "shore",
    "comet",
    "spring",
    "summit",
    "grove",
    "lantern",
    "feather",
    "orchard",
    "tide",
]


def run_name(number: int) -> str:
    """The display name of a project's n-th run, such as ``brisk-sun-1``."""
    index = number - 1
    # Both lists have the same length, so the second one is shifted by one after each pass.
    return f"{_FIRST[index % len(_FIRST)]}-{_SECOND[(index + index // len(_FIRST)) % len(_SECOND)]}-{number}"
