"""Runs for the demo, logged to a sandbox by the real SDK at different stages of their lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from wandb_tui.sandbox.server import Sandbox

PROJECT = "demo"
# A busy machine takes a minute; this ends an SDK that hangs.
_FIRST_RUNS_TIMEOUT_S = 300.0
_END_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class DemoRun:
    """One run of the demo.

    Attributes:
        path: ``entity/project/id``.
        goal: The goal that a monitor should wait for, as ``--until`` takes it.
        stage: Its special feature, in a few words.
    """

    path: str
    goal: str
    stage: str


class Demo:
    """The demo's runs, and the process that logs them. As a context manager it stops at the end of the block."""

    def __init__(self, runs: tuple[DemoRun, ...], process: subprocess.Popen[bytes], directory: Path) -> None:
        self.runs = runs
        self._process = process
        self._directory = directory

    def __enter__(self) -> Self:
        """Nothing to do: the runs are being logged already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    @property
    def goals(self) -> list[tuple[str, str]]:
        """The runs' paths and goals."""
        return [(run.path, run.goal) for run in self.runs]

    @property
    def log(self) -> Path:
        """The log file with the SDK's terminal output."""
        return self._directory / "sdk.log"

    def stop(self) -> None:
        """End the logging process, and the SDK's service process with it. Stopping twice is fine."""
        _end(self._process)


def seed_demo(sandbox: Sandbox) -> Demo:
    """Log the demo's runs in the background; returns once those that are finished at the start are there.

    Raises:
        RuntimeError: The SDK could not log to the sandbox; the sentence ends with what it said last.
    """
    directory = Path(tempfile.mkdtemp(prefix="demo-", dir=sandbox.context.data_dir))
    process = _start(sandbox, directory)
    entity = sandbox.entity
    runs = tuple(DemoRun(f"{entity}/{PROJECT}/{name}", goal, stage) for name, goal, stage in _RUNS)
    demo = Demo(runs, process, directory)
    try:
        _wait_for(directory / "ready", process, demo.log)
        for name in _EXPORTED:
            sandbox.export_now(f"{entity}/{PROJECT}/{name}")
    except BaseException:
        demo.stop()
        raise
    return demo


_RUNS = (
    ("q8f3n1vd", "exists", "finished, never exported"),
    ("h2x6m0ta", "exists", "finished and exported already"),
    ("n6y2p9gz", "newer", "still running and logging slowly; exported once"),
    ("w5c9r7be", "step:200", "finished; its export has to reach step 200"),
    ("d1j4s8ku", "complete", "finished; its export has to be complete"),
    ("no-such-run", "exists", "fails on purpose: there is no such run"),
)
_EXPORTED = ("h2x6m0ta", "n6y2p9gz")


def _start(sandbox: Sandbox, directory: Path) -> subprocess.Popen[bytes]:
    """Start the logging process; nothing it or the SDK prints may reach our terminal."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WANDB_")},
        "WANDB_API_KEY": sandbox.api_key,
        "WANDB_BASE_URL": sandbox.base_url,
        "WANDB_CACHE_DIR": str(directory / "cache"),
        "WANDB_CONFIG_DIR": str(directory / "config"),
        "WANDB_DATA_DIR": str(directory / "data"),
        "WANDB_DIR": str(directory),
        "WANDB_ENTITY": sandbox.entity,
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_PROJECT": PROJECT,
        "WANDB_SILENT": "true",
        "NO_PROXY": "127.0.0.1,localhost,::1",
        "no_proxy": "127.0.0.1,localhost,::1",
    }
    with (directory / "sdk.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "wandb_tui.sandbox.demo_runs", str(directory / "ready")],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait_for(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the file is there."""
    deadline = time.monotonic() + _FIRST_RUNS_TIMEOUT_S
    while not path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(errors="replace").strip().splitlines()[-1:] or ["nothing"]
            raise RuntimeError(f"The demo's runs could not be logged. The SDK said last: {said[0]}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started: it leads a session of its own."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    try:
        # The service process outlives its parent by a moment; the rest of the session ends now.
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
