"""A run's log as plain text, for a file or the clipboard."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import count
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.core.home import home_folder
from wandb_tui.core.log import LogLine
from wandb_tui.text.event_text import event_text
from wandb_tui.text.plain_text import clean

MAX_COPIED_CHARS = 70_000
"""The number of characters that terminals reliably accept for the clipboard."""


def text_of(lines: Iterable[LogLine]) -> str:
    """The lines with local date and time, attempt and level."""
    return "".join(
        f"{line.time.astimezone():%Y-%m-%d %H:%M:%S} {line.attempt} {line.level:<7} {clean(event_text(line.notice))}\n"
        for line in lines
    )


def newest(text: str, most: int = MAX_COPIED_CHARS) -> str:
    """The newest complete lines of a text, at most `most` characters."""
    if len(text) <= most:
        return text
    end = text[-most:]
    return end.partition("\n")[2] or end


def save(run: RunAddress, text: str, folder: Path | None = None, *, kind: str = "") -> Path:
    """Write a log to a new file in the current folder, else in the home folder; returns its path. Blocks.

    Args:
        run: The run.
        text: The log.
        folder: Another folder.
        kind: The kind of log, for the file's name; empty for wandb-tui's own.

    Raises:
        OSError: Neither folder is writable.
    """
    name = re.sub(r"[^\w.-]+", "_", f"{run.entity}-{run.project}-{run.run_id}")[:150]
    stem = f"{name}-{kind + '-' if kind else ''}{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    try:
        return _write(folder or Path.cwd(), stem, text)
    except OSError:
        if (home := home_folder()) is None:
            raise
        return _write(home, stem, text)


def _write(folder: Path, stem: str, text: str) -> Path:
    for number in count(1):
        path = folder / (f"{stem}.log" if number == 1 else f"{stem}-{number}.log")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            continue
        return path
    raise AssertionError("numbers do not end")
