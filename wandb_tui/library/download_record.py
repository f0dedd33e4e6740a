"""What has been downloaded into a folder: a record beside each run's files, and an index of all runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import BranchPoint, RunFacts

RECORD = ".download.json"
INDEX = "index.parquet"
_UNSAFE = re.compile(r'[<>:"/\\|?*%\x00-\x1f\x7f]|^\.|[. ]$')
"""What the names of folders cannot hold on every system, or what would lead elsewhere."""


def folder_of(root: Path, run: RunAddress) -> Path:
    """The folder for a run's files: ``root/entity/project/run_id``, with odd characters escaped as in addresses."""
    return root.joinpath(*(_folder_name(name) for name in (run.entity, run.project, run.run_id)))


def _folder_name(name: str) -> str:
    return _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)


@dataclass(frozen=True, slots=True)
class DownloadRecord:
    """What was downloaded of one run.

    Attributes:
        run: The run's address.
        artifact: ``entity/project/run-<id>-history:v0``.
        options: What was asked for: format, columns, steps.
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
        findings: What a check-up found; None where none was asked for.
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
        write_whole(folder / RECORD, json.dumps(asdict(self), ensure_ascii=False, indent=1).encode())

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
    names = dict.fromkeys(name for row in rows for name in row)
    table = pa.table({name: _column([row.get(name) for row in rows]) for name in names})
    part = root / f".{INDEX}.part"
    pq.write_table(table, part)
    part.replace(root / INDEX)
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


def _column(values: Sequence[Any]) -> Any:
    """A column in the narrowest type that holds all values; what fits no common type is written as text."""
    import pyarrow as pa

    present = [value for value in values if value is not None]
    if not present:
        return pa.array(values, pa.string())
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in present)
    try:
        floats = numbers and any(isinstance(value, float) for value in present)
        return pa.array([None if value is None else float(value) for value in values]) if floats else pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
