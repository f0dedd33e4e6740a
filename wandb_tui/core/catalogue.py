"""The server's catalogue: entities, their projects, and the projects' runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunQuery:
    """A query for runs of a project; empty fields match all.

    Attributes:
        search: Part of the display name or of the id; all of several words.
        state: The run's own state: running, finished, crashed, …
        group: The group.
        sweep: The sweep's id.
        tag: One of the tags.
    """

    search: str = ""
    state: str = ""
    group: str = ""
    sweep: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run as the server lists it.

    Attributes:
        entity: Whose project it is in.
        project: The project.
        run_id: Its id.
        name: Its display name.
        state: Its own state.
        group: Its group, or empty.
        sweep: Its sweep's id, or empty.
        created: When it began, by the server's clock; None if unknown.
    """

    entity: str
    project: str
    run_id: str
    name: str = ""
    state: str = ""
    group: str = ""
    sweep: str = ""
    created: datetime | None = None

    @property
    def address(self) -> RunAddress | None:
        """Its address; None where it cannot be watched, see `problem`."""
        found = self._address()
        return found if isinstance(found, RunAddress) else None

    @property
    def problem(self) -> str:
        """The reason why it cannot be watched, in one sentence; empty where it can."""
        found = self._address()
        return found.message if isinstance(found, UsageError) else ""

    def _address(self) -> RunAddress | UsageError:
        try:
            return RunAddress(self.entity, self.project, self.run_id)
        except UsageError as error:
            return error


@dataclass(frozen=True, slots=True)
class ResultPage(Generic[T]):
    """Some of a long list.

    Attributes:
        items: These.
        after: The cursor of the next page; empty if there is none.
        total: How many there are altogether; None if unknown.
    """

    items: tuple[T, ...]
    after: str = ""
    total: int | None = None
