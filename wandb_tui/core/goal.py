"""Goals: what a monitor waits for, and whether what the server answered meets it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from wandb_tui.core.errors import UsageError
from wandb_tui.core.probe import Coverage, Probe, RunInfo


class GoalKind(StrEnum):
    """The kinds of goal, as they are written."""

    EXISTS = "exists"
    """Any version of the artifact is there."""
    VERSION = "version"
    """Version `Goal.number` or a later one is there."""
    NEWER = "newer"
    """A version is there that was not when the monitor began."""
    STEP = "step"
    """The export covers step `Goal.number`, so that a fork at that step works."""
    COMPLETE = "complete"
    """Nothing that was logged is missing from the export."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a goal is met, and in words why, or why not yet."""

    met: bool
    why: str


@dataclass(frozen=True, slots=True)
class Goal:
    """What to wait for.

    Attributes:
        kind: Which kind of goal.
        number: The version for `VERSION`, the step for `STEP`, else 0.
    """

    kind: GoalKind = GoalKind.EXISTS
    number: int = 0

    def __str__(self) -> str:
        match self.kind:
            case GoalKind.VERSION:
                return f"v{self.number}"
            case GoalKind.STEP:
                return f"step:{self.number}"
            case kind:
                return kind.value

    @classmethod
    def parse(cls, text: str) -> Goal:
        """Understand ``exists``, ``v3``, ``newer``, ``step:200`` or ``complete``.

        Args:
            text: The goal as it is written.

        Raises:
            UsageError: The text is none of these.
        """
        # What callers pass need not be a text: str() of anything else is no goal.
        text = str(text).strip().lower()
        if text in {GoalKind.EXISTS, GoalKind.NEWER, GoalKind.COMPLETE}:
            return cls(GoalKind(text))
        if found := re.fullmatch(r"v(\d{1,9})", text, re.ASCII):
            return cls(GoalKind.VERSION, int(found[1]))
        if found := re.fullmatch(r"step[:=](\d{1,15})", text, re.ASCII):
            return cls(GoalKind.STEP, int(found[1]))
        shown = text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004 - enough to recognise it
        raise UsageError(f"“{shown}” is not a goal.", "A goal is exists, v3, newer, step:200 or complete.")

    @property
    def needs_coverage(self) -> bool:
        """Whether a probe must also ask which steps the export covers."""
        return self.kind in {GoalKind.STEP, GoalKind.COMPLETE}

    def judge(self, probe: Probe, baseline: int) -> Verdict:  # noqa: PLR0911 - one return per verdict reads best
        """Hold the server's answer against the goal.

        Args:
            probe: An answer that found the artifact, or found that there is none yet.
            baseline: The version that stood when the monitor began, -1 for none. Versions are compared rather than
                dates, since the server's clock is not ours.
        """
        if probe.artifact is None:
            return Verdict(met=False, why="not available yet")
        version = probe.artifact.version
        match self.kind:
            case GoalKind.EXISTS:
                return Verdict(met=True, why=f"v{version} is available")
            case GoalKind.VERSION:
                if version >= self.number:
                    return Verdict(met=True, why=f"v{version} is available")
                return Verdict(met=False, why=f"v{version} is there, waiting for v{self.number}")
            case GoalKind.NEWER:
                if version > baseline:
                    return Verdict(met=True, why=f"v{version} is new")
                return Verdict(met=False, why=f"v{version} was there before, waiting for a newer one")
            case GoalKind.STEP:
                return _judge_step(self.number, version, probe.coverage)
            case GoalKind.COMPLETE:
                return _judge_complete(version, probe)


def logged_enough(goal: Goal, run: RunInfo | None) -> bool:
    """Whether the server is known to have what an export must hold that meets the goal."""
    if run is None or run.last_step is None:
        return False
    match goal.kind:
        case GoalKind.STEP:
            return run.last_step >= goal.number
        case GoalKind.COMPLETE:
            return run.ended
        case _:
            return True


def _judge_step(step: int, version: int, coverage: Coverage | None) -> Verdict:
    covered = coverage.covered if coverage else None
    last = coverage.last_step if coverage else None
    too_short = last is not None and last < step
    if covered is not None and covered >= step and not too_short:
        return Verdict(met=True, why=f"v{version} covers step {step:,}{_source(coverage)}")
    if covered is None:
        why = f"v{version} is there, but {_untold(coverage, 'which steps it covers')}"
    else:
        why = f"v{version} covers {f'step {covered:,}' if covered >= 0 else 'no step'}"
    if too_short:
        why += ", the run's last" if last == covered else f" of {last:,}"
    return Verdict(met=False, why=f"{why}, waiting for {step:,}")


def _source(coverage: Coverage | None) -> str:
    """Whose word a coverage is, where the files were not read."""
    return "" if coverage and coverage.verified else " according to the server"


def _untold(coverage: Coverage | None, what: str) -> str:
    hint = f" ({coverage.hint})" if coverage and coverage.hint else ""
    return f"the server does not tell {what}{hint}"


def _judge_complete(version: int, probe: Probe) -> Verdict:
    coverage = probe.coverage
    if coverage is None or coverage.complete is None:
        return Verdict(met=False, why=f"v{version} is there, but {_untold(coverage, 'whether it is complete')}")
    if probe.run is not None and probe.run.going_on:
        return Verdict(met=False, why=f"v{version} is there, but the run is still {probe.run.state}")
    if coverage.complete:
        return Verdict(met=True, why=f"v{version} is complete{_source(coverage)}")
    shown = f" and covers step {coverage.covered:,}" if coverage.covered is not None and coverage.covered >= 0 else ""
    last = f" of {coverage.last_step:,}" if shown and coverage.last_step is not None else ""
    return Verdict(met=False, why=f"v{version} is there{shown}{last}, waiting for the rest")
