"""Limits that a container or a cluster's scheduler sets for all its processes together (Linux's control groups).

They end or refuse processes without a word to them, so what they have refused is counted here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_ROOT = Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 60
"""Version 1 writes no limit as a number that is nearly the largest."""


class GroupLimit(NamedTuple):
    """A limit of this process's control group, or of one above it.

    Attributes:
        value: The least that one of them allows, in bytes or processes; None for no limit.
        refusals: How often it has struck: processes killed, or not started.
    """

    value: int | None
    refusals: int


class _Files(NamedTuple):
    """The files with a limit and with the count of its refusals in one version of control groups; the count's name."""

    limit: str
    counts: str
    word: str


_MEMORY = {
    "": _Files("memory.max", "memory.events", "oom_kill"),
    "memory": _Files("memory.limit_in_bytes", "memory.oom_control", "oom_kill"),
}
_PROCESSES = {"": _Files("pids.max", "pids.events", "max"), "pids": _Files("pids.max", "pids.events", "max")}


def memory_limit(root: Path = _ROOT, groups: Path = Path("/proc/self/cgroup")) -> GroupLimit:
    """The memory limit in bytes; processes that exceed it are killed."""
    return _limit(_MEMORY, root, groups)


def process_limit(root: Path = _ROOT, groups: Path = Path("/proc/self/cgroup")) -> GroupLimit:
    """The limit of processes and threads; no more than that can be started."""
    return _limit(_PROCESSES, root, groups)


def _limit(files: dict[str, _Files], root: Path, groups: Path) -> GroupLimit:
    found: list[GroupLimit] = []
    if sys.platform == "linux":
        found = [
            _read(folder, names) for controller, names in files.items() for folder in _folders(controller, root, groups)
        ]
    values = [one.value for one in found if one.value is not None]
    return GroupLimit(min(values, default=None), sum(one.refusals for one in found if one.value is not None))


def _folders(controller: str, root: Path, groups: Path) -> Iterator[Path]:
    """The folders of this process's group and of those above it; inside a container only its own may be there."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            top = root / controller
            folder = top.joinpath(path.lstrip("/"))
            yield from (one for one in (folder, *folder.parents) if one.is_relative_to(top))


def _read(folder: Path, names: _Files) -> GroupLimit:
    try:
        limit, counts = (folder / names.limit).read_text().strip(), (folder / names.counts).read_text()
    except OSError:
        return GroupLimit(None, 0)
    struck = re.search(rf"^{names.word} (\d+)$", counts, re.MULTILINE)
    value = int(limit) if limit.isdecimal() else _NO_LIMIT
    return GroupLimit(value if value < _NO_LIMIT else None, int(struck[1]) if struck else 0)
