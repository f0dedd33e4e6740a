"""The context of a request, for all resolvers: the sandbox and the caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wandb_tui.sandbox.context import SandboxContext
    from wandb_tui.sandbox.sessions import Caller
    from wandb_tui.sandbox.state import Project, Run


ViewTable = Mapping[type, Callable[["ResolverContext", Any], object]]
"""Makes the view of each kind of record."""


class RefusedError(Exception):
    """The whole request is answered with this HTTP status and sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class ResolverContext:
    """One GraphQL request.

    Attributes:
        sandbox: The sandbox.
        caller: The user who is asking.
        origin: The server's own address as the caller wrote it, so that addresses in answers work for the caller.
        views: The makers of the views of records; views that lead to each other find each other here.
        reads_parquet: Whether the caller reads exported rows from their files by itself.
        runs_seen: The runs that the request asked for by name and got.
    """

    sandbox: SandboxContext
    caller: Caller
    origin: str
    views: ViewTable
    reads_parquet: bool = False
    runs_seen: dict[int, Run] = field(default_factory=dict)

    def view(self, record: Project | Run) -> object:
        """A record as the API shows it."""
        return self.views[type(record)](self, record)

    def visible_projects(self, entity: str | None) -> list[Project]:
        """The projects that the caller may see, of one entity or of all."""
        return [project for project in self.sandbox.state.projects(entity) if self.caller.may_see(project)]

    def visible_project(self, entity: str | None, name: str | None) -> Project | None:
        """The project, if there is one and the caller may see it."""
        project = self.sandbox.state.project(entity or self.sandbox.account.entity, name or "uncategorized")
        return project if project is not None and self.caller.may_see(project) else None

    def visible_run(self, project: Project, name: str) -> Run | None:
        """The run of a project that the caller may see; recorded as queried."""
        run = self.sandbox.state.run(project, name)
        if run is not None:
            self.runs_seen[run.key] = run
        return run


def timestamp(seconds: float | None) -> str | None:
    """A time as the API writes it, in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
