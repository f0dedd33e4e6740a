"""The details of one run: facts, summary, config, versions of its history, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.probe import ArtifactVersion, RunInfo

Scalar = bool | int | float | str | None
"""A value of a summary or config; anything but a plain value is replaced by its kind, in words."""

Values: TypeAlias = tuple[tuple[str, Scalar], ...]
"""Names and values, by name; nested ones have names with dots."""


@dataclass(frozen=True, slots=True)
class BranchPoint:
    """The run and step that a run was forked at.

    Attributes:
        run_id: The parent's id, in the same project.
        step: The last step that both share.
    """

    run_id: str
    step: int


class OriginSource(StrEnum):
    """The sources that may say what a run came from."""

    CONFIG = "config"
    NOTE = "note"
    """A note on this machine: the config does not say it, or no longer."""


@dataclass(frozen=True, slots=True)
class RunOrigin:
    """A run, and where it came from.

    Attributes:
        run: The run.
        name: Its display name; empty if it has none.
        state: Its own state, or ``missing`` for a parent that was deleted, or that the API key may not see.
        parent: The run that it was forked or replayed from; None for neither, or where nothing says so.
        step: The last step that it shares with its parent; None without one.
        kind: Whether it is a fork or a replay; None without a parent.
        source: Where that stands; None without a parent.
        contradiction: A statement about its origin from elsewhere that does not agree, as a sentence; else empty.
    """

    run: RunAddress
    name: str = ""
    state: str = ""
    parent: RunAddress | None = None
    step: int | None = None
    kind: BranchKind | None = None
    source: OriginSource | None = None
    contradiction: str = ""

    @property
    def branch_point(self) -> BranchPoint | None:
        """The point at which it was forked in its own project; None for no fork."""
        if self.parent is None or self.step is None or self.kind is not BranchKind.FORK:
            return None
        return BranchPoint(self.parent.run_id, self.step) if self.parent.project_path == self.run.project_path else None


@dataclass(frozen=True, slots=True)
class RunForks:
    """The runs that were forked or replayed from a run.

    Attributes:
        forks: They, by step.
        complete: Whether all runs that may be among them were looked at.
    """

    forks: tuple[RunOrigin, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The config, summary and origin of a run as the server stores them, whole and unchanged.

    Attributes:
        config: Its config; None where the server does not report it.
        summary: Its summary; None where the server does not report it.
        branch_point: The point at which it was forked from its parent; None for no fork.
    """

    config: Mapping[str, Any] | None
    summary: Mapping[str, Any] | None
    branch_point: BranchPoint | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run itself.

    Attributes:
        info: Its name, its own state, and its last step.
        created: When it began, by the server's clock.
        group: Its group, or empty.
        job_type: The kind of work that it does, or empty.
        sweep: Its sweep's id, or empty.
        tags: Its tags.
        user: The user who logged it, or empty.
        summary: The last value of each metric, by name; None if unknown.
        metrics: The names of the metrics that are numbers, as logged; None if unknown.
        unknown_fields: The fields that this server does not know, by their names in the API.
        config: Its config; None if unknown.
        falling: The names of what falls somewhere in its history, ``_step`` among them, as far as the server tells.
    """

    info: RunInfo = field(default_factory=RunInfo)
    created: datetime | None = None
    group: str = ""
    job_type: str = ""
    sweep: str = ""
    tags: tuple[str, ...] = ()
    user: str = ""
    summary: Values | None = None
    metrics: tuple[str, ...] | None = None
    unknown_fields: tuple[str, ...] = ()
    config: Values | None = None
    falling: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportedVersion:
    """A version of the history artifact in the list of all.

    Attributes:
        version: The version.
        aliases: Its aliases, such as ``latest``.
    """

    version: ArtifactVersion
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of the history artifact.

    Attributes:
        newest: The newest ones, newest first.
        total: How many there are altogether; None if unknown.
    """

    newest: tuple[ExportedVersion, ...] = ()
    total: int | None = None


@dataclass(frozen=True, slots=True)
class VersionCoverage:
    """The steps that a version covers.

    Attributes:
        last: The highest step, -1 for none; None if unknown.
        complete: Whether nothing logged so far is missing; None if unknown.
        why_not: Why that is unknown, in a few words.
    """

    last: int | None = None
    complete: bool | None = None
    why_not: str = ""


STEP, RUNTIME, TIMESTAMP = "_step", "_runtime", "_timestamp"
"""The keys under which every row of a history has its step, the seconds since the run's start, and its Unix time."""


@dataclass(frozen=True, slots=True)
class SampleQuery:
    """A request for a sample of a metric.

    Attributes:
        run: The run.
        metric: The metric's name.
        across: The key of the values to plot it over: `STEP`, `RUNTIME`, `TIMESTAMP`, or another metric.
        first: The first step wanted; None: from the beginning.
        last: The last step wanted; None: to the end.
        samples: The most points wanted.
    """

    run: RunAddress
    metric: str
    across: str = STEP
    first: int | None = None
    last: int | None = None
    samples: int = 500


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """A sample of a metric's values over the steps.

    Attributes:
        metric: The metric's name.
        points: Step and value, by step; a value may be NaN or infinite.
        across: The value at each point of the key that was asked for; empty where that is the step.
    """

    metric: str
    points: tuple[tuple[float, float], ...] = ()
    across: tuple[float, ...] = ()
