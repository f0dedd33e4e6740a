"""A version of a history artifact, and its files with their addresses, sizes and digests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from wandb_tui.core.details import BranchPoint, RunFacts, RunOrigin
from wandb_tui.core.errors import ServerError


class AddressExpiredError(ServerError):
    """The address of a file is no longer good; a new one may be."""


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """One file of a version.

    Attributes:
        name: Its path inside the artifact.
        url: Where it is; usually signed, and good for a while only.
        size: Its size in bytes; None where the manifest does not tell.
        digest: Its digest in base64; empty where none was asked for.
        algorithm: The algorithm of the digest: ``MD5``, or another one that the manifest names.
    """

    name: str
    url: str
    size: int | None
    digest: str
    algorithm: str = "MD5"


@dataclass(frozen=True, slots=True)
class HistoryVersion:
    """A version of a history artifact, with its files.

    Attributes:
        artifact: ``entity/project/run-<id>-history:v0``.
        files: Its Parquet files, in the order of their names.
        manifest_url: Where its manifest is, if sizes and digests are those that the server lists; empty if they are
            the manifest's.
        facts: The run itself; None where the server does not tell.
        origin: Where the run came from, by the server and our own notes; None where the server does not tell.
    """

    artifact: str
    files: tuple[HistoryFile, ...]
    manifest_url: str = ""
    facts: RunFacts | None = None
    origin: RunOrigin | None = None

    @property
    def branch_point(self) -> BranchPoint | None:
        """The point at which the run was forked from its parent; None for no fork, or where that is unknown."""
        return self.origin.branch_point if self.origin else None

    @property
    def size(self) -> int:
        """The size of all files in bytes, as far as it is known."""
        return sum(file.size or 0 for file in self.files)


def is_history(name: str) -> bool:
    """Whether a file of the artifact holds rows of the history."""
    return name.endswith(".parquet")


def checked_files(artifact: str, files: Sequence[HistoryFile]) -> tuple[HistoryFile, ...]:
    """The files by name.

    Raises:
        ServerError: There are none, or one would be written outside its folder.
    """
    if not files:
        raise ServerError(f"{artifact} holds no Parquet file.")
    for file in files:
        path = PurePosixPath(file.name)
        if path.is_absolute() or ".." in path.parts or "\\" in file.name or ":" in file.name:
            raise ServerError(f"{artifact} holds a file outside its own folder: {file.name!r}.")
    return tuple(sorted(files, key=lambda file: file.name))
