"""Maps records to their views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wandb_tui.sandbox.resolvers.project import ProjectView
from wandb_tui.sandbox.resolvers.run import RunView
from wandb_tui.sandbox.state import Project, Run

if TYPE_CHECKING:
    from wandb_tui.sandbox.resolvers.context import ViewTable

VIEWS: ViewTable = {Project: ProjectView, Run: RunView}
