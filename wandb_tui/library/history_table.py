"""`load_history`: wait until a run's export is complete, then read it as a table, without keeping files."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from wandb_tui.core.account import WandBCredentials
from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import ServerError, UsageError
from wandb_tui.core.goal import Goal
from wandb_tui.core.optional_package import package_problem
from wandb_tui.core.step_range import StepRange
from wandb_tui.core.validation import checked_seconds
from wandb_tui.library.downloader import HistoryDownloader
from wandb_tui.library.event import Callback
from wandb_tui.library.group import MonitorGroup
from wandb_tui.library.history_reader import HistoryPart, HistoryReader, check_pyarrow
from wandb_tui.library.lineage import Generation, ancestry_of, generations_of
from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

_ANCESTOR_TIMEOUT_S = 300.0


def load_history(
    run: object,
    columns: Sequence[str] | None = None,
    steps: object = None,
    *,
    stitch: bool = False,
    to: Literal["pyarrow", "pandas", "polars"] = "pyarrow",
    until: str | Goal = "complete",
    timeout: float = 300.0,
    check_interval: float = 5.0,
    visit: bool = True,
    credentials: WandBCredentials | None = None,
    api_key: str | None = None,
    host: str | None = None,
    callback: Callback | None = None,
) -> Any:
    """Wait until a run's export is complete, then read its rows into a table.

    Only what is wanted is fetched, as far as the layout of the files allows: of each row group with wanted steps, the
    wanted columns. Where files differ in their columns the table has all of them, and where they differ in a column's
    type, one that holds the values of both. Digests are not compared, as no file is fetched whole; `download_history`
    does that.

    Args:
        run: An address, a run object of the SDK, or an `Api` run.
        columns: Names or glob patterns of the columns wanted besides ``_step``; all by default.
        steps: The steps wanted: ``"90000:100000"``, ``range(90000, 100000)`` or a pair; the second one is left out, and
            either may be None. All by default.
        stitch: Whether a fork's rows follow those of its ancestors, up to where it branched off; a column ``_run_id``
            says which run a row is from. Where the fork's own export does not hold their rows, their exports are waited
            for, too.
        to: ``pyarrow``, ``pandas`` or ``polars``: whose table to return.
        until: The goal to wait for; ``exists`` takes what is exported now.
        timeout: Seconds to wait for the export; 0 waits for ever.
        check_interval: Seconds between two checks.
        visit: Whether to visit the run's page, which starts the export.
        credentials: For the browser sign-in; without them, the environment or the keyring.
        api_key: The API key; without one, the environment, ``~/.netrc`` or the keyring.
        host: The W&B server; without one, as the SDK chooses it.
        callback: Receives the status lines.

    Returns:
        A ``pyarrow.Table``, or a data frame of pandas or polars, in the order of the export.

    Raises:
        UsageError: The address, the steps or a time is none, no column has such a name, or a package is missing.
        WaitTimeoutError: The export was not complete in time.
        ServerError: The files cannot be read.
        SignInError: The browser could not be signed in.
        ApiKeyError: The server refused the API key.
        RunNotFoundError: There is no such run, or the key may not see it.
        NoBrowserError: No browser is on this machine.
    """
    check_pyarrow("load_history")
    wanted = StepRange.of(steps)
    _check_table_of(to)
    wiring = Wiring(host=host, credentials=credentials, api_key=api_key, anonymous_ok=True)
    try:
        if not stitch:
            # Nothing else will be asked for.
            wiring.prober.allow_batches_of(1)
        with MonitorGroup(
            wiring=wiring,
            visit=visit,
            callback=callback,
            check_interval=check_interval,
            max_wait_time=checked_seconds("timeout", timeout),
        ) as group:
            address = group.add(run, until)
            result = group.wait(address)
        result.raise_if_not_met()
        version = wiring.history_files.locate(address, str(result.artifact_name), digests=False, alone=True)
        generations = [Generation(address, version, StepRange(), ())]
        if stitch:
            ancestry = ancestry_of(wiring, visit=visit, timeout=timeout, callback=callback)
            generations = generations_of(address, version, ancestry)
        table = _read(wiring, generations, [columns] if isinstance(columns, str) else columns or (), wanted)
    finally:
        wiring.close()
    return _converted(table, to)


def _check_table_of(package: str) -> None:
    if package not in {"pyarrow", "pandas", "polars"}:
        raise UsageError(f"There is no table of “{package}”.", "It is pyarrow, pandas or polars.")
    if problem := package_problem(package):
        raise UsageError(f"{package} {problem.reason}.", problem.remedy)


def _converted(table: Any, package: str) -> Any:
    """A table of pyarrow as that of another package."""
    if package == "pandas":
        return table.to_pandas()
    if package == "polars":
        import polars as pl

        return pl.from_arrow(table)
    return table


def read_export(
    wiring: Wiring,
    run: RunAddress,
    artifact: str,
    columns: Sequence[str],
    steps: StepRange | None = None,
    *,
    may_download: bool = True,
) -> Any:
    """Some columns and steps of one version of a run's export, as a ``pyarrow.Table``.

    Args:
        wiring: The services.
        run: The run.
        artifact: ``entity/project/run-<id>-history:v0``.
        columns: Names or glob patterns of the columns wanted besides ``_step``; all if empty.
        steps: The steps wanted; None for all.
        may_download: Whether whole files are downloaded where the server does not send pieces of them.

    Raises:
        UsageError: No column has such a name.
        ServerError: The files cannot be located or read.
        OSError: They cannot be read in pieces, and may not be downloaded.
        ApiKeyError: The server refuses the key.
    """
    version = wiring.history_files.locate(run, artifact, digests=False)
    read = _read if may_download else _read_pieces
    return read(wiring, [Generation(run, version, StepRange(), ())], columns, steps or StepRange())


@contextlib.contextmanager
def exported_history(wiring: Wiring, run: RunAddress, artifact: str, steps: StepRange) -> Iterator[HistoryReader]:
    """A run's whole history, those of a fork's ancestors included, downloaded for as long as it is read.

    Args:
        wiring: The services.
        run: The run.
        artifact: ``entity/project/run-<id>-history:v0``.
        steps: The steps wanted.

    Raises:
        ServerError: The files cannot be fetched, or are not what the manifest says.
        WandbTuiError: An ancestor's export does not come, or the disk is full.
    """
    version = wiring.history_files.locate(run, artifact)
    generations = [Generation(run, version, StepRange(), ())]
    if version.branch_point is not None:
        generations = generations_of(run, version, ancestry_of(wiring, visit=True, timeout=_ANCESTOR_TIMEOUT_S))
    # The runs that logged the rows are not needed here.
    with _downloaded(wiring, [replace(one, origins=()) for one in generations], (), steps) as reader:
        yield reader


def _read(wiring: Wiring, generations: Sequence[Generation], columns: Sequence[str], steps: StepRange) -> Any:
    """The table: from pieces of the files, or, where the server does not send pieces, from the whole files."""
    import pyarrow as pa

    try:
        return _read_pieces(wiring, generations, columns, steps)
    except (ServerError, OSError, pa.ArrowException) as error:
        # requests' own errors are OSErrors.
        log.info("A history cannot be read in pieces: %s", type(error).__name__)
    whole = [replace(one, version=wiring.history_files.locate(one.run, one.version.artifact)) for one in generations]
    with _downloaded(wiring, whole, columns, steps) as reader:
        return reader.table()


@contextlib.contextmanager
def _downloaded(
    wiring: Wiring, generations: Sequence[Generation], columns: Sequence[str], steps: StepRange
) -> Iterator[HistoryReader]:
    """The rows of whole files, which are deleted again."""
    downloader = HistoryDownloader(wiring)
    with tempfile.TemporaryDirectory(prefix="wandb-tui-") as folder:
        parts = [
            HistoryPart(
                downloader.download(one.run, one.version, Path(folder) / str(number)).paths, one.steps, one.origins
            )
            for number, one in enumerate(generations)
        ]
        with contextlib.closing(HistoryReader(parts, columns, steps)) as reader:
            yield reader


def _read_pieces(wiring: Wiring, generations: Sequence[Generation], columns: Sequence[str], steps: StepRange) -> Any:
    opened = iter(wiring.step_files.remote.open_all(file.url for one in generations for file in one.version.files))
    parts = [HistoryPart([next(opened) for _ in one.version.files], one.steps, one.origins) for one in generations]
    with contextlib.closing(HistoryReader(parts, columns, steps)) as reader:
        return reader.table()
