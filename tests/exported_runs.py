"""Puts exported runs on a sandbox without logging them row by row: the Parquet file is written directly."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wandb_tui.sandbox import Sandbox


def exported_run(
    sandbox: Sandbox, run_id: str, steps: int, metrics: int, *, group_rows: int = 1 << 20, seed: int = 1
) -> str:
    """Put an exported run of random values into the project lab/forks.

    Args:
        sandbox: The sandbox.
        run_id: The run's id.
        steps: How many rows it has logged.
        metrics: How many metrics each has, m0 and on.
        group_rows: The rows of a row group.
        seed: Another one gives other values.

    Returns:
        The SHA-256 of its one file.
    """
    inner = sandbox.context
    run = inner.state.create_run(inner.state.ensure_project("lab", "forks")[0], run_id, None)
    # The server knows the last row alone, as the file holds the others.
    inner.histories.append(run, "wandb-history.jsonl", 0, [json.dumps({"_step": steps - 1, "m0": 0.5})])
    inner.state.update_run(run, state="finished")
    sandbox.export_now(f"lab/forks/{run_id}")
    (version,) = inner.exports.versions(run)
    (file,) = inner.exports.files(version)
    _write(file.path, steps, metrics, group_rows, seed)
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with file.path.open("rb") as content:
        while chunk := content.read(1 << 20):
            md5.update(chunk)
            sha256.update(chunk)
    digest = base64.b64encode(md5.digest()).decode()
    query = "UPDATE version_files SET size = ?, md5 = ? WHERE version = ?"
    inner.state.db.run(query, file.path.stat().st_size, digest, file.owner)
    return sha256.hexdigest()


def _write(path: Path, steps: int, metrics: int, group_rows: int, seed: int) -> None:
    def rows(first: int, count: int) -> Any:
        step = pa.array(range(first, first + count), pa.int64())
        columns = {"_step": step, "_timestamp": pc.add(pc.divide(pc.cast(step, pa.float64()), 7.0), 1.7e9)}
        for number in range(metrics):
            columns[f"m{number}"] = pc.random(count, initializer=hash((seed, first, number)))
        return pa.table(columns)

    with pq.ParquetWriter(path, rows(0, 1).schema) as writer:
        for first in range(0, steps, group_rows):
            writer.write_table(rows(first, min(group_rows, steps - first)), row_group_size=group_rows)
