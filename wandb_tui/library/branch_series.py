"""Several children of one run, or its rewind: made one after the other, and finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from wandb_tui.library.branch import branch
from wandb_tui.library.branch_target import Branching

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.metric_value import MetricValue
    from wandb_tui.library.group import MonitorGroup
    from wandb_tui.wiring import Wiring


def branches(
    parent: RunAddress,
    target: int | MetricValue,
    branching: Branching,
    times: int,
    timeout: float,
    *,
    wiring: Wiring,
    group: MonitorGroup,
    warn: Callable[[str], object],
    fallback: str | None = None,
) -> Iterator[Any]:
    """Each run once it is made and finished, as the SDK gives it; it says nothing about this machine.

    Args:
        parent: The run to fork or rewind.
        target: Where to do it.
        branching: Which of the two.
        times: How many.
        timeout: Seconds until giving up on one; 0 waits for ever.
        wiring: The services.
        group: Waits for the export, on the same services.
        warn: Receives what may surprise in a child.
        fallback: As for `branch`.

    Raises:
        WandbTuiError: As for `fork_when_ready`.
    """
    import wandb

    for _ in range(times):
        settings = wandb.Settings(silent=True, console="off", x_disable_stats=True, x_disable_meta=True)
        run = branch(
            parent,
            target,
            branching,
            timeout,
            {"settings": settings, "reinit": "create_new"},
            wiring=wiring,
            wait=lambda run, goal, seconds: group.wait(group.add(run, goal, max_wait_time=seconds)),
            warn=warn,
            fallback=fallback,
        )
        run.finish()
        yield run
