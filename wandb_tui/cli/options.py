"""Helpers of the commands: options, reading runs, building the services, providing a browser."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.console import columns, fitted, say
from wandb_tui.core.errors import NoBrowserError, UsageError, WandbTuiError

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.metric_value import MetricValue
    from wandb_tui.core.project_query import ProjectQuery
    from wandb_tui.library.group import MonitorGroup
    from wandb_tui.wiring import Wiring

HOST = click.option("--host", metavar="URL", help="The W&B server; else WANDB_BASE_URL, else the SDK's.")


LIST_STATUS = "Exit status: 0 done; 1 a run is not on the list, or the list cannot be used; 2 wrong usage."
"""The exit statuses of the commands that show and change the watch list."""


def _complete_listed(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The runs on the watch list whose addresses begin like this."""
    from wandb_tui.wiring import Wiring

    with contextlib.suppress(WandbTuiError):
        wiring = Wiring(host=ctx.params.get("host"))
        # Completion does not create the file.
        if wiring.paths.watch_list.exists():
            listed = [str(row.run) for row in wiring.store.load()]
            typed = ctx.params.get("runs") or ()
            return [run for run in listed if run.startswith(incomplete) and run not in typed]
    return []


RUNS = click.argument("runs", nargs=-1, metavar="RUN...", required=True, shell_complete=_complete_listed)


class GoalOption(click.Option):
    """An option for a goal, completed from the kinds of goal."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """The start of a goal of each kind."""
        from click.shell_completion import CompletionItem

        from wandb_tui.core.goal import GoalKind

        return [
            CompletionItem(kind.rule.completion) for kind in GoalKind if kind.rule.completion.startswith(incomplete)
        ]


# Written out, since importing the kinds of goal takes longer than the rest of the help; a test compares the two.
GOALS = "exists, v3, newer, step:200, complete or ended"
UNTIL = click.option("--until", cls=GoalOption, default="exists", metavar="GOAL", help=f"{GOALS}. [exists]")

STEP = click.option("--step", type=click.IntRange(min=0), metavar="N", help="The step to continue from.")
AT = click.option("--at", metavar="METRIC=VALUE", help="Continue from the step at which the metric had this value.")
NEAREST = click.option("--nearest", is_flag=True, help="With --at: the nearest value below will do.")


def build_wiring(host: str | None, *, anonymous_ok: bool = False) -> Wiring:
    """The services for the chosen server, which log to the log file and print their notices to stderr."""
    from wandb_tui.services.disk.log_file import log_to
    from wandb_tui.wiring import Wiring

    wiring = Wiring(host=host, anonymous_ok=anonymous_ok)
    log_to(wiring.paths.log_file)
    wiring.notify = lambda text: say(f"wandb-tui: {text}", err=True)
    return wiring


def check_access(wiring: Wiring, *, visit: bool) -> None:
    """Make sure that there is an API key; if pages are visited signed out, say so.

    Raises:
        ApiKeyError: There is none, or it cannot be used.
    """
    wiring.check_api_key()
    if visit and not wiring.account.state().can_visit:
        say(
            "wandb-tui: no sign-in is stored, so pages are visited signed out, which works for public runs only. "
            "For private runs, run wandb-tui login.",
            err=True,
        )


_STARTS_QUERY = re.compile(r"\s*[^/\s]+/[^/\s]+/\*")
_IS_CONDITION = re.compile(r"[a-z]+:[^/]+")
"""A condition such as ``state:running``; no run's id looks like that, since ids have no colon."""

_SLASHES = 2
"""In the address of a run, and in a query."""


def read_runs(runs: Sequence[str]) -> list[str]:
    """The runs as typed; "-" reads them from stdin, one or more per line, separated by spaces or commas.

    Raises:
        UsageError: A query is not in quotes, or stdin is closed.
    """
    from wandb_tui.core.address import split_addresses

    _check_quoted(runs)
    texts: list[str] = []
    if "-" in runs and sys.stdin is None:
        raise UsageError("The runs should come from stdin, but it is closed.")
    for run in runs:
        if run != "-":
            texts.append(run)
            continue
        for line in sys.stdin.read().splitlines():
            # A query may have conditions after spaces.
            texts.extend([line.strip()] if _STARTS_QUERY.match(line) else split_addresses(line))
    return texts


def _check_quoted(runs: Sequence[str]) -> None:
    """Refuse a query whose conditions are words of their own: it would mean all runs of the project."""
    for place, text in enumerate(runs):
        if "/" not in text or not (words := " ".join(takewhile(_may_be_condition, runs[place + 1 :]))):
            continue
        if query := text if _STARTS_QUERY.match(text) else _replaced_by_shell(text, runs):
            raise UsageError(
                f"“{words}” is not part of the query {query}: the two are not quoted together.",
                f"Write {shlex.quote(f'{query} {words}')} for the runs that match both; "
                "give a single run as entity/project/run_id.",
            )


