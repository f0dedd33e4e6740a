"""``wandb-tui exec``: waits until a run can be forked or rewound, then runs a script that does it unchanged."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import click

from wandb_tui.cli.console import say
from wandb_tui.cli.options import AT, HOST, NEAREST, STEP, addresses_of, branch_step, build_wiring
from wandb_tui.core.errors import UsageError
from wandb_tui.core.exit_codes import ExitCode

if TYPE_CHECKING:
    from wandb_tui.cli.interruption import Interruption
    from wandb_tui.cli.wait.progress_lines import ProgressLines
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.details import RunOrigin
    from wandb_tui.core.metric_value import MetricValue
    from wandb_tui.library.branch_target import Branching
    from wandb_tui.wiring import Wiring


@click.command(
    name="exec",
    epilog="Exit status: the command's own once it has begun; before, as for wait.",
)
@click.argument("run")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD...")
@STEP
@AT
@NEAREST
@click.option("--rewind", is_flag=True, help="Rewind the run itself instead of forking it.")
@click.option("--replay", is_flag=True, help="Where it is refused: log the history into a new run.")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="S", help="Give up after S seconds; 0 never. [300]")
@click.option("--no-visit", is_flag=True, help="Only poll the API; no browser, no sign-in.")
@HOST
def exec_command(
    run: str,
    command: tuple[str, ...],
    step: int | None,
    at: str | None,
    nearest: bool,
    rewind: bool,
    replay: bool,
    timeout: float | None,
    no_visit: bool,
    host: str | None,
) -> ExitCode:
    """Wait until RUN can be forked at a step, then run CMD, a training script that needs no changes.

    wandb.init reads the branch point in CMD's environment, which only one process may do. With --rewind, RUN must
    have ended; it keeps its id, and everything logged after that step is lost. Called again with the same
    WANDB_RUN_ID, as by a job that is restarted, CMD resumes its fork. With --replay the fork is made here, and CMD
    resumes it.

    \b
    Examples:
      wandb-tui exec lab/forks/abc123 --step 200 -- python train.py --lr 0.01
      wandb-tui exec lab/forks/abc123 --at global_step=121638 --rewind -- python train.py
    """
    from wandb_tui.cli.interruption import Interruption

    # The variables that our own libraries add while they wait are not meant for the script.
    environ = dict(os.environ)
    _check_program(command[0], environ)
    interruption = Interruption()
    with interruption.caught(lambda reason: os.write(2, f"wandb-tui: {reason}\n".encode())):
        from wandb_tui.library.branch_target import FORK, REWIND, branch_target

        branching = REWIND if rewind else FORK
        target = branch_target(step, at, nearest=nearest, branching=branching)
        wiring = build_wiring(host, anonymous_ok=True)
        try:
            (parent,) = addresses_of([run], wiring)
            wiring.check_api_key()
            if timeout is None:
                timeout = wiring.settings.poll_policy.max_wait_time
            order = _Order(parent, branching, target, timeout, visit=not no_visit)
            if replay:
                status, environ = ExitCode.DONE, _resuming_what_was_made(order, wiring, environ)
            else:
                status, environ = _awaited(order, wiring, interruption, environ)
        finally:
            wiring.close()
    return _replace_process(command, environ) if status is ExitCode.DONE else status


@dataclass(frozen=True, slots=True)
class _Order:
    """An order to branch off a run: from which one, where, and how long to wait for the export."""

    parent: RunAddress
    branching: Branching
    target: int | MetricValue
    timeout: float
    visit: bool


def _resuming_what_was_made(order: _Order, wiring: Wiring, environ: Mapping[str, str]) -> dict[str, str]:
    """Fork, rewind or replay the run here; gives the environment in which the command resumes it."""
    from wandb_tui.core.address import RunAddress
    from wandb_tui.library.branch_environment import check_clashes, resume_environment
    from wandb_tui.library.branch_series import branches
    from wandb_tui.library.group import MonitorGroup
    from wandb_tui.library.replay import REPLAY
    from wandb_tui.services.wandb_api.sdk import end_service

    check_clashes(order.parent, order.branching, environ)
    with MonitorGroup(
        wiring=wiring,
        visit=order.visit,
        max_wait_time=order.timeout,
        on_event=_progress(order, wiring).on_event,
    ) as group:
        (run,) = branches(
            order.parent,
            order.target,
            order.branching,
            1,
            order.timeout,
            wiring=wiring,
            group=group,
            warn=wiring.notify,
            fallback=REPLAY,
        )
    # The command takes the place of this process, of which the service would never see the end.
    end_service()
    made = RunAddress(run.entity, run.project, run.id)
    say(f"{made} is resumed.", err=True)
    base_url, api_key = wiring.server.info.base_url, wiring.account.api_key()
    return resume_environment(made, environ, base_url=base_url, api_key=api_key)


def _awaited(
    order: _Order, wiring: Wiring, interruption: Interruption, environ: Mapping[str, str]
) -> tuple[ExitCode, dict[str, str]]:
    """Wait until the run can be forked or rewound; gives the environment in which the command does it."""
    from wandb_tui.library.branch_check import BranchCheck
    from wandb_tui.library.branch_environment import branch_environment, resume_environment
    from wandb_tui.library.group import MonitorGroup

    parent, branching, target = order.parent, order.branching, order.target
    base_url, api_key = wiring.server.info.base_url, wiring.account.api_key()
    # Variables that would clash are refused before anything is waited for.
    branch_environment(parent, 0, branching, environ, base_url=base_url, api_key=api_key)
    child = None if branching.keeps_id else _own_child(parent, environ)
    origin = _origin_of(child, wiring) if child else None
    if origin:
        _check_is_fork(origin, parent, target if isinstance(target, int) else origin.step)
    status = _wait(order, "ended", wiring, interruption) if branching.keeps_id else ExitCode.DONE
    if status is not ExitCode.DONE:
        return status, {}
    with MonitorGroup(wiring=wiring, visit=order.visit, on_event=_progress(order, wiring).on_event) as group:
        found = branch_step(parent, target, wiring, group, order.timeout)
    if child and origin:
        _check_is_fork(origin, parent, found)
        say(f"{child} exists already, and is resumed.", err=True)
        return status, resume_environment(child, environ, base_url=base_url, api_key=api_key)
    status = _wait(order, f"step:{found}", wiring, interruption)
    if status is ExitCode.DONE:
        BranchCheck(wiring, parent, None, found, wiring.notify).before()
        if branching.keeps_id or child:
            _note(parent, found, child, wiring)
    return status, branch_environment(parent, found, branching, environ, base_url=base_url, api_key=api_key)


def _check_program(program: str, environ: dict[str, str]) -> None:
    import shutil

    if shutil.which(program, path=environ.get("PATH")) is None:
        raise UsageError(f"There is no program {program}.", "Write it after “--” as on a command line of its own.")


def _own_child(parent: RunAddress, environ: Mapping[str, str]) -> RunAddress | None:
    """The fork whose id the user has chosen; None where the SDK will choose one."""
    own_id = environ.get("WANDB_RUN_ID")
    return replace(parent, run_id=own_id) if own_id else None


def _origin_of(child: RunAddress, wiring: Wiring) -> RunOrigin | None:
    """The origin of a run, by its config or our notes; None if there is no such run."""
    from wandb_tui.core.details import RunOrigin

    record = wiring.history_files.run_record(child)
    if record is None:
        return None
    point = record.branch_point
    known = RunOrigin(child, parent=replace(child, run_id=point.run_id), step=point.step) if point else RunOrigin(child)
    return wiring.branch_notes.completed([known])[0]


def _check_is_fork(origin: RunOrigin, parent: RunAddress, step: int | None) -> None:
    """Refuse to resume a run that is no fork of this run at this step."""
    if (origin.parent, origin.step) != (parent, step):
        found = f"a fork of {origin.parent.run_id} at step {origin.step:,}" if origin.parent else "no fork"
        raise UsageError(f"WANDB_RUN_ID is set, and {origin.run} exists already, and is {found}.", "Choose another id.")


def _note(parent: RunAddress, step: int, child: RunAddress | None, wiring: Wiring) -> None:
    """Note the fork, or without a child the rewind, that the script is about to make."""
    from wandb_tui.core.branch_kind import BranchKind
    from wandb_tui.core.branch_note import BranchNote

    kind = BranchKind.FORK if child else BranchKind.REWIND
    wiring.branch_notes.add(BranchNote.of(child or parent, kind, parent, step, made=False))


def _progress(order: _Order, wiring: Wiring) -> ProgressLines:
    from wandb_tui.cli.wait.progress_lines import ProgressLines

    return ProgressLines([order.parent], wiring.server.info.base_url)


def _wait(order: _Order, goal: str, wiring: Wiring, interruption: Interruption) -> ExitCode:
    from wandb_tui.cli.wait.options import WaitOptions
    from wandb_tui.cli.wait.runner import wait_for_runs
    from wandb_tui.core.goal import Goal

    options = WaitOptions(
        runs=[order.parent],
        goal=Goal.parse(goal),
        timeout=order.timeout,
        interval=wiring.settings.poll_policy.check_interval,
        any_run=False,
        as_json=False,
        quiet=False,
        visit=order.visit,
        to_stderr=True,
    )
    return wait_for_runs(options, wiring, interruption)


def _replace_process(command: tuple[str, ...], environ: dict[str, str]) -> NoReturn:
    """Let the command take the place of this process, so that signals and its exit status need no messenger."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        try:
            os.execvpe(command[0], command, environ)  # noqa: S606 - the words are the user's, as they are
        except OSError as error:
            say(f"wandb-tui: {command[0]} cannot be run: {error.strerror}.", err=True)
            sys.exit(ExitCode.BAD_USAGE)
    import subprocess

    sys.exit(subprocess.run(command, env=environ, check=False).returncode)
