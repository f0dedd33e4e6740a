"""Writes history rows as the Parquet files of an export."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path


def write_rows(rows: list[dict[str, Any]], path: Path) -> None:
    """Write one row per step, one column per metric; nested metrics become columns with dotted names."""
    flat = [_flatten(row) for row in rows]
    columns: dict[str, None] = dict.fromkeys(["_step"])
    for row in flat:
        columns.update(dict.fromkeys(row))
    arrays = {name: _column(name, [row.get(name) for row in flat]) for name in columns}
    pq.write_table(pa.table(arrays), path)


def _flatten(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The row without nesting; media, which carry a ``_type``, stay whole."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and "_type" not in value:
            flat.update(_flatten(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat


def _column(name: str, values: list[Any]) -> pa.Array:
    """The column in the narrowest type for all values; JSON if there is no common type."""
    if name == "_step":
        return pa.array(values, pa.int64())
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        whole = all(isinstance(value, int) and abs(value) < 2**63 for value in present)
        return pa.array(values, pa.int64()) if whole else pa.array(map(_as_float, values), pa.float64())
    for kind, arrow in ((bool, pa.bool_()), (str, pa.string())):
        if present and all(isinstance(value, kind) for value in present):
            return pa.array(values, arrow)
    return pa.array([None if value is None else json.dumps(value) for value in values], pa.string())


def _as_float(value: Any) -> float | None:
    return None if value is None else float(value)
