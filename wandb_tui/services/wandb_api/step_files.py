"""Reading from a run's exported Parquet files which steps they hold, without fetching them whole.

A Parquet file ends with a summary of its columns, so the last few kilobytes usually tell; only where it has none for
`_step` is that one column read. pyarrow is used where it is installed, and not asked for elsewhere.
"""

from __future__ import annotations

import importlib.util
import io
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wandb_tui.services.proxies import ProxySettings

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

_TAIL = 64 * 1024
_LARGEST = 64 * 1024 * 1024
_TIMEOUT = (6.0, 10.0)
_PARTIAL = 206
_REMEMBERED = 10_000
_STEP = "_step"


class StepFileError(Exception):
    """A file cannot be read; the text says why in a few words, without its address, which may be signed."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps that some files hold.

    Attributes:
        last: The highest; -1 for none.
        rising: Whether they only rise from row to row, as far as the files' summaries tell.
    """

    last: int
    rising: bool


class StepFiles:
    """Reads files one after the other, and remembers each. May be used by several threads."""

    def __init__(self, base_url: str, api_key: Callable[[], str | None], proxies: ProxySettings | None = None) -> None:
        """Prepare; nothing is imported or sent yet.

        Args:
            base_url: The API's address: its own files are requested with the key, as the SDK does it, all others, which
                carry a signature in their address, without.
            api_key: Gives the key.
            proxies: The proxies; those of this process's environment if None.
        """
        self._proxies = proxies or ProxySettings()
        self._origin = _origin(base_url)
        self._api_key = api_key
        self._known: OrderedDict[str, tuple[tuple[int, int, bool], ...]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def usable(self) -> bool:
        """Whether pyarrow is installed."""
        return importlib.util.find_spec("pyarrow") is not None

    def read(self, urls: Sequence[str]) -> Steps:
        """Which steps these files hold, in their order.

        Raises:
            StepFileError: One of them cannot be read.
        """
        groups = [group for url in urls for group in self._groups(url)]
        rising = all(group[2] for group in groups) and all(before[1] < after[0] for before, after in pairwise(groups))
        return Steps(max((group[1] for group in groups), default=-1), rising)

    def _groups(self, url: str) -> tuple[tuple[int, int, bool], ...]:
        """Lowest step, highest step, and whether they rise, of each part of a file; a file never changes."""
        name = url.partition("?")[0]
        with self._lock:
            if name in self._known:
                self._known.move_to_end(name)
                return self._known[name]
        groups = tuple(self._read(url))
        with self._lock:
            self._known[name] = groups
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return groups

    def _read(self, url: str) -> list[tuple[int, int, bool]]:
        import pyarrow as pa
        import pyarrow.parquet as pq
        import requests

        with requests.Session() as session:
            key = self._api_key() if _origin(url) == self._origin else None
            session.auth = requests.auth.HTTPBasicAuth("api", key) if key else _signed_already
            try:
                with pq.ParquetFile(RemoteFile(session, url, self._proxies.for_requests(url))) as file:
                    return _groups_of(file)
            except requests.exceptions.RequestException as error:
                raise StepFileError(f"a file of the export cannot be fetched ({type(error).__name__})") from None
            except (pa.ArrowException, OSError, KeyError) as error:
                log.info("A Parquet file cannot be read: %s", type(error).__name__)
                raise StepFileError("a file of the export is no Parquet file with steps") from None


def _groups_of(file: Any) -> list[tuple[int, int, bool]]:
    summary = file.metadata
    index = next((i for i in range(summary.num_columns) if summary.schema.column(i).path == _STEP), None)
    if index is None:
        raise KeyError(_STEP)
    groups: list[tuple[int, int, bool]] = []
    for number in range(summary.num_row_groups):
        statistics = summary.row_group(number).column(index).statistics
        if statistics is not None and statistics.has_min_max:
            groups.append((int(statistics.min), int(statistics.max), True))
            continue
        steps = [int(step) for step in file.read_row_group(number, [_STEP]).column(0).to_pylist() if step is not None]
        if steps:
            rises = all(a < b for a, b in pairwise(steps))
            groups.append((min(steps), max(steps), rises))
    return groups


class RemoteFile(io.RawIOBase):
    """A file on a web server, read in pieces; its end comes with the first request, since all begins there."""

    def __init__(self, session: requests.Session, url: str, proxies: Mapping[str, str]) -> None:
        super().__init__()
        self._proxies = dict(proxies)
        self._session = session
        self._url = url
        self._at = 0
        self._end, total = self._get(f"bytes=-{_TAIL}")
        self._size = total or len(self._end)

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go elsewhere; nothing is fetched for that."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        """Bytes from here on."""
        stop = self._size if size < 0 else min(self._size, self._at + size)
        start, self._at = self._at, max(self._at, stop)
        if start >= stop:
            return b""
        known_from = self._size - len(self._end)
        if start >= known_from:
            return self._end[start - known_from : stop - known_from]
        content, _ = self._get(f"bytes={start}-{stop - 1}")
        if len(content) != stop - start:
            raise OSError("the server sends another piece than was asked for")
        return content

    def _get(self, piece: str) -> tuple[bytes, int]:
        """A piece, and the size of the whole; 0 where the server sent the whole instead."""
        headers = {"Range": piece, "Accept-Encoding": "identity"}
        content = bytearray()
        with self._session.get(
            self._url, headers=headers, timeout=_TIMEOUT, stream=True, proxies=self._proxies
        ) as response:
            response.raise_for_status()
            for chunk in response.iter_content(_TAIL):
                content += chunk
                if len(content) > _LARGEST:
                    raise OSError("the server sends large files only whole")
            total = response.headers.get("Content-Range", "").rpartition("/")[2]
            return bytes(content), int(total) if response.status_code == _PARTIAL and total.isdigit() else 0


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _signed_already(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
