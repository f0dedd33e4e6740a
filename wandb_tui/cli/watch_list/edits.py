"""``wandb-tui add``, ``cancel``, ``restart`` and ``remove``: change the watch list, which open dashboards follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.console import say
from wandb_tui.cli.options import (
    GOALS,
    HOST,
    LIST_STATUS,
    RUNS,
    GoalOption,
    read_runs,
    runs_of,
)
from wandb_tui.cli.watch_list.services import list_services, tell_if_nothing_waits
from wandb_tui.core.exit_codes import ExitCode

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.persistence import RowChange, StoredRun
    from wandb_tui.wiring import Wiring

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per run, as it is now.")


@click.command(epilog=LIST_STATUS)
@RUNS
@click.option("--until", cls=GoalOption, metavar="GOAL", help=f"{GOALS}. [exists, or as before]")
@click.option("--follow", is_flag=True, help="With a query: also add runs that match later.")
@_JSON
@HOST
def add(runs: tuple[str, ...], until: str | None, follow: bool, as_json: bool, host: str | None) -> ExitCode:
    """Add runs to the watch list; an open dashboard starts them within about a second, else the next one.

    A run that is on the list keeps its goal unless you give another; if it failed, timed out or was cancelled, a new
    attempt starts. RUN may be a query in quotes, or "-" to read the runs from stdin.

    \b
    Example:
      wandb-tui add lab/forks/abc123 --until step:200
    """
    from wandb_tui.core.goal import Goal
    from wandb_tui.core.list_edits import added

    goal = None if until is None else Goal.parse(until)
    with list_services(host) as wiring:
        if follow:
            from wandb_tui.cli.watch_list.queries import follow_queries

            follow_queries(read_runs(runs), goal, wiring, as_json=as_json)
            waiting = True
        else:
            addresses = runs_of(read_runs(runs), wiring)
            changed = apply(addresses, lambda run, listed: added(run, goal, listed), wiring)
            for before, row in changed:
                _report(row, "" if row is None else effect_of_adding(before, row), as_json=as_json)
            waiting = any(row is not None and not row.state.final for _, row in changed)
        if waiting and not as_json:
            tell_if_nothing_waits(wiring)
    return ExitCode.DONE


def effect_of_adding(before: StoredRun | None, row: StoredRun) -> str:
    """The effect of adding a run, in the words of the dashboard's dialog."""
    if before is None:
        return f"added, goal {row.goal}"
    parts = [f"goal {before.goal} → {row.goal}"] if row.goal != before.goal else []
    if row.attempt != before.attempt:
        parts.append(f"attempt {row.attempt} starts")
    return f"already watched; {', '.join(parts) or 'unchanged'}"


@click.command(epilog=LIST_STATUS)
@RUNS
@_JSON
@HOST
def cancel(runs: tuple[str, ...], as_json: bool, host: str | None) -> ExitCode:
    """Stop monitoring runs; they stay on the watch list.

    RUN may be the run's id alone, a query in quotes, or "-" to read the runs from stdin.

    \b
    Example:
      wandb-tui cancel lab/forks/abc123
    """
    from wandb_tui.core.list_edits import cancelled

    return _change(runs, cancelled, effect_of_cancelling, host, as_json=as_json)


def effect_of_cancelling(before: StoredRun, _: StoredRun | None) -> str:
    """The effect of cancelling a run, in a few words."""
    return f"already ended: {before.state}" if before.state.final else "cancelled"


@click.command(epilog=LIST_STATUS)
@RUNS
@_JSON
@HOST
def restart(runs: tuple[str, ...], as_json: bool, host: str | None) -> ExitCode:
    """Stop any attempt of runs on the watch list, and start a new one.

    An open dashboard starts it within about a second, else the next one. RUN may be the run's id alone, a query,
    or "-" to read the runs from stdin.

    \b
    Example:
      wandb-tui restart lab/forks/abc123
    """
    from wandb_tui.core.list_edits import restarted

    return _change(runs, restarted, effect_of_restarting, host, as_json=as_json)


def effect_of_restarting(_: StoredRun, row: StoredRun | None) -> str:
    """The effect of restarting a run, in a few words."""
    return f"attempt {row.attempt} starts" if row else ""


@click.command(epilog=LIST_STATUS)
@RUNS
@click.option("--follow", is_flag=True, help="Stop following the queries; their runs stay.")
@_JSON
@HOST
def remove(runs: tuple[str, ...], follow: bool, as_json: bool, host: str | None) -> ExitCode:
    """Remove runs from the watch list, with their logs.

    RUN may be the run's id alone, a query in quotes, or "-" to read the runs from stdin.

    \b
    Example:
      wandb-tui remove lab/forks/abc123
    """
    from wandb_tui.core.list_edits import removed

    if follow:
        from wandb_tui.cli.watch_list.queries import unfollow_queries

        with list_services(host) as wiring:
            return unfollow_queries(read_runs(runs), wiring, as_json=as_json)
    return _change(runs, removed, lambda *_: "removed", host, as_json=as_json)


def _change(
    typed: tuple[str, ...],
    change: Callable[[StoredRun], RowChange | None],
    effect: Callable[[StoredRun, StoredRun | None], str],
    host: str | None,
    *,
    as_json: bool,
) -> ExitCode:
    """Change runs that are on the list, and print what happened to each.

    Args:
        typed: The runs as typed.
        change: The change of a row.
        effect: Its effect in a few words, from the row before and after.
        host: The value of ``--host``.
        as_json: Whether to print JSON.
    """
    from wandb_tui.cli.watch_list.selection import report_missing

    with list_services(host) as wiring:
        changed, missing = apply_to_listed(read_runs(typed), change, wiring)
        for before, row in changed:
            _report(row, effect(before, row), before, as_json=as_json)
        if not as_json and any(row is not None and row.attempt != before.attempt for before, row in changed):
            tell_if_nothing_waits(wiring)
        return report_missing(missing)


def apply_to_listed(
    typed: Sequence[str], change: Callable[[StoredRun], RowChange | None], wiring: Wiring
) -> tuple[list[tuple[StoredRun, StoredRun | None]], list[str]]:
    """Change runs that are on the list; each one's row before and after, and the runs that are not on the list."""
    from wandb_tui.cli.watch_list.selection import select

    chosen, missing = select(typed, [row.run for row in wiring.store.load()], wiring)
    rows = apply(chosen, lambda _, listed: change(listed) if listed else None, wiring)
    # Another program may have removed a run just now.
    return [(before, row) for before, row in rows if before is not None], missing


def apply(
    runs: Sequence[RunAddress], change: Callable[[RunAddress, StoredRun | None], RowChange | None], wiring: Wiring
) -> list[tuple[StoredRun | None, StoredRun | None]]:
    """Apply the change of each run in one transaction; each one's row before and after."""
    before: dict[RunAddress, StoredRun] = {}

    def changes(rows: Sequence[StoredRun]) -> list[RowChange]:
        before.update((row.run, row) for row in rows)
        return [found for run in runs if (found := change(run, before.get(run))) is not None]

    after = {row.run: row for row in wiring.store.edit(changes)}
    return [(before.get(run), after.get(run)) for run in runs]


def _report(row: StoredRun | None, effect: str, before: StoredRun | None = None, *, as_json: bool) -> None:
    """Print what happened to a run, or the row as it is now; of a removed run, the last one."""
    from wandb_tui.cli.watch_list.output import REMOVED, print_json

    shown = row or before
    if shown is None:
        return
    if as_json:
        print_json(shown, state="" if row else REMOVED)
    else:
        say(f"{shown.run}  {effect}")
