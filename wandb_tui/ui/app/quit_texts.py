"""The words of the questions before the dashboard is left, or another server's takes its place."""

from __future__ import annotations

from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.table.run_table import RunTable


def quit_detail(session: Session, table: RunTable) -> str:
    """The consequences of quitting for the runs that are still being watched, downloaded or forked."""
    parts = []
    if active := len(session.watch_list.active):
        what, them = ("One run is", "it") if active == 1 else (f"{active} runs are", "them")
        then = f"The next start resumes {them}."
        if not session.backend.persistent:
            then = "The demo's data is deleted."
        elif problem := session.store_writer.problem:
            then = f"{problem} The next start resumes only what was saved before."
        parts.append(f"{what} still being watched. {then}")
    if downloads := table.downloads.active:
        stopped = "One download ends" if downloads == 1 else f"{downloads} downloads end"
        parts.append(f"{stopped}; downloading again resumes.")
    if branches := table.branches.active:
        given_up = "One fork or rewind is" if branches == 1 else f"{branches} forks or rewinds are"
        parts.append(f"{given_up} given up.")
    return " ".join(parts)


def switch_detail(session: Session, table: RunTable) -> str:
    """The consequences of choosing another server for the runs, and for downloads, forks and rewinds under way."""
    parts = ["Each server has a list of its own."]
    if session.watch_list.active:
        parts.append("Monitors stop here meanwhile, and resume when you come back.")
    if table.downloads.active or table.branches.active:
        parts.append("Downloads, forks and rewinds under way are given up.")
    return " ".join(parts)
