"""The objects with which commands describe a run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

JsonObject = dict[str, str | int | float | None]


def json_line(when: datetime, **fields: Any) -> str:
    """`json_object` as one line of ``--json``."""
    return json.dumps(json_object(when, **fields), ensure_ascii=False)


def json_object(
    when: datetime,
    *,
    run: str,
    attempt: int,
    state: str,
    message: str,
    artifact: str | None,
    elapsed: float,
    **more: str | int | None,
) -> JsonObject:
    """One object of ``--json``, as `docs/commands.md` describes it.

    Args:
        when: When that happened.
        run: The run's address.
        attempt: The attempt.
        state: Its state.
        message: A sentence about the event.
        artifact: The newest version known, with its full name.
        elapsed: Seconds that the attempt has taken.
        more: The fields that only some commands have.
    """
    described: JsonObject = {
        "time": when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "run": run,
        "attempt": attempt,
        "state": str(state),
        "message": message,
        "artifact": artifact,
        "elapsed": round(elapsed, 3),
    }
    return described | more
