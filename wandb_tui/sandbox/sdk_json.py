"""Reading the SDK's JSON, which knows NaN and infinities."""

from __future__ import annotations

import json
from typing import Any


def parse(text: str) -> Any:
    """Read a JSON document; a NaN or an infinity, which JSON does not have, becomes its name."""
    return json.loads(text, parse_constant=str)
