"""History artifacts that stayed behind in another project when their run was moved."""

from __future__ import annotations

from dataclasses import replace

from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import Probe, ProbeOutcome
from wandb_tui.services.wandb_api.probe_query import ProbeRequest

_MAX_RUNS = 100_000
_NOT_SEARCHED = "?"
"""Marks a run whose artifact has been missing once."""


class MovedArtifacts:
    """Remembers in which other projects artifacts were found; they are looked for once they are missing again."""

    def __init__(self) -> None:
        self._projects: dict[RunAddress, str] = {}

    def wants_search(self, run: RunAddress) -> bool:
        """Whether the next probe is to look in other projects, which costs the server more."""
        return self._projects.get(run) == _NOT_SEARCHED

    def complete(self, request: ProbeRequest, probe: Probe) -> Probe:
        """The probe with the other project that it or an earlier one has found."""
        if probe.outcome is ProbeOutcome.FOUND:
            self._projects.pop(request.run, None)
        if probe.outcome is not ProbeOutcome.NOT_YET:
            return probe
        if len(self._projects) > _MAX_RUNS:
            self._projects.clear()
        known = probe.elsewhere if request.outputs else self._projects.get(request.run, _NOT_SEARCHED)
        self._projects[request.run] = known
        return replace(probe, elsewhere="" if known == _NOT_SEARCHED else known)
