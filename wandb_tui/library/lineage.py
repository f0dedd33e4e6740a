"""The exports that hold the rows of a fork's history: its own, or those of the runs that it came from."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import BranchPoint
from wandb_tui.core.errors import ServerError
from wandb_tui.core.step_range import StepRange
from wandb_tui.library.event import Callback
from wandb_tui.library.group import MonitorGroup
from wandb_tui.services.wandb_api.history_version import HistoryVersion
from wandb_tui.services.wandb_api.step_files import StepFileError
from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

_MOST_GENERATIONS = 1000
_USUAL_FIRST_STEP = 1
"""Some scripts count from 1."""

Origins = tuple[tuple[str, StepRange], ...]
"""The runs that logged some rows, each with its steps."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One run's part in a stitched history.

    Attributes:
        run: The run whose export is read.
        version: The version to read.
        steps: The steps that are taken from it.
        origins: The runs that logged them: the run itself, and its ancestors where its export holds their rows.
    """

    run: RunAddress
    version: HistoryVersion
    steps: StepRange
    origins: Origins


@dataclass(frozen=True, slots=True)
class Ancestry:
    """Answers about runs, asked for while their history is put together.

    Attributes:
        first_step: The first step in the files of a version; None where they hold none.
        wait_for: Waits until a run's export covers a step, and locates it.
        branch_point: The point at which a run was forked; None for no fork, or where that is unknown.
        warn: Receives doubts about the ancestry, as sentences.
    """

    first_step: Callable[[HistoryVersion], int | None]
    wait_for: Callable[[RunAddress, int], HistoryVersion]
    branch_point: Callable[[RunAddress], BranchPoint | None]
    warn: Callable[[str], object] = lambda _: None


def generations_of(run: RunAddress, version: HistoryVersion, ancestry: Ancestry) -> list[Generation]:
    """The exports that a run's whole history is in, the oldest ancestor's first.

    Some servers export a fork with its parent's rows, some without; the first step in the export tells.

    Args:
        run: The run.
        version: Its export.
        ancestry: Answers about it and its ancestors.

    Raises:
        ServerError: The run is said to be its own ancestor, or the server does not tell where a run came from.
        WandbTuiError: An ancestor's export does not come, or cannot be read.
    """
    found: list[Generation] = []
    seen = [run]
    steps = StepRange()
    while True:
        if version.origin is None:
            raise ServerError(f"The server does not tell where {run} came from.", "Download without stitching.")
        point = version.branch_point
        first = ancestry.first_step(version) if point else None
        _warn_of_doubts(run, version, ancestry)
        if point is None or (first is not None and first <= point.step):
            found.append(Generation(run, version, steps, _origins(run, point, steps, ancestry, seen)))
            break
        own = steps.intersection(StepRange(point.step + 1))
        found.append(Generation(run, version, own, ((run.run_id, own),)))
        steps = steps.intersection(StepRange(None, point.step + 1))
        run = _parent(run, point, seen)
        version = ancestry.wait_for(run, point.step)
    # A parent that was forked after the step at which its child branches off adds no rows of its own.
    return [one for one in reversed(found) if one.steps.stop is None or one.steps.stop > (one.steps.start or 0)]


def _warn_of_doubts(run: RunAddress, version: HistoryVersion, ancestry: Ancestry) -> None:
    if version.origin is not None and version.origin.contradiction:
        ancestry.warn(version.origin.contradiction)
    if version.branch_point is None:
        # A run without a parent is read as it is, even where its files cannot tell.
        with contextlib.suppress(ServerError):
            first = ancestry.first_step(version)
            if first is not None and first > _USUAL_FIRST_STEP:
                ancestry.warn(f"{run} begins at step {first:,}; if it is a fork, nothing says of which run.")


def _origins(
    run: RunAddress, point: BranchPoint | None, steps: StepRange, ancestry: Ancestry, seen: list[RunAddress]
) -> Origins:
    """The runs that logged the rows of an export that goes back to the first step."""
    found: list[tuple[str, StepRange]] = []
    while point is not None:
        found.append((run.run_id, steps.intersection(StepRange(point.step + 1))))
        steps = steps.intersection(StepRange(None, point.step + 1))
        run = _parent(run, point, seen)
        point = ancestry.branch_point(run)
    return (*found, (run.run_id, steps))


def _parent(run: RunAddress, point: BranchPoint, seen: list[RunAddress]) -> RunAddress:
    """The run's parent, which is in the same project."""
    parent = RunAddress(run.entity, run.project, point.run_id)
    if parent in seen or len(seen) > _MOST_GENERATIONS:
        raise ServerError(f"{parent} is said to be its own ancestor.", "Download without stitching.")
    seen.append(parent)
    return parent


def ancestry_of(
    wiring: Wiring,
    *,
    visit: bool,
    timeout: float,
    callback: Callback | None = None,
    warn: Callable[[str], object] = log.warning,
) -> Ancestry:
    """Answers by the server, waiting for exports as monitors do.

    Args:
        wiring: The services.
        visit: Whether to visit the ancestors' pages.
        timeout: Seconds to wait for the export of each; 0 waits for ever.
        callback: Receives the status lines.
        warn: Receives what is doubtful about the ancestry, as sentences; by default it is logged.
    """

    def wait_for(run: RunAddress, step: int) -> HistoryVersion:
        # A group for each: two children may wait for different steps of one parent.
        with MonitorGroup(wiring=wiring, visit=visit, max_wait_time=timeout, callback=callback) as group:
            result = group.wait(group.add(run, f"step:{step}"))
        result.raise_if_not_met()
        return wiring.history_files.locate(run, str(result.artifact_name))

    def first_step(version: HistoryVersion) -> int | None:
        try:
            return wiring.step_files.read([file.url for file in version.files]).first
        except StepFileError as error:
            raise ServerError(f"{version.artifact}: {error}.") from None

    return Ancestry(first_step, wait_for, wiring.history_files.branch_point, warn)
