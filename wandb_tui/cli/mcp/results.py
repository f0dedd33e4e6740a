"""The results of the tools; agents get these as structured content with a schema."""

from __future__ import annotations

from dataclasses import dataclass, field

from wandb_tui.cli.json_line import JsonObject

# Without slots: the SDK reads the class attributes as defaults, and with slots gives no structured content.

Value = bool | int | float | str | None
"""A value as JSON can hold it; NaN and infinite numbers are text."""


@dataclass(frozen=True)
class ExportWait:
    """The result of waiting for an export.

    Attributes:
        run: The run.
        goal: The goal.
        met: Whether the goal is met.
        state: The state of the attempt: ``available`` or ``timed-out``.
        message: The newest event, and the next step for the user.
        artifact: The newest version of the history artifact, or None.
        last_step: The last step that the run has logged; None if unknown.
        waited_s: Seconds waited.
        page: The address of the run's page.
    """

    run: str
    goal: str
    met: bool
    state: str
    message: str
    artifact: str | None
    last_step: int | None
    waited_s: float
    page: str


@dataclass(frozen=True)
class WatchedRuns:
    """Rows of the watch list, and the runs asked for that are not on it.

    Attributes:
        runs: The rows, as ``wandb-tui list --json`` prints them.
        not_listed: Runs that were asked for and are not on the list.
    """

    runs: list[JsonObject]
    not_listed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ChangedRun:
    """The effect of a change on one run of the watch list.

    Attributes:
        run: The run.
        effect: The change to it, in a few words.
    """

    run: str
    effect: str


@dataclass(frozen=True)
class ChangedRuns:
    """The effects of a change of the watch list.

    Attributes:
        changed: The change to each run.
        not_listed: Runs that were asked for and are not on the list.
    """

    changed: list[ChangedRun]
    not_listed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Export:
    """The newest export of a run.

    Attributes:
        artifact: ``entity/project/run-<id>-history:v0``; None if the run has not been exported.
        created: When it was made (ISO 8601, UTC).
        size_bytes: Its size.
        last_step: The last step that it covers; None if unknown.
        complete: Whether nothing that was logged is missing; None if unknown.
        note: Why something is unknown, or empty.
    """

    artifact: str | None = None
    created: str | None = None
    size_bytes: int | None = None
    last_step: int | None = None
    complete: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class ColumnSummary:
    """Figures of one column of an export.

    Attributes:
        type: Its type in the files.
        values: How many rows have a value, NaN included.
        not_finite: How many values are NaN or infinite; they are left out of the other figures.
        first: The first value.
        last: The last value.
        last_step: The step of the last value.
        minimum: The least value, of numbers.
        minimum_step: The first step with it.
        maximum: The greatest value, of numbers.
        maximum_step: The first step with it.
        mean: The mean, of numbers.
    """

    type: str
    values: int
    not_finite: int = 0
    first: Value = None
    last: Value = None
    last_step: int | None = None
    minimum: Value = None
    minimum_step: int | None = None
    maximum: Value = None
    maximum_step: int | None = None
    mean: Value = None


@dataclass(frozen=True)
class HistorySummary:
    """A run and its history.

    Attributes:
        run: The run.
        page: The address of its page.
        name: Its display name, or None.
        state: Its own state, such as ``running`` or ``finished``; None if unknown.
        last_step: The last step that it has logged; None if unknown.
        created: When it began (ISO 8601, UTC).
        export: Its newest export.
        last_values: The last value of each metric, as the server reports it.
        left_out: How many metrics or columns are left out, to keep this short.
        columns: Figures of the columns asked for, by name.
        rows: How many rows these columns were read from; None if none was asked for.
    """

    run: str
    page: str
    name: str | None
    state: str | None
    last_step: int | None
    created: str | None
    export: Export
    last_values: dict[str, Value]
    left_out: int = 0
    columns: dict[str, ColumnSummary] = field(default_factory=dict)
    rows: int | None = None


@dataclass(frozen=True)
class ForkSnippet:
    """The code that forks a run.

    Attributes:
        run: The run.
        step: The step to fork at.
        ready: Whether the newest export covers that step, which a fork needs; None if unknown.
        snippet: A script that forks the run now.
        waiting_snippet: A script that first waits until the export covers the step.
        note: The steps to take before the fork works, or the facts that are unknown; or empty.
    """

    run: str
    step: int
    ready: bool | None
    snippet: str
    waiting_snippet: str
    note: str


@dataclass(frozen=True)
class LineageAnswer:
    """The ancestors of runs, the runs, and their forks.

    Attributes:
        runs: The oldest ancestor first, each run before its forks, as ``wandb-tui tree --json`` prints them.
        left_out: How many runs are left out, to keep this short.
    """

    runs: list[JsonObject]
    left_out: int = 0
