"""The conditions under which an action is possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wandb_tui.core.address import RunAddress
from wandb_tui.ui.input.actions import Requirement
from wandb_tui.ui.logs.log_area import LogArea
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.table.run_table import RunTable
from wandb_tui.ui.table.view_tabs import ViewTabs


class Requirements:
    """Tells which requirements are met in the dashboard."""

    def __init__(self, session: Session, table: RunTable, logs: LogArea, view_tabs: ViewTabs) -> None:
        watch_list, backend, history = session.watch_list, session.backend, session.history
        self._checks: dict[Requirement, Callable[[], object]] = {
            Requirement.NOTHING: lambda: True,
            Requirement.ROWS: lambda: len(watch_list),
            Requirement.PANE: lambda: logs.panes.pinned,
            Requirement.LOG: lambda: len(watch_list),
            Requirement.CATALOGUE: lambda: backend.catalogue is not None,
            Requirement.VIEWS: lambda: len(view_tabs.saved),
            Requirement.SETTINGS: lambda: backend.save_views is not None,
            Requirement.BRANCHABLE: lambda: table.run is not None and backend.branches is not None,
            Requirement.SERVERS: lambda: backend.servers is not None,
            Requirement.DOCTOR: lambda: backend.doctor is not None,
            Requirement.FORKS: lambda: backend.lineage is not None and len(watch_list),
            Requirement.TREE: lambda: table.view.tree or len(session.queries),
            Requirement.CHOICE: lambda: logs.find_bar.value or len(table.selection) or table.view.filter.text,
            Requirement.METRICS: lambda: False,
            Requirement.UNDOABLE: lambda: history.can_undo or table.selection.cleared,
            Requirement.REDOABLE: lambda: history.can_redo,
        }
        self._checks_of_runs: dict[Requirement, Callable[[Sequence[RunAddress]], object]] = {
            Requirement.RUN: lambda runs: runs or table.heading is not None,
            Requirement.ACTIVE_RUN: lambda runs: any(
                watch_list[run].active or table.branches.waits(run) for run in runs
            ),
            Requirement.DOWNLOADABLE: lambda runs: runs and backend.downloads is not None,
            Requirement.PLOTTABLE: lambda runs: runs and backend.inspector is not None,
        }

    def met(self, requirement: Requirement, targets: Sequence[RunAddress]) -> bool:
        """Whether a requirement is met.

        Args:
            requirement: The requirement.
            targets: The runs that the action would apply to.
        """
        if (check := self._checks_of_runs.get(requirement)) is not None:
            return bool(check(targets))
        return bool(self._checks[requirement]())
