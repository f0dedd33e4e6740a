"""`download_history`: wait until a run's export is complete, then download its Parquet files, verified."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from wandb_tui.core.account import WandBCredentials
from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import WaitTimeoutError, WandbTuiError
from wandb_tui.core.validation import checked_seconds
from wandb_tui.library.downloader import HistoryDownloader
from wandb_tui.library.event import Callback
from wandb_tui.library.group import MonitorGroup
from wandb_tui.library.history_folder import IncompleteExportError, read_steps
from wandb_tui.library.results import MonitorResult
from wandb_tui.wiring import Wiring


def download_history(
    run: object,
    directory: str | Path,
    timeout: float = 300.0,
    *,
    transfer_timeout: float = 600.0,
    check_interval: float = 5.0,
    visit: bool = True,
    credentials: WandBCredentials | None = None,
    api_key: str | None = None,
    host: str | None = None,
    callback: Callback | None = None,
) -> list[Path]:
    """Wait until a run's export is complete, then download its Parquet files.

    Each file is downloaded under a hidden name in the same folder, compared with the size and the digest that the
    server lists or, where it lists none, those in the artifact's manifest, and, where pyarrow is installed, read for
    its last step. Only when all are right do they get their names, replacing files of the same names. So a file under
    its final name is whole. An interrupted download is resumed: what is there and right is not downloaded again. While
    another one writes into the folder, it waits for its end.

    Columns may differ from file to file, and an integer column may become a float later. These read them all without
    losing a column or a digit::

        pyarrow.concat_tables([pyarrow.parquet.read_table(file) for file in files], promote_options="permissive")
        polars.concat([polars.read_parquet(file) for file in files], how="diagonal_relaxed")
        duckdb.read_parquet([str(file) for file in files], union_by_name=True)

    Args:
        run: An address, a run object of the SDK, or an `Api` run.
        directory: Where the files go; it is created if needed. Other files in it stay.
        timeout: Seconds to wait for the export; 0 waits for ever.
        transfer_timeout: Seconds the download itself may take; 0 for no limit.
        check_interval: Seconds between two checks.
        visit: Whether to visit the run's page, which starts the export.
        credentials: For the browser sign-in; without them, the environment or the keyring.
        api_key: The API key; without one, the environment, ``~/.netrc`` or the keyring.
        host: The W&B server; without one, as the SDK chooses it.
        callback: Receives the status lines.

    Returns:
        The files, in the order of their names: one or more.

    Raises:
        UsageError: The address or a time is none.
        WaitTimeoutError: The export was not complete in time, or the download took too long.
        ServerError: The files cannot be downloaded, or differ from the manifest.
        SignInError: The browser could not be signed in.
        ApiKeyError: The server refused the API key.
        RunNotFoundError: There is no such run, or the key may not see it.
        NoBrowserError: No browser is on this machine.
        WandbTuiError: The directory cannot be written to.
    """
    timeout, transfer_timeout = (
        checked_seconds("timeout", timeout),
        checked_seconds("transfer_timeout", transfer_timeout),
    )
    wiring = Wiring(host=host, credentials=credentials, api_key=api_key, anonymous_ok=True)
    downloader = HistoryDownloader(wiring)
    blocked = threading.Event()
    try:
        wiring.prober.allow_batches_of(1)
        with MonitorGroup(
            wiring=wiring, visit=visit, callback=callback, check_interval=check_interval, max_wait_time=timeout
        ) as group:
            address = group.add(run, "complete")
            result = group.wait(address)
        result.raise_if_not_met()
        pool = DaemonPool("wandb-tui download")
        transfer = pool.submit(_download, downloader, address, result, Path(directory), blocked)
        return transfer.result(transfer_timeout or None)
    except TimeoutError as error:
        if isinstance(error, WandbTuiError):
            raise
        blocking = f"Another download into {directory} has not ended"
        what = blocking if blocked.is_set() else "The history was not downloaded"
        hint = "Call again to resume, or give a longer transfer_timeout."
        raise WaitTimeoutError(f"{what} within {transfer_timeout:.0f} s.", hint) from None
    finally:
        downloader.stop()
        wiring.close()


def _download(
    downloader: HistoryDownloader, run: RunAddress, result: MonitorResult, directory: Path, blocked: threading.Event
) -> list[Path]:
    """Download into a folder; `blocked` is set while another download writes there."""
    version = downloader.locate(run, str(result.artifact_name), alone=True)
    with downloader.alone_in(directory, blocked.set):
        blocked.clear()
        return list(downloader.download(run, version, directory, check=lambda files: _check_steps(files, result)).paths)


def _check_steps(files: Sequence[Path], result: MonitorResult) -> None:
    """Check, where pyarrow is installed, that the rows reach the run's last step.

    Raises:
        ServerError: They do not, or a file is not valid Parquet.
    """
    steps = read_steps(files)
    if steps is not None and result.last_step is not None and steps.last < result.last_step:
        raise IncompleteExportError(
            f"{result.artifact_name} ends at step {steps.last:,}, but the run has reached step {result.last_step:,}.",
            "Wait a little and call again.",
        )
