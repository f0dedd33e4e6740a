"""`download_history`: wait until a run's export is complete, then download its Parquet files, verified."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import logging
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from wandb_tui.core.account import WandBCredentials
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import ServerError, WaitTimeoutError, WandbTuiError
from wandb_tui.core.validation import checked_seconds
from wandb_tui.library.group import Callback, MonitorGroup
from wandb_tui.library.results import MonitorResult
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.services.sdk_environment import sdk_environment
from wandb_tui.services.wandb_api.sdk import unusable_cache_folder
from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 20


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

    Each file is downloaded into a temporary folder beside the final names (``.run-<id>-history-v0.part``), compared
    with the size and the digest in the artifact's manifest, and, where pyarrow is installed, read for its last step.
    Only when all are right do they get their names, replacing files of the same names. So a file under its final name
    is whole. An interrupted download is resumed: files that are there and right are not downloaded again.

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
    try:
        with MonitorGroup(
            wiring=wiring, visit=visit, callback=callback, check_interval=check_interval, max_wait_time=timeout
        ) as group:
            result = group.wait(group.add(run, "complete"))
        result.raise_if_not_met()
        transfer = DaemonPool("wandb-tui download").submit(_download, wiring, result, Path(directory))
        return transfer.result(transfer_timeout or None)
    except TimeoutError as error:
        if isinstance(error, WandbTuiError):
            raise
        raise WaitTimeoutError(
            f"The history was not downloaded within {transfer_timeout:.0f} s.",
            "Call again to resume, or give a longer transfer_timeout.",
        ) from None
    finally:
        wiring.close()


def _download(wiring: Wiring, result: MonitorResult, directory: Path) -> list[Path]:
    """Download all files of a version, then give them their names."""
    name = str(result.artifact_name)
    artifact, entries = _read(wiring, name)
    part = directory / f".{name.rsplit('/', 1)[-1].replace(':', '-')}.part"
    try:
        part.mkdir(parents=True, exist_ok=True)
        for path, entry in entries.items():
            if not _is_intact(directory / path, entry):
                _fetch(artifact, part, path, entry)
        final = [directory / path for path in entries]
        _check_steps([part / path if (part / path).exists() else directory / path for path in entries], result)
        for path in entries:
            if (part / path).exists():
                (directory / path).parent.mkdir(parents=True, exist_ok=True)
                (part / path).replace(directory / path)
        _remove_folders(part)
    except OSError as error:
        raise WandbTuiError(f"{directory} cannot be written to: {error.strerror or type(error).__name__}.") from None
    return sorted(final)


def _read(wiring: Wiring, name: str) -> tuple[Any, Mapping[str, Any]]:
    """A version, and its files by name as in its manifest.

    Raises:
        ServerError: They cannot be read.
    """
    import wandb

    base_url = wiring.server.info.base_url
    try:
        with sdk_environment(base_url):
            api = wandb.Api(overrides={"base_url": base_url}, api_key=wiring.account.api_key())
            artifact = api.artifact(name, type="wandb-history")
            entries: Mapping[str, Any] = artifact.manifest.entries
    except Exception as error:  # noqa: BLE001 - the SDK raises its own, requests' and the transport's
        _check_cache_folder(name)
        raise ServerError(f"{name} cannot be read: {_one_line(error)}.") from None
    files = {path: entry for path, entry in entries.items() if path.endswith(".parquet")}
    if not files:
        raise ServerError(f"{name} holds no Parquet file.")
    for path in files:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise ServerError(f"{name} holds a file outside its own folder: {path!r}.")
    return artifact, files


def _fetch(artifact: Any, part: Path, path: str, entry: Any) -> None:
    """Download one file into the temporary folder, unless it is there already.

    Raises:
        ServerError: It cannot be downloaded, or differs from the manifest.
    """
    if _is_intact(part / path, entry):
        return
    try:
        artifact.download(root=str(part), path_prefix=path, skip_cache=True)
    except Exception as error:  # noqa: BLE001 - as above; a file whose digest is wrong is a ValueError
        (part / path).unlink(missing_ok=True)
        _check_cache_folder(path)
        raise ServerError(f"{path} cannot be downloaded: {_one_line(error)}.", "Call again to resume.") from None
    if not _is_intact(part / path, entry, fresh=True):
        (part / path).unlink(missing_ok=True)
        _check_cache_folder(path)
        raise ServerError(f"{path} differs from the artifact's manifest (size or digest).", "Call again to resume.")


def _is_intact(file: Path, entry: Any, *, fresh: bool = False) -> bool:
    """Whether a file is there and is the one of the manifest; `fresh` means that the SDK has just downloaded it."""
    if not file.is_file() or (entry.size is not None and file.stat().st_size != entry.size):
        return False
    if hasattr(entry, "digest_algorithm") and "MD5" not in str(entry.digest_algorithm()):
        # Another kind of digest is checked by the SDK while it downloads, and only then.
        return fresh
    digest = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            digest.update(chunk)
    return base64.b64encode(digest.digest()).decode() == str(entry.digest)


def _check_steps(files: list[Path], result: MonitorResult) -> None:
    """Check, where pyarrow is installed, that the rows reach the run's last step.

    Raises:
        ServerError: They do not, or a file is not valid Parquet.
    """
    if importlib.util.find_spec("pyarrow") is None:
        return
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    last = -1
    try:
        for file in files:
            if "_step" in pq.read_schema(file).names:
                steps = pq.read_table(file, columns=["_step"])["_step"]
                last = max(last, int(pc.max(steps).as_py() or 0)) if len(steps) else last
    except pa.ArrowException as error:
        raise ServerError(f"A file of the history is not valid Parquet ({type(error).__name__}).") from None
    if result.last_step is not None and last < result.last_step:
        raise ServerError(
            f"{result.artifact_name} ends at step {last:,}, but the run has reached step {result.last_step:,}.",
            "Wait a little and call again.",
        )


def _remove_folders(folder: Path) -> None:
    """Remove a folder that holds nothing but empty folders."""
    for inner in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        inner.rmdir()
    folder.rmdir()


def _check_cache_folder(what: str) -> None:
    """Blame the SDK's cache folder for a failure where it cannot be written: the SDK may not even say so.

    Raises:
        WandbTuiError: It cannot.
    """
    if folder := unusable_cache_folder():
        raise WandbTuiError(
            f"{what} cannot be downloaded: the W&B SDK cannot write to its cache folder {folder}.",
            "Set WANDB_CACHE_DIR, or HOME, to a folder that can be written.",
        ) from None


def _one_line(error: Exception) -> str:
    """The error in one line without secrets."""
    return redact(" ".join(str(error).split()).rstrip(".")) or type(error).__name__
