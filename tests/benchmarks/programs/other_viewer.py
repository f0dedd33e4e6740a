"""Starts PyPI's wandb-tui on another server than wandb.ai, which it knows alone: ``python -I other_viewer.py API REF``.

For an interpreter that has that package, and not ours.
"""

from __future__ import annotations

import sys
from typing import Any, cast

import wandb_tui


def main() -> None:
    theirs = cast("Any", wandb_tui)
    theirs.GRAPHQL_URL = sys.argv.pop(1)
    theirs.main()


if __name__ == "__main__":
    main()
