"""Notices: what happened to an attempt, as data. `text.event_text` puts them into words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wandb_tui.core.goal import Goal
from wandb_tui.core.verdict import GoalWarning, Verdict


class EventKind(StrEnum):
    """The kinds of notice, each with the fields of `Notice` that belong to it."""

    TEXT = "text"
    """A remark, or a line of a version that stored nothing but words (`detail`)."""

    QUEUED = "queued"
    """The run was added."""
    ATTEMPT_STARTED = "attempt-started"
    """Another attempt begins (`attempt`)."""
    RESUMED = "resumed"
    """The attempt of an earlier session is resumed (`seconds`: how long it has waited so far)."""
    AWAITS_SIGN_IN = "awaits-sign-in"
    """It begins when the user has signed in."""
    NO_THREAD_LEFT = "no-thread-left"
    """The system refuses a thread; it begins when another monitor ends."""
    ADDED_AGAIN = "added-again"
    """It was removed from the list, which ended its attempt, and added again."""

    MONITORING = "monitoring"
    """Polling begins (`detail`: the artifact; `goal`)."""
    GOAL_CHANGED = "goal-changed"
    """The goal is another one now (`goal`)."""
    NOT_MET = "not-met"
    """The server answered, and the goal is not met (`goal`, `verdict`, `run_state`, `last_step`, `next_check`)."""
    POLL_FAILED = "poll-failed"
    """The probe failed (`detail`: why; `next_check`)."""
    GOAL_WARNING = "goal-warning"
    """The goal may never be met, or be of no use (`goal`, `warning`)."""

    SIGNING_IN = "signing-in"
    """The browser is being signed in."""
    SIGNED_IN = "signed-in"
    """The browser is signed in (`detail`: the user name)."""
    SIGNED_OUT = "signed-out"
    """The browser is signed out; pages are visited anyway."""
    SIGN_IN_NOTE = "sign-in-note"
    """A remark about the sign-in (`detail`)."""
    SIGN_IN_FAILED = "sign-in-failed"
    """The sign-in needs the user, and the monitor waits for them (`detail`: why)."""
    SESSION_EXPIRED = "session-expired"
    """A page showed that the browser is no longer signed in."""

    VISITING = "visiting"
    """The run's page is open."""
    VISITED = "visited"
    """The page has loaded the run (`seconds`: how long that took; `detail`: the evidence)."""
    VISIT_FAILED = "visit-failed"
    """The page did not load the run (`detail`: why; `seconds`: until the next try)."""
    VISIT_IMPOSSIBLE = "visit-impossible"
    """The page could not be opened at all (`detail`: why; `seconds`: until the next try)."""

    GOAL_MET = "goal-met"
    """The goal is met (`detail`: the artifact; `goal`, `verdict`)."""
    TIMED_OUT = "timed-out"
    """Time is up (`seconds`: waited; the fields of the last `NOT_MET` or `POLL_FAILED` say why)."""
    FAILED = "failed"
    """The attempt cannot continue (`detail`: why)."""
    CANCELLED = "cancelled"
    """It was cancelled."""
    BROWSER_CLOSED = "browser-closed"
    """The program is ending and has closed the browser."""
    THREAD_DIED = "thread-died"
    """The attempt's thread ended without reporting how."""
    ATTEMPT_UNDONE = "attempt-undone"
    """The attempt (`attempt`) was begun by mistake and undone: the row shows again how the one before it ended."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An event, with the values that belong to its kind; see `EventKind`.

    Attributes:
        kind: The kind of event.
        goal: The goal that was judged.
        verdict: How the server's answer compares with the goal.
        warning: Why the goal may never be met.
        detail: Words from elsewhere, as they are: an error, a user name, an artifact's name, a remark.
        run_state: The run's own state, if it is still in progress and no verdict mentions it.
        waits_for_tab: Whether a visit is waiting for a free tab.
        attempt: The attempt that begins.
        last_step: The last step of a run that is still in progress.
        seconds: A duration.
        next_check: Seconds until the next probe.
        folds_as: Replaces `detail` when notices are compared; for lines of old versions.
    """

    kind: EventKind
    goal: Goal | None = None
    verdict: Verdict | None = None
    warning: GoalWarning | None = None
    detail: str = ""
    run_state: str = ""
    waits_for_tab: bool = False
    attempt: int = 0
    last_step: int | None = None
    seconds: float | None = None
    next_check: float | None = None
    folds_as: str = ""

    def repeats(self, other: Notice) -> bool:
        """Whether both are the same except for durations and the run's progress."""
        return (
            self.kind is other.kind
            and self.verdict == other.verdict
            and (self.folds_as or self.detail) == (other.folds_as or other.detail)
            and self.run_state == other.run_state
            and self.waits_for_tab == other.waits_for_tab
            and self.goal == other.goal
            and self.warning == other.warning
            and self.attempt == other.attempt
        )


def text_notice(text: str) -> Notice:
    """A remark as a notice."""
    return Notice(EventKind.TEXT, detail=text)
