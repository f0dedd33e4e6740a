"""The state of the sandbox: projects, runs and their files, stored in SQLite."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox import names
from wandb_tui.sandbox.database import Database
from wandb_tui.sandbox.sdk_json import parse

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

CRASHED_AFTER_S = 300.0
"""Seconds without a heartbeat after which a running run counts as crashed."""


@dataclass(frozen=True)
class Project:
    """One project."""

    key: int
    entity: str
    name: str
    public: bool
    created_at: float

    @property
    def path(self) -> str:
        """``entity/project``."""
        return f"{self.entity}/{self.name}"


@dataclass(frozen=True)
class Run:
    """One run as it stands now; JSON columns are parsed."""

    key: int
    project: Project
    name: str
    display_name: str
    config: dict[str, Any]
    summary: dict[str, Any]
    state: str
    tags: list[str]
    notes: str | None
    description: str | None
    run_group: str | None
    job_type: str | None
    program: str | None
    host: str | None
    git_commit: str | None
    parent: str | None
    fork_step: int | None
    exit_code: int | None
    sweep: str | None
    created_at: float
    heartbeat_at: float
    finished_at: float | None

    @property
    def path(self) -> str:
        """``entity/project/run_id``."""
        return f"{self.project.path}/{self.name}"

    @property
    def live_state(self) -> str:
        """The state as shown; a run without a heartbeat has crashed."""
        silent = time.time() - self.heartbeat_at > CRASHED_AFTER_S
        return "crashed" if self.state == "running" and silent else self.state


_JSON_COLUMNS = ("config", "summary", "tags")


class SandboxState:
    """Projects and runs; each method is one small transaction."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.db = Database(data_dir / "sandbox.sqlite3")

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    # Projects

    def project(self, entity: str, name: str) -> Project | None:
        """The project of this name."""
        row = self.db.row("SELECT * FROM projects WHERE entity = ? AND name = ?", entity, name)
        return _project(row) if row else None

    def projects(self, entity: str | None = None) -> list[Project]:
        """All projects, or those of one entity, oldest first."""
        rows = self.db.rows("SELECT * FROM projects WHERE ? IN ('', entity) ORDER BY key", entity or "")
        return [_project(row) for row in rows]

    def ensure_project(self, entity: str, name: str) -> tuple[Project, bool]:
        """The project, created if missing, and whether it was; a name that begins with ``public-`` makes it public."""
        with self.db:
            if found := self.project(entity, name):
                return found, False
            self.db.run(
                "INSERT INTO projects (entity, name, public, created_at) VALUES (?, ?, ?, ?)",
                entity,
                name,
                name.startswith("public-"),
                time.time(),
            )
            made = self.project(entity, name)
        if made is None:
            raise LookupError(f"the project {entity}/{name} vanished while it was made")
        return made, True

    def set_public(self, entity: str, name: str, *, public: bool) -> None:
        """Let everyone see the project, or only its members."""
        self.ensure_project(entity, name)
        self.db.run("UPDATE projects SET public = ? WHERE entity = ? AND name = ?", public, entity, name)

    # Runs

    def run(self, project: Project, name: str) -> Run | None:
        """The run of this id."""
        row = self.db.row("SELECT * FROM runs WHERE project = ? AND name = ?", project.key, name)
        return _run(row, project) if row else None

    def run_by_key(self, key: int) -> Run | None:
        """The run that the database knows by this key."""
        row = self.db.row("SELECT * FROM runs WHERE key = ?", key)
        if row is None:
            return None
        project = self.db.row("SELECT * FROM projects WHERE key = ?", row["project"])
        return _run(row, _project(project)) if project else None

    def runs(self, project: Project) -> list[Run]:
        """All runs of a project, oldest first."""
        return [
            _run(row, project) for row in self.db.rows("SELECT * FROM runs WHERE project = ? ORDER BY key", project.key)
        ]

    def keys_by_heartbeat(self, project: Project, since: float) -> list[int]:
        """The keys of the runs with a heartbeat since a time, the latest first."""
        query = "SELECT key FROM runs WHERE project = ? AND heartbeat_at >= ? ORDER BY heartbeat_at DESC, key DESC"
        return [row["key"] for row in self.db.rows(query, project.key, since)]

    def create_run(self, project: Project, name: str, display_name: str | None) -> Run:
        """Begin a run; without a display name it gets one, as on the real server."""
        now = time.time()
        with self.db:
            number = 1 + int(self.db.value("SELECT count(*) FROM runs WHERE project = ?", project.key))
            key = self.db.run(
                "INSERT INTO runs (project, name, display_name, created_at, heartbeat_at) VALUES (?, ?, ?, ?, ?)",
                project.key,
                name,
                display_name or names.run_name(number),
                now,
                now,
            )
            row = self.db.row("SELECT * FROM runs WHERE key = ?", key)
        if row is None:
            raise LookupError(f"the run {name} vanished while it was made")
        return _run(row, project)

    def update_run(self, run: Run, **columns: Any) -> None:
        """Write some columns of a run, and its heartbeat."""
        values = {
            name: json.dumps(value) if name in _JSON_COLUMNS else value
            for name, value in {"heartbeat_at": time.time(), **columns}.items()
        }
        assignments = ", ".join(f"{name} = ?" for name in values)  # column names come from our own code only
        self.db.run(f"UPDATE runs SET {assignments} WHERE key = ?", *values.values(), run.key)  # noqa: S608

    def delete_run(self, run: Run) -> None:
        """Delete a run and all that belongs to it."""
        with self.db:
            self.db.run("DELETE FROM version_files WHERE version IN (SELECT key FROM versions WHERE run = ?)", run.key)
            for table in ("versions", "lines", "run_files"):
                self.db.run(f"DELETE FROM {table} WHERE run = ?", run.key)  # noqa: S608
            self.db.run("DELETE FROM runs WHERE key = ?", run.key)


def _project(row: sqlite3.Row) -> Project:
    return Project(row["key"], row["entity"], row["name"], bool(row["public"]), row["created_at"])


def _run(row: sqlite3.Row, project: Project) -> Run:
    columns = dict(row)
    columns["project"] = project
    for name in _JSON_COLUMNS:
        columns[name] = parse(columns[name])
    return Run(**columns)
