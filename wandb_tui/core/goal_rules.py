"""The kinds of goals that a monitor can wait for. Everything about a kind is in one class here.

A rule reads the goal as it is written, judges the server's answer, warns if the goal may never be met, and words its
verdicts and warnings. Everything else that lists goals (the dialog, the help, shell completion, the documentation's
tables, errors) reads `GoalKind`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from wandb_tui.core.verdict import GoalWarning, GoalWarningKind, Verdict, VerdictCode

if TYPE_CHECKING:
    from wandb_tui.core.probe import Coverage, Probe, RunInfo


class GoalRule(ABC):
    """A kind of goal: its syntax, its meaning, and how it is judged. Stateless; the goal's number is passed in.

    Attributes:
        name: The kind's name, which is also the syntax of a goal without a number.
        example: A goal of this kind, as it is written.
        completion: The text that shell completion offers.
        meaning: When the example is met, after “met when”.
        short_meaning: The meaning in at most 40 characters, in general rather than for the example.
        pattern: The syntax; its group, if it has one, is the number.
        needs_coverage: Whether a probe must also ask which steps the export covers.
        needs_artifact: Whether only an artifact can meet it; where not, no page is visited.
        warns_of_full_export: Whether a warning needs to know whether the export is complete.
    """

    name: ClassVar[str]
    example: ClassVar[str]
    completion: ClassVar[str]
    meaning: ClassVar[str]
    short_meaning: ClassVar[str]
    pattern: ClassVar[str]
    needs_coverage: ClassVar[bool] = False
    needs_artifact: ClassVar[bool] = True
    warns_of_full_export: ClassVar[bool] = False

    def write(self, number: int) -> str:
        """The goal as it is written."""
        return self.name

    @abstractmethod
    def judge(self, number: int, version: int, probe: Probe, baseline: int) -> Verdict:
        """Compare an answer with the goal.

        Args:
            number: The goal's number.
            version: The newest version; -1 for none, which only a rule without `needs_artifact` gets.
            probe: The answer.
            baseline: The newest version when the attempt began, -1 for none. Versions are compared rather than
                dates, since the server's clock is not ours.
        """

    @abstractmethod
    def describe(self, number: int, verdict: Verdict) -> str:
        """A verdict in words: on an artifact such that they follow its version (“is new”), else a whole clause."""

    def enough_logged(self, number: int, run: RunInfo) -> bool:
        """Whether the server already has all that an export must hold to meet the goal; `run.last_step` is known."""
        return True

    def warnings(self, number: int, probe: Probe, run: RunInfo, *, forks: bool | None) -> Iterator[GoalWarning]:
        """Reasons why the goal, which is not met, may never be, or be of no use.

        Args:
            number: The goal's number.
            probe: An answer that found the run.
            run: The run as the server reports it.
            forks: Whether the server offers forking; None if unknown.
        """
        return iter(())

    def describe_warning(self, number: int, warning: GoalWarning) -> str:
        """A warning as a sentence without a full stop."""
        raise NotImplementedError


class ExistsRule(GoalRule):
    """Any version."""

    name = "exists"
    example = completion = pattern = name
    meaning = "any version of the artifact is there"
    short_meaning = "any version of the history"

    def judge(self, number: int, version: int, probe: Probe, baseline: int) -> Verdict:
        """Met by any version."""
        return Verdict(VerdictCode.AVAILABLE, met=True, version=version)

    def describe(self, number: int, verdict: Verdict) -> str:
        """The only verdict."""
        return "is available"


class VersionRule(GoalRule):
    """A given version or a later one."""

    name = "version"
    example = "v3"
    completion = "v"
    meaning = "version 3 or a later one is there"
    short_meaning = "this version or a newer one"
    pattern = r"v(\d{1,9})"

    def write(self, number: int) -> str:
        """As versions are written."""
        return f"v{number}"

    def judge(self, number: int, version: int, probe: Probe, baseline: int) -> Verdict:
        """Compare the numbers of the versions."""
        met = version >= number
        return Verdict(VerdictCode.AVAILABLE if met else VerdictCode.OLDER, met, version)

    def describe(self, number: int, verdict: Verdict) -> str:
        """Whether it is the one."""
        return "is available" if verdict.met else f"is there, waiting for v{number}"


class NewerRule(GoalRule):
    """A version newer than the newest one when the attempt began."""

    name = "newer"
    example = completion = pattern = name
    meaning = "a version newer than when monitoring started is there"
    short_meaning = "a version newer than the newest one now"
    warns_of_full_export = True

    def judge(self, number: int, version: int, probe: Probe, baseline: int) -> Verdict:
        """Compare with the newest version when the attempt began."""
        met = version > baseline
        return Verdict(VerdictCode.NEW if met else VerdictCode.NOT_NEW, met, version)

    def describe(self, number: int, verdict: Verdict) -> str:
        """Whether it is new."""
        return "is new" if verdict.met else "was there before, waiting for a newer one"

    def warnings(self, number: int, probe: Probe, run: RunInfo, *, forks: bool | None) -> Iterator[GoalWarning]:
        """If the export is complete already."""
        if run.ended and probe.artifact and probe.coverage and probe.coverage.complete:
            yield GoalWarning(GoalWarningKind.NOTHING_NEWER, version=probe.artifact.version)

    def describe_warning(self, number: int, warning: GoalWarning) -> str:
        """The only warning."""
        return f"The run has ended and v{warning.version} holds all of it: a newer one comes only if the run is resumed"


class StepRule(GoalRule):
    """An export that covers a step, so that the run can be forked there."""

    name = "step"
    example = "step:200"
    completion = "step:"
    meaning = "the export covers step 200, so that a fork at that step works"
    short_meaning = "a history that covers this step"
    pattern = r"step[:=](\d{1,15})"
    needs_coverage = True

    def write(self, number: int) -> str:
        """With a colon."""
        return f"step:{number}"

    def judge(self, number: int, version: int, probe: Probe, baseline: int) -> Verdict:
        """Compare with the last step that the export covers, and with the last one that the run has logged."""
        coverage = probe.coverage
        covered, last = (coverage.covered, coverage.last_step) if coverage else (None, None)
        too_short = last is not None and last < number
        if covered is not None and covered >= number and not too_short:
            verified = coverage is not None and coverage.verified
            return Verdict(VerdictCode.COVERS, met=True, version=version, step=number, verified=verified)
        code = VerdictCode.UNKNOWN_COVERAGE if covered is None else VerdictCode.FALLS_SHORT
        hint = coverage.hint if coverage else ""
        return Verdict(code, version=version, step=covered, last_step=last if too_short else None, hint=hint)

    def describe(self, number: int, verdict: Verdict) -> str:
        """The last step of the export, and that of the run where the export ends with it."""
        if verdict.met:
            return f"covers step {number:,}{_source(verdict)}"
        if verdict.step is None:
            words = f"is there, but {_not_reported(verdict, 'which steps it covers')}"
        else:
            words = f"covers {f'step {verdict.step:,}' if verdict.step >= 0 else 'no step'}"
        if verdict.last_step is not None:
            words += ", the run's last" if verdict.last_step == verdict.step else f" of {verdict.last_step:,}"
        return f"{words}, waiting for {number:,}"

    def enough_logged(self, number: int, run: RunInfo) -> bool:
        """Whether the step has been logged."""
        return run.last_step is not None and run.last_step >= number

    def warnings(self, number: int, probe: Probe, run: RunInfo, *, forks: bool | None) -> Iterator[GoalWarning]:
        """If the step has not been logged, or a fork would fail even so."""
        last = run.last_step
        missing = run.without_steps if last is None else last < number
        if missing and (run.ended or (run.going_on and last is not None)):
            yield GoalWarning(GoalWarningKind.TOO_SHORT, run_ended=run.ended, last_step=last)
        if forks is False:
            yield GoalWarning(GoalWarningKind.NO_FORKS)
        if run.steps_rise is False:
            yield GoalWarning(GoalWarningKind.STEPS_FALL)

    def describe_warning(self, number: int, warning: GoalWarning) -> str:
        """The reason why the step may not be exported, or the run not be forked there."""
        match warning.kind:
            case GoalWarningKind.NO_FORKS:
                return "Self-managed W&B servers do not support forking: you can wait for the step, but not fork there"
            case GoalWarningKind.STEPS_FALL:
                return "The steps of this run do not always increase, so it cannot be forked"
            case _ if warning.run_ended:
                last = warning.last_step
                reached = "without logging a step" if last is None else f"at step {last:,}"
                return f"The run has ended {reached}: step {number:,} comes only if it is resumed"
            case _:
                return f"The run has only reached step {warning.last_step:,}: step {number:,} is still to be logged"


class CompleteRule(GoalRule):
    """An export that holds all that was logged."""

    name = "complete"
    example = completion = pattern = name
    meaning = "nothing that was logged is missing from the export"
    short_meaning = "a history with nothing missing"
    needs_coverage = True

    def judge(self, number: int, version: int, probe: Probe, baseline: int) -> Verdict:
        """Met if the run has ended and nothing is missing from the export."""
        coverage: Coverage | None = probe.coverage
        if coverage is None or coverage.complete is None:
            return Verdict(
                VerdictCode.UNKNOWN_COVERAGE, version=version, hint=coverage.hint if coverage is not None else ""
            )
        if probe.run is not None and probe.run.going_on:
            return Verdict(VerdictCode.RUN_GOING_ON, version=version, run_state=probe.run.state)
        if coverage.complete:
            return Verdict(VerdictCode.COVERS, met=True, version=version, verified=coverage.verified)
        return Verdict(VerdictCode.FALLS_SHORT, version=version, step=coverage.covered, last_step=coverage.last_step)

    def describe(self, number: int, verdict: Verdict) -> str:
        """The last step that the export covers, and that of the run."""
        match verdict.code:
            case VerdictCode.COVERS:
                return f"is complete{_source(verdict)}"
            case VerdictCode.UNKNOWN_COVERAGE:
                return f"is there, but {_not_reported(verdict, 'whether it is complete')}"
            case VerdictCode.RUN_GOING_ON:
                return f"is there, but the run is still {verdict.run_state}"
        covers = f" and covers step {verdict.step:,}" if verdict.step is not None and verdict.step >= 0 else ""
        last = f" of {verdict.last_step:,}" if covers and verdict.last_step is not None else ""
        return f"is there{covers}{last}, waiting for the rest"

    def enough_logged(self, number: int, run: RunInfo) -> bool:
        """Whether the run has ended."""
        return run.ended

    def warnings(self, number: int, probe: Probe, run: RunInfo, *, forks: bool | None) -> Iterator[GoalWarning]:
        """If the run is still in progress."""
        if run.going_on:
            yield GoalWarning(GoalWarningKind.RUNNING, run_state=run.state, last_step=run.last_step)

    def describe_warning(self, number: int, warning: GoalWarning) -> str:
        """The only warning."""
        step = f", step {warning.last_step:,}" if warning.last_step is not None else ""
        return f"The run is still {warning.run_state}{step}: its export is complete only after it ends"


class EndedRule(GoalRule):
    """The end of the run itself, which rewinding waits for; whether anything is exported does not matter."""

    name = "ended"
    example = completion = pattern = name
    meaning = "the run itself has ended, well or not; nothing is visited or exported for that"
    short_meaning = "the end of the run itself"
    needs_artifact = False

    def judge(self, number: int, version: int, probe: Probe, baseline: int) -> Verdict:
        """Met by every state that only a resume leaves."""
        run = probe.run
        if run is None or not run.state:
            return Verdict(VerdictCode.UNKNOWN_STATE, version=version)
        code = VerdictCode.RUN_ENDED if run.ended else VerdictCode.RUN_GOING_ON
        return Verdict(code, met=run.ended, version=version, last_step=run.last_step, run_state=run.state)

    def describe(self, number: int, verdict: Verdict) -> str:
        """The run's own state."""
        if verdict.code is VerdictCode.UNKNOWN_STATE:
            return "the server does not report whether the run has ended"
        step = f", step {verdict.last_step:,}" if verdict.last_step is not None else ""
        return f"the run {'has ended' if verdict.met else 'is still going on'} ({verdict.run_state}{step})"


def _source(verdict: Verdict) -> str:
    """A remark that the files were not read, if so."""
    return "" if verdict.verified else " according to the server"


def _not_reported(verdict: Verdict, what: str) -> str:
    hint = f" ({verdict.hint})" if verdict.hint else ""
    return f"the server does not report {what}{hint}"
