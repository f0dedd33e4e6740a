"""A folder that holds the histories of many runs, in the format that was asked for."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import ServerError, WandbTuiError
from wandb_tui.core.optional_package import package_problem
from wandb_tui.core.step_range import STEP, StepRange
from wandb_tui.library.download_record import INDEX, DownloadRecord, described, folder_of, write_index
from wandb_tui.library.downloader import HistoryDownloader
from wandb_tui.library.history_check import check_history
from wandb_tui.library.history_reader import HistoryPart, HistoryReader
from wandb_tui.library.history_writer import write_history
from wandb_tui.library.lineage import Ancestry, Generation, generations_of
from wandb_tui.services.disk.folder_lock import locked_folder
from wandb_tui.services.wandb_api.file_transfer import disk_error
from wandb_tui.services.wandb_api.step_files import StepFileError, StepFiles, Steps
from wandb_tui.text.sizes import format_bytes

_SOURCE = ".source"
"""The folder in a run's folder for the artifact's files while they are converted."""
_INDEX_LOCK = ".index.lock"
_MAX_INDEX_WAIT_S = 30.0
"""The index takes much less, even of thousands of runs."""
_CHUNK_BYTES = 1 << 20


class IncompleteExportError(ServerError):
    """The files do not hold what the run has logged, as far as their last step tells."""

    @classmethod
    def of(cls, artifact: str, last: int, run_last: int) -> IncompleteExportError:
        """The error for an artifact whose last step is not that of its run."""
        return cls(f"{artifact} ends at step {last:,}, but the run is at step {run_last:,}.")


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The options for the files that are made of a history.

    Attributes:
        format: One of `core.history_formats.FORMATS`.
        columns: Names or glob patterns of the columns besides `_step`; all if empty.
        steps: The steps.
        stitch: Whether a fork's rows follow those of its ancestors.
        check: Whether to look for what may surprise a reader; changes nothing in the files.
    """

    format: str = "parquet"
    columns: tuple[str, ...] = ()
    steps: StepRange = field(default_factory=StepRange)
    stitch: bool = False
    check: bool = False

    @property
    def untouched(self) -> bool:
        """Whether the files stay as the server exported them."""
        return self.format == "parquet" and not (self.columns or self.steps or self.stitch)

    def as_dict(self) -> dict[str, Any]:
        """The same for a record."""
        return {"format": self.format, "columns": list(self.columns), "steps": str(self.steps), "stitch": self.stitch}


@dataclass(frozen=True, slots=True)
class DownloadedHistory:
    """A run's history on this disk.

    Attributes:
        folder: The run's folder.
        record: The record of its contents.
        fetched: Whether anything was fetched; else all had been there.
    """

    folder: Path
    record: DownloadRecord
    fetched: bool

    def describe(self) -> str:
        """The contents of the folder in one line: rows, steps, size and findings."""
        record = self.record
        parts = [] if record.rows is None else [f"{record.rows:,} row{'' if record.rows == 1 else 's'}"]
        if record.first_step is not None and record.last_step is not None:
            parts.append(f"steps {record.first_step:,} to {record.last_step:,}")
        parts.append(format_bytes(record.bytes))
        described = [f"{'Downloaded' if self.fetched else 'Already there'}: {', '.join(parts)}"]
        described += [record.missing] if record.missing else []
        described += (record.findings or ["check: nothing unusual"]) if record.findings is not None else []
        return "; ".join(described)


