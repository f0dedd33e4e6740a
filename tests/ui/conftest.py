"""Fixtures for all tests of the dashboard."""

import pytest
from textual import constants


@pytest.fixture(autouse=True)
def still(monkeypatch):
    """Turn animations off, so that no test waits for one."""
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
