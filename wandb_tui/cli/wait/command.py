"""``wandb-tui wait``: wait for runs without a screen."""

from __future__ import annotations

from math import isfinite

import click

from wandb_tui.cli.console import say
from wandb_tui.cli.options import HOST, UNTIL, addresses_of, build_wiring, read_runs
from wandb_tui.core.errors import UsageError


@click.command(short_help="Wait for runs without a screen.")
@click.argument("runs", nargs=-1, metavar="RUN...", required=True)
@UNTIL
@click.option("--timeout", type=click.FloatRange(min=0), metavar="S", help="Give up after S seconds; 0 never. [300]")
@click.option("--interval", type=click.FloatRange(min=0.1), metavar="S", help="Seconds between two looks. [5]")
@click.option("--any", "any_run", is_flag=True, help="One run's goal is enough.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--no-visit", is_flag=True, help="Only poll; no browser, no sign-in.")
@click.option("--exec", "command", metavar="CMD", default="", help="Run CMD for each run that got there.")
@HOST
def wait(
    runs: tuple[str, ...],
    until: str,
    timeout: float | None,
    interval: float | None,
    any_run: bool,
    as_json: bool,
    no_visit: bool,
    command: str,
    host: str | None,
) -> int:
    """Wait for runs without a screen. RUN may be "-" to read them from stdin.

    Exit status: 0 every goal met (with --any: one), 1 a run failed, 2 bad usage, 3 sign-in or API key refused,
    4 timed out, 130 interrupted.

    CMD finds WANDB_TUI_RUN, WANDB_TUI_RUN_ID and WANDB_TUI_ARTIFACT set.

    \b
    Example:
      wandb-tui wait lab/forks/abc123 --until step:200 --json
    """
    from wandb_tui.cli.wait import WaitOptions
    from wandb_tui.cli.wait import wait as wait_for
    from wandb_tui.cli.wait.first_answer import note_if_unanswered
    from wandb_tui.core.goal import Goal

    goal = Goal.parse(until)
    if not all(isfinite(seconds) for seconds in (timeout, interval) if seconds is not None):
        raise UsageError("--timeout and --interval are numbers of seconds.", "--timeout 0 waits for ever.")
    wiring = build_wiring(host, anonymous_ok=True)
    try:
        texts = read_runs(runs)
        # Told before anybody is asked: this imports the SDK, which takes a second or more by itself.
        server = wiring.server.info.base_url
        with note_if_unanswered(server):
            addresses = addresses_of(texts, wiring)
        wiring.check_api_key()
        if not no_visit and not wiring.account.state().can_visit:
            say(
                "wandb-tui: no user name and password are known, so pages are visited signed out: enough for public "
                "runs only. For others, run wandb-tui login.",
                err=True,
            )
        poll_policy = wiring.settings.poll_policy
        wish = WaitOptions(
            runs=addresses,
            goal=goal,
            timeout=poll_policy.max_wait_time if timeout is None else timeout,
            interval=poll_policy.check_interval if interval is None else interval,
            any_run=any_run,
            as_json=as_json,
            visit=not no_visit,
            command=command,
        )
        return wait_for(wish, wiring)
    finally:
        wiring.close()
