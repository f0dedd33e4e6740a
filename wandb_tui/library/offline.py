"""`sync_offline`: offline runs and their offline forks, parents first."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError, WandbTuiError
from wandb_tui.core.offline_runs import OfflineFile
from wandb_tui.core.sync_progress import SyncProgress
from wandb_tui.core.validation import checked_seconds
from wandb_tui.library.event import Callback
from wandb_tui.library.offline_sync import OfflineSync, plan_online
from wandb_tui.services.offline.run_files import OfflineFileError, find_files, read_file
from wandb_tui.wiring import Wiring

if TYPE_CHECKING:
    from wandb_tui.core.account import WandBCredentials


def sync_offline(
    directories: str | Path | Iterable[str | Path],
    *,
    verify: bool = False,
    timeout: float = 300.0,
    visit: bool = True,
    credentials: WandBCredentials | None = None,
    api_key: str | None = None,
    host: str | None = None,
    callback: Callback | None = None,
) -> dict[RunAddress, SyncProgress]:
    """Upload offline runs and their offline forks: parents first, each fork once its parent's export covers its step.

    The SDK itself uploads them (``wandb beta sync``); since it reports no refusal, the server is asked afterwards. Runs
    that are there already are skipped, and of one whose upload was killed only the rest is uploaded. Independent runs
    are uploaded side by side. A run that cannot be synced takes its forks with it, and the others continue.

    Args:
        directories: ``wandb`` folders, folders that have some below, runs' folders or ``.wandb`` files.
        verify: Whether to compare all histories with the server's, step by step.
        timeout: Seconds to wait for each export, and for a sign of progress of an upload; 0 waits for ever.
        visit: Whether to visit the parents' pages, which starts their exports.
        credentials: For the browser sign-in; without them, the environment or the keyring.
        api_key: The API key; without one, the environment, ``~/.netrc`` or the keyring.
        host: The W&B server; without one, as the SDK chooses it.
        callback: Receives the status lines of the waits.

    Returns:
        How each run has ended, parents first: ``state`` is ``synced``, ``skipped`` or ``failed``, with a ``message``.

    Raises:
        UsageError: There is no such folder, or a time is not valid.
        ApiKeyError: There is no API key, or the server refused it.
        ServerError: The server cannot be asked.
        WandbTuiError: A file cannot be read; the runs of the others have been synced.
    """
    folders = [directories] if isinstance(directories, str | Path) else list(directories)
    timeout = checked_seconds("timeout", timeout)
    wiring = Wiring(host=host, credentials=credentials, api_key=api_key, anonymous_ok=True)
    with contextlib.closing(wiring):
        wiring.check_api_key()
        files, errors = read_files([Path(folder) for folder in folders], wiring)
        sync = OfflineSync(wiring, timeout=timeout, visit=visit, verify=verify, callback=callback)
        outcomes = sync.run(plan_online(files, wiring))
        if errors:
            raise errors[0]
        return outcomes


def read_files(paths: Iterable[Path], wiring: Wiring) -> tuple[list[OfflineFile], list[WandbTuiError]]:
    """Read the files of the offline runs in these folders, with an error for each that cannot be read.

    A run that names no entity gets that of ``WANDB_ENTITY``, the settings, or else the API key's own.

    Raises:
        UsageError: There is no such folder.
        WandbTuiError: The server does not tell the key's own entity.
    """
    entity: list[str] = []

    def default_entity() -> str:
        entity.extend([] if entity else [_default_entity(wiring)])
        return entity[0]

    found: list[OfflineFile] = []
    errors: list[WandbTuiError] = []
    for path in find_files(paths):
        try:
            found.append(read_file(path, default_entity))
        except OfflineFileError as error:
            errors.append(error)
    return found, errors


def _default_entity(wiring: Wiring) -> str:
    try:
        return wiring.addresses.parse("project/run").entity
    except UsageError:
        # The reason, if there is one, such as a key that is refused.
        wiring.check_api_key()
        owner = wiring.key_owner()
    raise UsageError(f"The server does not report the default entity of {owner}.", "Set WANDB_ENTITY.")