class HistoryFolder:
    """Downloads histories into ``root/entity/project/run_id/``. May be used by several threads, one for each run."""

    def __init__(self, root: Path, downloader: HistoryDownloader, options: ExportOptions, ancestry: Ancestry) -> None:
        """Prepare; nothing is written yet.

        Args:
            root: The folder.
            downloader: Fetches the files.
            options: The options for the files of each history.
            ancestry: Answers about forks, where they are stitched.
        """
        self._ancestry = ancestry
        self.root = root
        self._downloader = downloader
        self._options = options

    def download(
        self,
        run: RunAddress,
        artifact: str,
        run_last_step: int | None,
        progress: Callable[[int, int], object] = lambda _done, _size: None,
        *,
        whole: bool = False,
        on_wait: Callable[[str], object] = lambda _: None,
    ) -> DownloadedHistory:
        """Download a version of a run's history; intact files that are there already are not fetched again.

        While another download writes into the run's folder it waits, and then brings what that has not brought.

        Args:
            run: The run.
            artifact: ``entity/project/run-<id>-history:v0``.
            run_last_step: The last step that the run has logged; None if unknown.
            progress: Hears how many more bytes are there, and how many there are to come in all.
            whole: Whether the files must end at `run_last_step`; without pyarrow they are not read.
            on_wait: Receives one sentence if it waits for another download.

        Raises:
            IncompleteExportError: They do not; they are kept under hidden names, for a version that holds them as well.
            ServerError: The files cannot be fetched, or differ from the manifest.
            ApiKeyError: The server refuses the key.
            TransferStoppedError: The downloader was stopped.
            WandbTuiError: The folder cannot be written to.
        """
        version = self._downloader.locate(run, artifact)
        generations = [Generation(run, version, StepRange(), ())]
        if self._options.stitch:
            generations = generations_of(run, version, self._ancestry)
        size = sum(one.version.size for one in generations)
        folder = folder_of(self.root, run)
        with self._downloader.alone_in(
            folder, lambda: on_wait(f"Another download is writing into {folder}; waiting for its end")
        ):
            return self._download(generations, folder, run_last_step, lambda count: progress(count, size), whole=whole)

    def _download(
        self,
        generations: Sequence[Generation],
        folder: Path,
        run_last_step: int | None,
        progress: Callable[[int], object],
        *,
        whole: bool,
    ) -> DownloadedHistory:
        """Download these versions into a folder that nothing else writes to."""
        last = generations[-1]
        before = DownloadRecord.read(folder)
        if not self._options.untouched and before is not None and self._is_current(folder, before, generations):
            reached = before.export_last_step
            if whole and reached is not None and run_last_step is not None and reached != run_last_step:
                raise IncompleteExportError.of(last.version.artifact, reached, run_last_step)
            progress(sum(one.version.size for one in generations))
            return DownloadedHistory(folder, before, fetched=False)
        try:
            must_reach = run_last_step if whole else None
            written, fetched, told = self._bring(generations, folder, progress, must_reach)
            record = DownloadRecord(
                run=str(last.run),
                artifact=last.version.artifact,
                options=self._options.as_dict(),
                sources=_sources(generations),
                bytes=sum((folder / name).stat().st_size for name in written),
                outputs=written,
                run_last_step=run_last_step,
                downloaded_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                **told,
                **described(last.version.facts, last.version.branch_point),
            )
            for name in set(before.outputs if before else ()) - set(written):
                (folder / name).unlink(missing_ok=True)
            record.write(folder)
        except OSError as error:
            if isinstance(error, WandbTuiError):
                raise
            raise disk_error(folder, error) from None
        return DownloadedHistory(folder, record, fetched)

    def write_index(self) -> Path | None:
        """Write the index of all runs in the folder; None without pyarrow, which it needs.

        Raises:
            WandbTuiError: The folder cannot be written to.
        """
        if package_problem("pyarrow"):
            return None
        if not self.root.is_dir():
            # Nothing has been downloaded.
            return None
        until = time.monotonic() + _MAX_INDEX_WAIT_S

        def wait(seconds: float) -> None:
            if time.monotonic() > until:
                raise WandbTuiError(
                    f"{INDEX} is not up to date: another process has been writing it for {_MAX_INDEX_WAIT_S:.0f} s."
                )
            time.sleep(seconds)

        try:
            # Of two that write it at the same time, the second one must see what the first has brought. A download
            # into the folder itself, which may take long, has nothing to do with it.
            with locked_folder(self.root, wait, name=_INDEX_LOCK):
                return write_index(self.root)
        except OSError as error:
            raise disk_error(self.root, error) from None

    def _is_current(self, folder: Path, record: DownloadRecord, generations: Sequence[Generation]) -> bool:
        """Whether the folder holds just these versions, in just this form."""
        return (
            record.options == self._options.as_dict()
            and record.sources == _sources(generations)
            and (record.findings is not None or not self._options.check)
            and all(_digest(folder / name) == digest for name, digest in record.outputs.items())
        )

    def _bring(
        self,
        generations: Sequence[Generation],
        folder: Path,
        progress: Callable[[int], object],
        must_reach: int | None,
    ) -> tuple[dict[str, str], bool, dict[str, Any]]:
        """The files written with their digests, whether anything was fetched, and the counts for the record."""
        options = self._options
        exported: Steps | None = None

        def check(files: Sequence[Path]) -> None:
            nonlocal exported
            exported = read_steps(files)
            if must_reach is not None and exported is not None and exported.last != must_reach:
                raise IncompleteExportError.of(generations[-1].version.artifact, exported.last, must_reach)

        if options.untouched:
            (one,) = generations
            done = self._downloader.download(one.run, one.version, folder, progress=progress, check=check)
            digests = {file.name: base64.b64decode(file.digest).hex() for file in done.version.files}
            return digests, bool(done.fetched), self._told([HistoryPart(done.paths)], exported)
        source = folder / _SOURCE
        parts: list[HistoryPart] = []
        for number, one in enumerate(generations):
            done = self._downloader.download(
                one.run,
                one.version,
                source / str(number),
                progress=progress,
                # Those of its ancestors may be longer than what is wanted of them.
                check=check if one is generations[-1] else lambda _: None,
            )
            parts.append(HistoryPart(done.paths, one.steps, one.origins))
        name = f"history.{options.format}"
        part = folder / f".{name}.part"
        with contextlib.closing(HistoryReader(parts, options.columns, options.steps)) as reader:
            try:
                write_history(reader, part, options.format)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        told = self._told(parts, exported)
        part.replace(folder / name)
        shutil.rmtree(source, ignore_errors=True)
        return {name: _digest(folder / name)}, True, told

    def _told(self, parts: Sequence[HistoryPart], exported: Steps | None) -> dict[str, Any]:
        """The fields of a record that come from the rows: counts, steps and findings."""
        told = _counted(parts, self._options.steps, exported)
        return told | ({"findings": check_history(parts, self._options.steps)} if self._options.check else {})


