"""What has been picked so far, without a single widget: where one is, what has come, what is marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import ListedRun, RunQuery
from wandb_tui.ui.runtime.ports import Catalogue
from wandb_tui.ui.table.filter import terms

MOST = 1000
"""How many runs are added as one at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one is: nowhere yet, in an entity, or in one of its projects."""

    entity: str = ""
    project: str = ""

    @property
    def above(self) -> Place:
        """One up."""
        return Place(self.entity) if self.project else Place()

    def below(self, name: str) -> Place:
        """One down."""
        return Place(self.entity, name) if self.entity else Place(name)


@dataclass(slots=True)
class Listing:
    """What has come of one place, for one query.

    Attributes:
        names: The entities or projects.
        runs: The runs.
        after: What to ask for more with; empty where all has come.
        total: How many runs there are, where that is told.
    """

    names: list[str] = field(default_factory=list)
    runs: list[ListedRun] = field(default_factory=list)
    after: str = ""
    total: int | None = None


def understood(text: str) -> RunQuery:
    """The query that was typed: words, and `state:`, `group:` and `sweep:` with a value."""
    query, words = RunQuery(), []
    for term in terms(text):
        if term.field in {"state", "group", "sweep"} and term.text:
            query = replace(query, **{term.field: term.text})
        else:
            words.append(f"{term.field}:{term.text}" if term.field else term.text)
    return replace(query, search=" ".join(words))


def typed(query: RunQuery) -> str:
    """A query as it could be typed."""
    named = (("state", query.state), ("group", query.group), ("sweep", query.sweep))
    parts = [f'{name}:"{value}"' if " " in value else f"{name}:{value}" for name, value in named if value]
    return " ".join([*parts, *([query.search] if query.search else [])])


def look_up(ask: Callable[[], Catalogue], place: Place, query: RunQuery, after: str = "") -> Listing:
    """Ask the server; blocks, and raises what the catalogue raises."""
    catalogue = ask()
    if place.project:
        page = catalogue.runs(place.entity, place.project, query, after)
        return Listing(runs=list(page.items), after=page.after, total=page.total)
    if place.entity:
        names = catalogue.projects(place.entity, after)
        return Listing(names=list(names.items), after=names.after)
    return Listing(names=catalogue.entities())


def look_up_all(ask: Callable[[], Catalogue], place: Place, query: RunQuery) -> list[ListedRun]:
    """All runs that match, up to `MOST`; blocks, and raises what the catalogue raises."""
    found: list[ListedRun] = []
    after = ""
    while len(found) < MOST:
        page = ask().runs(place.entity, place.project, query, after)
        found += page.items
        after = page.after
        if not after or not page.items:
            break
    return found[:MOST]


def addresses(runs: Iterable[ListedRun]) -> list[RunAddress]:
    """The addresses of those that have one, each once."""
    return list(dict.fromkeys(run.address for run in runs if run.address is not None))
