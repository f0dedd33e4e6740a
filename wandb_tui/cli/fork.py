"""``wandb-tui fork``: waits until runs can be forked at a step, and makes their children."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.console import say
from wandb_tui.cli.options import AT, HOST, NEAREST, RUNS, STEP, branch_step, build_wiring, read_runs, runs_of
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.exit_codes import ExitCode, code_of, gravest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wandb_tui.cli.wait.progress_lines import ProgressLines
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.metric_value import MetricValue
    from wandb_tui.wiring import Wiring


@click.command(
    epilog="Exit status: 0 every child was made; else as for wait.",
)
@RUNS
@STEP
@AT
@NEAREST
@click.option("--times", type=click.IntRange(min=1), default=1, metavar="K", help="Children of each run. [1]")
@click.option("--replay", is_flag=True, help="Where forking is refused: log the history into new runs.")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="S", help="Give up after S seconds; 0 never. [300]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per child.")
@HOST
def fork(
    runs: tuple[str, ...],
    step: int | None,
    at: str | None,
    nearest: bool,
    times: int,
    replay: bool,
    timeout: float | None,
    as_json: bool,
    host: str | None,
) -> ExitCode:
    """Wait until each RUN can be forked at a step, then make K children of it, and print their addresses.

    The children are finished: resume them with WANDB_RUN_ID and WANDB_RESUME=must. RUN may be "-" for stdin.

    \b
    Example:
      wandb-tui fork lab/forks/abc123 --step 200 --times 4
    """
    from wandb_tui.cli.wait.progress_lines import ProgressLines
    from wandb_tui.library.branch_target import FORK, branch_target

    target = branch_target(step, at, nearest=nearest, branching=FORK)
    wiring = build_wiring(host, anonymous_ok=True)
    codes = {ExitCode.DONE}
    try:
        parents = runs_of(read_runs(runs), wiring)
        wiring.check_api_key()
        seconds = wiring.settings.poll_policy.max_wait_time if timeout is None else timeout
        progress = ProgressLines(parents, wiring.server.info.base_url)
        for parent in parents:
            try:
                for child, forked_at, replayed in _children(
                    parent, target, times, seconds, wiring, progress, replay=replay
                ):
                    text = f"{parent.entity}/{parent.project}/{child}"
                    made = {"run": str(parent), "step": forked_at, "child": text, "replayed": replayed}
                    click.echo(json.dumps(made, ensure_ascii=False) if as_json else text)
            except WandbTuiError as error:
                say(f"wandb-tui: {error}", err=True)
                codes.add(code_of(error))
    finally:
        wiring.close()
    return gravest(codes)


def _children(
    parent: RunAddress,
    target: int | MetricValue,
    times: int,
    timeout: float,
    wiring: Wiring,
    progress: ProgressLines,
    *,
    replay: bool,
) -> Iterator[tuple[str, int, bool]]:
    """The id of each child once it is made, the step it was forked at, and whether it was replayed instead."""
    from wandb_tui.library.branch_series import branches
    from wandb_tui.library.branch_target import FORK
    from wandb_tui.library.group import MonitorGroup
    from wandb_tui.library.replay import REPLAY, TAG

    with MonitorGroup(wiring=wiring, on_event=progress.on_event, max_wait_time=timeout) as group:
        step = branch_step(parent, target, wiring, group, timeout)
        # The findings before the step are the same for all children.
        warnings, printed = set[str](), set[str]()
        for run in branches(
            parent,
            step,
            FORK,
            times,
            timeout,
            wiring=wiring,
            group=group,
            warn=warnings.add,
            fallback=REPLAY if replay else None,
        ):
            for text in sorted(warnings - printed):
                say(f"wandb-tui: {text}", err=True)
            printed |= warnings
            yield run.id, step, TAG in (run.tags or ())
