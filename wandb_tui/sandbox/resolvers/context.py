"""What every resolver may use: the sandbox, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wandb_tui.sandbox.context import SandboxContext
    from wandb_tui.sandbox.sessions import Caller
    from wandb_tui.sandbox.state import Project, Run


class RefusedError(Exception):
    """The whole request is answered with this HTTP status and sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class ResolverContext:
    """One GraphQL request.

    Attributes:
        world: The sandbox.
        caller: Who is asking.
        origin: The server's own address as the caller wrote it, so that addresses in answers work for the caller.
        reads_parquet: Whether the caller reads exported rows from their files by itself.
        runs_seen: The runs that the request asked for by name and got.
    """

    world: SandboxContext
    caller: Caller
    origin: str
    reads_parquet: bool = False
    runs_seen: dict[int, Run] = field(default_factory=dict)

    def visible_project(self, entity: str | None, name: str | None) -> Project | None:
        """The project, if there is one and the caller may see it."""
        project = self.world.state.project(entity or self.world.account.entity, name or "uncategorized")
        return project if project is not None and self.caller.may_see(project) else None

    def visible_run(self, project: Project, name: str) -> Run | None:
        """The run of a project that the caller may see; remembered as asked for."""
        run = self.world.state.run(project, name)
        if run is not None:
            self.runs_seen[run.key] = run
        return run


def timestamp(seconds: float | None) -> str | None:
    """A moment the way the API writes it, in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
