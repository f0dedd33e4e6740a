"""Labels for runs: name, path, newest version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from wandb_tui.core.address import RunAddress
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.plain_text import clean, fit


def run_name(row: WatchedRun) -> str:
    """The run's display name and its id, or the id alone."""
    name = clean(row.run_info.name, 200) if row.run_info else ""
    run_id = clean(row.run.run_id)
    return f"{name} {run_id}" if name.strip() and name != run_id else run_id


def short_name(row: WatchedRun) -> str:
    """The run's display name, or its id if it has none."""
    name = clean(row.run_info.name, 200) if row.run_info else ""
    return name if name.strip() else clean(row.run.run_id)


def distinct_names(rows: Sequence[WatchedRun], cells: int, among: Iterable[WatchedRun] = ()) -> list[str]:
    """The short names of runs; one that another of these runs, or of those `among`, has too is followed by the id.

    Args:
        rows: The runs to name.
        cells: The most cells of a name; the id is not cut.
        among: All runs with names.
    """
    counts = Counter({row.run: short_name(row) for row in (*among, *rows)}.values())
    names = []
    for row in rows:
        name, run_id = short_name(row), clean(row.run.run_id)
        same = counts[name] > 1 and name != run_id
        names.append(f"{fit(name, cells)} {run_id}" if same else fit(name, cells))
    return names


def version_label(row: WatchedRun) -> str:
    """The newest version of the run's history, as ``v3``; empty if there is none."""
    return row.artifact.rpartition(":")[2] if row.artifact else ""


def run_path(run: RunAddress) -> str:
    """A run's address, safe to show."""
    return clean(str(run))
