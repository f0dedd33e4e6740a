"""The SDK's ``.wandb`` files: records in the framing of LevelDB's log.

Blocks of 32 KiB hold fragments, each with a checksum, a length and a type; a record is one fragment, or several. The
framing is documented with LevelDB; the SDK adds a header of seven bytes and uses plain CRC-32.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

_HEADER = b":W&B" + struct.pack("<HB", 0xBEE1, 0)
_FRAGMENT = struct.Struct("<IHB")
_BLOCK_BYTES = 32 * 1024
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


class RecordLogError(Exception):
    """A file that is no ``.wandb`` file, or is damaged; the message is a clause about the file."""


def read_records(path: Path) -> Iterator[bytes]:
    """The records of a file, as far as they are complete: a run that was killed, or goes on, ends within one.

    Raises:
        RecordLogError: It is no such file, or damaged before its end.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        header = file.read(len(_HEADER))
        if not header:
            raise RecordLogError("is empty")
        if header != _HEADER:
            raise RecordLogError("is not a .wandb file")
        parts: list[bytes] = []
        for kind, data in _fragments(file):
            if kind in {_FULL, _FIRST}:
                parts = []
            parts.append(data)
            if kind in {_FULL, _LAST}:
                yield b"".join(parts)


def _fragments(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    while True:
        left = _BLOCK_BYTES - file.tell() % _BLOCK_BYTES
        if left < _FRAGMENT.size:
            file.read(left)
        header = file.read(_FRAGMENT.size)
        if len(header) < _FRAGMENT.size:
            return
        checksum, length, kind = _FRAGMENT.unpack(header)
        data = file.read(length)
        if len(data) < length:
            return
        if kind not in {_FULL, _FIRST, _MIDDLE, _LAST} or _checksum(kind, data) != checksum:
            if not any(header) or not file.read(1):
                # Space that was reserved and never written, or a last fragment that was half written.
                return
            raise RecordLogError(f"is damaged at byte {file.tell() - length - 1:,}")
        yield kind, data


def write_records(path: Path, records: Iterable[bytes]) -> None:
    """Write a file with these records.

    Raises:
        OSError: It cannot be written.
    """
    with path.open("wb") as file:
        file.write(_HEADER)
        for record in records:
            _write(file, record)


def _write(file: IO[bytes], record: bytes) -> None:
    begun, at = False, 0
    while not begun or at < len(record):
        left = _BLOCK_BYTES - file.tell() % _BLOCK_BYTES
        if left < _FRAGMENT.size:
            file.write(bytes(left))
            left = _BLOCK_BYTES
        data = record[at : at + left - _FRAGMENT.size]
        at += len(data)
        ends = at >= len(record)
        kind = (_LAST if begun else _FULL) if ends else (_MIDDLE if begun else _FIRST)
        file.write(_FRAGMENT.pack(_checksum(kind, data), len(data), kind) + data)
        begun = True


def _checksum(kind: int, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(bytes([kind])))
