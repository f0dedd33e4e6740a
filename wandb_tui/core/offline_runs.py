"""Offline runs as their files describe them, and the order in which they can be synced: parents first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import BranchPoint


@dataclass(frozen=True, slots=True)
class OfflineFile:
    """One ``.wandb`` file: a run, or one piece of a run that was resumed.

    Attributes:
        path: The file.
        run: The run.
        started: When it began, in seconds since 1970.
        branch_point: Where the run was forked from its parent; None for no fork.
        metric: The metric that the branch point counts in.
        first_step: The first step logged; None where nothing was.
        last_step: The last one.
        rows: The number of rows of history.
        resumed: Whether it resumed a run, so that its steps may count from its own beginning.
        whole: Whether the run ended properly; else it was killed, or is still running.
        synced: Whether the SDK has marked it as synced.
    """

    path: Path
    run: RunAddress
    started: float = 0.0
    branch_point: BranchPoint | None = None
    metric: str = "_step"
    first_step: int | None = None
    last_step: int | None = None
    rows: int = 0
    resumed: bool = False
    whole: bool = True
    synced: bool = False


@dataclass(frozen=True, slots=True)
class OfflineRun:
    """A run with its files, the earliest first.

    Attributes:
        run: The run.
        files: Its pieces.
    """

    run: RunAddress
    files: tuple[OfflineFile, ...]

    @property
    def branch_point(self) -> BranchPoint | None:
        """The point at which the run was forked from its parent; None for no fork."""
        return next((file.branch_point for file in self.files if file.branch_point), None)

    @property
    def parent(self) -> RunAddress | None:
        """The run that it was forked from."""
        point = self.branch_point
        return RunAddress(self.run.entity, self.run.project, point.run_id) if point else None

    @property
    def step(self) -> int | None:
        """The last step that it shares with its parent."""
        return self.branch_point.step if self.branch_point else None

    @property
    def last_step(self) -> int | None:
        """The last step that its history may have, with those from its parent; None for none."""
        last = self.step
        for file in self.files:
            if file.first_step is None or file.last_step is None:
                continue
            # The SDK shifts the steps of a resumed run; by how many is known only once it is synced.
            moved = max(0, last + 1 - file.first_step) if file.resumed and last is not None else 0
            last = max(file.last_step + moved, -1 if last is None else last)
        return last

    @property
    def rows(self) -> int:
        """The rows of history in its files."""
        return sum(file.rows for file in self.files)

    @property
    def shares_steps(self) -> bool:
        """Whether a piece begins at a step that an earlier one had already, and older SDKs leave it there."""
        pieces = [file for file in self.files if file.first_step is not None]
        return any(
            not later.resumed and (later.first_step or 0) <= (earlier.last_step or 0)
            for earlier, later in pairwise(pieces)
        )

    @property
    def synced(self) -> bool:
        """Whether the SDK has marked all of its files as synced."""
        return all(file.synced for file in self.files)


@dataclass(frozen=True)
class SyncPlan:
    """Offline runs in the order in which they can be synced.

    Attributes:
        runs: All of them, by address; each after its parent.
        problems: The runs that cannot be synced, each with the reason as a sentence.
    """

    runs: Mapping[RunAddress, OfflineRun] = field(default_factory=dict)
    problems: Mapping[RunAddress, str] = field(default_factory=dict)

    def forks(self, run: RunAddress) -> list[OfflineRun]:
        """The forks of a run, by step."""
        return self._forks.get(run, [])

    @property
    def online_parents(self) -> list[RunAddress]:
        """The parents that have no file here: they have to be on the server."""
        return [parent for parent in self._forks if parent not in self.runs]

    @cached_property
    def _forks(self) -> dict[RunAddress, list[OfflineRun]]:
        found: dict[RunAddress, list[OfflineRun]] = defaultdict(list)
        for one in sorted(self.runs.values(), key=lambda one: (one.step or 0, _order(one))):
            if one.parent is not None and one.parent != one.run:
                found[one.parent].append(one)
        return dict(found)

    def tree(self) -> Iterator[tuple[RunAddress, int]]:
        """Every run once, and every parent that has no file here, with its depth; each before its forks."""
        starts = [one.run for one in self.runs.values() if one.parent is None]
        seen: set[RunAddress] = set()
        # A loop has no beginning, so a member that has not been reached yet begins a tree.
        for start in (*starts, *self.online_parents, *self.runs):
            pending = [(start, 0)]
            while pending:
                run, depth = pending.pop()
                if run not in seen:
                    seen.add(run)
                    yield run, depth
                    pending += [(one.run, depth + 1) for one in reversed(self.forks(run))]


def plan_sync(files: Iterable[OfflineFile], is_online: Callable[[RunAddress], bool] = lambda _: True) -> SyncPlan:
    """The runs of these files, parents first, with the reason for each that cannot be synced.

    Args:
        files: The files, in any order.
        is_online: Whether the server has a run; asked about the parents that have no file.
    """
    pieces: dict[RunAddress, list[OfflineFile]] = defaultdict(list)
    for file in _without_copies(files):
        pieces[file.run].append(file)
    found = [
        OfflineRun(run, tuple(sorted(group, key=lambda file: (file.started, str(file.path)))))
        for run, group in pieces.items()
    ]
    runs = {one.run: one for one in _parents_first(sorted(found, key=_order))}
    online: dict[RunAddress, bool] = {}
    problems: dict[RunAddress, str] = {}
    loops = _loops(runs)
    for run, one in runs.items():
        parent = one.parent
        if parent is not None and parent not in runs and parent not in online:
            online[parent] = is_online(parent)
        if problem := loops.get(run) or _problem(one, runs, online):
            problems[run] = problem
    plan = SyncPlan(runs, problems)
    pending = list(problems)
    while pending:
        parent = pending.pop()
        for fork in plan.forks(parent):
            if fork.run not in problems:
                problems[fork.run] = f"Its parent {parent} cannot be synced."
                pending.append(fork.run)
    return plan


def _without_copies(files: Iterable[OfflineFile]) -> list[OfflineFile]:
    """The files without copies of one another, as a backup has them: the one with the most rows stays."""
    kept: dict[tuple[RunAddress, float], OfflineFile] = {}
    for file in files:
        known = kept.get((file.run, file.started))
        if known is None or (known.rows, known.synced) < (file.rows, file.synced):
            kept[file.run, file.started] = file
    return list(kept.values())


def _order(one: OfflineRun) -> tuple[float, str]:
    return one.files[0].started, str(one.run)


def _parents_first(found: list[OfflineRun]) -> Iterator[OfflineRun]:
    """The same runs, each after its parent; loops, and runs forked from their members, come last."""
    known = {one.run for one in found}
    forks: dict[RunAddress | None, list[OfflineRun]] = defaultdict(list)
    for one in found:
        forks[one.parent if one.parent in known else None].append(one)
    pending = forks[None][::-1]
    seen: set[RunAddress] = set()
    while pending:
        one = pending.pop()
        seen.add(one.run)
        yield one
        pending += forks[one.run][::-1]
    yield from (one for one in found if one.run not in seen)


def _loops(runs: Mapping[RunAddress, OfflineRun]) -> dict[RunAddress, str]:
    """The runs that are their own ancestors, each with the reason."""
    found: dict[RunAddress, str] = {}
    checked: set[RunAddress] = set()
    for run in runs:
        path: dict[RunAddress, None] = {}
        at: RunAddress | None = run
        while at is not None and at in runs and at not in checked and at not in path:
            path[at] = None
            at = runs[at].parent
        checked.update(path)
        if at is not None and at in path:
            chain = [*path]
            loop = chain[chain.index(at) :]
            if len(loop) > 1:
                names = " ← ".join(one.run_id for one in [*loop, loop[0]])
                found |= dict.fromkeys(loop, f"It is its own ancestor: {names}.")
    return found


def _problem(one: OfflineRun, runs: Mapping[RunAddress, OfflineRun], online: Mapping[RunAddress, bool]) -> str:
    """The reason why a run cannot be synced, whatever becomes of its parent; empty if it can."""
    if len({file.branch_point for file in one.files if file.branch_point}) > 1:
        return "Its files name different branch points."
    if one.parent == one.run:
        return "It was rewound offline, which only the server could have done."
    return _parent_problem(one, runs, online)


def _parent_problem(one: OfflineRun, runs: Mapping[RunAddress, OfflineRun], online: Mapping[RunAddress, bool]) -> str:
    """The reason why a run cannot have been forked where its files say; empty if it can, or is no fork."""
    if metrics := {file.metric for file in one.files} - {"_step", ""}:
        return f"It was forked at a value of {min(metrics)}, not at a step."
    if one.parent is None or online.get(one.parent):
        return ""
    if one.parent not in runs:
        return f"Its parent {one.parent} is neither in these folders nor on the server."
    last = runs[one.parent].last_step
    if last is not None and (one.step or 0) <= last:
        return ""
    ends = "has logged nothing" if last is None else f"ends at step {last:,}"
    return f"It was forked at step {one.step:,}, but its parent {one.parent} {ends}."