def _may_be_condition(text: str) -> bool:
    return text != "-" and ("/" not in text or _IS_CONDITION.match(text) is not None)


def _replaced_by_shell(text: str, runs: Sequence[str]) -> str:
    """The query in whose place the shell has put the names of files, all of which are among the runs; else empty."""
    from pathlib import Path

    folder = text.rpartition("/")[0]
    if text.count("/") != _SLASHES:
        return ""
    try:
        files = {f"{folder}/{path.name}" for path in Path(folder).iterdir() if not path.name.startswith(".")}
    except OSError:
        return ""
    # A single file may be a run that was typed, with its history here. To refuse that is better than to change others.
    return f"{folder}/*" if text in files and files <= set(runs) else ""


def branch_step(run: RunAddress, target: int | MetricValue, wiring: Wiring, group: MonitorGroup, timeout: float) -> int:
    """The step to branch off at; one that a metric's value stands for is waited for, and told on stderr.

    Args:
        run: The run.
        target: The step, or a metric and its value.
        wiring: The services.
        group: Waits for the export.
        timeout: Seconds until giving up; 0 waits for ever.

    Raises:
        WandbTuiError: As for `find_step`.
    """
    import time

    from wandb_tui.library.branch_check import falls
    from wandb_tui.library.branch_target import find_branch_step

    if isinstance(target, int):
        return target
    for text in falls(wiring, run, target):
        say(f"wandb-tui: {text}", err=True)
    end = time.monotonic() + timeout
    say(f"Looking for {target} in the export of {run}", err=True)
    found = find_branch_step(
        run,
        target,
        wiring=wiring,
        wait=lambda run, goal, seconds: group.wait(group.add(run, goal, max_wait_time=seconds)),
        left=lambda: end - time.monotonic() if timeout else None,
    )
    say(found.describe(target), err=True)
    return found.step


def runs_of(texts: Sequence[str], wiring: Wiring) -> list[RunAddress]:
    """The addresses of runs and of those that queries stand for now, each once."""
    runs, single = expand_queries(texts, wiring)
    if single or not texts:
        runs += addresses_of(single, wiring)
    return list(dict.fromkeys(runs))


def expand_queries(texts: Sequence[str], wiring: Wiring) -> tuple[list[RunAddress], list[str]]:
    """The runs that queries among these texts stand for now, and the other texts."""
    runs: dict[RunAddress, None] = {}
    queries, single = split_queries(texts, wiring)
    for query in queries:
        wiring.check_api_key()
        matching = wiring.runs_of(query)
        say(f"wandb-tui: {query}: {len(matching):,} run{'' if len(matching) == 1 else 's'}", err=True)
        runs |= dict.fromkeys(matching)
    return list(runs), single


def split_queries(texts: Sequence[str], wiring: Wiring) -> tuple[list[ProjectQuery], list[str]]:
    """The queries among these texts, each once, and the other texts."""
    queries: dict[ProjectQuery, None] = {}
    single: list[str] = []
    for text in texts:
        if (query := wiring.addresses.parse_query(text)) is None:
            single.append(text)
        else:
            queries[query] = None
    if queries and (condition := next(filter(_IS_CONDITION.fullmatch, single), None)):
        raise UsageError(
            f"“{condition}” is a condition of a query.",
            f"Put both together in quotes: “{next(iter(queries))} {condition}”.",
        )
    return list(queries), single


def addresses_of(texts: Sequence[str], wiring: Wiring) -> list[RunAddress]:
    """The runs' addresses, each once."""
    if not texts:
        raise UsageError("No run is given.", "Give entity/project/run_id, or the address of the run's page.")
    found = {text: wiring.addresses.parse(text) for text in texts}
    for text, address in found.items():
        # Two parts might have been meant as entity/project, and a word might be no run at all.
        if completed := wiring.addresses.completion(text):
            say(f"wandb-tui: {text} is read as {address} ({completed})", err=True)
    return list(dict.fromkeys(found.values()))


def provide_browser(*, yes: bool, ask: bool = True) -> Path:
    """The browser's path; if there is no browser, one is installed, after asking unless `yes`."""
    from wandb_tui.services.browser.driver import usable_browser
    from wandb_tui.services.browser.installation import install_browser

    try:
        return usable_browser(os.environ)
    except NoBrowserError as error:
        may_ask = ask and sys.stdin.isatty() and not os.environ.get("WANDB_TUI_BROWSER")
        question = fitted(f"{error.message} Install one now?", columns(sys.stdout))
        if not yes and not (may_ask and click.confirm(question, default=True)):
            raise
    return install_browser(lambda line: say(line, err=True), os.environ)
