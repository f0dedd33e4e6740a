"""The user's home folder, which some containers and clusters do not have."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def home_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The user's home folder; None where ``HOME`` is not set and the system does not know the user."""
    if named := environ.get("HOME"):
        return Path(named)
    try:
        return Path.home()
    except RuntimeError:
        return None
