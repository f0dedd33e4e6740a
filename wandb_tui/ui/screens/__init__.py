"""The screens: the dashboard, what it opens, and the pieces they share."""

import importlib
import pkgutil


def import_screens() -> None:
    """Import all of them, so that a key opens any of them at once; takes a tenth of a second."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