def _sources(generations: Sequence[Generation]) -> dict[str, str]:
    """The files of all versions, each with its digest."""
    return {f"{one.version.artifact}/{file.name}": file.digest for one in generations for file in one.version.files}


def read_steps(files: Sequence[Path]) -> Steps | None:
    """The steps that the files of a history hold; None without pyarrow.

    Raises:
        ServerError: One of them is not valid Parquet.
    """
    if package_problem("pyarrow"):
        return None
    try:
        return StepFiles.read_local(files)
    except StepFileError as error:
        raise ServerError(f"A file of the history cannot be read: {error}.") from None


def _counted(parts: Sequence[HistoryPart], steps: StepRange, exported: Steps | None) -> dict[str, Any]:
    """The record's fields: rows, first and last step of the wanted part of a history, and the last step of all."""
    if exported is None:
        return dict.fromkeys(("rows", "first_step", "last_step", "export_last_step"))
    rows, first, last = exported.rows, exported.first, exported.last if exported.first is not None else None
    if len(parts) > 1 or parts[0].steps or steps:
        rows, first, last = _counted_within(parts, steps)
    return {"rows": rows, "first_step": first, "last_step": last, "export_last_step": exported.last}


def _counted_within(parts: Sequence[HistoryPart], steps: StepRange) -> tuple[int, int | None, int | None]:
    """Rows, first and last step of the wanted part of a history, by reading its steps."""
    with contextlib.closing(HistoryReader(parts, [STEP], steps)) as reader:
        rows, first, last = 0, None, None
        for batch in reader.batches():
            rows += batch.num_rows
            found = [step for step in (_extremes(batch) if STEP in batch.schema.names else ()) if step is not None]
            if found:
                first = min(found) if first is None else min(first, *found)
                last = max(found) if last is None else max(last, *found)
    return rows, first, last


def _extremes(batch: Any) -> tuple[int | None, int | None]:
    import pyarrow.compute as pc

    found = pc.min_max(batch.column(STEP))
    return found["min"].as_py(), found["max"].as_py()


def _digest(path: Path) -> str:
    """A file's MD5 in hexadecimal; empty where it is not there."""
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()
