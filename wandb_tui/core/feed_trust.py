"""Whether a server's feeds can be trusted: what the runs themselves answer is compared with what the feeds reported."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from wandb_tui.core.address import RunAddress
from wandb_tui.core.feed import FeedContradictionError, FeedKind
from wandb_tui.core.probe import Probe

FIRST_PERIOD_S = 60.0
"""Each run is asked itself as often as this while nothing is known of the feeds."""

LAST_PERIOD_S = 600.0
"""Each run is asked itself as often as this once the feeds have proved right."""

_LOOKS_TO_REPORT = 2
"""So many looks after a change may pass until one of them has to have reported it."""

_SILENT_STATES = frozenset({"crashed", "killed"})
"""States that come without a sign of life of the run."""


@dataclass(slots=True)
class _Unreported:
    """A change that a run itself reported and the feed did not, so far."""

    change: str
    found_at: float
    looks: int = 0


@dataclass(slots=True)
class FeedTrust:
    """The interval at which the runs themselves are asked, and the changes that the feeds still owe.

    Attributes:
        period: Seconds within which each run is asked itself.
    """

    period: float = FIRST_PERIOD_S
    _agreed: int = 0
    _unreported: dict[tuple[FeedKind, RunAddress], _Unreported] = field(default_factory=dict)

    def agreed(self, followers: int) -> None:
        """A run answered what its feeds had said; after a round of all of them, the next one takes longer."""
        self._agreed += 1
        if self._agreed >= followers:
            self._agreed, self.period = 0, min(LAST_PERIOD_S, self.period * 2)

    def compare(self, run: RunAddress, known: Probe, answer: Probe, asked_at: float) -> None:
        """Note what a run's answer has that its feeds have not reported by then."""
        before, now = _version(known), _version(answer)
        if now > before:
            self._unreported.setdefault((FeedKind.EXPORTS, run), _Unreported(f"v{now} of {run}", asked_at))
        if change := _state_change(known, answer):
            self._unreported.setdefault((FeedKind.RUNS, run), _Unreported(f"{change} of {run}", asked_at))

    def looked(self, kind: FeedKind, project: str, asked_at: float, *, reported: Collection[str]) -> None:
        """Take in a finished look at one feed of a project.

        Args:
            kind: Which feed.
            project: ``entity/project``.
            asked_at: When the look began.
            reported: The ids of the runs that it reported as changed.

        Raises:
            FeedContradictionError: The feed has left out a change.
        """
        owed = [key for key in self._unreported if key[0] is kind and key[1].project_path == project]
        for key in owed:
            found = self._unreported[key]
            if key[1].run_id in reported:
                del self._unreported[key]
            elif asked_at >= found.found_at:
                found.looks += 1
                if found.looks >= _LOOKS_TO_REPORT:
                    raise FeedContradictionError(f"it did not report {found.change}")


def _version(probe: Probe) -> int:
    return probe.artifact.version if probe.artifact else -1


def _state_change(known: Probe, answer: Probe) -> str:
    """The change of the run's state or step, in a few words; empty if there is none that comes with a sign of life."""
    if known.run is None or answer.run is None or answer.run.state in _SILENT_STATES:
        return ""
    if known.run.state != answer.run.state:
        return f"the state {answer.run.state}"
    steps = (known.run.last_step or 0, answer.run.last_step or 0)
    return f"step {steps[1]:,}" if steps[1] > steps[0] else ""
