"""Interprets a page's response to a submitted form. Nothing here touches a browser."""

from __future__ import annotations

from wandb_tui.core.errors import SignInProblem
from wandb_tui.services.signin import phrases
from wandb_tui.services.signin.actions import GiveUp, Progress
from wandb_tui.services.signin.forms import SignInForm, find_form, wants_code
from wandb_tui.services.signin.page_view import Alert, PageView
from wandb_tui.services.signin.phrases import says

_MAX_MESSAGE_PAGE_CHARS = 1500
"""The text of a longer page may mention anything."""

_MAX_RESPONSE_LINES = 2
"""More new lines are another page rather than a response."""

_CLEAR_REFUSALS = frozenset({SignInProblem.BLOCKED, SignInProblem.UNVERIFIED, SignInProblem.WRONG_PASSWORD})


def outcome_of(view: PageView, progress: Progress) -> GiveUp | None:
    """The failure that the page reports after a form was sent; None if it reports none so far."""
    messages = _new_alerts(view, progress)
    for alert in messages:
        if problem := classify(alert.text):
            return GiveUp(problem, alert.text)
    if any(wants_code(frame) for frame in view.frames):
        return GiveUp(SignInProblem.CODE_NEEDED)
    if view.main.challenge and not _is_new_step(view, progress):
        return GiveUp(SignInProblem.CHALLENGE)
    form = next((form for n, frame in enumerate(view.frames) if (form := find_form(frame, n))), None)
    return _in_running_text(view, progress) if form is None else _beside_form(view, form, messages, progress)


def _new_alerts(view: PageView, progress: Progress) -> list[Alert]:
    """The messages that were not shown before."""
    reloaded = view.main.loaded_at != progress.loaded_at
    # An error on a newly loaded document counts as new, even if the last document had the same one. An element that
    # only has such a name is often a permanent remark.
    return [
        alert
        for alert in view.alerts
        if alert.text not in progress.earlier_alerts or (reloaded and alert.source in {"alert", "invalid"})
    ]


def _beside_form(view: PageView, form: SignInForm, messages: list[Alert], progress: Progress) -> GiveUp | None:
    """The failure that a page reports while it still shows a form."""
    new_lines = _new_lines(view, progress)
    if form.password is None and progress.identifier_sent:
        if any(says(line, phrases.SSO) for line in new_lines):
            return GiveUp(SignInProblem.SSO)
    elif not progress.password_sent:
        return None
    for line in new_lines:
        if (problem := classify(line)) in _CLEAR_REFUSALS and problem is not None:
            return GiveUp(problem, _strip_button(line, view))
    if not progress.password_sent:
        return None
    # An unknown text is an error if the server refused, or the text has stayed for a while.
    text = next((alert.text for alert in messages if alert.source in {"alert", "invalid"}), "")
    if not text and (progress.refused or progress.overdue):
        text = next((alert.text for alert in messages), "")
    return GiveUp(SignInProblem.WRONG_PASSWORD, text) if text and (progress.refused or progress.overdue) else None


def _strip_button(line: str, view: PageView) -> str:
    """A line without the text of a button at its end."""
    texts = [button.text for frame in view.frames for button in frame.buttons]
    end = max((text for text in texts if line.endswith(text) and text != line), key=len, default="")
    return line.removesuffix(end).rstrip()


def _new_lines(view: PageView, progress: Progress) -> list[str]:
    return [line for line in view.text.split("\n") if line and line not in progress.earlier_lines]


def new_text(view: PageView, progress: Progress) -> str:
    """The new text of the page, if it is short enough to be a response; else empty."""
    lines = _new_lines(view, progress)
    return " ".join(lines) if len(lines) <= _MAX_RESPONSE_LINES else ""


def page_heading(view: PageView) -> str:
    """The page's title, else its first line."""
    return view.main.title or next((line for line in view.text.split("\n") if line.strip()), "")


def _is_new_step(view: PageView, progress: Progress) -> bool:
    """Whether the page now asks for the password."""
    return not progress.password_sent and any(
        form.password for n, frame in enumerate(view.frames) if (form := find_form(frame, n))
    )


def classify(text: str) -> SignInProblem | None:
    """The problem that a page's message reports; None if it is not recognised."""
    for problem, wording in (
        (SignInProblem.WRONG_PASSWORD, phrases.LAST_WARNING),
        (SignInProblem.BLOCKED, phrases.BLOCKED),
        (SignInProblem.UNVERIFIED, phrases.UNVERIFIED),
        (SignInProblem.WRONG_PASSWORD, phrases.WRONG),
        (SignInProblem.CHALLENGE, phrases.CHALLENGE),
        (SignInProblem.CODE_NEEDED, phrases.CODE),
        (SignInProblem.SSO, phrases.SSO),
    ):
        if says(text, wording):
            return problem
    return None


def _in_running_text(view: PageView, progress: Progress) -> GiveUp | None:
    """The failure that a page without a form reports in its running text."""
    text = view.text
    if len(text) > _MAX_MESSAGE_PAGE_CHARS or any(says(button.text, phrases.LOG_OUT) for button in view.main.buttons):
        return None
    for problem, wording in (
        (SignInProblem.BLOCKED, phrases.BLOCKED),
        (SignInProblem.UNVERIFIED, phrases.UNVERIFIED),
        (SignInProblem.CODE_NEEDED, phrases.CODE),
        (SignInProblem.CHALLENGE, phrases.CHALLENGE),
        (SignInProblem.WRONG_PASSWORD, phrases.WRONG),
        (SignInProblem.SSO, phrases.SSO),
    ):
        new = [line for line in text.split("\n") if line not in progress.earlier_lines and says(line, wording)]
        if new:
            return GiveUp(problem, new[0])
    return None
