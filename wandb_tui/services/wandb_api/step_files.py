"""Reads which steps a run's exported Parquet files hold, without downloading them whole.

A Parquet file ends with statistics of its columns, so the last few kilobytes are usually enough; if there are none for
`_step`, that one column is read. pyarrow is optional.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from wandb_tui.core.errors import ApiKeyError, ServerError
from wandb_tui.core.optional_package import package_problem
from wandb_tui.services.credentials.authorization import Authorize
from wandb_tui.services.extra_headers import ExtraHeaders
from wandb_tui.services.proxies import ProxySettings
from wandb_tui.services.wandb_api.remote_file import RemoteFiles

log = logging.getLogger(__name__)

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
        rows: The number of rows in the files; None for files on a server, where it is not needed.
    """

    last: int
    rising: bool
    first: int | None = None
    rows: int | None = None


class _RowGroup(NamedTuple):
    """The steps of a row group, which is a part of a Parquet file."""

    first: int
    last: int
    rising: bool


class StepFiles:
    """Reads files one after the other, and caches their steps. Safe to use from several threads.

    Attributes:
        remote: Opens files on the server.
    """

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
        self.remote = RemoteFiles(base_url, authorize, proxies or ProxySettings(), extra_headers)
        self._cache: OrderedDict[str, tuple[_RowGroup, ...]] = OrderedDict()
        self._lock = threading.Lock()

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
        """The steps that these files on this disk hold, in their order.

        Raises:
            StepFileError: One of them is not Parquet or has no ``_step`` column.
        """
        pa, pq = _pyarrow()
        groups: list[_RowGroup] = []
        rows = 0
        for path in paths:
            try:
                with pq.ParquetFile(path) as file:
                    groups += _row_groups(file)
                    rows += file.metadata.num_rows
            except (pa.ArrowException, OSError, KeyError) as error:
                raise StepFileError(
                    f"{path.name} is not Parquet or has no _step column ({type(error).__name__})"
                ) from None
        return replace(_steps_of(groups), rows=rows)

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
        import requests

        pa, pq = _pyarrow()
        try:
            with pq.ParquetFile(self.remote.open(url)) as file:
                return _row_groups(file)
        except (ApiKeyError, ServerError) as error:
            raise StepFileError(error.message.removesuffix(".")) from None
        except requests.exceptions.RequestException as error:
            raise StepFileError(f"a file of the export cannot be fetched ({type(error).__name__})") from None
        except (pa.ArrowException, OSError, KeyError) as error:
            log.info("A Parquet file cannot be read: %s", type(error).__name__)
            raise StepFileError("a file of the export is not Parquet or has no _step column") from None

    def close(self) -> None:
        """Close the idle connections."""
        self.remote.close()


def _pyarrow() -> tuple[Any, Any]:
    """``pyarrow`` and ``pyarrow.parquet``."""
    if problem := package_problem("pyarrow.parquet"):
        raise StepFileError(f"pyarrow {problem.reason}")
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pa, pq


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
