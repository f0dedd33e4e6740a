"""The followed queries of the watch list: ``add --follow``, ``remove --follow``, and how they are listed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.console import say
from wandb_tui.cli.json_line import json_object
from wandb_tui.core.errors import UsageError
from wandb_tui.core.exit_codes import ExitCode
from wandb_tui.core.goal import Goal
from wandb_tui.core.persistence import QueryChange, StoredQuery

if TYPE_CHECKING:
    from wandb_tui.core.project_query import ProjectQuery
    from wandb_tui.wiring import Wiring

FOLLOWED, LEFT = "followed", "removed"
"""Take the place of the state of a run."""


def follow_queries(typed: Sequence[str], goal: Goal | None, wiring: Wiring, *, as_json: bool) -> None:
    """Put queries on the list; one that is followed keeps its goal unless another is given."""
    queries = _only_queries(typed, wiring)
    listed = {one.query: one for one in wiring.store.load_queries()}
    changes, told = [], []
    for query in queries:
        before = listed.get(query)
        after = StoredQuery(query, goal or (before.goal if before else Goal()), before.times if before else None)
        if before is None:
            text = f"followed, goal {after.goal}"
        elif before.goal == after.goal:
            text = "already followed; unchanged"
        else:
            text = f"already followed; goal {before.goal} → {after.goal}"
        changes.append(QueryChange(query, after, added=before is None, settings_changed=True))
        told.append((after if before is None else StoredQuery(query, after.goal, after.times, before.run_ids), text))
    wiring.store.write([], changes)
    for after, text in told:
        _print_json(after) if as_json else say(f"{after.query}  {text}")


def unfollow_queries(typed: Sequence[str], wiring: Wiring, *, as_json: bool) -> ExitCode:
    """Take queries off the list; their runs stay."""
    queries = _only_queries(typed, wiring)
    listed = {one.query: one for one in wiring.store.load_queries()}
    wiring.store.write([], [QueryChange(query, None) for query in queries if query in listed])
    code = ExitCode.DONE
    for query in queries:
        if (row := listed.get(query)) is None:
            code = ExitCode.FAILED
            say(f"wandb-tui: {query} is not followed. See wandb-tui list.", err=True)
        elif as_json:
            _print_json(row, state=LEFT)
        else:
            say(f"{query}  no longer followed; its runs stay")
    return code


def _only_queries(typed: Sequence[str], wiring: Wiring) -> list[ProjectQuery]:
    from wandb_tui.cli.options import split_queries

    queries, others = split_queries(typed, wiring)
    if others or not queries:
        what = f"“{others[0]}” is not a query" if others else "No query is given"
        raise UsageError(f"{what}.", "--follow takes queries alone, such as 'entity/project/* group:pbt'.")
    return queries


def print_queries(queries: Iterable[StoredQuery], *, as_json: bool) -> None:
    """Print a line for each query."""
    for one in queries:
        if as_json:
            _print_json(one)
        else:
            say(f"{one.query}  followed, goal {one.goal}, {_count(len(one.run_ids))}")


def _count(runs: int) -> str:
    return "1 run" if runs == 1 else f"{runs:,} runs"


def print_query_changes(known: dict[ProjectQuery, StoredQuery], now: Sequence[StoredQuery], *, as_json: bool) -> None:
    """Print the queries that are new, changed or gone, and bring `known` up to date."""
    found = {one.query: one for one in now}
    print_queries([one for one in now if one.query not in known or known[one.query].goal != one.goal], as_json=as_json)
    for query, one in known.items():
        if query not in found:
            _print_json(one, state=LEFT) if as_json else say(f"{query}  no longer followed")
    known.clear()
    known.update(found)


def _print_json(one: StoredQuery, *, state: str = FOLLOWED) -> None:
    count = len(one.run_ids)
    fields = json_object(
        datetime.now(UTC),
        run=str(one.query),
        attempt=0,
        state=state,
        message=_count(count),
        artifact=None,
        elapsed=0.0,
        goal=str(one.goal),
        runs=count,
    )
    click.echo(json.dumps(fields, ensure_ascii=False))
