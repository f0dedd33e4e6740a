"""Fetching files over HTTP: resumed where they broke off, and compared with size and digest."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import queue
import threading
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from wandb_tui.core.errors import ServerError, WandbTuiError
from wandb_tui.services.credentials.authorization import Authorize, anonymous
from wandb_tui.services.extra_headers import ExtraHeaders
from wandb_tui.services.proxies import ProxySettings
from wandb_tui.services.signin.origins import origin_of
from wandb_tui.services.wandb_api.history_version import AddressExpiredError, HistoryFile
from wandb_tui.services.wandb_api.network_errors import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, explain

if TYPE_CHECKING:
    import requests

_CHUNK_BYTES = 256 * 1024
"""Few enough to stay in the processor's cache until they are hashed and written; a megabyte takes twice as long."""
_MAX_TRIES = 5
"""The number of times in a row that a transfer may fail without a single new byte."""
_FIRST_WAIT_S, _MAX_WAIT_S = 0.5, 60.0
_PARTIAL, _RANGE_NOT_SATISFIABLE, _TOO_MANY_REQUESTS, _SERVER_ERROR = 206, 416, 429, 500
_EXPIRED_STATUSES = frozenset({400, 401, 403, 404, 410})
"""The statuses with which storage refuses an address whose signature is no longer good."""
_MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
_RESUME = "Call again to resume."

Progress = Callable[[int], object]
"""Called with the number of bytes that are there now and were not before; negative where some were of no use."""


class TransferStoppedError(WandbTuiError):
    """The transfer was told to stop."""

    def __init__(self, message: str = "The download was stopped.", hint: str = _RESUME) -> None:
        super().__init__(message, hint)


class TransferStop:
    """Stops transfers. One that still waits for the server may end later, but changes no file any more."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()

    def set(self) -> None:
        """Stop them; a change of a file that is under way may still be made."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether they were stopped."""
        return self._event.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until they are stopped, or for so many seconds; whether they were stopped."""
        return self._event.wait(seconds)

    def settle(self) -> None:
        """Wait for the end of a change that was under way when they were stopped; there are no further ones."""
        with self._lock:
            pass

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Change a file. Raises `TransferStoppedError` once they were stopped."""
        with self._lock:
            if self.is_set():
                raise TransferStoppedError
            yield


class FileDiffersError(ServerError):
    """A file has another size or digest than the server says."""


