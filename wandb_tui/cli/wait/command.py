"""``wandb-tui wait``: its options."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.options import HOST, RUNS, UNTIL, addresses_of, build_wiring, check_access, read_runs, split_queries
from wandb_tui.core.errors import UsageError
from wandb_tui.core.exit_codes import ExitCode, sentence

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.project_query import ProjectQuery
    from wandb_tui.wiring import Wiring


@click.command(epilog=sentence(ExitCode.HUNG_UP, ExitCode.TERMINATED))
@RUNS
@UNTIL
@click.option("--timeout", type=click.FloatRange(min=0), metavar="S", help="Give up after S seconds; 0 never. [300]")
@click.option("--interval", type=click.FloatRange(min=0.1), metavar="S", help="Seconds between two checks. [5]")
@click.option("--any", "any_run", is_flag=True, help="Stop when one run's goal is met.")
@click.option("--follow", is_flag=True, help="With a query: never end, as more runs may join.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("-q", "--quiet", is_flag=True, help="Print only how each run ended.")
@click.option("--no-visit", is_flag=True, help="Only poll the API; no browser, no sign-in.")
@click.option(
    "--exec", "command", metavar="CMD", default="", help="Run CMD when a run's goal is met; WANDB_TUI_RUN names it."
)
@HOST
def wait(
    runs: tuple[str, ...],
    until: str,
    timeout: float | None,
    interval: float | None,
    any_run: bool,
    follow: bool,
    as_json: bool,
    quiet: bool,
    no_visit: bool,
    command: str,
    host: str | None,
) -> int:
    """Wait for runs without a screen. RUN may be a query, or "-" for stdin.

    \b
    Example:
      wandb-tui wait lab/forks/abc123 --until step:200 --json
    """
    from wandb_tui.cli.interruption import Interruption

    interruption = Interruption()
    with interruption.caught(lambda reason: _last_words(reason, runs, as_json=as_json)):
        from wandb_tui.cli.wait.options import WaitOptions
        from wandb_tui.cli.wait.runner import wait_for_runs
        from wandb_tui.core.goal import Goal

        goal = Goal.parse(until)
        if not all(isfinite(seconds) for seconds in (timeout, interval) if seconds is not None):
            raise UsageError("--timeout and --interval are numbers of seconds.", "--timeout 0 waits for ever.")
        wiring = build_wiring(host, anonymous_ok=True)
        try:
            queries, addresses = _asked_for(read_runs(runs), wiring)
            if follow and not queries:
                raise UsageError("--follow needs a query.", "Write one like 'entity/project/* group:pbt'.")
            visit = goal.needs_artifact and not no_visit
            check_access(wiring, visit=visit)
            poll_policy = wiring.settings.poll_policy
            options = WaitOptions(
                runs=addresses,
                goal=goal,
                timeout=poll_policy.max_wait_time if timeout is None else timeout,
                interval=poll_policy.check_interval if interval is None else interval,
                any_run=any_run,
                as_json=as_json,
                quiet=quiet,
                visit=visit,
                queries=queries,
                follow=follow,
                command=command,
            )
            return wait_for_runs(options, wiring, interruption)
        finally:
            wiring.close()


def _asked_for(texts: Sequence[str], wiring: Wiring) -> tuple[list[ProjectQuery], list[RunAddress]]:
    """The queries and the runs among the arguments."""
    from wandb_tui.cli.wait.first_answer import notice_if_unanswered

    # Read before the notice's clock starts: this may import the SDK, which takes a second or more.
    server = wiring.server.info.base_url
    with notice_if_unanswered(server):
        queries, single = split_queries(texts, wiring)
        return queries, [] if queries and not single else addresses_of(single, wiring)


def _last_words(reason: str, runs: tuple[str, ...], *, as_json: bool) -> None:
    """Report that the wait was interrupted before it began; without Python's streams, which may be in use."""
    import os

    if not as_json:
        os.write(2, f"wandb-tui: {reason}\n".encode())
        return
    from datetime import UTC, datetime

    from wandb_tui.cli.json_line import json_line
    from wandb_tui.core.state import State

    for run in runs:
        line = json_line(
            datetime.now(UTC), run=run, attempt=0, state=State.CANCELLED, message=reason, artifact=None, elapsed=0.0
        )
        os.write(1, f"{line}\n".encode())
