"""The watch list's SQL statements.

Dashboards that share a list also share the numbering of attempts. A dashboard's update of a row is applied unless
another one has begun a later attempt, or has already recorded that this one succeeded, was cancelled or was undone.
"""

_KEY = "server = ? AND entity = ? AND project = ? AND run_id = ?"

SELECT_RUNS = """
SELECT position, entity, project, run_id, goal, attempt, state, message, artifact, elapsed, baseline,
  name, run_state, last_step, failure, check_interval, max_wait_time, notice,
  (SELECT time FROM line WHERE line.run = position ORDER BY id DESC LIMIT 1)
FROM run WHERE server = ? ORDER BY position
"""
SELECT_ATTEMPTS = """
SELECT a.run, a.number, a.started, a.ended, a.state, a.message, a.notice
FROM attempt a JOIN run r ON r.position = a.run WHERE r.server = ? ORDER BY a.run, a.number
"""
SELECT_LINES = f"""
SELECT l.attempt, l.time, l.message, l.status, l.level, l.state, l.notice FROM line l
WHERE l.run = (SELECT position FROM run WHERE {_KEY}) AND l.id <= ? ORDER BY l.id DESC LIMIT ?
"""  # noqa: S608 - no part comes from outside

COUNT_RUNS = "SELECT server, (SELECT count(*) FROM run WHERE run.server = list.server) FROM list"
SELECT_POSITION = f"SELECT position FROM run WHERE {_KEY}"  # noqa: S608
DELETE_RUN = f"DELETE FROM run WHERE {_KEY}"  # noqa: S608
INSERT_RUN = """
INSERT INTO run (position, server, entity, project, run_id, goal, attempt, state, message, elapsed)
VALUES (?, ?, ?, ?, ?, ?, 0, 'queued', '', 0) ON CONFLICT DO NOTHING
"""
POSITION_TAKEN = "SELECT 1 FROM run WHERE position = ?"
UPDATE_SETTINGS = f"UPDATE run SET goal = ?, check_interval = ?, max_wait_time = ? WHERE {_KEY}"  # noqa: S608
UPDATE_RUN = f"""
UPDATE run SET attempt = ?, state = ?, message = ?, artifact = coalesce(?, artifact), elapsed = ?, baseline = ?,
  notice = ?, failure = ?,
  name = coalesce(?, name), run_state = coalesce(?, run_state), last_step = coalesce(?, last_step)
WHERE {_KEY} AND (attempt < ? OR (attempt = ? AND (? OR (state NOT IN ('available', 'cancelled')
  AND coalesce(notice, '') NOT LIKE '{{"kind": "attempt-undone"%'))))
"""  # noqa: S608

UPSERT_ATTEMPT = """
INSERT INTO attempt (run, number, started, ended, state, message, notice) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, number) DO UPDATE SET ended = excluded.ended, state = excluded.state, message = excluded.message,
  notice = excluded.notice
WHERE ended IS NULL OR excluded.ended IS NOT NULL
"""
INSERT_LINE = """
INSERT INTO line (run, attempt, time, message, status, level, state, notice) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
PRUNE_LINES = """
DELETE FROM line WHERE run = ? AND id <= (SELECT id FROM line WHERE run = ? ORDER BY id DESC LIMIT 1 OFFSET ?)
"""
PRUNE_ATTEMPTS = """
DELETE FROM attempt WHERE run = ? AND number <=
  (SELECT number FROM attempt WHERE run = ? ORDER BY number DESC LIMIT 1 OFFSET ?)
"""

INSERT_LIST = "INSERT INTO list (server, id, revision) VALUES (?, ?, 0) ON CONFLICT DO NOTHING"
NEXT_REVISION = "UPDATE list SET revision = revision + 1 WHERE server = ?"
UPSERT_VIEW = """
INSERT INTO view (server, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value
"""
