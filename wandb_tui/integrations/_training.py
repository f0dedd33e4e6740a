"""The base of the callbacks for training libraries, and waiting at the end of a training."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from wandb_tui.core.errors import WandbTuiError
from wandb_tui.integrations._resumption import OnResume, Resumption, last_step
from wandb_tui.library.api import print_status, wait_for_history

if TYPE_CHECKING:
    import wandb

    from wandb_tui.library.event import Callback
    from wandb_tui.library.results import MonitorResult

log = logging.getLogger(__name__)


class TrainingCallback:
    """The part of a trainer's callback that is the same for all: its options, and the wait when the training ends."""

    def __init__(
        self,
        timeout: float = 300.0,
        callback: Callback | None = None,
        *,
        on_resume: OnResume | None = None,
        parent: str | None = None,
        **init: Any,
    ) -> None:
        self._timeout = timeout
        self._callback = callback
        self._resumption = Resumption(on_resume, parent, timeout, callback, init) if on_resume is not None else None
        self.result: MonitorResult | None = None

    def _wait_for(self, run: wandb.Run | None) -> None:
        self.result = wait_for_logged_steps(run, self._timeout, self._callback)


def wait_for_logged_steps(run: wandb.Run | None, timeout: float, callback: Callback | None) -> MonitorResult | None:
    """Wait until the export covers the last step that a run, still in progress, has logged.

    Failures are logged as a warning and never raised: they must not make the training fail.

    Args:
        run: The run that the training logs to, if any.
        timeout: Seconds until giving up; 0 waits for ever.
        callback: Receives the status lines; without one they are printed.

    Returns:
        The result; None if the goal was not met, or if there is nothing to wait for.
    """
    last = last_step(run) if run is not None else None
    if run is None or last is None:
        log.warning("Nothing was logged to a W&B server, so there is no history to wait for.")
        return None
    try:
        return wait_for_history(
            run,
            f"step:{last}",
            timeout,
            # As for the run itself, regardless of the environment.
            host=run.settings.base_url,
            api_key=run.settings.api_key,
            callback=callback or print_status,
        )
    except WandbTuiError as error:
        log.warning("The history of %s is not exported: %s", run.path, error)
        return None
