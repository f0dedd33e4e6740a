"""The environment that both sides are measured in: a sandbox with runs, a home folder, and programs to start there."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import RowChange, StoredRun
from wandb_tui.core.state import State
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.disk.paths import APP
from wandb_tui.services.disk.store import SqliteWatchStore

ROOT = Path(__file__).resolve().parents[2]
ENTITY, PROJECT = "lab", "forks"


@dataclass(frozen=True, slots=True)
class BenchmarkSandbox:
    """A running sandbox, and a folder for what programs write."""

    sandbox: Sandbox
    folder: Path

    def environ(self, home: str = "home") -> dict[str, str]:
        """The environment of a user of the sandbox; each home has its own settings, state and log."""
        path = self.folder / home
        path.mkdir(exist_ok=True)
        inherited = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV") if name in os.environ}
        return {
            **inherited,
            "HOME": str(path),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "NO_PROXY": "127.0.0.1,localhost",
            "WANDB_API_KEY": self.sandbox.api_key,
            "WANDB_BASE_URL": self.sandbox.base_url,
            "WANDB_DIR": str(path),
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_SILENT": "true",
            "WANDB_VIEWER_MAIL": self.sandbox.username,
            "WANDB_VIEWER_PW": self.sandbox.password,
            **{f"XDG_{kind}_HOME": str(path / kind.lower()) for kind in ("CONFIG", "STATE", "DATA", "CACHE")},
        }

    def store(self, runs: Sequence[RunAddress], home: str, state: State = State.QUEUED) -> None:
        """Put runs on the watch list of a home."""
        store = SqliteWatchStore(Path(self.environ(home)["XDG_STATE_HOME"]) / APP / "watchlist.sqlite3", self.key)
        message = "Artifact is now available" if state.final else ""
        changes = []
        for run in runs:
            artifact = f"{run.history_artifact}:v0" if state.final else None
            changes.append(RowChange(run, StoredRun(run, Goal(), 0, state, text_notice(message), artifact), added=True))
        store.write(changes)

    @property
    def key(self) -> str:
        """The server's key in the watch list."""
        return self.sandbox.base_url

    def requests(self) -> int:
        """The number of requests that the API has had."""
        return self.sandbox.stats()["graphql_requests"]

    def appeared(self, run: RunAddress) -> float:
        """The time at which the run's export became visible, by the wall clock."""
        inner = self.sandbox.context
        project, _ = inner.state.ensure_project(run.entity, run.project)
        made = inner.state.run(project, run.run_id)
        if made is None:
            raise LookupError(f"there is no run {run}")
        return inner.exports.versions(made)[0].visible_at

    def export(self, run: RunAddress, delay: float) -> None:
        """Let a run's export appear in `delay` seconds."""
        inner = self.sandbox.context
        project, _ = inner.state.ensure_project(run.entity, run.project)
        made = inner.state.run(project, run.run_id)
        if made is None or not inner.exports.start(made, delay=delay):
            raise LookupError(f"{run} cannot be exported")

    def seed(self, count: int, prefix: str, project: str = PROJECT) -> list[RunAddress]:
        """Runs of a few steps, without an export."""
        inner = self.sandbox.context
        made_in, _ = inner.state.ensure_project(ENTITY, project)
        lines = [json.dumps({"_step": step, "loss": 1 / (step + 1)}) for step in range(5)]
        runs = []
        with inner.state.db:
            for number in range(count):
                run = RunAddress(ENTITY, project, f"{prefix}{number:04d}")
                made = inner.state.create_run(made_in, run.run_id, run.run_id)
                inner.histories.append(made, "wandb-history.jsonl", 0, lines)
                runs.append(run)
        return runs

    def runs_file(self, runs: Sequence[RunAddress]) -> str:
        """A file that names runs, one a line."""
        with tempfile.NamedTemporaryFile("w", dir=self.folder, suffix=".txt", delete=False) as file:
            file.write("\n".join(map(str, runs)))
        return file.name


@contextlib.contextmanager
def benchmark_sandbox(*, export_delay: float = 3.0) -> Iterator[BenchmarkSandbox]:
    """A fresh sandbox and folder, deleted after the block."""
    with (
        tempfile.TemporaryDirectory(prefix="wandb-tui-benchmark-", ignore_cleanup_errors=True) as folder,
        Sandbox(SandboxConfig(export_delay=export_delay)) as sandbox,
    ):
        yield BenchmarkSandbox(sandbox, Path(folder))


def our_program(name: str, *arguments: str) -> list[str]:
    """The command that runs one of the programs beside this file."""
    return [sys.executable, "-m", f"tests.benchmarks.programs.{name}", *arguments]
