"""Files on a web server, read in pieces, several pieces at a time."""

from __future__ import annotations

import contextlib
import io
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.services.credentials.authorization import Authorize, anonymous
from wandb_tui.services.extra_headers import ExtraHeaders
from wandb_tui.services.proxies import ProxySettings
from wandb_tui.services.signin.origins import origin_of

if TYPE_CHECKING:
    import requests

_CONNECTIONS = 8
_TAIL_BYTES = 64 * 1024
_MAX_ENDS = 16
_MAX_BYTES = 64 * 1024 * 1024
_HOLE_BYTES = 64 * 1024
"""Pieces that are no further apart are fetched as one: another request would take longer than these bytes."""
_TIMEOUTS_S = (6.0, 10.0)
_PARTIAL_CONTENT = 206


class RemoteFiles:
    """Opens files on web servers. Safe to use from several threads."""

    def __init__(
        self, base_url: str, authorize: Authorize, proxies: ProxySettings, extra_headers: ExtraHeaders | None = None
    ) -> None:
        """Prepare; nothing is imported or sent yet.

        Args:
            base_url: The API's address. Requests for files there are authorized, as the SDK does it; all others are
                not, since their URLs are signed.
            authorize: Authorizes each request.
            proxies: The proxies.
            extra_headers: Further headers for files there; None for none.
        """
        self._origin = origin_of(base_url)
        self._authorize = authorize
        self._proxies = proxies
        self._extra_headers = extra_headers
        # A connection for each piece would take several round trips before its first byte.
        self._idle: queue.SimpleQueue[requests.Session] = queue.SimpleQueue()
        self.pool = DaemonPool("wandb-tui pieces", _CONNECTIONS)
        self._ends: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, url: str) -> RemoteFile:
        """Open a file, which fetches its end. Raises errors of requests, here and when it is read."""
        return RemoteFile(self, url)

    def open_all(self, urls: Iterable[str]) -> list[RemoteFile]:
        """Open several files at the same time, as `open` does."""
        return [future.result() for future in [self.pool.submit(self.open, url) for url in urls]]

    def end(self, url: str, fetch: Callable[[str], tuple[bytes, int]]) -> tuple[bytes, int]:
        """The end of a file, which never changes, and its whole size; only the first time by `fetch`."""
        name = url.partition("?")[0]
        with self._lock:
            known = self._ends.get(name)
        if known is None:
            known = fetch(f"bytes=-{_TAIL_BYTES}")
            with self._lock:
                self._ends[name] = known
                while len(self._ends) > _MAX_ENDS:
                    self._ends.popitem(last=False)
        return known

    def fetch(self, url: str, byte_range: str) -> tuple[bytes, int]:
        """A piece of a file, and the size of the whole file; that is 0 if the server sent the whole file instead."""
        import requests
        from urllib3.exceptions import HTTPError

        from wandb_tui.services.http_session import HttpSession

        try:
            session = self._idle.get_nowait()
        except queue.Empty:
            session = HttpSession(self._proxies, self._extra_headers)
        headers = {"Range": byte_range, "Accept-Encoding": "identity"}
        try:
            session.auth = (self._authorize() if origin_of(url) == self._origin else None) or anonymous
            with session.get(url, headers=headers, timeout=_TIMEOUTS_S, stream=True) as response:
                response.raise_for_status()
                # The requested part fits into memory, and a single read copies it least.
                limit = None if response.status_code == _PARTIAL_CONTENT else _MAX_BYTES + 1
                content = response.raw.read(limit, decode_content=True)
                if limit and len(content) >= limit:
                    raise OSError("the server does not send parts of large files")
        except HTTPError as error:
            raise requests.exceptions.ConnectionError(type(error).__name__) from None
        finally:
            self._idle.put(session)
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
        return content, int(total) if response.status_code == _PARTIAL_CONTENT and total.isdigit() else 0

    def close(self) -> None:
        """Close the idle connections."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()


class RemoteFile(io.RawIOBase):
    """A file on a web server; its end is fetched first, since a Parquet reader starts there."""

    def __init__(self, files: RemoteFiles, url: str) -> None:
        super().__init__()
        self._files = files
        self._url = url
        self._position = 0
        end, total = files.end(url, self._get)
        self._size = total or len(end)
        self._end = (self._size - len(end), end)
        self._fetched: list[tuple[int, bytes]] = []

    def prefetch(self, pieces: Iterable[tuple[int, int]]) -> None:
        """Fetch pieces at the same time, and keep them in memory until the next call.

        Args:
            pieces: The first byte of each, and the byte after its last one.
        """
        wanted = [(start, stop) for start, stop in pieces if start < self._end[0]]
        fetch = self._files.pool.submit
        futures = [(start, fetch(self._piece, start, stop)) for start, stop in _merged(wanted)]
        self._fetched = [(start, future.result()) for start, future in futures]

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The position of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move the position, without a request."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Read from the position on."""
        stop = self._size if size < 0 else min(self._size, self._position + size)
        start, self._position = self._position, max(self._position, stop)
        if start >= stop:
            return b""
        for first, content in (self._end, *self._fetched):
            if first <= start and stop <= first + len(content):
                return content[start - first : stop - first]
        return self._piece(start, stop)

    def _piece(self, start: int, stop: int) -> bytes:
        content, _ = self._get(f"bytes={start}-{stop - 1}")
        if len(content) != stop - start:
            raise OSError("the server sent a different range than requested")
        return content

    def _get(self, byte_range: str) -> tuple[bytes, int]:
        return self._files.fetch(self._url, byte_range)


def _merged(pieces: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """These pieces in their order, those that nearly touch as one."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(pieces):
        if merged and start <= merged[-1][1] + _HOLE_BYTES:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged
