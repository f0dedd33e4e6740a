"""Writes a history as CSV, JSON lines, Arrow or Parquet, batch by batch, so that memory does not grow with the rows."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wandb_tui.library.history_reader import HistoryReader, as_json

_ROW_GROUP_BYTES = 16 << 20
"""The least size of a row group in memory."""

Write = Callable[[Any], object]
"""Writes one record batch."""


def write_history(reader: HistoryReader, path: Path, kind: str) -> int:
    """Write a history into a file; the number of its rows.

    Args:
        reader: The history.
        path: The file, which is overwritten.
        kind: One of `core.history_formats.FORMATS`.
    """
    rows = 0
    with _WRITERS[kind](path, reader.schema) as write:
        for batch in reader.batches():
            write(batch)
            rows += batch.num_rows
    return rows


@contextmanager
def _parquet(path: Path, schema: Any) -> Iterator[Write]:
    """Batches are gathered, as each write is a row group of its own, and small ones are slow to read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    gathered: list[Any] = []

    with pq.ParquetWriter(path, schema) as writer:

        def write_gathered() -> None:
            writer.write_table(pa.Table.from_batches(gathered, schema))
            gathered.clear()

        def write(batch: Any) -> None:
            gathered.append(batch)
            if sum(one.nbytes for one in gathered) >= _ROW_GROUP_BYTES:
                write_gathered()

        yield write
        if gathered:
            write_gathered()


@contextmanager
def _arrow(path: Path, schema: Any) -> Iterator[Write]:
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        yield writer.write_batch


@contextmanager
def _csv(path: Path, schema: Any) -> Iterator[Write]:
    """Values that CSV has no form for, such as lists, are written as JSON."""
    import pyarrow as pa
    import pyarrow.csv as pc

    nested = [i for i, field in enumerate(schema) if pa.types.is_nested(field.type)]
    flat = schema
    for i in nested:
        flat = flat.set(i, pa.field(schema.field(i).name, pa.string()))

    with _NanCapitalizer(io.FileIO(path, "w")) as file, pc.CSVWriter(file, flat) as writer:

        def write(batch: Any) -> None:
            columns = list(batch.columns)
            for i in nested:
                columns[i] = as_json(columns[i])
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=flat))

        yield write


class _NanCapitalizer(io.BufferedWriter):
    """Spells NaN as all readers know it: for polars 2.1.0, "nan" in the first rows makes numbers a column of texts."""

    def write(self, lines: Any) -> int:
        """Write whole lines, as pyarrow does."""
        return super().write(_with_nan_capitalized(bytes(lines)))


def _with_nan_capitalized(lines: bytes) -> bytes:
    if b'"' not in lines:
        # There is no text in it.
        return lines.replace(b"nan", b"NaN")
    return _NAN_OR_TEXT.sub(lambda found: b"NaN" if found[0] == b"nan" else found[0], lines)


_NAN_OR_TEXT = re.compile(rb'"[^"]*"|\bnan\b')
"""NaN as pyarrow writes it, or what stands between two quotes: pyarrow quotes all texts."""


@contextmanager
def _jsonl(path: Path, schema: Any) -> Iterator[Write]:
    """An object a row, without what was not logged; NaN and the infinities as words, as W&B writes them."""
    names = schema.names
    with path.open("w", encoding="utf-8") as file:

        def write(batch: Any) -> None:
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                row = {name: value for name, value in zip(names, values, strict=True) if value is not None}
                file.write(_json_line(row))

        yield write


def _json_line(row: dict[str, Any]) -> str:
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False, default=str) + "\n"
    except ValueError:
        return json.dumps(_without_nan(row), ensure_ascii=False, default=str) + "\n"


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    return [_without_nan(inner) for inner in value] if isinstance(value, list) else value


_WRITERS = {"parquet": _parquet, "csv": _csv, "jsonl": _jsonl, "arrow": _arrow}
