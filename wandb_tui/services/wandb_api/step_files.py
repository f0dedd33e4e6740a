"""Reads which steps a run's exported Parquet files hold, without downloading them whole.

A Parquet file ends with statistics of its columns, so the last few kilobytes are usually enough; if there are none for
`_step`, that one column is read. pyarrow is optional.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import queue
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from wandb_tui.core.errors import ApiKeyError, ServerError
from wandb_tui.services.credentials.authorization import Authorize, anonymous
from wandb_tui.services.extra_headers import ExtraHeaders
from wandb_tui.services.proxies import ProxySettings
from wandb_tui.services.signin.origins import origin_of

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

_TAIL_BYTES = 64 * 1024
_MAX_BYTES = 64 * 1024 * 1024
_TIMEOUTS_S = (6.0, 10.0)
_PARTIAL_CONTENT = 206
_MAX_CACHED_FILES = 10_000
_STEP_COLUMN = "_step"


class StepFileError(Exception):
    """A file cannot be read; the message gives the reason in a few words, without its URL, which may be signed."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps that some files hold.

    Attributes:
        last: The highest; -1 for none.
        rising: Whether they only rise from row to row, as far as the files' statistics show.
        first: The lowest; None for none.
    """

    last: int
    rising: bool
    first: int | None = None


class _RowGroup(NamedTuple):
    """The steps of a row group, which is a part of a Parquet file."""

    first: int
    last: int
    rising: bool


class StepFiles:
    """Reads files one after the other, and caches their steps. Safe to use from several threads."""

    def __init__(
        self,
        base_url: str,
        authorize: Authorize,
        proxies: ProxySettings | None = None,
        extra_headers: ExtraHeaders | None = None,
    ) -> None:
        """Prepare; nothing is imported or sent yet.

        Args:
            base_url: The API's address. Requests for files there are authorized, as the SDK does it; all others are
                not, since their URLs are signed.
            authorize: Authorizes each request.
            proxies: The proxies; by default those of this process's environment.
            extra_headers: Further headers for files there; None for none.
        """
        self._proxies = proxies or ProxySettings()
        self._extra_headers = extra_headers
        self._origin = origin_of(base_url)
        self._authorize = authorize
        self._cache: OrderedDict[str, tuple[_RowGroup, ...]] = OrderedDict()
        self._lock = threading.Lock()
        # A connection for each file would take several round trips before its first byte.
        self._idle: queue.SimpleQueue[requests.Session] = queue.SimpleQueue()

    @property
    def usable(self) -> bool:
        """Whether pyarrow is installed."""
        return importlib.util.find_spec("pyarrow") is not None

    def read(self, urls: Sequence[str]) -> Steps:
        """The steps that these files hold, in this order.

        Raises:
            StepFileError: One of them cannot be read.
        """
        return _steps_of([group for url in urls for group in self._groups(url)])

    @staticmethod
    def read_local(paths: Sequence[Path]) -> Steps:
        """Which steps these files on this disk hold, in their order.

        Raises:
            StepFileError: One of them is not Parquet or has no ``_step`` column.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        groups: list[_RowGroup] = []
        for path in paths:
            try:
                with pq.ParquetFile(path) as file:
                    groups += _row_groups(file)
            except (pa.ArrowException, OSError, KeyError) as error:
                raise StepFileError(
                    f"{path.name} is not Parquet or has no _step column ({type(error).__name__})"
                ) from None
        return _steps_of(groups)

    def _groups(self, url: str) -> tuple[_RowGroup, ...]:
        """The row groups of a file, which never changes."""
        name = url.partition("?")[0]
        with self._lock:
            if name in self._cache:
                self._cache.move_to_end(name)
                return self._cache[name]
        groups = tuple(self._read(url))
        with self._lock:
            self._cache[name] = groups
            while len(self._cache) > _MAX_CACHED_FILES:
                self._cache.popitem(last=False)
        return groups

    def _read(self, url: str) -> list[_RowGroup]:
        import pyarrow as pa
        import pyarrow.parquet as pq
        import requests

        try:
            with self.opened(url) as remote, pq.ParquetFile(remote) as file:
                return _row_groups(file)
        except (ApiKeyError, ServerError) as error:
            raise StepFileError(error.message.removesuffix(".")) from None
        except requests.exceptions.RequestException as error:
            raise StepFileError(f"a file of the export cannot be fetched ({type(error).__name__})") from None
        except (pa.ArrowException, OSError, KeyError) as error:
            log.info("A Parquet file cannot be read: %s", type(error).__name__)
            raise StepFileError("a file of the export is not Parquet or has no _step column") from None

    @contextlib.contextmanager
    def opened(self, url: str) -> Iterator[RemoteFile]:
        """Open a file to be read in pieces. Raises errors of requests, here and when it is read."""
        from wandb_tui.services.http_session import HttpSession

        try:
            session = self._idle.get_nowait()
        except queue.Empty:
            session = HttpSession(self._proxies, self._extra_headers)
        try:
            session.auth = (self._authorize() if origin_of(url) == self._origin else None) or anonymous
            yield RemoteFile(session, url)
        finally:
            self._idle.put(session)

    def close(self) -> None:
        """Close the idle connections."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()


def _steps_of(groups: Sequence[_RowGroup]) -> Steps:
    rising = all(group.rising for group in groups) and all(a.last < b.first for a, b in pairwise(groups))
    first = min((group.first for group in groups), default=None)
    return Steps(max((group.last for group in groups), default=-1), rising, first)


def _row_groups(file: Any) -> list[_RowGroup]:
    metadata = file.metadata
    index = next((i for i in range(metadata.num_columns) if metadata.schema.column(i).path == _STEP_COLUMN), None)
    if index is None:
        raise KeyError(_STEP_COLUMN)
    groups: list[_RowGroup] = []
    for number in range(metadata.num_row_groups):
        statistics = metadata.row_group(number).column(index).statistics
        if statistics is not None and statistics.has_min_max:
            groups.append(_RowGroup(int(statistics.min), int(statistics.max), rising=True))
            continue
        steps = [
            int(step) for step in file.read_row_group(number, [_STEP_COLUMN]).column(0).to_pylist() if step is not None
        ]
        if steps:
            rising = all(a < b for a, b in pairwise(steps))
            groups.append(_RowGroup(min(steps), max(steps), rising))
    return groups


class RemoteFile(io.RawIOBase):
    """A file on a web server, read in ranges; its end is fetched first, since a Parquet reader starts there."""

    def __init__(self, session: requests.Session, url: str) -> None:
        super().__init__()
        self._session = session
        self._url = url
        self._position = 0
        self._end, total = self._get(f"bytes=-{_TAIL_BYTES}")
        self._size = total or len(self._end)

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
        known_from = self._size - len(self._end)
        if start >= known_from:
            return self._end[start - known_from : stop - known_from]
        content, _ = self._get(f"bytes={start}-{stop - 1}")
        if len(content) != stop - start:
            raise OSError("the server sent a different range than requested")
        return content

    def _get(self, byte_range: str) -> tuple[bytes, int]:
        """A range and the size of the whole file; that is 0 if the server sent the whole file instead."""
        headers = {"Range": byte_range, "Accept-Encoding": "identity"}
        content = bytearray()
        with self._session.get(self._url, headers=headers, timeout=_TIMEOUTS_S, stream=True) as response:
            response.raise_for_status()
            for chunk in response.iter_content(_TAIL_BYTES):
                content += chunk
                if response.status_code != _PARTIAL_CONTENT and len(content) > _MAX_BYTES:
                    raise OSError("the server does not send parts of large files")
            total = response.headers.get("Content-Range", "").rpartition("/")[2]
            return bytes(content), int(total) if response.status_code == _PARTIAL_CONTENT and total.isdigit() else 0
