"""Prints to stderr the progress of a wait that comes before something else, such as a fork."""

from __future__ import annotations

from collections.abc import Sequence

from wandb_tui.cli.wait.first_answer import FirstAnswerNotice
from wandb_tui.cli.wait.options import WaitOptions
from wandb_tui.cli.wait.output import Output
from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.library.event import Event


class ProgressLines(Output):
    """The lines of `wait`, without those that end it otherwise than well: the error that follows says why."""

    def __init__(self, runs: Sequence[RunAddress], server: str) -> None:
        """Print nothing yet.

        Args:
            runs: The runs; where there are several, each line names its own.
            server: The address of the server's API.
        """
        options = WaitOptions(
            runs=runs,
            goal=Goal(),
            timeout=0,
            interval=0,
            any_run=False,
            as_json=False,
            quiet=False,
            visit=True,
            to_stderr=True,
        )
        super().__init__(options, FirstAnswerNotice(server))
        self._said: set[tuple[RunAddress, str]] = set()

    def _is_left_out(self, event: Event) -> bool:
        if event.state.final and event.status is not MonitorStatus.AVAILABLE:
            return True
        # The same export is waited for again for each child.
        if event.status in {MonitorStatus.MONITORING, MonitorStatus.AVAILABLE}:
            if (event.run, event.message) in self._said:
                return True
            self._said.add((event.run, event.message))
        return super()._is_left_out(event)
