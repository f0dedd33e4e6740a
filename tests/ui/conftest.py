"""What all tests of the dashboard share."""

import pytest
from textual import constants


@pytest.fixture(autouse=True)
def still(monkeypatch):
    """Nothing moves, so that nobody waits for the end of a movement."""
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
