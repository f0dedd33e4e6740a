"""``wandb-tui list`` and ``wandb-tui status``: show the watch list."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.console import say
from wandb_tui.cli.options import HOST, LIST_STATUS, RUNS, read_runs
from wandb_tui.cli.watch_list.services import list_services
from wandb_tui.core.errors import UsageError
from wandb_tui.core.exit_codes import ExitCode

if TYPE_CHECKING:
    from wandb_tui.core.persistence import StoredQuery, StoredRun
    from wandb_tui.services.disk.store import SqliteWatchStore

_POLL_INTERVAL_S = 0.5


@click.command("list", epilog=LIST_STATUS, context_settings={"allow_extra_args": True})
@click.option("--watch", is_flag=True, help="Then print a line for each change, until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@HOST
@click.pass_context
def list_command(context: click.Context, watch: bool, as_json: bool, host: str | None) -> ExitCode:
    """Show the runs and the followed queries on the watch list, as dashboards have saved them.

    UPDATED is the age of the newest message: without an open dashboard, nothing waits for the runs.

    \b
    Examples:
      wandb-tui list
      wandb-tui list --watch --json
    """
    from wandb_tui.cli.watch_list.output import print_change, print_json, print_table
    from wandb_tui.cli.watch_list.queries import print_queries

    if context.args:
        raise UsageError("wandb-tui list takes no runs: it shows all.", "wandb-tui status RUN... shows some.")
    with list_services(host) as wiring:
        rows, queries = wiring.store.load(), wiring.store.load_queries()
        if not (rows or queries):
            say("wandb-tui: The list is empty. Add a run with wandb-tui add entity/project/run_id.", err=True)
        if as_json or watch:
            for row in rows:
                (print_json if as_json else print_change)(row)
        elif rows:
            print_table(rows)
        if queries:
            if rows and not (as_json or watch):
                say("")
            print_queries(queries, as_json=as_json)
        if watch:
            _follow(wiring.store, rows, queries, as_json=as_json)
    return ExitCode.DONE


def _follow(
    store: SqliteWatchStore, rows: Sequence[StoredRun], queries: Sequence[StoredQuery], *, as_json: bool
) -> None:
    """Print each change of the list, without an end."""
    from wandb_tui.cli.watch_list.output import REMOVED, print_change, print_json
    from wandb_tui.cli.watch_list.queries import print_query_changes

    show = print_json if as_json else print_change
    known = {row.run: row for row in rows}
    known_queries = {one.query: one for one in queries}
    while True:
        time.sleep(_POLL_INTERVAL_S)
        found = store.external_changes()
        if found is None:
            continue
        for row in found.rows:
            if _changed(known.pop(row.run, None), row):
                show(row)
        for row in known.values():
            show(row, state=REMOVED)
        known = {row.run: row for row in found.rows}
        print_query_changes(known_queries, found.queries, as_json=as_json)


def _changed(before: StoredRun | None, row: StoredRun) -> bool:
    return before is None or (before.goal, before.attempt, before.state) != (row.goal, row.attempt, row.state)


@click.command(epilog=LIST_STATUS)
@RUNS
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@HOST
def status(runs: tuple[str, ...], as_json: bool, host: str | None) -> ExitCode:
    """Show runs of the watch list with their newest messages.

    RUN may be the run's id alone, a query in quotes, or "-" to read the runs from stdin.

    \b
    Example:
      wandb-tui status lab/forks/abc123
    """
    from wandb_tui.cli.watch_list.output import print_details, print_json
    from wandb_tui.cli.watch_list.selection import report_missing, select

    with list_services(host) as wiring:
        listed = {row.run: row for row in wiring.store.load()}
        chosen, missing = select(read_runs(runs), listed, wiring)
        for run in chosen:
            (print_json if as_json else print_details)(listed[run])
        return report_missing(missing)
