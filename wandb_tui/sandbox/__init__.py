"""A W&B-compatible server on loopback, for the demo and the tests (extra: ``demo``).

The real SDK logs to it, the real browser signs in to it, and nothing ever leaves the machine::

    with Sandbox(SandboxConfig(export_delay=1.0)) as sandbox:
        print(sandbox.info())

Every name here is imported when first used, so that importing the package costs nothing. Small HTTP controls count
requests and steer a running sandbox from another process, open because the sandbox binds to loopback only:

* ``GET /sandbox/stats``: the counters as JSON, no secrets among them.
* ``POST /sandbox/expire-sessions``: every session cookie becomes invalid.
* ``POST /sandbox/faults``: a JSON list of faults as on the command line; it replaces those in force.
* ``POST /sandbox/export``: ``{"run": "entity/project/id"}`` writes that run's export at once.
* ``POST /sandbox/public``: ``{"project": "entity/project"}`` lets everyone see the project.

Where to look: ``server.py`` starts and stops it, ``app.py`` lists the routes, ``schema.graphql`` and ``resolvers/``
answer the API, ``exports.py`` writes the history artifacts, ``signin/`` and ``pages/`` are the web pages, ``faults.py``
is the table of faults, ``state.py`` keeps it all in SQLite.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wandb_tui.sandbox.config import SandboxConfig
    from wandb_tui.sandbox.demo import Demo, DemoRun, seed_demo
    from wandb_tui.sandbox.faults import FAULTS
    from wandb_tui.sandbox.server import Sandbox, run_sandbox
    from wandb_tui.sandbox.signin.kinds import SIGN_INS

__all__ = [
    "FAULTS",
    "SIGN_INS",
    "Demo",
    "DemoRun",
    "Sandbox",
    "SandboxConfig",
    "SandboxExtraMissingError",
    "run_sandbox",
    "seed_demo",
]

_HOMES = {
    "FAULTS": "faults",
    "SIGN_INS": "signin.kinds",
    "Demo": "demo",
    "DemoRun": "demo",
    "Sandbox": "server",
    "SandboxConfig": "config",
    "run_sandbox": "server",
    "seed_demo": "demo",
}


class SandboxExtraMissingError(ImportError):
    """The packages that the sandbox needs are not installed."""


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("wandb_tui"):
            raise
        raise SandboxExtraMissingError(
            f"The sandbox needs {error.name}, which is not installed: pip install 'wandb-run-monitor[demo]'",
        ) from error
    value = getattr(module, name)
    globals()[name] = value
    return value
