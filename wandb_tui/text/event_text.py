"""Puts what happened to a run into words: for the table, the logs, `wait`, JSON, and the library's callbacks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import assert_never

from wandb_tui.core.events import MonitorStatus
from wandb_tui.core.notice import EventKind, Notice
from wandb_tui.core.verdict import VerdictCode
from wandb_tui.core.watched_run import WatchedRun

_NOW_BELOW_S = 0.5
"""A check due sooner than this, which would be shown as 0 s, is due now."""


def event_text(notice: Notice | None, *, countdown: bool = True) -> str:
    """A notice as one line, without emoji or markup; empty if there is none.

    Args:
        notice: The event.
        countdown: Whether to add the time until the next check, if known.
    """
    if notice is None:
        return ""
    sentence = _sentence(notice)
    return with_countdown(sentence, notice.next_check) if countdown and notice.next_check is not None else sentence


def with_countdown(text: str, seconds: float) -> str:
    """A line with the time until the next check, in seconds."""
    return f"{text}, {'checking now' if seconds < _NOW_BELOW_S else f'next check in {seconds:.0f} s'}"


def row_text(row: WatchedRun, now: float, columns: Collection[str] = ()) -> str:
    """The newest line of a run, with its next check counting down.

    Args:
        row: The run.
        now: The time by the watch list's clock.
        columns: The table's columns beside it: what they show is left out, so that the rest has more room.
    """
    seconds = row.until_probe(now)
    text = _beside(row.notice, columns) if "artifact" in columns else event_text(row.notice, countdown=False)
    if row.notice is None or row.notice.next_check is None or seconds is None:
        return text
    if (late := row.overdue(now)) > 0:
        return f"{text}, no answer for {late:.0f} s"
    if "next" in columns:
        return text
    return with_countdown(text, seconds)


def _beside(notice: Notice | None, columns: Collection[str]) -> str:  # noqa: PLR0911 - as in `_sentence`
    """A notice without what the columns of the state, the artifact and the run show."""
    if notice is None:
        return ""
    match notice.kind:
        case EventKind.QUEUED | EventKind.SIGNING_IN | EventKind.VISITING | EventKind.CANCELLED:
            return ""
        case EventKind.MONITORING:
            return "Monitoring…"
        case EventKind.VISITED:
            return f"Run page loaded in {notice.seconds or 0:.1f} s"
        case EventKind.GOAL_MET if notice.verdict is not None and notice.goal is not None:
            told = notice.verdict.code in {VerdictCode.AVAILABLE, VerdictCode.NEW}
            return "" if told else _capitalized(notice.goal.describe(notice.verdict))
        case EventKind.NOT_MET | EventKind.POLL_FAILED | EventKind.TIMED_OUT:
            known = replace(
                notice,
                run_state="" if "run_state" in columns else notice.run_state,
                last_step=None if "step" in columns else notice.last_step,
            )
            return _capitalized(_why_waiting(known, version=False)) or "The server has not answered"
        case _:
            return _sentence(notice)


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def status_line(notice: Notice, status: MonitorStatus | None) -> str:
    """A notice as a status line, with the emoji of its status if it has one."""
    return f"{status.emoji} {event_text(notice)}" if status else event_text(notice)


def _sentence(notice: Notice) -> str:  # noqa: C901, PLR0911, PLR0912 - one return for each kind reads best
    seconds = notice.seconds or 0.0
    match notice.kind:
        case EventKind.TEXT | EventKind.SIGN_IN_NOTE | EventKind.FAILED:
            return notice.detail
        case EventKind.QUEUED:
            return "Queued"
        case EventKind.ATTEMPT_STARTED:
            return f"Attempt {notice.attempt}"
        case EventKind.RESUMED:
            return f"Resumed; {seconds:.0f} s waited so far"
        case EventKind.AWAITS_SIGN_IN:
            return "Waiting for you to sign in"
        case EventKind.NO_THREAD_LEFT:
            return "The system has no thread left; starts when another monitor ends"
        case EventKind.ADDED_AGAIN:
            return "Removed, then added again"
        case EventKind.MONITORING if notice.goal is not None and not notice.goal.needs_artifact:
            return "Monitoring the run itself…"
        case EventKind.MONITORING:
            goal = str(notice.goal)
            return f"Monitoring artifact {notice.detail}" + (f" ({goal})…" if goal != "exists" else "…")
        case EventKind.GOAL_CHANGED:
            return f"Waiting for {notice.goal} from now on"
        case EventKind.NOT_MET | EventKind.POLL_FAILED:
            return _why_waiting(notice)
        case EventKind.GOAL_WARNING:
            return notice.goal.describe_warning(notice.warning) if notice.goal and notice.warning else ""
        case EventKind.SIGNING_IN:
            return "Signing in to W&B…"
        case EventKind.SIGNED_IN:
            return f"Signed in as {notice.detail}"
        case EventKind.SIGNED_OUT:
            return "Not signed in: only public runs can be visited"
        case EventKind.SIGN_IN_FAILED:
            return f"Sign-in failed: {notice.detail}"
        case EventKind.SESSION_EXPIRED:
            return "The session has expired, signing in again"
        case EventKind.VISITING:
            return "Visiting run page…"
        case EventKind.VISITED:
            return f"Run page loaded in {seconds:.1f} s" + (f" ({notice.detail})" if notice.detail else "")
        case EventKind.VISIT_FAILED:
            return f"Visit failed: {notice.detail} Trying again in {seconds:.0f} s"
        case EventKind.VISIT_IMPOSSIBLE:
            return f"Cannot visit: {notice.detail} Trying again in {seconds:.0f} s"
        case EventKind.GOAL_MET:
            return _met(notice)
        case EventKind.TIMED_OUT:
            why = _why_waiting(notice) or "the server has not answered"
            return f"Timeout reached after {seconds:.0f} s: {why[:1].lower()}{why[1:]}"
        case EventKind.CANCELLED:
            return "Cancelled"
        case EventKind.BROWSER_CLOSED:
            return "Cancelled: the browser has been closed"
        case EventKind.THREAD_DIED:
            return "The monitor ended without reporting why"
        case EventKind.ATTEMPT_UNDONE:
            return f"Attempt {notice.attempt} undone: this is how the one before it ended"
        case never:
            assert_never(never)


def _why_waiting(notice: Notice, *, version: bool = True) -> str:
    """The reason why the goal is not met yet, or why that is unknown; empty where the server has not answered at all.

    Args:
        notice: The event.
        version: Whether to name the artifact and its version.
    """
    text = notice.detail
    if notice.verdict is not None and notice.goal is not None:
        text = notice.goal.describe(notice.verdict)
        if version and notice.goal.needs_artifact:
            missing = notice.verdict.code is VerdictCode.NO_ARTIFACT
            text = f"Artifact{'' if missing else f' v{notice.verdict.version}'} {text}"
        text = _capitalized(text)
    about_run = [f"run {notice.run_state}"] if notice.run_state else []
    if notice.last_step is not None and (notice.run_state or not version):
        about_run.append(f"step {notice.last_step:,}")
    if about_run:
        text += f" ({', '.join(about_run)})"
    return f"{text}; its page waits for a free tab" if notice.waits_for_tab and text else text


def _met(notice: Notice) -> str:
    verdict, goal = notice.verdict, notice.goal
    if verdict is None or goal is None:
        return f"Artifact is now available: {notice.detail}"
    described = goal.describe(verdict)
    if not goal.needs_artifact:
        return described[:1].upper() + described[1:]
    name = f"Artifact is now available: {notice.detail}:v{verdict.version}"
    return name if verdict.code is VerdictCode.AVAILABLE else f"{name} ({described})"
