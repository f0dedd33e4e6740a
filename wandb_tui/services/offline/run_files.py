"""Offline runs on disk: finding their files, what these say of the run, and their rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import BranchPoint
from wandb_tui.core.errors import UsageError, WandbTuiError
from wandb_tui.core.offline_runs import OfflineFile
from wandb_tui.services.offline.record_log import RecordLogError, read_records, write_records

_OFFLINE = "offline-"
"""The prefix of offline runs' folders; those of online runs begin with ``run-``."""

_DEFAULT_PROJECT = "uncategorized"
_SYNCED, _SYNC_STATE = ".synced", ".syncstate"
"""The suffixes of files that the SDK puts beside an offline run's: a mark that it is synced, and its first step."""


class OfflineFileError(WandbTuiError):
    """An offline run's file cannot be read."""


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files of the offline runs in these folders, each once.

    Args:
        paths: Files, runs' folders, ``wandb`` folders, or folders that have one somewhere below.

    Raises:
        UsageError: There is no such file or folder.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no folder {path}.", "Give a folder with offline runs.")
        if path.is_file():
            files = [path]
        elif path.name.startswith(_OFFLINE):
            files = sorted(path.glob("*.wandb"))
        else:
            files = sorted(path.rglob(f"{_OFFLINE}*/*.wandb"))
        for file in files:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def read_file(path: Path, default_entity: Callable[[], str]) -> OfflineFile:
    """Read an offline run's file.

    Args:
        path: The file.
        default_entity: Gives the entity for a run that names none.

    Raises:
        OfflineFileError: It cannot be read, or holds no run.
    """
    run, whole = None, False
    first = last = None
    rows = 0
    for record in _records(path):
        kind = record.WhichOneof("record_type")
        if kind == "run" and run is None:
            run = record.run
        elif kind == "exit":
            whole = True
        elif kind == "history":
            rows += 1
            last = _step(record.history)
            first = last if first is None else first
    if run is None:
        raise OfflineFileError(f"{path} holds no run: it was ended before it began.")
    try:
        address = RunAddress(run.entity or default_entity(), run.project or _DEFAULT_PROJECT, run.run_id)
        if run.HasField("branch_point"):
            RunAddress(address.entity, address.project, run.branch_point.run)
    except UsageError as error:
        raise OfflineFileError(f"{path} cannot be synced: {error.message}") from None
    point = run.branch_point if run.HasField("branch_point") else None
    return OfflineFile(
        path=path,
        run=address,
        started=run.start_time.seconds + run.start_time.nanos / 1e9,
        branch_point=BranchPoint(point.run, int(point.value)) if point else None,
        metric=point.metric if point else "",
        first_step=first,
        last_step=last,
        rows=rows,
        resumed=run.resumed or getattr(run, "resume", False),
        whole=whole,
        synced=is_marked(path),
    )


@dataclass(frozen=True, slots=True)
class StartState:
    """The beginning of a file's history online, as the SDK wrote it down when it first synced it.

    Attributes:
        step: The step of the first row, unless the file says a higher one.
        runtime: Seconds that the run had taken before.
    """

    step: int = 0
    runtime: float = 0.0

    @classmethod
    def of(cls, path: Path) -> StartState:
        """The state beside a file; the beginning where there is none."""
        try:
            told = json.loads(_beside(path, _SYNC_STATE).read_text(encoding="utf-8"))
            return cls(int(told.get("starting_step") or 0), float(told.get("starting_runtime") or 0))
        except (OSError, ValueError, AttributeError, TypeError):
            return cls()


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file's history, as they were logged, with the steps that they have online.

    Raises:
        OfflineFileError: It cannot be read.
    """
    start = StartState.of(path)
    next_step = start.step
    for record in _records(path):
        if record.WhichOneof("record_type") == "history":
            row = _row(record.history)
            row["_step"] = max(_step(record.history), next_step)
            next_step = row["_step"] + 1
            if start.runtime:
                # The SDK adds what had passed before.
                row.pop("_runtime", None)
            yield row


def online_steps(file: OfflineFile) -> tuple[int, int]:
    """The first and the last step of a file's history online; -1 for none.

    Raises:
        OfflineFileError: It cannot be read.
    """
    if file.first_step is None or file.last_step is None:
        return -1, -1
    if StartState.of(file.path).step <= file.first_step:
        return file.first_step, file.last_step
    steps = [int(row["_step"]) for row in read_rows(file.path)]
    return steps[0], steps[-1]


def write_rest(path: Path, folder: Path, after: int) -> Path:
    """Write a copy of a file without the rows up to a step, beside links to the run's other files.

    Args:
        path: The file.
        folder: An empty folder for the copy.
        after: The last step to leave out, as it is online.

    Raises:
        OfflineFileError: It cannot be read.
        OSError: The copy cannot be written.
    """
    name = path.parent.name if path.parent.name.startswith(_OFFLINE) else f"{_OFFLINE}{path.parent.name}"
    copied = folder / name / path.name
    copied.parent.mkdir()
    for other in path.parent.iterdir():
        if other.is_dir():
            (copied.parent / other.name).symlink_to(other.resolve(), target_is_directory=True)
    if (state := _beside(path, _SYNC_STATE)).exists():
        _beside(copied, _SYNC_STATE).write_bytes(state.read_bytes())
    write_records(copied, _without_rows(path, after))
    return copied


def is_marked(path: Path) -> bool:
    """Whether a file is marked as synced."""
    return _beside(path, _SYNCED).exists()


def mark_synced(path: Path) -> None:
    """Mark a file as synced, as the SDK does. Raises `OSError` where the folder cannot be written to."""
    _beside(path, _SYNCED).touch()


def unmark_synced(path: Path) -> None:
    """Take the SDK's mark away. Raises `OSError` where the folder cannot be written to."""
    _beside(path, _SYNCED).unlink(missing_ok=True)


def _without_rows(path: Path, after: int) -> Iterator[bytes]:
    next_step = StartState.of(path).step
    for record in _records(path):
        if record.WhichOneof("record_type") == "history":
            step = max(_step(record.history), next_step)
            next_step = step + 1
            if step <= after:
                continue
            _set_step(record.history, step)
        yield record.SerializeToString()


def _records(path: Path) -> Iterator[Any]:
    # The SDK's own description of a record; protobuf's classes have their attributes at run time only.
    from wandb.proto import wandb_internal_pb2

    messages: Any = wandb_internal_pb2
    try:
        for data in read_records(path):
            record = messages.Record()
            try:
                record.ParseFromString(data)
            except Exception:  # noqa: BLE001 - which class it is depends on protobuf's version
                raise RecordLogError("is damaged") from None
            yield record
    except RecordLogError as error:
        raise OfflineFileError(f"{path} {error}.") from None
    except OSError as error:
        raise OfflineFileError(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from None


def _step(history: Any) -> int:
    return int(history.step.num)


def _set_step(history: Any, step: int) -> None:
    history.step.num = step
    for item in history.item:
        if _names(item) == ["_step"]:
            item.value_json = str(step)


def _row(history: Any) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for item in history.item:
        *outer, name = _names(item)
        within = row
        for key in outer:
            within = within.setdefault(key, {})
        within[name] = json.loads(item.value_json)
    return row


def _names(item: Any) -> list[str]:
    return list(item.nested_key) or [item.key]


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
