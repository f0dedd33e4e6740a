"""The JSON objects with which commands describe a run."""

from __future__ import annotations

import json
from datetime import UTC, datetime


def json_line(
    when: datetime,
    *,
    run: str,
    attempt: int,
    state: str,
    message: str,
    artifact: str | None,
    elapsed: float,
    **more: str | int | None,
) -> str:
    """One object of ``--json``, as `docs/commands.md` describes it.

    Args:
        when: When that happened.
        run: The run's address.
        attempt: The attempt.
        state: Its state.
        message: What happened.
        artifact: The newest version known, with its full name.
        elapsed: Seconds that the attempt has taken.
        more: The fields that only some commands have.
    """
    line = {
        "time": when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "run": run,
        "attempt": attempt,
        "state": str(state),
        "message": message,
        "artifact": artifact,
        "elapsed": round(elapsed, 3),
    }
    return json.dumps(line | more, ensure_ascii=False)
