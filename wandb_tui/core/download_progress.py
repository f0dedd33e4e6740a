"""The progress of a run's download."""

from __future__ import annotations

from dataclasses import dataclass

DOWNLOADING, DOWNLOADED, FAILED = "downloading", "downloaded", "failed"
"""The states that follow those of an attempt; the last two are final."""


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """The download of one run.

    Attributes:
        state: A state of an attempt while it is waited for, then `DOWNLOADING`, at last `DOWNLOADED` or `FAILED`.
        message: The newest event, in one line.
        path: The run's folder, once it is downloaded.
        bytes: How many bytes are there.
        size: How many there are to come in all; None while that is unknown.
        rows: The rows written; None while unknown, and without pyarrow.
    """

    state: str = "queued"
    message: str = ""
    path: str | None = None
    bytes: int = 0
    size: int | None = None
    rows: int | None = None

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self.state in {DOWNLOADED, FAILED}
