"""A lock between processes; the system lets go of it when its holder ends, however that comes about."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from wandb_tui.services.disk.paths import private_file

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.1


@contextlib.asynccontextmanager
async def locked(path: Path, within: float) -> AsyncIterator[bool]:
    """Hold the lock, and give whether it is held: whoever cannot get it goes on without.

    Args:
        path: The file that stands for it; it is made if need be, and stays.
        within: Seconds to wait at the most.
    """
    try:
        descriptor = os.open(private_file(path), os.O_RDWR)
    except OSError as error:
        log.info("%s cannot be locked: %s", path, error)
        yield False
        return
    try:
        deadline = time.monotonic() + within
        while not (held := _try(descriptor)) and time.monotonic() < deadline:  # noqa: ASYNC110 - another process's
            await asyncio.sleep(_LOOK_EVERY)
        yield held
    finally:
        os.close(descriptor)


def take(path: Path) -> int | None:
    """The descriptor by which the lock is held until it is closed; None where another process holds it.

    Raises:
        OSError: There can be no such file here.
    """
    descriptor = os.open(private_file(path), os.O_RDWR)
    if _try(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def _try(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
