"""Uploads one offline run, piece by piece: only what the server lacks, and until the server has it."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import RunNotFoundError, ServerError, WaitTimeoutError, WandbTuiError
from wandb_tui.core.offline_runs import OfflineFile, OfflineRun
from wandb_tui.services.disk.file_lock import ProcessLock
from wandb_tui.services.offline.run_files import is_marked, mark_synced, online_steps, unmark_synced, write_rest
from wandb_tui.services.offline.sdk_sync import SdkSync

if TYPE_CHECKING:
    from wandb_tui.core.probe import RunInfo
    from wandb_tui.wiring import Wiring

INTERRUPTED = "Interrupted; call again to continue."

_LOCK_RETRY_INTERVAL_S = 0.5
_CONFIRM_INTERVAL_S = 0.5
_CONFIRM_TIMEOUT_S = 20.0
"""Seconds for which a server may take to report what was uploaded."""


class OfflineUpload:
    """Uploads runs; may be used by several threads."""

    def __init__(self, wiring: Wiring, stopped: Event, timeout: float) -> None:
        """Prepare; nothing is sent yet.

        Args:
            wiring: The services.
            stopped: Ends what is under way.
            timeout: Seconds without any progress after which the SDK's command is ended; 0 for no limit.
        """
        self._wiring, self._stopped, self._timeout = wiring, stopped, timeout
        self._sdk = SdkSync(wiring.server.info.base_url, wiring.account.api_key, wiring.environ)

    def is_online(self, one: OfflineRun, info: RunInfo | None) -> bool:
        """Whether a run is synced: the SDK has marked it, and the server has its last step.

        The mark alone does not tell: SDK 0.24 also sets it where the server has refused.
        """
        return one.synced and info is not None and all(_reaches(info, online_steps(file)[1]) for file in one.files)

    def upload(self, one: OfflineRun, on_message: Callable[[str], object]) -> None:
        """Upload a run.

        Args:
            one: The run, whose parent is on the server and exported.
            on_message: Receives what is being done, in one line.

        Raises:
            ServerError: The server does not accept it.
            WaitTimeoutError: The upload made no progress any more.
            WandbTuiError: A file cannot be read, or the server cannot be asked.
        """
        before = one.step if one.step is not None else -1
        with self._locked(one.run, on_message) as descriptors:
            for number, file in enumerate(one.files, 1):
                which = f" (file {number} of {len(one.files)})" if len(one.files) > 1 else ""
                on_message(f"Uploading {file.path.name}{which}")
                self._upload_file(one.run, file, before, descriptors)
                before = max(before, online_steps(file)[1])

    def _upload_file(self, run: RunAddress, file: OfflineFile, before: int, descriptors: tuple[int, ...]) -> None:
        """Upload a piece; `before` is the last step before it."""
        info = online_state(run, self._wiring)
        first, last = online_steps(file)
        # Looked at only now: another process may just have uploaded it.
        if is_marked(file.path) and info is not None and _reaches(info, last):
            return
        with tempfile.TemporaryDirectory(prefix="wandb-tui-sync-") as folder:
            source = file.path
            reached = info.last_step if info is not None and info.last_step is not None else -1
            # A call that was killed has uploaded some rows, and the SDK would upload them a second time.
            if file.rows and reached > before and first > before:
                source = write_rest(file.path, Path(folder), reached)
            reason = self._sdk.upload(source, run, self._keep_waiting(run), descriptors)
        if self._stopped.is_set():
            raise WandbTuiError(INTERRUPTED)
        try:
            self._confirm(run, file, reason)
        except WandbTuiError:
            with contextlib.suppress(OSError):
                unmark_synced(file.path)
            raise
        with contextlib.suppress(OSError):
            # Not to be marked costs a second look next time.
            mark_synced(file.path)

    def _confirm(self, run: RunAddress, file: OfflineFile, reason: str) -> None:
        """Return once the server has the run up to the last step of a file."""
        # Only now, since the SDK has chosen where the steps of a resumed run begin.
        _, last = online_steps(file)
        pauses = int(_CONFIRM_TIMEOUT_S / _CONFIRM_INTERVAL_S)
        info = None
        for _ in range(pauses):
            info = online_state(run, self._wiring)
            if info is not None and _reaches(info, last):
                return
            # Without the run nothing can have been uploaded; its last step may take the server a little.
            if info is None or reason or self._stopped.wait(_CONFIRM_INTERVAL_S):
                break
        where = "does not have it" if info is None else f"has it up to step {info.last_step} of {last}"
        why = f": {reason.rstrip('.')}" if reason else ""
        raise ServerError(f"The server {where} after the upload{why}.")

    def _keep_waiting(self, run: RunAddress) -> Callable[[float], bool]:
        """Whether the SDK's command may go on: until it is stopped, or nothing has changed for `timeout` seconds."""
        seen: tuple[RunInfo | None, float] = (None, 0.0)

        def keep_waiting(passed: float) -> bool:
            nonlocal seen
            if self._stopped.is_set():
                return False
            if self._timeout and passed - seen[1] >= self._timeout:
                with contextlib.suppress(ServerError):
                    info = online_state(run, self._wiring)
                    if info == seen[0]:
                        raise WaitTimeoutError(
                            f"The server has not accepted anything for {self._timeout:.0f} s.",
                            "It may refuse the fork for now; call again later.",
                        )
                    seen = info, passed
            return True

        return keep_waiting

    @contextlib.contextmanager
    def _locked(self, run: RunAddress, on_message: Callable[[str], object]) -> Iterator[tuple[int, ...]]:
        """Let no other process upload the run; the SDK's command holds the lock, too, should we be killed."""
        name = hashlib.sha256(f"{self._wiring.server.key} {run}".encode()).hexdigest()[:16]
        lock = ProcessLock(self._wiring.paths.sync / f"{name}.lock")
        if not lock.acquire():
            on_message("Another wandb-tui sync is uploading it; waiting for its end")
            while not lock.acquire():
                if self._stopped.wait(_LOCK_RETRY_INTERVAL_S):
                    raise WandbTuiError(INTERRUPTED)
        try:
            yield lock.descriptors
        finally:
            lock.release()


def online_state(run: RunAddress, wiring: Wiring) -> RunInfo | None:
    """A run as the server has it; None where it has none.

    Raises:
        WandbTuiError: The server cannot be asked.
    """
    try:
        return wiring.inspector.facts(run).info
    except RunNotFoundError:
        return None


def _reaches(info: RunInfo, last: int) -> bool:
    """Whether the server has a run up to a step; a server that does not tell the last step is believed."""
    return last < 0 or info.last_step is None or info.last_step >= last
