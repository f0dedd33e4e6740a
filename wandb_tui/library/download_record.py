"""The records of downloads in a folder: one beside each run's files, and an index of all runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import BranchPoint, RunFacts

_MAX_INT64 = 2**63 - 1
RECORD = ".download.json"
INDEX = "index.parquet"
_UNSAFE = re.compile(r'[<>:"/\\|?*%\x00-\x1f\x7f]|^\.|[. ]$')
"""Characters that the names of folders cannot hold on every system, or that would lead elsewhere."""


def folder_of(root: Path, run: RunAddress) -> Path:
    """The folder for a run's files: ``root/entity/project/run_id``, with odd characters escaped as in addresses."""
    return root.joinpath(*(_folder_name(name) for name in (run.entity, run.project, run.run_id)))


def _folder_name(name: str) -> str:
    return _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)


@dataclass(frozen=True, slots=True)
class DownloadRecord:
    """The record of one run's download.

    Attributes:
        run: The run's address.
        artifact: ``entity/project/run-<id>-history:v0``.
        options: The options of the download: format, columns, steps.
        sources: The artifact's files, each with its digest.
        outputs: The files written, each with its digest in hexadecimal; those of the artifact where it is untouched.
        bytes: The size of the files written.
        rows: Their rows; None without pyarrow.
        first_step: Their first step; None without pyarrow.
        last_step: Their last step; None without pyarrow.
        export_last_step: The last step of the export, wanted or not; None without pyarrow.
        run_last_step: The last step that the run had logged; None if unknown.
        downloaded_at: When, in ISO 8601, UTC.
        name: The run's display name.
        state: The run's own state.
        parent: The id of the run that it was forked from; empty for none.
        branch_step: The last step that it shares with it.
        config: Its config, flat.
        summary: Its summary, flat.
        findings: The findings of a check-up; None where none was asked for.
    """

    run: str
    artifact: str
    options: Mapping[str, Any]
    sources: Mapping[str, str]
    outputs: Mapping[str, str]
    bytes: int
    rows: int | None
    first_step: int | None
    last_step: int | None
    export_last_step: int | None
    run_last_step: int | None
    downloaded_at: str
    name: str = ""
    state: str = ""
    parent: str = ""
    branch_step: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[str] | None = None

    @property
    def missing(self) -> str:
        """The steps that the export does not hold yet, in words; empty for none."""
        last, reached = self.export_last_step, self.run_last_step
        if last is None or reached is None or last >= reached:
            return ""
        return (
            f"not exported yet: step {reached:,}"
            if last + 1 == reached
            else (f"not exported yet: steps {last + 1:,} to {reached:,}")
        )

    def write(self, folder: Path) -> None:
        """Write it into a run's folder. Raises `OSError`."""
        # Neither copied nor indented, for which Python has no fast code.
        content = {one.name: getattr(self, one.name) for one in fields(self)}
        write_whole(folder / RECORD, json.dumps(content, ensure_ascii=False).encode())

    @classmethod
    def read(cls, folder: Path) -> DownloadRecord | None:
        """The record in a run's folder; None where there is none that can be read."""
        try:
            found = json.loads((folder / RECORD).read_bytes())
            return cls(**{one.name: found[one.name] for one in fields(cls) if one.name in found})
        except (OSError, ValueError, TypeError):
            return None


def described(facts: RunFacts | None, branch_point: BranchPoint | None) -> dict[str, Any]:
    """The fields of a record that describe the run."""
    told: dict[str, Any] = {}
    if facts is not None:
        told = {
            "name": facts.info.name,
            "state": facts.info.state,
            "config": dict(facts.config or ()),
            "summary": dict(facts.summary or ()),
        }
    if branch_point is not None:
        told |= {"parent": branch_point.run_id, "branch_step": branch_point.step}
    return told


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half. Raises `OSError`."""
    part = path.with_name(f".{path.name.lstrip('.')}.part")
    part.write_bytes(content)
    part.replace(path)


def records(root: Path) -> Iterator[tuple[Path, DownloadRecord]]:
    """All runs below a folder, each with its own folder."""
    for file in sorted(root.glob(f"*/*/*/{RECORD}")):
        if (record := DownloadRecord.read(file.parent)) is not None:
            yield file.parent, record


def write_index(root: Path) -> Path:
    """Write `INDEX`: a row a run with all that the records tell, config and summary as columns. Raises `OSError`.

    Returns:
        Where it is.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [_row(root, folder, record) for folder, record in records(root)]
    content = pa.BufferOutputStream()
    pq.write_table(_table(rows), content)
    write_whole(root / INDEX, content.getvalue().to_pybytes())
    return root / INDEX


def _row(root: Path, folder: Path, record: DownloadRecord) -> dict[str, Any]:
    run = RunAddress(*record.run.split("/", 2))
    return {
        "run": record.run,
        "entity": run.entity,
        "project": run.project,
        "run_id": run.run_id,
        "name": record.name,
        "state": record.state,
        "files": [(folder / name).relative_to(root).as_posix() for name in record.outputs],
        "artifact": record.artifact,
        "format": record.options.get("format"),
        "rows": record.rows,
        "first_step": record.first_step,
        "last_step": record.last_step,
        "run_last_step": record.run_last_step,
        "parent": record.parent or None,
        "branch_step": record.branch_step,
        "bytes": record.bytes,
        "digests": list(record.outputs.values()),
        "downloaded_at": record.downloaded_at,
        **{f"config.{name}": value for name, value in record.config.items()},
        **{f"summary.{name}": value for name, value in record.summary.items()},
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> Any:
    """A table of these rows, each column in the narrowest type that holds all its values, or else as text.

    They pass through Arrow's reader of JSON, since `pyarrow.array` and `pyarrow.scalar` load pandas wherever it is
    installed, which takes longer than all else that pyarrow does here.
    """
    import pyarrow as pa
    import pyarrow.json as pj

    kinds = {
        name: _kind([row.get(name) for row in rows]) for name in dict.fromkeys(name for row in rows for name in row)
    }
    lines = [{name: _as_text(value) if kinds[name] is None else value for name, value in row.items()} for row in rows]
    content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    schema = pa.schema([(name, kind or pa.string()) for name, kind in kinds.items()])
    return pj.read_json(
        pa.BufferReader(content),
        # A row must lie in one block.
        pj.ReadOptions(block_size=len(content) + 1),
        pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
    )


def _kind(values: Iterable[Any]) -> Any:
    """The narrowest type for these values, any of which may be None; None if they have no type in common."""
    import pyarrow as pa

    present = [value for value in values if value is not None]
    kinds = {type(value) for value in present}
    if kinds == {list}:
        inner = _kind(item for value in present for item in value)
        return None if inner is None else pa.list_(inner)
    if kinds == {int}:
        return pa.int64() if all(abs(value) <= _MAX_INT64 for value in present) else None
    if kinds == {bool}:
        return pa.bool_()
    if kinds <= {str}:
        return pa.string()
    return pa.float64() if kinds <= {int, float} else None


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
