"""Reads the Parquet files of one history as one table: no column is lost where the files differ."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from wandb_tui.core.errors import ServerError, UsageError
from wandb_tui.core.optional_package import HISTORY_EXTRA, package_problem
from wandb_tui.core.step_range import STEP, StepRange
from wandb_tui.services.wandb_api.remote_file import RemoteFile

ORIGIN = "_run_id"
"""The column that says which run a row is from."""
_BATCH_ROWS = 8 * 1024
_BUFFER_BYTES = 1 << 18
_PREFETCH_BYTES = 32 * 1024 * 1024


def check_pyarrow(purpose: str) -> None:
    """Make sure that pyarrow can be used.

    Args:
        purpose: The feature that needs it, as the beginning of a sentence.

    Raises:
        UsageError: It cannot.
    """
    if problem := package_problem("pyarrow", HISTORY_EXTRA):
        raise UsageError(f"{purpose} needs pyarrow, which {problem.reason}.", problem.remedy)


@dataclass(frozen=True, slots=True)
class HistoryPart:
    """The files of one run's export, and what of them belongs to a history.

    Attributes:
        files: The files, in their order: paths, or files on a server.
        steps: The steps that belong to it.
        origins: The runs that logged the rows, each with its steps; empty where they are not needed.
    """

    files: Sequence[Path | RemoteFile]
    steps: StepRange = field(default_factory=StepRange)
    origins: Sequence[tuple[str, StepRange]] = ()


@dataclass(frozen=True, slots=True)
class _OpenFile:
    """An open Parquet file, with what is wanted of it."""

    source: Path | RemoteFile
    file: Any
    steps: StepRange
    origins: Sequence[tuple[str, StepRange]]


class HistoryReader:
    """Reads some columns and steps of a history, and as little else as the files' layout allows.

    Attributes:
        schema: The columns of all files together, `_step` first, and `ORIGIN` last where a part names its origins.
        types: The types that each column has in the files.
    """

    def __init__(self, parts: Sequence[HistoryPart], columns: Sequence[str] = (), steps: object = None) -> None:
        """Read the files' summaries.

        Args:
            parts: The parts of the history, in their order.
            columns: Names or glob patterns of the columns wanted besides `_step`; all if empty.
            steps: The steps wanted, as `StepRange.of` takes them.

        Raises:
            UsageError: No column has such a name, or the steps are no range.
            ServerError: A file is not valid Parquet.
        """
        import pyarrow as pa

        wanted = StepRange.of(steps)
        try:
            self._files = [
                _OpenFile(file, _opened(file), part.steps.intersection(wanted), part.origins)
                for part in parts
                for file in part.files
            ]
        except (pa.ArrowException, OSError) as error:
            raise ServerError(f"A file of the history is not valid Parquet ({type(error).__name__}).") from None
        schemas = [one.file.schema_arrow for one in self._files]
        self._columns: Any = _unified(schemas, columns)
        self.types = {
            name: list(dict.fromkeys(str(schema.field(name).type) for schema in schemas if name in schema.names))
            for name in self._columns.names
        }
        tells = any(part.origins for part in parts)
        self.schema: Any = self._columns.append(pa.field(ORIGIN, pa.string())) if tells else self._columns

    def batches(self) -> Iterator[Any]:
        """The rows, a record batch at a time, each with all columns of `schema`."""
        import pyarrow as pa

        for one in self._files:
            names = set(one.file.schema_arrow.names)
            wanted = [name for name in self._columns.names if name in names]
            groups = [number for number in range(one.file.num_row_groups) if _may_hold(one, number)]
            for batch in _batches(one, groups, wanted):
                kept = _within(batch, one.steps)
                if kept.num_rows:
                    arrays = [
                        _cast(kept.column(column.name), column.type)
                        if column.name in names
                        else pa.nulls(kept.num_rows, column.type)
                        for column in self._columns
                    ]
                    if len(self.schema) > len(arrays):
                        arrays.append(_origins(kept, one.origins))
                    yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def table(self) -> Any:
        """All rows as a table in memory."""
        import pyarrow as pa

        return pa.Table.from_batches(self.batches(), self.schema)

    def close(self) -> None:
        """Close the files."""
        for one in self._files:
            one.file.close()


def _opened(file: Path | RemoteFile) -> Any:
    import pyarrow.parquet as pq

    # Reading ahead would keep all bytes of the file in memory until its last row.
    return pq.ParquetFile(file, buffer_size=_BUFFER_BYTES if isinstance(file, Path) else 0, pre_buffer=False)


def _batches(one: _OpenFile, groups: Sequence[int], columns: Sequence[str]) -> Iterator[Any]:
    """The wanted columns of these row groups, a record batch at a time."""
    if isinstance(one.source, Path):
        parts: Iterable[Sequence[int]] = [groups] if groups else []
    else:
        parts = _prefetched(one.source, one.file.metadata, groups, columns)
    for part in parts:
        yield from one.file.iter_batches(_BATCH_ROWS, row_groups=part, columns=columns)


def _prefetched(
    source: RemoteFile, metadata: Any, groups: Sequence[int], columns: Sequence[str]
) -> Iterator[Sequence[int]]:
    """These row groups, as many at a time as may be in memory, once their columns have been fetched."""
    part: list[int] = []
    pieces: list[tuple[int, int]] = []
    for number in groups:
        part.append(number)
        pieces += _pieces(metadata.row_group(number), columns)
        if number == groups[-1] or sum(stop - start for start, stop in pieces) >= _PREFETCH_BYTES:
            source.prefetch(pieces)
            yield part
            part, pieces = [], []


def _pieces(group: Any, columns: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The byte ranges of a row group's columns in the file."""
    for index in range(group.num_columns):
        chunk = group.column(index)
        if any(chunk.path_in_schema == name or chunk.path_in_schema.startswith(f"{name}.") for name in columns):
            start = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
            yield start, start + chunk.total_compressed_size


