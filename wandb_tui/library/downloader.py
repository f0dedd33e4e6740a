"""Downloads the files of exported histories into folders, several at a time, verified."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import ServerError
from wandb_tui.services.disk.folder_lock import locked_folder
from wandb_tui.services.wandb_api.file_transfer import (
    FileDiffersError,
    Progress,
    TransferStop,
    TransferStoppedError,
    disk_error,
    is_intact,
)
from wandb_tui.services.wandb_api.history_version import AddressExpiredError, HistoryFile, HistoryVersion
from wandb_tui.wiring import Wiring

CONNECTIONS = 8
"""The maximum number of files that are fetched at a time."""
_MAX_RENEWED = 2
"""The number of times that the addresses and digests of a version's files are asked for again."""


@dataclass(frozen=True, slots=True)
class DownloadedVersion:
    """A version whose files are all there and right.

    Attributes:
        version: The version.
        paths: Where its files are, in the order of their names.
        fetched: How many of them were fetched just now; the others had been there.
    """

    version: HistoryVersion
    paths: tuple[Path, ...]
    fetched: int


class HistoryDownloader:
    """Downloads versions. May be used by several threads; all of them share the connections."""

    def __init__(self, wiring: Wiring, connections: int = CONNECTIONS) -> None:
        """Prepare; nothing is sent yet.

        Args:
            wiring: The services.
            connections: How many files are fetched at a time.
        """
        self._wiring = wiring
        self._pool = DaemonPool("wandb-tui transfer", connections)
        self._lock = threading.Lock()
        self._stops: set[TransferStop] = set()
        self._stopped = False

    def stop(self) -> None:
        """Let every download end, with `TransferStoppedError`."""
        with self._lock:
            self._stopped = True
            for stop in self._stops:
                stop.set()

    def announce(self, run: RunAddress, artifact: str) -> None:
        """Get ready for a version; see `HistoryFiles.announce`."""
        self._wiring.history_files.announce(run, artifact)

    def locate(self, run: RunAddress, artifact: str, *, alone: bool = False) -> HistoryVersion:
        """The files of a version; see `HistoryFiles.locate`."""
        return self._wiring.history_files.locate(run, artifact, alone=alone)

    @contextlib.contextmanager
    def alone_in(self, folder: Path, on_wait: Callable[[], object] | None = None) -> Iterator[None]:
        """Keep all other downloads out of a folder, once those that are under way there have ended.

        Args:
            folder: The folder; it is created if needed.
            on_wait: Called if there is one to wait for.

        Raises:
            TransferStoppedError: `stop` was called while waiting.
            WandbTuiError: The folder cannot be created.
        """
        stop = TransferStop()

        def wait(seconds: float) -> None:
            if stop.wait(seconds):
                raise TransferStoppedError

        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error(folder, error) from None
        with self._stoppable(stop), locked_folder(folder, wait, on_wait):
            yield

    def download(
        self,
        run: RunAddress,
        version: HistoryVersion,
        folder: Path,
        *,
        progress: Progress = lambda _: None,
        check: Callable[[Sequence[Path]], object] = lambda _: None,
    ) -> DownloadedVersion:
        """Download the files of a version; those that are there and right are not fetched again.

        Files get their names only when all of them are right, and until then hidden ones beside them, from which the
        next call goes on.

        Args:
            run: The run.
            version: The version, with its files as they were located.
            folder: Where the files go; it is created if needed.
            progress: Hears how many bytes of the version are there.
            check: Looks at the files before they get their names; what it raises keeps them from it.

        Raises:
            ServerError: The files cannot be fetched, or differ from the manifest.
            ApiKeyError: The server refuses the key.
            TransferStoppedError: `stop` was called.
            WandbTuiError: The folder cannot be written to.
        """
        for left in reversed(range(_MAX_RENEWED + 1)):
            missing = [file for file in version.files if not is_intact(folder / file.name, file)]
            there = version.size - sum(file.size or 0 for file in missing)
            progress(there)
            try:
                self._fetch(missing, folder, progress)
                break
            except (AddressExpiredError, FileDiffersError) as error:
                renewed = self._renewed(run, version, error) if left else None
                if renewed is None:
                    raise
                progress(-there)
                version = renewed
        hidden = {file: _part(folder, file) for file in missing}
        check([hidden.get(file, folder / file.name) for file in version.files])
        try:
            for file in missing:
                hidden[file].replace(folder / file.name)
            _remove_stale_parts(folder, version.files)
        except OSError as error:
            raise disk_error(folder, error) from None
        return DownloadedVersion(version, tuple(folder / file.name for file in version.files), len(missing))

    def _renewed(self, run: RunAddress, version: HistoryVersion, error: ServerError) -> HistoryVersion | None:
        """A version with new addresses, or with the manifest's digests; None where they say the same as before."""
        if isinstance(error, AddressExpiredError):
            return self.locate(run, version.artifact)
        if not version.manifest_url:
            return None
        try:
            renewed = self._wiring.history_files.with_manifest(version)
        except AddressExpiredError:
            # It is as old as the download.
            return self.locate(run, version.artifact)
        return None if renewed.files == version.files else renewed

    def _fetch(self, files: Sequence[HistoryFile], folder: Path, progress: Progress) -> None:
        """Fetch files, as many at a time as there are connections; where one fails, the others stop."""
        stop, lock = TransferStop(), threading.Lock()
        errors: list[BaseException] = []
        left, told, listens = len(files), 0, True

        def tell(count: int) -> None:
            nonlocal told
            with lock:
                if listens:
                    told += count
                    progress(count)

        def fetch(file: HistoryFile) -> None:
            nonlocal left
            try:
                self._wiring.transfer.fetch(file, _part(folder, file), stop, tell)
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller
                with lock:
                    errors.append(error)
                stop.set()
            with lock:
                left -= 1
                if not left:
                    # Nothing is left to be stopped.
                    stop.set()

        if not files:
            return
        with self._stoppable(stop):
            for file in files:
                self._pool.submit(fetch, file)
            stop.wait()
        # One that waits for a server which has fallen silent would keep the folder locked until its connection's
        # time-out.
        stop.settle()
        with lock:
            listens = False
            if errors or left:
                progress(-told)
                # The others merely stopped because of the first.
                raise errors[0] if errors else TransferStoppedError

    @contextlib.contextmanager
    def _stoppable(self, stop: TransferStop) -> Iterator[None]:
        """Let `stop` of the whole object set this event, too."""
        with self._lock:
            self._stops.add(stop)
            if self._stopped:
                stop.set()
        try:
            yield
        finally:
            with self._lock:
                self._stops.discard(stop)


def _part(folder: Path, file: HistoryFile) -> Path:
    """The place for a file's bytes until it is whole: a hidden name in the same folder, another for other contents."""
    final = folder / file.name
    mark = file.digest.translate(str.maketrans("+/=", "-_."))[:12]
    return final.with_name(f".{final.name}.{mark}.part")


def _remove_stale_parts(folder: Path, files: Sequence[HistoryFile]) -> None:
    """Remove what unfinished downloads of other versions have left behind."""
    for file in files:
        final = folder / file.name
        for part in final.parent.iterdir():
            if part.name.startswith(f".{final.name}.") and part.suffix == ".part":
                part.unlink(missing_ok=True)
