"""Queries for runs of one project: ``lab/forks/*``, the address of a sweep, ``lab/forks/* state:running tag:hero``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, unquote, urlsplit

from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import RunQuery
from wandb_tui.core.errors import UsageError
from wandb_tui.core.lookalikes import strip_invisible
from wandb_tui.core.page_address import page_path

_FIELDS = ("state", "group", "sweep", "tag")
_WORD = re.compile(r'(?:(\w+):)?(?:"([^"]*)"?|(\S+))')
_ALL_RUNS_PAGES = frozenset({"workspace", "runs", "table", "overview"})
_SYNTAX = f"Conditions are {', '.join(f'{name}:…' for name in _FIELDS)} or parts of names and ids."


@dataclass(frozen=True, slots=True)
class ProjectQuery:
    """Runs of one project.

    Attributes:
        entity: The user or team that the project belongs to.
        project: The project.
        conditions: The conditions that the runs meet; by default none, so that all runs of the project match.
    """

    entity: str
    project: str
    conditions: RunQuery = field(default_factory=RunQuery)

    def __post_init__(self) -> None:
        # The names follow the same rules as those of a run's address.
        RunAddress(self.entity, self.project, "run")

    def __str__(self) -> str:
        named = [f"{name}:{_quoted(value)}" for name in _FIELDS if (value := getattr(self.conditions, name))]
        return " ".join([f"{self.entity}/{self.project}/*", *named, *self.conditions.search.split()])

    @classmethod
    def parse(cls, text: str, *, app_url: str = "") -> ProjectQuery | None:
        """Read a query as typed or pasted.

        Args:
            text: ``entity/project/*``, with conditions after a space or as ``?group=…``, or the address of the page of
                a project, workspace, sweep or group.
            app_url: Base address of the chosen server's pages; a page of another server is refused. By default, pages
                of any server are accepted.

        Returns:
            The query; None where the text is something else, such as the address of a run.

        Raises:
            UsageError: It is a query, but not a valid one.
        """
        text = strip_invisible(text)
        if found := re.match(r"([^/?]+)/([^/?]+)/\*(?:\?([^\s]*))?(?:\s+(.*))?$", text):
            entity, project, parameters, words = found.groups("")
            query = _with_parameters(cls(unquote(entity), unquote(project)), parameters)
            return replace(query, conditions=_with_words(query.conditions, words))
        if not re.match(r"https?://", text, re.IGNORECASE):
            return None
        parts = [unquote(part) for part in page_path(text, app_url).split("/") if part]
        match parts:
            case [entity, project]:
                query = cls(entity, project)
            case [entity, project, kind] if kind in _ALL_RUNS_PAGES:
                query = cls(entity, project)
            case [entity, project, "sweeps", sweep, *_]:
                query = cls(entity, project, RunQuery(sweep=sweep))
            case [entity, project, "groups", group, *rest] if "runs" not in rest[:-1]:
                query = cls(entity, project, RunQuery(group=group))
            case _:
                return None
        return _with_parameters(query, urlsplit(text).query)


def _with_parameters(query: ProjectQuery, parameters: str) -> ProjectQuery:
    """The query with the conditions of a page's address, such as ``group=…``; views and the like are no conditions."""
    given = {name: values[-1] for name, values in parse_qs(parameters).items() if name in _FIELDS}
    return replace(query, conditions=replace(query.conditions, **given)) if given else query


def words(text: str) -> Iterator[tuple[str, str]]:
    """The words and phrases of a query: the condition, such as ``tag``, or an empty text, and the value."""
    for name, phrase, word in _WORD.findall(text):
        yield name, phrase or word


def _with_words(conditions: RunQuery, text: str) -> RunQuery:
    found: dict[str, str] = {}
    search: list[str] = []
    for condition, value in words(text):
        if not condition:
            search.append(value)
        elif condition not in _FIELDS:
            raise UsageError(f"A query has no condition “{condition}”.", _SYNTAX)
        elif condition in found:
            raise UsageError(f"A query has one condition “{condition}” only.", _SYNTAX)
        else:
            found[condition] = value
    return replace(conditions, **found, search=" ".join(search))


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value
