"""Reads the SDK's JSON, which may contain NaN and infinities."""

from __future__ import annotations

import json
from typing import Any


def parse(text: str) -> Any:
    """Read a JSON document; NaN and infinities become strings."""
    return json.loads(text, parse_constant=str)
