"""Reads and writes the followed queries in the watch list's file."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from wandb_tui.core.errors import UsageError
from wandb_tui.core.goal import Goal
from wandb_tui.core.persistence import QueryChange, StoredQuery
from wandb_tui.core.schedule import Times

if TYPE_CHECKING:
    from wandb_tui.core.project_query import ProjectQuery

log = logging.getLogger(__name__)

_KEY = "server = ? AND entity = ? AND project = ? AND conditions = ?"
_SELECT = """
SELECT position, entity, project, conditions, goal, check_interval, max_wait_time
FROM query WHERE server = ? ORDER BY position
"""
_SELECT_RUNS = """
SELECT r.query, r.run_id FROM query_run r JOIN query q ON q.position = r.query WHERE q.server = ?
"""
_DELETE = f"DELETE FROM query WHERE {_KEY}"  # noqa: S608 - no part comes from outside
_INSERT = """
INSERT INTO query (server, entity, project, conditions, goal) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_UPDATE = f"UPDATE query SET goal = ?, check_interval = ?, max_wait_time = ? WHERE {_KEY}"  # noqa: S608
_JOIN = f"INSERT INTO query_run (query, run_id) SELECT position, ? FROM query WHERE {_KEY} ON CONFLICT DO NOTHING"  # noqa: S608


def read_queries(db: sqlite3.Connection, server: str) -> list[StoredQuery]:
    """The followed queries of a server, in the order in which they were added."""
    runs: dict[int, list[str]] = defaultdict(list)
    for position, run_id in db.execute(_SELECT_RUNS, (server,)):
        runs[position].append(run_id)
    rows = db.execute(_SELECT, (server,)).fetchall()
    return [stored for row in rows if (stored := _stored_query(row, tuple(runs[row[0]]))) is not None]


def change_query(db: sqlite3.Connection, server: str, change: QueryChange) -> None:
    """Write a change."""
    key = (server, change.query.entity, change.query.project, _conditions(change.query))
    row = change.row
    if row is None or change.replace:
        db.execute(_DELETE, key)
    if row is None:
        return
    if change.added:
        db.execute(_INSERT, (*key, str(row.goal)))
    if change.settings_changed:
        db.execute(_UPDATE, (str(row.goal), *(row.times or (None, None)), *key))
    db.executemany(_JOIN, [(run_id, *key) for run_id in change.joined])


def _conditions(query: ProjectQuery) -> str:
    """The conditions of a query as JSON, always the same for the same ones."""
    given = {name: value for name, value in asdict(query.conditions).items() if value}
    return json.dumps(given, sort_keys=True, ensure_ascii=False)


def _stored_query(row: tuple[Any, ...], run_ids: tuple[str, ...]) -> StoredQuery | None:
    """The query in a row; None if it cannot be read."""
    # The dashboard's first frame waits for the list, and rarely is there a query on it.
    from wandb_tui.core.catalogue import RunQuery
    from wandb_tui.core.project_query import ProjectQuery

    _, entity, project, conditions, goal, check_interval, max_wait_time = row
    try:
        query = ProjectQuery(entity, project, RunQuery(**json.loads(conditions)))
        times = None if None in {check_interval, max_wait_time} else Times(check_interval, max_wait_time)
        return StoredQuery(query, Goal.parse(goal), times, run_ids)
    except (UsageError, ValueError, TypeError):
        log.warning("A followed query cannot be read and is skipped: %s/%s %s", entity, project, conditions)
        return None
