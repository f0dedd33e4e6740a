"""The state of picking, without widgets: the current level, what is loaded, what is selected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import ListedRun, RunQuery
from wandb_tui.core.project_query import words
from wandb_tui.ui.runtime.ports import Catalogue

MAX_RUNS = 1000
"""The maximum number of runs that are added together."""


@dataclass(frozen=True, slots=True)
class Place:
    """The current level: the entities, an entity, or a project."""

    entity: str = ""
    project: str = ""

    @property
    def above(self) -> Place:
        """One level up."""
        return Place(self.entity) if self.project else Place()

    def below(self, name: str) -> Place:
        """One level down."""
        return Place(self.entity, name) if self.entity else Place(name)


@dataclass(slots=True)
class Listing:
    """The results for one level and query.

    Attributes:
        names: The entities or projects.
        runs: The runs.
        after: The cursor for more results; empty if there are none.
        total: The number of runs, if the server reports it.
    """

    names: list[str] = field(default_factory=list)
    runs: list[ListedRun] = field(default_factory=list)
    after: str = ""
    total: int | None = None


def parse_query(text: str) -> RunQuery:
    """Parses a query: words, and `state:`, `group:`, `sweep:` and `tag:` with a value."""
    query, search = RunQuery(), []
    for name, value in words(text):
        if name in {"state", "group", "sweep", "tag"} and value:
            query = replace(query, **{name: value})
        else:
            search.append(f"{name}:{value}" if name else value)
    return replace(query, search=" ".join(search))


def format_query(query: RunQuery) -> str:
    """Formats a query as it could be typed."""
    named = (("state", query.state), ("group", query.group), ("sweep", query.sweep), ("tag", query.tag))
    parts = [f'{name}:"{value}"' if " " in value else f"{name}:{value}" for name, value in named if value]
    return " ".join([*parts, *([query.search] if query.search else [])])


def fetch(ask: Callable[[], Catalogue], place: Place, query: RunQuery, after: str = "") -> Listing:
    """Query the server; blocks, and raises what the catalogue raises."""
    catalogue = ask()
    if place.project:
        page = catalogue.runs(place.entity, place.project, query, after)
        return Listing(runs=list(page.items), after=page.after, total=page.total)
    if place.entity:
        names = catalogue.projects(place.entity, after)
        return Listing(names=list(names.items), after=names.after)
    return Listing(names=catalogue.entities())


def fetch_all(ask: Callable[[], Catalogue], place: Place, query: RunQuery) -> list[ListedRun]:
    """All matching runs, up to `MAX_RUNS`; blocks, and raises what the catalogue raises."""
    found: list[ListedRun] = []
    after = ""
    while len(found) < MAX_RUNS:
        page = ask().runs(place.entity, place.project, query, after)
        found += page.items
        after = page.after
        if not after or not page.items:
            break
    return found[:MAX_RUNS]


def addresses(runs: Iterable[ListedRun]) -> list[RunAddress]:
    """The addresses of the runs that have one, without duplicates."""
    return list(dict.fromkeys(run.address for run in runs if run.address is not None))