def _may_hold(one: _OpenFile, number: int) -> bool:
    """Whether a row group may hold wanted steps, by its statistics."""
    if not one.steps:
        return True
    group = one.file.metadata.row_group(number)
    for index in range(group.num_columns):
        column = group.column(index)
        if column.path_in_schema == STEP and column.statistics is not None and column.statistics.has_min_max:
            return one.steps.overlaps(int(column.statistics.min), int(column.statistics.max))
    return True


def _within(batch: Any, steps: StepRange) -> Any:
    """The rows of a batch whose steps are wanted."""
    return batch.filter(_is_in(batch.column(STEP), steps)) if steps and STEP in batch.schema.names else batch


def _is_in(column: Any, steps: StepRange) -> Any:
    """Whether each step of a column is in a range."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.is_valid(column)
    if steps.start is not None:
        found = pc.and_(found, pc.greater_equal(column, pa.scalar(steps.start)))
    if steps.stop is not None:
        found = pc.and_(found, pc.less(column, pa.scalar(steps.stop)))
    return found


def _origins(batch: Any, origins: Sequence[tuple[str, StepRange]]) -> Any:
    """The run that logged each row, by its step."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pa.nulls(batch.num_rows, pa.string())
    for run_id, steps in origins:
        found = pc.if_else(_is_in(batch.column(STEP), steps), pa.scalar(run_id), found)
    return found


def _unified(schemas: Sequence[Any], columns: Sequence[str]) -> Any:
    """The columns of all files, each in a type that holds the values of every file."""
    import pyarrow as pa

    types: dict[str, list[Any]] = {STEP: []} if any(STEP in schema.names for schema in schemas) else {}
    for schema in schemas:
        for column in schema:
            types.setdefault(column.name, []).append(column.type)
    wanted = [name for name in types if not columns or name == STEP or _matches(name, columns)]
    unknown = [pattern for pattern in columns if not any(_matches(name, [pattern]) for name in types)]
    if unknown and len(unknown) == len(columns):
        shown = ", ".join(name for name in list(types)[:8] if name != STEP)
        raise UsageError(f"No column is called {', '.join(unknown)}.", f"There are {shown}, …")
    return pa.schema([pa.field(name, _common(types[name])) for name in wanted])


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def _common(types: Sequence[Any]) -> Any:
    """The type that holds the values of all these; text where there is none."""
    import pyarrow as pa

    known = [kind for kind in dict.fromkeys(types) if not pa.types.is_null(kind)]
    if not known:
        return pa.string()
    try:
        schemas = [pa.schema([("column", kind)]) for kind in known]
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowException:
        return pa.string()


def _cast(column: Any, kind: Any) -> Any:
    """A column in another type; what has no text of its own is written as JSON."""
    import pyarrow as pa

    if column.type == kind:
        return column
    if pa.types.is_string(kind) and pa.types.is_nested(column.type):
        return as_json(column)
    return column.cast(kind, safe=False)


def as_json(column: Any) -> Any:
    """A column whose values are written as JSON."""
    import pyarrow as pa

    return pa.array(
        [None if value is None else json.dumps(value, default=str) for value in column.to_pylist()], pa.string()
    )
