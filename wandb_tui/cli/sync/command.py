"""``wandb-tui sync``: its options."""

from __future__ import annotations

from math import isfinite
from pathlib import Path

import click

from wandb_tui.cli.options import HOST, build_wiring
from wandb_tui.core.errors import UsageError


@click.command(
    epilog="Exit status: 0 the server has every run; 1 a run was not synced, or differs; else as for wait.",
)
@click.argument("directories", nargs=-1, metavar="DIR...", required=True, type=click.Path())
@click.option("--dry-run", is_flag=True, help="Only print the order, as a tree.")
@click.option("--verify", is_flag=True, help="Compare all histories with the server's, step by step.")
@click.option(
    "--timeout", type=click.FloatRange(min=0), metavar="S", help="Wait S seconds for an export; 0 for ever. [300]"
)
@click.option("--no-visit", is_flag=True, help="Only poll for the exports; no browser, no sign-in.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--tui", is_flag=True, help="Show each run as a row of the dashboard.")
@HOST
def sync(
    directories: tuple[str, ...],
    dry_run: bool,
    verify: bool,
    timeout: float | None,
    no_visit: bool,
    as_json: bool,
    tui: bool,
    host: str | None,
) -> int:
    """Sync offline runs and their offline forks: each fork once its parent's export covers its step.

    DIR is a wandb folder, or contains some. The SDK does the uploading; a second call continues.

    \b
    Example:
      wandb-tui sync ~/experiments --verify
    """
    from wandb_tui.cli.interruption import Interruption
    from wandb_tui.cli.sync.runner import SyncOptions, print_order, show_runs, sync_runs

    if timeout is not None and not isfinite(timeout):
        raise UsageError("--timeout is a number of seconds.", "--timeout 0 waits for ever.")
    for clash in (("--dry-run", "--verify"), ("--dry-run", "--tui"), ("--json", "--tui")):
        if all({"--dry-run": dry_run, "--verify": verify, "--json": as_json, "--tui": tui}[name] for name in clash):
            raise UsageError(f"{' and '.join(clash)} exclude one another.", "Give one of them.")
    interruption = Interruption()
    with interruption.caught(lambda _: None):
        wiring = build_wiring(host, anonymous_ok=True)
        try:
            folders = [Path(directory) for directory in directories]
            if dry_run:
                return print_order(folders, wiring, as_json=as_json)
            options = SyncOptions(
                folders,
                verify=verify,
                timeout=wiring.settings.poll_policy.max_wait_time if timeout is None else timeout,
                visit=not no_visit,
                as_json=as_json,
            )
            if tui:
                return show_runs(options, wiring)
            return sync_runs(options, wiring, interruption)
        finally:
            wiring.close()
