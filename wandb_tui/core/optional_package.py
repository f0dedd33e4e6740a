"""Packages that are used where they are installed, and where they can be loaded as well."""

from __future__ import annotations

import importlib.util

_MAX_REASON_CHARS = 160


def package_problem(name: str) -> str:
    """Why a package cannot be used, as the end of a sentence that begins with its name; empty if it can be.

    It is imported for that, which may take a second. One that is there may still fail, for want of memory or because it
    was built for another system.

    Args:
        name: The package, or a module of it.
    """
    if importlib.util.find_spec(name.partition(".")[0]) is None:
        return "is not installed"
    try:
        importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever a package raises while it is loaded
        return f"cannot be loaded ({' '.join(str(error).split())[:_MAX_REASON_CHARS]})"
    return ""
