"""Goals: what a monitor waits for, by kind and number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from wandb_tui.core.errors import UsageError
from wandb_tui.core.goal_rules import CompleteRule, EndedRule, ExistsRule, GoalRule, NewerRule, StepRule, VersionRule
from wandb_tui.core.verdict import GoalWarning, Verdict, VerdictCode

if TYPE_CHECKING:
    from wandb_tui.core.probe import Probe, RunInfo

_MAX_SHOWN_CHARS = 40
"""Enough of a mistyped goal to recognise it."""

_NO_ARTIFACT = Verdict(VerdictCode.NO_ARTIFACT)
"""The verdict that each line of the logs has in common while there is no version."""


class GoalKind(StrEnum):
    """The kinds of goal, by name, each with its rule."""

    rule: GoalRule

    def __new__(cls, rule: GoalRule) -> Self:
        """A member is its rule's name."""
        member = str.__new__(cls, rule.name)
        member._value_ = rule.name
        member.rule = rule
        return member

    EXISTS = ExistsRule()
    """Any version of the artifact is there."""
    VERSION = VersionRule()
    """Version `Goal.number` or a later one is there."""
    NEWER = NewerRule()
    """A version newer than when the monitor began is there."""
    STEP = StepRule()
    """The export covers step `Goal.number`, so that a fork at that step works."""
    COMPLETE = CompleteRule()
    """Nothing that was logged is missing from the export."""
    ENDED = EndedRule()
    """The run itself has ended; the export does not matter."""


def goal_examples(last_word: str = "or") -> str:
    """A goal of each kind: “exists, v3, newer, step:200, complete or ended”."""
    *examples, last = (kind.rule.example for kind in GoalKind)
    return f"{', '.join(examples)} {last_word} {last}"


@dataclass(frozen=True, slots=True)
class Goal:
    """The condition that a monitor waits for.

    Attributes:
        kind: Which kind of goal.
        number: The version for `VERSION`, the step for `STEP`, else 0.
    """

    kind: GoalKind = GoalKind.EXISTS
    number: int = 0

    def __str__(self) -> str:
        return self.kind.rule.write(self.number)

    @classmethod
    def parse(cls, text: str) -> Goal:
        """Read a goal as it is written: ``exists``, ``v3``, ``newer``, ``step:200``, ``complete`` or ``ended``.

        Args:
            text: The goal.

        Raises:
            UsageError: The text is not a goal.
        """
        # Callers may pass any object; its text is then an invalid goal.
        text = str(text).strip().lower()
        for kind in GoalKind:
            if found := re.fullmatch(kind.rule.pattern, text, re.ASCII):
                return cls(kind, *map(int, found.groups()))
        shown = text if len(text) <= _MAX_SHOWN_CHARS else text[: _MAX_SHOWN_CHARS - 1] + "…"
        raise UsageError(f"“{shown}” is not a goal.", f"A goal is {goal_examples()}.")

    @property
    def needs_coverage(self) -> bool:
        """Whether a probe must also ask which steps the export covers."""
        return self.kind.rule.needs_coverage

    @property
    def needs_artifact(self) -> bool:
        """Whether only an artifact can meet it; where not, no page is visited."""
        return self.kind.rule.needs_artifact

    def judge(self, probe: Probe, baseline: int) -> Verdict:
        """Compare the server's answer with the goal.

        Args:
            probe: An answer that found the artifact, or found that there is none yet.
            baseline: The newest version when the monitor began, -1 for none.
        """
        if probe.artifact is None and self.needs_artifact:
            return _NO_ARTIFACT
        version = probe.artifact.version if probe.artifact else -1
        return self.kind.rule.judge(self.number, version, probe, baseline)

    def describe(self, verdict: Verdict) -> str:
        """A verdict of this goal in words: after the artifact's version (“covers step 200”), or a whole clause."""
        if verdict.code is VerdictCode.NO_ARTIFACT:
            return "not available yet"
        return self.kind.rule.describe(self.number, verdict)

    def enough_logged(self, run: RunInfo | None) -> bool:
        """Whether the server is known to have what an export must hold to meet the goal."""
        return run is not None and run.last_step is not None and self.kind.rule.enough_logged(self.number, run)

    def warnings(self, probe: Probe, *, forks: bool | None) -> Iterator[GoalWarning]:
        """Reasons why the goal, which an answer does not meet, may never be met, or be of no use.

        Args:
            probe: An answer that found the run.
            forks: Whether the server offers forking; None if unknown.
        """
        from wandb_tui.core.probe import RunInfo

        return self.kind.rule.warnings(self.number, probe, probe.run or RunInfo(), forks=forks)

    def describe_warning(self, warning: GoalWarning) -> str:
        """A warning of this goal as a sentence without a full stop."""
        return self.kind.rule.describe_warning(self.number, warning)
