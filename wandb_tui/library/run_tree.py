"""`run_tree`: where runs came from, and the runs that were forked from them."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import RunOrigin
from wandb_tui.core.errors import RunNotFoundError
from wandb_tui.library.arguments import address_of
from wandb_tui.wiring import Wiring

MISSING = "missing"
"""The state of a parent that the server does not list."""


def run_tree(run: object, *, api_key: str | None = None, host: str | None = None) -> list[RunOrigin]:
    """The ancestors of a run, the run itself, and all runs that were forked from it, directly or not.

    It reads the configs of all runs of the project, a hundred with each request. Where a config does not name the
    parent, as after some resumes, our own notes do if the fork was made or seen on this machine before.

    Args:
        run: An address, a run object of the SDK, or an `Api` run.
        api_key: The API key; without one, the environment, ``~/.netrc`` or the keyring.
        host: The W&B server; without one, as the SDK chooses it.

    Returns:
        The oldest ancestor first, each run before its forks, and these by step.

    Raises:
        UsageError: The address is not valid.
        ApiKeyError: The server refused the API key.
        RunNotFoundError: There is no such run, or the key may not see it.
        ServerError: The server does not list the runs.
    """
    wiring = Wiring(host=host, api_key=api_key)
    with contextlib.closing(wiring):
        address = address_of(run, wiring)
        known = wiring.run_origins.of_project(address.entity, address.project)
        return list(RunTree([checked(address, known)], known))


def checked(run: RunAddress, known: Mapping[RunAddress, RunOrigin]) -> RunAddress:
    """The run.

    Args:
        run: The run.
        known: All runs of its project.

    Raises:
        RunNotFoundError: It is not among them.
    """
    if run not in known:
        raise RunNotFoundError(f"There is no run {run.run_id} in {run.project_path}, or this API key may not see it.")
    return run


class RunTree:
    """Runs with their ancestors and their forks, as a tree for each oldest ancestor.

    Attributes:
        loops: Runs that are said to be their own ancestors, one of each loop: the tree begins there.
    """

    def __init__(self, runs: Iterable[RunAddress], known: Mapping[RunAddress, RunOrigin]) -> None:
        """Find the ancestors and the forks.

        Args:
            runs: The runs, all of which are known.
            known: All runs of their projects.
        """
        self._known = known
        self._projects = {run.project_path for run in known}
        self._forks: dict[RunAddress, list[RunOrigin]] = defaultdict(list)
        for origin in known.values():
            if origin.parent is not None:
                self._forks[origin.parent].append(origin)
        self.loops: list[RunAddress] = []
        self._roots: dict[RunAddress, None] = {}
        self._members: set[RunAddress] = set()
        for run in runs:
            # The ancestors of whatever is in the tree are in it as well.
            if run not in self._members:
                self._add_ancestors(run)
            self._add_forks(run)

    def __iter__(self) -> Iterator[RunOrigin]:
        """Every run once, each before its forks, and these by step."""
        pending = list(reversed(self.roots))
        while pending:
            run = pending.pop()
            yield self[run]
            pending += reversed(self.forks_of(run))

    def __getitem__(self, run: RunAddress) -> RunOrigin:
        """The origin of a run of the tree."""
        return self._known.get(run) or RunOrigin(run, state=MISSING if run.project_path in self._projects else "")

    @property
    def roots(self) -> list[RunAddress]:
        """The oldest ancestors."""
        return list(self._roots)

    def forks_of(self, run: RunAddress) -> list[RunAddress]:
        """The forks of a run that are in the tree, by step."""
        forks = [one for one in self._forks[run] if one.run in self._members and one.run not in self._roots]
        return [one.run for one in sorted(forks, key=lambda one: one.step or 0)]

    def _add_ancestors(self, run: RunAddress) -> None:
        chain = {run: None}
        parent = self._parent(run)
        while parent is not None and parent not in chain:
            chain[parent] = None
            parent = self._parent(parent)
        root = next(reversed(chain))
        if parent is not None:
            self.loops.append(root)
        self._members.update(chain)
        self._roots[root] = None

    def _add_forks(self, run: RunAddress) -> None:
        pending, seen = [run], {run}
        while pending:
            forks = [one.run for one in self._forks[pending.pop()] if one.run not in seen]
            seen.update(forks)
            pending += forks
        self._members |= seen

    def _parent(self, run: RunAddress) -> RunAddress | None:
        origin = self._known.get(run)
        return origin.parent if origin else None
