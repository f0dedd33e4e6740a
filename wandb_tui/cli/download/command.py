"""``wandb-tui download``: its options."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.options import GOALS, HOST, RUNS, GoalOption, build_wiring, check_access, read_runs, runs_of
from wandb_tui.core.errors import UsageError
from wandb_tui.core.exit_codes import ExitCode, sentence
from wandb_tui.core.history_formats import FORMATS

if TYPE_CHECKING:
    from wandb_tui.library.history_folder import ExportOptions

_JOBS = click.IntRange(1, 64)
_FORMATS = f"{FORMATS[0]} (as exported), {', '.join(FORMATS[1:])}."
_SECONDS = click.FloatRange(min=0)


@click.command(
    short_help="Download runs' histories into a folder.",
    epilog=sentence(ExitCode.DONE, ExitCode.COMMAND_FAILED, ExitCode.HUNG_UP, ExitCode.TERMINATED),
)
@RUNS
@click.option("--to", "directory", metavar="DIR", help="Into DIR/entity/project/run_id", required=True)
@click.option("--format", "kind", type=click.Choice(FORMATS), default="parquet", metavar="FORMAT", help=_FORMATS)
@click.option("--columns", multiple=True, metavar="GLOB", help="Only these columns; may be repeated.")
@click.option("--steps", metavar="A:B", default="", help="Only steps from A up to, not including, B.")
@click.option("--stitch", is_flag=True, help="Put the ancestors' rows before a fork's.")
@click.option("--check", is_flag=True, help="Look for NaN, missing steps and the like.")
@click.option("--until", cls=GoalOption, default="complete", metavar="GOAL", help=f"{GOALS}. [complete]")
@click.option("--jobs", type=_JOBS, default=16, metavar="N", help="Files at a time. [16]")
@click.option("--timeout", type=_SECONDS, metavar="S", help="Stop waiting after S seconds; 0 never. [300]")
@click.option("--no-visit", is_flag=True, help="Only check; no browser, no sign-in.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@HOST
def download(
    runs: tuple[str, ...],
    directory: str,
    kind: str,
    columns: tuple[str, ...],
    steps: str,
    stitch: bool,
    check: bool,
    until: str,
    jobs: int,
    timeout: float | None,
    no_visit: bool,
    as_json: bool,
    host: str | None,
) -> int:
    """Wait for runs' histories and download them; a second call resumes.

    \b
    Example:
      wandb-tui download lab/forks/abc123 --to data --columns 'train/*'
    """
    from wandb_tui.cli.interruption import Interruption

    interruption = Interruption()
    with interruption.caught(lambda reason: _last_words(reason, runs, as_json=as_json)):
        from wandb_tui.cli.download.options import DownloadOptions
        from wandb_tui.cli.download.runner import download_runs
        from wandb_tui.cli.wait.first_answer import notice_if_unanswered
        from wandb_tui.core.goal import Goal

        goal = Goal.parse(until)
        export = _export_options(kind, columns, steps, stitch=stitch, check=check)
        if timeout is not None and not isfinite(timeout):
            raise UsageError("--timeout is a number of seconds.", "--timeout 0 waits for ever.")
        wiring = build_wiring(host, anonymous_ok=True)
        try:
            texts = read_runs(runs)
            # Read before the notice's clock starts: this may import the SDK, which alone takes a second or more.
            server = wiring.server.info.base_url
            with notice_if_unanswered(server):
                addresses = runs_of(texts, wiring)
            check_access(wiring, visit=not no_visit)
            options = DownloadOptions(
                runs=addresses,
                directory=Path(directory),
                export=export,
                goal=goal,
                jobs=jobs,
                timeout=wiring.settings.poll_policy.max_wait_time if timeout is None else timeout,
                visit=not no_visit,
                as_json=as_json,
            )
            return download_runs(options, wiring, interruption)
        finally:
            wiring.close()


def _export_options(kind: str, columns: tuple[str, ...], steps: str, *, stitch: bool, check: bool) -> ExportOptions:
    """The format, columns and steps of the files to make of each history.

    Raises:
        UsageError: The steps are not valid, or pyarrow is missing.
    """
    from wandb_tui.core.step_range import StepRange
    from wandb_tui.library.history_folder import ExportOptions
    from wandb_tui.library.history_reader import check_pyarrow

    export = ExportOptions(kind, columns, StepRange.of(steps or None), stitch, check)
    asked = {
        f"--format {kind}": kind != "parquet",
        "--columns": columns,
        "--steps": steps,
        "--stitch": stitch,
        "--check": check,
    }
    for option in [option for option, given in asked.items() if given]:
        check_pyarrow(option)
    return export


def _last_words(reason: str, runs: tuple[str, ...], *, as_json: bool) -> None:
    """Tell that the download was interrupted before it began; the streams may be in use, so past them."""
    import os

    if not as_json:
        os.write(2, f"wandb-tui: {reason}\n".encode())
        return
    from wandb_tui.cli.download.output import json_line
    from wandb_tui.core.download_progress import DownloadProgress

    for run in runs:
        os.write(1, f"{json_line(run, DownloadProgress(state='failed', message=reason))}\n".encode())
