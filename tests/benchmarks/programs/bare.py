"""The other side for start-up: the least Textual app with the same widgets and rows, and nothing behind them.

``python -m tests.benchmarks.programs.bare RUNS_FILE``
"""

from __future__ import annotations

import sys
from pathlib import Path

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import DataTable, Footer, Header, Input, RichLog, Static

COLUMNS = ("State", "Run", "Project", "Goal", "Artifact", "Time", "Next", "Attempt")


class Bare(App[None]):
    """Header, banner, table, filter, four panes, footer: as in the dashboard."""

    TITLE = "bare"
    BINDINGS = [("a", "add", "Add"), ("c", "cancel", "Cancel"), ("r", "restart", "Restart"), ("l", "logs", "Logs")]  # noqa: RUF012 - as Textual declares it
    CSS = """
    DataTable { height: auto; max-height: 50%; min-height: 3; }
    Horizontal { height: 1fr; }
    RichLog { height: 1fr; border: round white; }
    Input, Static, .hidden { display: none; }
    """

    def compose(self) -> ComposeResult:
        yield Header()
        yield Static("")
        yield DataTable(cursor_type="row")
        yield Static("")
        yield Input()
        with Horizontal():
            for number in range(4):
                yield RichLog(classes="hidden" if number else "")
        yield Footer()

    def on_mount(self) -> None:
        runs = Path(sys.argv[1]).read_text().split()
        table = self.query_one(DataTable)
        table.add_columns(*COLUMNS)
        for run in runs:
            entity, project, run_id = run.split("/")
            table.add_row("✔ available", run_id, f"{entity}/{project}", "exists", "v0", "0:42", "–", "1", key=run)
        self.query(RichLog).first().write(f"{runs[0]} is available")


if __name__ == "__main__":
    Bare().run()
