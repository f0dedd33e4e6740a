"""``wandb-tui demo``: a sandbox, runs logged by the real SDK, and a dashboard with them.

It does not touch the user's own keyring, watch list or settings: everything is in one temporary folder.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from wandb_tui.cli.console import say
from wandb_tui.core.account import Credentials
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.goal import Goal
from wandb_tui.services.disk.file_lock import ProcessLock
from wandb_tui.services.disk.log_file import log_to
from wandb_tui.services.disk.paths import Paths
from wandb_tui.wiring import Wiring

OpenDashboard = Callable[[Wiring, Sequence[tuple[str, Goal]]], int]

log = logging.getLogger(__name__)

_PREFIX = "wandb-tui-demo-"
_LOCK = "in-use"
_NEW_FOLDER_S = 5.0
_EXPORT_DELAY_S = 4.0
_GOODBYE = """\
The demo has ended, and its data is deleted. To watch your own runs:
  {run}wandb-tui login                    sign in to your W&B server, once
  {run}wandb-tui entity/project/run_id    the dashboard, waiting for that run"""


def open_demo(provide_browser: Callable[[], Path], open_dashboard: OpenDashboard) -> int:
    """Run the demo until the user quits the dashboard; returns the exit status.

    Args:
        provide_browser: Finds a browser, or installs one.
        open_dashboard: Opens the dashboard with these runs, each with its goal.

    Raises:
        WandbTuiError: Something that the demo needs is missing.
    """
    try:
        from wandb_tui.sandbox import Sandbox, SandboxConfig, seed_demo
    except ImportError as error:
        raise WandbTuiError(str(error)) from None
    provide_browser()
    with own_folder() as folder:
        paths = Paths(config=Path(folder, "config"), state=Path(folder, "state"), log=Path(folder, "log"))
        log_to(paths.log_file)
        say("Starting a W&B server for this machine, and logging a few runs to it…")
        with Sandbox(SandboxConfig(data_dir=Path(folder, "sandbox"), export_delay=_EXPORT_DELAY_S)) as sandbox:
            wiring = Wiring(
                host=sandbox.base_url,
                credentials=Credentials(sandbox.username, sandbox.password),
                api_key=sandbox.api_key,
                environ=_without_wandb(os.environ),
                paths=paths,
            )
            try:
                demo = seed_demo(sandbox)
            except RuntimeError as error:
                raise WandbTuiError(str(error)) from None
            with demo:
                try:
                    status = open_dashboard(wiring, [(run.path, Goal.parse(run.goal)) for run in demo.runs])
                finally:
                    wiring.close()
    if status == 0 and sys.stdout.isatty():
        say(_GOODBYE.format(run=_launcher(os.environ)))
    return status


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """A folder that is deleted at the end; those of killed demos are deleted now."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            _remove_if_left(left)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        folder = Path(name)
        lock = ProcessLock(folder / _LOCK)
        lock.acquire()
        try:
            yield folder
        finally:
            lock.release()


def _remove_if_left(folder: Path) -> None:
    """Remove a demo's folder if it is ours, and no process holds its lock any more."""
    found, lock_file = folder.lstat(), folder / _LOCK
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == getattr(os, "getuid", lambda: found.st_uid)()
    # Its demo may be starting, and about to take the lock.
    if not ours or not lock_file.exists() or time.time() - lock_file.stat().st_mtime < _NEW_FOLDER_S:
        return
    lock = ProcessLock(lock_file)
    # Without file locks there is no telling whether a demo still runs there.
    if lock.acquire() and not lock.problem:
        log.info("%s was left by a demo that was killed", folder)
        lock.release()
        shutil.rmtree(folder)


def _launcher(environ: Mapping[str, str]) -> str:
    """The prefix of a command line: in a checkout only `uv run` finds the command."""
    if "UV_RUN_RECURSION_DEPTH" not in environ:
        return ""
    return "uv run " if shutil.which("uv", path=environ.get("PATH")) else "python3 -m uv run "


def _without_wandb(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without the user's own account, which the demo must not use."""
    return {
        name: value for name, value in environ.items() if not name.startswith("WANDB_") or name == "WANDB_TUI_BROWSER"
    }
