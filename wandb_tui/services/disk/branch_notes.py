"""Our own notes of forks, replays and rewinds on disk: one file per server, a JSON object per line.

The SDK's own mark in a fork's config is gone once the run is resumed or rewound, so every one that is made or seen is
noted before that can happen.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.branch_note import BranchNote, NotedBranches
from wandb_tui.core.details import RunOrigin
from wandb_tui.core.errors import UsageError
from wandb_tui.services.disk.file_lock import ProcessLock
from wandb_tui.services.disk.paths import private_file, server_file

log = logging.getLogger(__name__)

_MAX_NOTES = 10_000
"""The most notes of a file, about 2 MB; beyond that the oldest ones go, first those of what was only seen."""
_KEPT_NOTES = 8_000
_LOCK_TIMEOUT_S = 5.0

Stamp = tuple[int, int, int]
"""The inode, size, and time of the last change in nanoseconds of a file; another stamp means that it has changed."""


class BranchNotes:
    """The notes for one server. May be used by several threads and processes; no fault of the disk is raised."""

    def __init__(self, folder: Path, server: str) -> None:
        """Prepare; nothing is read yet.

        Args:
            folder: The folder of these files.
            server: The server's key, as in the watch list.
        """
        self.path = server_file(folder, server, ".jsonl")
        self.problem = ""
        """The reason why notes could not be read or written, in one sentence; else empty."""
        self._lock = threading.Lock()
        self._known: tuple[Stamp | None, list[BranchNote], NotedBranches] = None, [], NotedBranches()
        self._bad_lines = 0

    def completed(self, origins: Iterable[RunOrigin]) -> list[RunOrigin]:
        """The runs' origins as the server reports them, completed by the notes; new ones are noted."""
        origins = list(origins)
        seen = [
            BranchNote.of(one.run, one.kind, one.parent, one.step, made=False)
            for one in origins
            if one.parent is not None and one.step is not None and one.kind is not None
        ]
        with self._lock:
            branches = self._read()
            if branches.new(seen):
                self._write(seen)
                branches = self._read()
            return [branches.completed(one) for one in origins]

    def add(self, note: BranchNote) -> None:
        """Note a fork, replay or rewind."""
        with self._lock:
            self._write([note])

    def _read(self) -> NotedBranches:
        """The notes, read again if the file has changed."""
        stamp, _, branches = self._known
        try:
            found = self.path.stat()
        except OSError:
            self._known = None, [], NotedBranches()
            return self._known[2]
        now = found.st_ino, found.st_size, found.st_mtime_ns
        if now == stamp:
            return branches
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            self._report(f"{self.path} cannot be read ({error.strerror}), so its notes of forks are not used.")
            return branches
        notes = list(_parsed(lines))
        self._bad_lines = len(lines) - len(notes)
        if self._bad_lines:
            self._report(f"{self.path} is damaged: {self._bad_lines} of its {len(lines)} notes of forks are not used.")
        self._known = now, notes, NotedBranches(notes)
        return self._known[2]

    def _write(self, notes: Iterable[BranchNote]) -> None:
        """Write the notes that say something new."""
        lock = ProcessLock(self.path.with_suffix(".lock"))
        try:
            alone = lock.acquire(_LOCK_TIMEOUT_S)
            # Others may have written meanwhile.
            new = self._read().new(notes)
            every = [*self._known[1], *new]
            if alone and (self._bad_lines or len(every) > _MAX_NOTES):
                self._rewrite(every)
            elif new:
                with private_file(self.path).open("a", encoding="utf-8") as file:
                    file.write("".join(map(_line, new)))
        except OSError as error:
            self._report(f"{self.path} cannot be written ({error.strerror}), so a fork is not noted.")
        finally:
            lock.release()

    def _rewrite(self, notes: list[BranchNote]) -> None:
        """Replace the file; a damaged one is kept under another name."""
        if len(notes) > _MAX_NOTES:
            seen = [index for index, note in enumerate(notes) if not note.made]
            excess = len(notes) - _KEPT_NOTES
            dropped = set(seen[:excess])
            notes = [note for index, note in enumerate(notes) if index not in dropped][-_KEPT_NOTES:]
        part = self.path.with_suffix(".part")
        private_file(part).write_text("".join(map(_line, notes)), encoding="utf-8")
        if self._bad_lines:
            self.path.replace(self.path.with_suffix(".damaged"))
            self._bad_lines = 0
        part.replace(self.path)

    def _report(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            log.warning("%s", problem)


def _line(note: BranchNote) -> str:
    values = {
        "run": str(note.run),
        "kind": note.kind.value,
        "parent": str(note.parent),
        "step": note.step,
        "noted": note.noted.isoformat(),
        "made": note.made,
    }
    return json.dumps(values, ensure_ascii=False) + "\n"


def _parsed(lines: Iterable[str]) -> Iterator[BranchNote]:
    """The notes of these lines; those that cannot be read are left out."""
    for line in lines:
        try:
            values = json.loads(line)
            yield BranchNote(
                _address(values["run"]),
                BranchKind(values["kind"]),
                _address(values["parent"]),
                int(values["step"]),
                _aware(values["noted"]),
                values["made"] is True,
            )
        except (ValueError, KeyError, TypeError, UsageError):
            continue


def _address(text: str) -> RunAddress:
    return RunAddress(*text.split("/", 2))


def _aware(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without its zone")
    return found
