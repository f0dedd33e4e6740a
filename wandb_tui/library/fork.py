"""`fork_when_ready` and `rewind_when_ready`: wait until a run can be forked or rewound at a step, then do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from wandb_tui.library.arguments import address_of
from wandb_tui.library.branch import branch
from wandb_tui.library.branch_target import FORK, REWIND, Branching, branch_target
from wandb_tui.library.event import Callback
from wandb_tui.library.group import MonitorGroup
from wandb_tui.wiring import Wiring

if TYPE_CHECKING:
    from wandb_tui.core.account import WandBCredentials
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.metric_value import MetricValue
    from wandb_tui.library.results import MonitorResult


def fork_when_ready(
    run: object,
    step: int | None = None,
    *,
    at: str | None = None,
    nearest: bool = False,
    fallback: Literal["replay"] | None = None,
    timeout: float = 300.0,
    credentials: WandBCredentials | None = None,
    api_key: str | None = None,
    host: str | None = None,
    callback: Callback | None = None,
    **init: Any,
) -> Any:
    """Wait until the export of a run covers `step`, then fork it there.

    A refusal is answered by visiting the run's page again and trying again, until `timeout`. While another run is
    active in the process, the fork is made beside it (``reinit="create_new"``) unless `init` says otherwise.

    Called again with the same ``id``, as by a job that is restarted, it resumes the fork that it has made, and
    continues a replay that was interrupted; such a fork says in its config, as ``forked_from``, where it is from.

    Args:
        run: The parent: an address, a run object of the SDK, or an `Api` run.
        step: The step to fork at, 0 or above.
        at: A metric and its value in place of the step, as in ``global_step=121638``: the last step at which the
            metric had it, by the export. Reading the export needs pyarrow.
        nearest: With `at`: take the nearest value below, where the metric never had exactly this one.
        fallback: ``replay`` for servers that do not fork: the parent's whole history up to the step is then logged into
            a new run, which gets the tag ``replayed`` and, in its config, ``replayed_from``; a warning is logged that
            names what was left out, such as media. The times at which the parent logged are the metric
            ``parent/timestamp``. Needs pyarrow. None raises `ForkError` instead.
        timeout: Seconds until giving up; 0 waits for ever.
        credentials: For the browser sign-in; without them, the environment or the keyring.
        api_key: The API key, for the fork too; without one, the environment, ``~/.netrc`` or the keyring.
        host: The W&B server; without one, as the SDK chooses it.
        callback: Receives the status lines.
        init: Passed on to ``wandb.init``: ``id``, ``config``, ``reinit``, ``settings`` and so on. The parent's
            entity and project are used unless given; ``settings.init_timeout`` is set for each try.

    Returns:
        The forked run, as ``wandb.init`` returns it. Its ``starting_step`` is the step to log next; its ``step`` says 0
        until the first log (SDK 0.27 on). Of a run that was replayed or resumed, ``step`` is the step to log next.

    Raises:
        UsageError: The address, the step or an argument for ``wandb.init`` is not valid, or the id is that of a run
            that is no fork of this parent at this step.
        WaitTimeoutError: The export did not come in time, or the server went on refusing the fork.
        ForkError: The server refuses the fork for good and there is no fallback, or the metric never had the value.
        SignInError: The browser could not be signed in.
        ApiKeyError: The server refused the API key.
        RunNotFoundError: There is no such run, or the key may not see it.
        NoBrowserError: There is no browser on this machine.
    """
    return _branch_when_ready(
        run,
        branch_target(step, at, nearest=nearest, branching=FORK),
        FORK,
        timeout,
        init,
        credentials=credentials,
        api_key=api_key,
        host=host,
        callback=callback,
        fallback=fallback,
    )


def rewind_when_ready(
    run: object,
    step: int | None = None,
    *,
    at: str | None = None,
    nearest: bool = False,
    fallback: Literal["replay"] | None = None,
    timeout: float = 300.0,
    credentials: WandBCredentials | None = None,
    api_key: str | None = None,
    host: str | None = None,
    callback: Callback | None = None,
    **init: Any,
) -> Any:
    """Wait until a run has ended and its export covers `step`, then rewind it there: it continues under its own id.

    All that the run had logged after `step` is gone from its history. All else is as for `fork_when_ready`.

    With a fallback the run that is returned may be another one, with an id of its own: what it logs is then a new run
    beside the old one, which stays as it is.

    Args:
        run: The run: an address, a run object of the SDK, or an `Api` run.
        step: The last step to keep, 0 or above.
        at: A metric and its value in place of the step, as for `fork_when_ready`.
        nearest: With `at`: as for `fork_when_ready`.
        fallback: ``replay`` for servers that do not rewind: the run's history up to the step is then logged into a new
            run, as `fork_when_ready` does it, and a warning is logged. None raises `ForkError` instead.
        timeout: Seconds until giving up; 0 waits for ever.
        credentials: For the browser sign-in; without them, the environment or the keyring.
        api_key: The API key, for rewinding too; without one, the environment, ``~/.netrc`` or the keyring.
        host: The W&B server; without one, as the SDK chooses it.
        callback: Receives the status lines.
        init: Passed on to ``wandb.init``. The run's entity and project are used unless given.

    Returns:
        The run, as ``wandb.init(resume_from=…)`` returns it. Its ``starting_step`` is the step to log next. Of a
        new run that was replayed, ``step`` is the step to log next.

    Raises:
        UsageError: The address, the step or an argument for ``wandb.init`` is not valid.
        WaitTimeoutError: The run did not end or the export did not come in time, or the server went on refusing.
        ForkError: The server refuses to rewind the run for good and there is no fallback, or the metric never had the
            value.
        SignInError: The browser could not be signed in.
        ApiKeyError: The server refused the API key.
        RunNotFoundError: There is no such run, or the key may not see it.
        NoBrowserError: There is no browser on this machine.
    """
    return _branch_when_ready(
        run,
        branch_target(step, at, nearest=nearest, branching=REWIND),
        REWIND,
        timeout,
        init,
        credentials=credentials,
        api_key=api_key,
        host=host,
        callback=callback,
        fallback=fallback,
    )


def _branch_when_ready(
    run: object,
    target: int | MetricValue,
    branching: Branching,
    timeout: float,
    init: dict[str, Any],
    *,
    credentials: WandBCredentials | None,
    api_key: str | None,
    host: str | None,
    callback: Callback | None,
    fallback: str | None,
) -> Any:
    wiring = Wiring(
        host=host, credentials=credentials, api_key=api_key, anonymous_ok=True, sdk_settings=init.get("settings")
    )
    try:
        with MonitorGroup(wiring=wiring, callback=callback) as group:

            def wait(parent: RunAddress, goal: str, timeout: float) -> MonitorResult:
                return group.wait(group.add(parent, goal, max_wait_time=timeout))

            return branch(
                address_of(run, wiring), target, branching, timeout, init, wiring=wiring, wait=wait, fallback=fallback
            )
    finally:
        wiring.close()