class _BrokenOffError(Exception):
    """A transfer broke off and may go on; the text says why, as a sentence without a full stop."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class FileTransfer:
    """Fetches files. May be used by several threads, each of which gets a connection of its own."""

    def __init__(
        self,
        base_url: str,
        authorize: Authorize,
        proxies: ProxySettings,
        extra_headers: ExtraHeaders | None = None,
    ) -> None:
        """Prepare; nothing is imported or sent yet.

        Args:
            base_url: The API's address: its own files are requested with the key, as the SDK does it, all others, which
                carry a signature in their address, without.
            authorize: Authorizes each request.
            proxies: The proxies.
            extra_headers: Further headers for the server's own files; None for none.
        """
        self._origin = origin_of(base_url)
        self._authorize = authorize
        self._proxies = proxies
        self._extra_headers = extra_headers
        self._closed = threading.Event()
        self._idle: queue.SimpleQueue[requests.Session] = queue.SimpleQueue()

    def read_json(self, url: str) -> Any:
        """A JSON document, such as a manifest.

        Raises:
            AddressExpiredError: The address is refused.
            ServerError: It cannot be fetched.
            TransferStoppedError: `close` was called.
        """
        wait = _FIRST_WAIT_S
        for left in reversed(range(_MAX_TRIES)):
            content = bytearray()
            try:
                with self._response(url, 0) as response:
                    for chunk in _chunks(response, url):
                        content += chunk
                        if len(content) > _MAX_DOCUMENT_BYTES:
                            raise ServerError("The artifact's manifest has no end.")
                    return _json(bytes(content))
            except _BrokenOffError as error:
                if not left:
                    raise ServerError(f"The artifact's manifest cannot be fetched: {error}.", _RESUME) from None
                if self._closed.wait(max(wait, error.wait)):
                    raise TransferStoppedError from None
                wait *= 2
        raise AssertionError

    def fetch(self, file: HistoryFile, part: Path, stop: TransferStop, progress: Progress) -> None:
        """Fetch a file into `part`, going on where an earlier call broke off, and check it.

        Args:
            file: The file.
            part: Where its bytes go; it stays where the transfer breaks off, and is removed where it is wrong.
            stop: Ends the transfer early.
            progress: Hears of each chunk.

        Raises:
            AddressExpiredError: The address is refused.
            FileDiffersError: It differs from the manifest.
            ServerError: It cannot be fetched.
            TransferStoppedError: `stop` was set.
            WandbTuiError: The disk takes no more.
        """
        if stop.is_set():
            raise TransferStoppedError
        part_file = _PartFile(part, progress, stop)
        try:
            self._fetch_whole(file, part_file, stop)
        except BaseException:
            progress(-part_file.size)
            raise

    def close(self) -> None:
        """End what waits, and close the idle connections."""
        self._closed.set()
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _fetch_whole(self, file: HistoryFile, part: _PartFile, stop: TransferStop) -> None:
        resumed, failures, wait = part.size > 0, 0, _FIRST_WAIT_S
        while True:
            before = part.size
            try:
                self._fetch_on(file, part)
                if part.is_intact(file):
                    return
                part.remove()
                if not resumed:
                    raise FileDiffersError(
                        f"{file.name} differs from the artifact's manifest (size or digest).", _RESUME
                    )
                # The beginning may have been that of another file.
                resumed = False
            except _BrokenOffError as error:
                resumed = part.size > 0
                failures, wait = (0, _FIRST_WAIT_S) if part.size > before else (failures + 1, wait * 2)
                if failures >= _MAX_TRIES:
                    raise ServerError(f"{file.name} cannot be downloaded: {error}.", _RESUME) from None
                if stop.wait(min(_MAX_WAIT_S, max(wait, error.wait))):
                    raise TransferStoppedError from None

    def _fetch_on(self, file: HistoryFile, part: _PartFile) -> None:
        """Fetch what is missing at the end of `part`."""
        if file.size is not None and part.size >= file.size:
            return
        with self._response(file.url, part.size) as response:
            if response.status_code == _RANGE_NOT_SATISFIABLE:
                part.remove()
                raise _BrokenOffError("the server does not know where to go on")
            resumes = response.status_code == _PARTIAL and _starts_at(response, part.size)
            with part.opened(resume=resumes) as write:
                for chunk in _chunks(response, file.url):
                    write(chunk)

    @contextlib.contextmanager
    def _response(self, url: str, start: int) -> Iterator[requests.Response]:
        """The answer to a request for a file from a byte on."""
        import requests

        from wandb_tui.services.http_session import HttpSession

        try:
            session = self._idle.get_nowait()
        except queue.Empty:
            session = HttpSession(self._proxies, self._extra_headers)
        try:
            session.auth = (self._authorize() if origin_of(url) == self._origin else None) or anonymous
        except ServerError as error:
            raise _BrokenOffError(error.message.removesuffix(".")) from None
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={start}-"} if start else {})}
        try:
            with session.get(
                url,
                headers=headers,
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                stream=True,
            ) as response:
                _check_status(response)
                yield response
        except requests.exceptions.RequestException as error:
            raise _BrokenOffError(explain(error, urlsplit(url).netloc, self._proxies.for_url(url)).message) from None
        finally:
            self._idle.put(session)


class _PartFile:
    """A file that is being fetched; tells how many of its bytes are there."""

    def __init__(self, path: Path, progress: Progress, stop: TransferStop) -> None:
        self.path = path
        self._stop = stop
        self._progress = progress
        self._md5: hashlib._Hash | None = None
        self.size = 0
        with contextlib.suppress(OSError):
            self._grow(path.stat().st_size)

    @contextlib.contextmanager
    def opened(self, *, resume: bool) -> Iterator[Callable[[bytes], object]]:
        """Open it for more bytes, or for all of them; gives the function that writes.

        Raises:
            TransferStoppedError: The transfer was stopped.
            WandbTuiError: The disk takes no more.
        """
        try:
            with self._stop.changing():
                opened = self._open("ab" if resume else "wb")
            with opened as file:
                if not resume:
                    self._grow(-self.size)
                    self._md5 = hashlib.md5(usedforsecurity=False)
                yield lambda chunk: self._write(file, chunk)
        except OSError as error:
            raise disk_error(self.path.parent, error) from None

    def _open(self, mode: Literal["ab", "wb"]) -> FileIO:
        try:
            return self.path.open(mode, buffering=0)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return self.path.open(mode, buffering=0)

    def is_intact(self, file: HistoryFile) -> bool:
        """Whether it is the file of the manifest; it is read for that only where it was begun by an earlier call."""
        if self._md5 is None or file.algorithm != "MD5":
            return is_intact(self.path, file)
        try:
            # Another process may have written to it since, or renamed it.
            written = self.path.stat().st_size
        except OSError:
            return False
        return written == self.size == (file.size or written) and _base64(self._md5) == file.digest

    def remove(self) -> None:
        """Remove it."""
        with self._stop.changing(), contextlib.suppress(OSError):
            self.path.unlink()
        self._md5 = None
        self._grow(-self.size)

    def _write(self, file: FileIO, chunk: bytes) -> None:
        rest = memoryview(chunk)
        if os.fstat(file.fileno()).st_size != self.size:
            # Another process writes to it as well: what counts is on the disk.
            self._md5 = None
        while rest:
            with self._stop.changing():
                written = file.write(rest) or 0
            if self._md5 is not None:
                self._md5.update(rest[:written])
            self._grow(written)
            rest = rest[written:]

    def _grow(self, count: int) -> None:
        self.size += count
        self._progress(count)


def is_intact(path: Path, file: HistoryFile) -> bool:
    """Whether a file is there and is the one of the manifest."""
    if not path.is_file() or (file.size is not None and path.stat().st_size != file.size):
        return False
    if file.algorithm != "MD5":
        from wandb_tui.services.wandb_api.sdk import xxh128_digest

        return xxh128_digest(path) == file.digest
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            digest.update(chunk)
    return _base64(digest) == file.digest


def _base64(digest: hashlib._Hash) -> str:
    return base64.b64encode(digest.digest()).decode()


def _chunks(response: requests.Response, url: str) -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError

    try:
        if response.raw.chunked:
            yield from response.raw.stream(_CHUNK_BYTES, decode_content=True)
            return
        # Content that need not be decoded is not copied once more.
        encoded = "Content-Encoding" in response.headers
        # Bytes are passed on as they arrive: a chunk that is still filling would be lost with the connection.
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=encoded):
            yield chunk
    except HTTPError as error:
        raise _BrokenOffError(explain(error, urlsplit(url).netloc, None).message) from None


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status < 400 or status == _RANGE_NOT_SATISFIABLE:  # noqa: PLR2004 - errors
        return
    if status in _EXPIRED_STATUSES:
        raise AddressExpiredError(f"The server refuses a file of the history (HTTP {status}).", _RESUME)
    retry = response.headers.get("Retry-After", "")
    wait = float(retry) if retry.isdigit() else 0.0
    if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
        raise _BrokenOffError(f"the server is in trouble or limits us (HTTP {status})", min(_MAX_WAIT_S, wait))
    raise ServerError(f"The server refuses a file of the history (HTTP {status}).", _RESUME)


def _starts_at(response: requests.Response, start: int) -> bool:
    """Whether a partial answer goes on at this byte."""
    return response.headers.get("Content-Range", "").replace("bytes ", "").startswith(f"{start}-")


def disk_error(folder: Path, error: OSError) -> WandbTuiError:
    """An error of the disk, for the user."""
    return WandbTuiError(f"{folder} cannot be written to: {error.strerror or type(error).__name__}.")


def _json(content: bytes) -> Any:
    import json

    try:
        return json.loads(content)
    except ValueError:
        raise _BrokenOffError("it is no JSON") from None
