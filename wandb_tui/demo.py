"""``wandb-tui demo``: a sandbox, runs logged by the real SDK, and the dashboard on them, all in one go.

Nothing of it touches the user's own keyring, watch list or settings: it all lives in one temporary folder.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from wandb_tui.core.errors import UsageError, WandbTuiError
from wandb_tui.core.goal import Goal
from wandb_tui.core.ports import Credentials
from wandb_tui.services.disk.logs import log_to
from wandb_tui.services.disk.paths import Paths
from wandb_tui.shell import say
from wandb_tui.wiring import Wiring

OpenDashboard = Callable[[Wiring, Sequence[tuple[str, Goal]]], int]

_EXPORT_DELAY = 4.0
_CANNOT_DRAW = ("dumb", "unknown")
_GOODBYE = """\
The demo is over, and nothing of it was kept. With your own runs:
  wandb-tui login                    sign in to your W&B server, once
  wandb-tui entity/project/run_id    the dashboard, waiting for that run"""


def open_demo(provide_browser: Callable[[], Path], open_dashboard: OpenDashboard) -> int:
    """Run the demo until the user leaves the dashboard; its exit status.

    Args:
        provide_browser: Finds a browser, or installs one.
        open_dashboard: Opens the dashboard on runs, each with its goal.

    Raises:
        WandbTuiError: Something that the demo needs is missing.
    """
    try:
        from wandb_tui.sandbox import Sandbox, SandboxConfig, seed_demo
    except ImportError as error:
        raise WandbTuiError(str(error)) from None
    provide_browser()
    with tempfile.TemporaryDirectory(prefix="wandb-tui-demo-") as folder:
        paths = Paths(config=Path(folder, "config"), state=Path(folder, "state"), log=Path(folder, "log"))
        log_to(paths.log_file)
        say("Starting a W&B server for this machine, and logging a few runs to it…")
        with Sandbox(SandboxConfig(data_dir=Path(folder, "sandbox"), export_delay=_EXPORT_DELAY)) as sandbox:
            wiring = Wiring(
                host=sandbox.base_url,
                credentials=Credentials(sandbox.username, sandbox.password),
                api_key=sandbox.api_key,
                environ=_without_wandb(os.environ),
                paths=paths,
            )
            with seed_demo(sandbox) as demo:
                try:
                    status = open_dashboard(wiring, [(run.path, Goal.parse(run.goal)) for run in demo.runs])
                finally:
                    wiring.close()
    if status == 0 and sys.stdout.isatty():
        say(_GOODBYE)
    return status


def _without_wandb(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without the user's own account, which is none of the demo's business."""
    return {
        name: value for name, value in environ.items() if not name.startswith("WANDB_") or name == "WANDB_TUI_BROWSER"
    }


def check_terminal() -> None:
    """Make sure that there is a terminal to draw on, before anything is started for it.

    Raises:
        UsageError: There is none, or one that cannot move its cursor.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("The dashboard needs a terminal.", "In a script or a pipe, use wandb-tui wait RUN… instead.")
    if os.environ.get("TERM") in _CANNOT_DRAW:
        raise UsageError(
            f"This terminal cannot show a dashboard (TERM={os.environ['TERM']}).",
            "Use wandb-tui wait RUN… instead, or set TERM to what the terminal is.",
        )
