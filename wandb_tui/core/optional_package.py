"""Packages that are used where they are installed, and where they can be loaded as well."""

from __future__ import annotations

import importlib.util
from typing import NamedTuple

HISTORY_EXTRA = '"wandb-run-monitor[history]"'
"""The requirement that brings pyarrow, quoted for pip in a shell."""

_MAX_REASON_CHARS = 160


class PackageProblem(NamedTuple):
    """The reason why a package cannot be used, and the remedy.

    Attributes:
        reason: The end of a sentence that begins with its name.
        remedy: The remedy, as a sentence.
    """

    reason: str
    remedy: str


def package_problem(name: str, requirement: str = "") -> PackageProblem | None:
    """Find out why a package cannot be used; None if it can be.

    It is imported for that, which may take a second. One that is there may still fail, for want of memory or because it
    was built for another system.

    Args:
        name: The package, or a module of it.
        requirement: The requirement to give to pip; without it, the name.
    """
    if importlib.util.find_spec(name.partition(".")[0]) is None:
        return PackageProblem("is not installed", f"Install it with pip install {requirement or name}.")
    try:
        importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever a package raises while it is loaded
        reason = " ".join(str(error).split())[:_MAX_REASON_CHARS]
        return PackageProblem(f"cannot be loaded ({reason})", f'See whether python -c "import {name}" works here.')
    return None
