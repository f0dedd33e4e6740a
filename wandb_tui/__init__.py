"""wandb-tui: wait until a Weights & Biases run's history is available.

The public names below are imported when first used, so that importing the package stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from wandb_tui.version import __version__

if TYPE_CHECKING:
    from wandb_tui.core.account import WandBCredentials
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.details import RunOrigin
    from wandb_tui.core.errors import (
        ApiKeyError,
        ForkError,
        KeyringError,
        NoBrowserError,
        RunNotFoundError,
        ServerError,
        SignInError,
        SignInProblem,
        UsageError,
        WaitTimeoutError,
        WandbTuiError,
    )
    from wandb_tui.core.events import Failure, Level, MonitorStatus
    from wandb_tui.core.goal import Goal, GoalKind
    from wandb_tui.core.probe import RunInfo
    from wandb_tui.core.query_list import FollowedQuery
    from wandb_tui.core.state import State
    from wandb_tui.core.sync_progress import SyncProgress, SyncState
    from wandb_tui.library.api import RunMonitor, SimpleWandBMonitor, wait_for_history
    from wandb_tui.library.download import download_history
    from wandb_tui.library.event import Callback, Event
    from wandb_tui.library.fork import fork_when_ready, rewind_when_ready
    from wandb_tui.library.group import AsyncMonitorGroup, MonitorGroup
    from wandb_tui.library.history_table import load_history
    from wandb_tui.library.offline import sync_offline
    from wandb_tui.library.results import GroupSummary, MonitorResult, RunSummary
    from wandb_tui.library.run_tree import run_tree

_HOMES = {
    "wandb_tui.library.api": ("RunMonitor", "SimpleWandBMonitor", "wait_for_history"),
    "wandb_tui.core.address": ("RunAddress",),
    "wandb_tui.core.details": ("RunOrigin",),
    "wandb_tui.core.errors": (
        "ApiKeyError",
        "ForkError",
        "KeyringError",
        "NoBrowserError",
        "RunNotFoundError",
        "ServerError",
        "SignInError",
        "SignInProblem",
        "UsageError",
        "WaitTimeoutError",
        "WandbTuiError",
    ),
    "wandb_tui.core.events": ("Failure", "Level", "MonitorStatus"),
    "wandb_tui.core.goal": ("Goal", "GoalKind"),
    "wandb_tui.core.account": ("WandBCredentials",),
    "wandb_tui.core.probe": ("RunInfo",),
    "wandb_tui.core.query_list": ("FollowedQuery",),
    "wandb_tui.core.state": ("State",),
    "wandb_tui.core.sync_progress": ("SyncProgress", "SyncState"),
    "wandb_tui.library.download": ("download_history",),
    "wandb_tui.library.event": ("Callback", "Event"),
    "wandb_tui.library.fork": ("fork_when_ready", "rewind_when_ready"),
    "wandb_tui.library.history_table": ("load_history",),
    "wandb_tui.library.group": ("AsyncMonitorGroup", "MonitorGroup"),
    "wandb_tui.library.offline": ("sync_offline",),
    "wandb_tui.library.results": ("GroupSummary", "MonitorResult", "RunSummary"),
    "wandb_tui.library.run_tree": ("run_tree",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ApiKeyError",
    "AsyncMonitorGroup",
    "Callback",
    "Event",
    "Failure",
    "FollowedQuery",
    "ForkError",
    "Goal",
    "GoalKind",
    "GroupSummary",
    "KeyringError",
    "Level",
    "MonitorGroup",
    "MonitorResult",
    "MonitorStatus",
    "NoBrowserError",
    "RunAddress",
    "RunInfo",
    "RunMonitor",
    "RunNotFoundError",
    "RunOrigin",
    "RunSummary",
    "ServerError",
    "SignInError",
    "SignInProblem",
    "SimpleWandBMonitor",
    "State",
    "SyncProgress",
    "SyncState",
    "UsageError",
    "WaitTimeoutError",
    "WandBCredentials",
    "WandbTuiError",
    "__version__",
    "download_history",
    "fork_when_ready",
    "load_history",
    "rewind_when_ready",
    "run_tree",
    "sync_offline",
    "wait_for_history",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
