"""Interprets a page's response to a submitted form. Nothing here touches a browser."""

from __future__ import annotations

from wandb_tui.core.errors import SignInProblem
from wandb_tui.services.signin import phrases, refusal_phrases
from wandb_tui.services.signin.actions import GiveUp, Progress
from wandb_tui.services.signin.forms import SignInForm, code_beside_password, find_form, wants_code
from wandb_tui.services.signin.page_view import Alert, Field, PageView
from wandb_tui.services.signin.phrases import says
from wandb_tui.services.signin.second_steps import second_step, shows_password_form

_MAX_MESSAGE_PAGE_CHARS = 1500
"""The text of a longer page may mention anything."""

_MAX_RESPONSE_LINES = 2
"""More new lines are another page rather than a response."""

_REASONS = (
    (SignInProblem.WRONG_PASSWORD, refusal_phrases.LAST_WARNING),
    (SignInProblem.LOCKED, refusal_phrases.LOCKED),
    (SignInProblem.BLOCKED, refusal_phrases.BLOCKED),
    (SignInProblem.PASSWORD_EXPIRED, refusal_phrases.EXPIRED),
    (SignInProblem.INACTIVE, refusal_phrases.INACTIVE),
    (SignInProblem.UNVERIFIED, refusal_phrases.UNVERIFIED),
    (SignInProblem.WRONG_PASSWORD, refusal_phrases.WRONG),
    (SignInProblem.CHALLENGE, phrases.CHALLENGE),
    (SignInProblem.PUSH_NEEDED, refusal_phrases.PUSH),
    (SignInProblem.CODE_NEEDED, phrases.CODE),
    (SignInProblem.QUESTION_NEEDED, refusal_phrases.QUESTION),
    (SignInProblem.PASSKEY_NEEDED, phrases.PASSKEY),
    (SignInProblem.SSO, phrases.SSO),
)
"""The problems and their wording; the first that is found counts."""

_CLEAR_REFUSALS = frozenset(
    {
        SignInProblem.BLOCKED,
        SignInProblem.INACTIVE,
        SignInProblem.LOCKED,
        SignInProblem.PASSWORD_EXPIRED,
        SignInProblem.UNVERIFIED,
        SignInProblem.WRONG_PASSWORD,
    }
)

_SECOND_FACTORS = frozenset({SignInProblem.PUSH_NEEDED, SignInProblem.QUESTION_NEEDED, SignInProblem.PASSKEY_NEEDED})


def outcome_of(view: PageView, progress: Progress) -> GiveUp | None:
    """The failure that the page reports after a form was sent; None if it reports none so far."""
    outcome = _outcome_of(view, progress)
    return refusal(view, outcome.words) if outcome and outcome.problem is SignInProblem.WRONG_PASSWORD else outcome


def refusal(view: PageView, words: str) -> GiveUp:
    """The refusal of what was filled in: the password may be wrong, or a code beside it was missing."""
    if any(map(code_beside_password, view.frames)):
        return GiveUp(SignInProblem.CODE_NEEDED, words, code_beside=True)
    return GiveUp(SignInProblem.WRONG_PASSWORD, words)


def _outcome_of(view: PageView, progress: Progress) -> GiveUp | None:
    messages = _new_alerts(view, progress)
    offered = _can_be_put_off(view)
    wants_a_code = any(wants_code(frame) for frame in view.frames)
    for alert in messages:
        # “We sent a code to verify your e-mail address” comes with a field for the code.
        problem = classify(alert.text)
        if problem in _SECOND_FACTORS and (offered or not progress.password_sent):
            continue
        if problem and not (wants_a_code and problem is SignInProblem.UNVERIFIED):
            return GiveUp(problem, alert.text)
    if step := second_step(view, progress):
        return step
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
    buttons = _button_texts(view)
    for line in new_lines:
        if line not in buttons and (problem := classify(line)) in _CLEAR_REFUSALS and problem is not None:
            return GiveUp(problem, _strip_button(line, view))
    if not progress.password_sent:
        return None
    if not (progress.refused or progress.overdue):
        return None
    # An unknown text is an error if the server refused, or the text has stayed for a while.
    marked = [alert.text for alert in messages if alert.source in {"alert", "invalid"}]
    invalid = _turned_invalid(view, progress)
    texts = [*marked, *(item.described for item in invalid if item.described), *(alert.text for alert in messages)]
    return GiveUp(SignInProblem.WRONG_PASSWORD, next(iter(texts), "")) if texts or invalid else None


def _turned_invalid(view: PageView, progress: Progress) -> list[Field]:
    """The fields that the page, or the browser, has marked as invalid since the form was sent."""
    fields = [item for frame in view.frames for item in frame.fields if item.invalid and item.usable]
    return [item for item in fields if item.name not in progress.earlier_invalid]


def is_marked_refused(view: PageView, progress: Progress) -> bool:
    """Whether the page's structure shows a refusal: a field that turned invalid, or the form on a new document."""
    reloaded = view.main.loaded_at != progress.loaded_at and view.main.ready == "complete"
    return shows_password_form(view) and (reloaded or bool(_turned_invalid(view, progress)))


def shows_new_alert(view: PageView, progress: Progress) -> bool:
    """Whether the form stands there with a message that is marked as one, and was not there before."""
    return shows_password_form(view) and any(
        alert.source in {"alert", "invalid"} for alert in _new_alerts(view, progress)
    )


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
    return not progress.password_sent and shows_password_form(view)


def classify(text: str) -> SignInProblem | None:
    """The problem that a page's message reports; None if it is not recognised."""
    problem = next((problem for problem, wording in _REASONS if says(text, wording)), None)
    # “Verify your e-mail address with the code that we sent” asks for the code.
    if problem is SignInProblem.UNVERIFIED and says(text, phrases.CODE_FIELD):
        return SignInProblem.CODE_NEEDED
    return problem


def _button_texts(view: PageView) -> set[str]:
    return {button.text for frame in view.frames for button in frame.buttons}


def _can_be_put_off(view: PageView) -> bool:
    """Whether the page offers something for later, such as a passkey in place of the password."""
    return any(says(button.text, phrases.NOT_NOW) for frame in view.frames for button in frame.buttons)


def _in_running_text(view: PageView, progress: Progress) -> GiveUp | None:
    """The failure that a page without a form reports in its running text."""
    text = view.text
    if len(text) > _MAX_MESSAGE_PAGE_CHARS or any(says(button.text, phrases.LOG_OUT) for button in view.main.buttons):
        return None
    buttons = _button_texts(view)
    lines = [line for line in text.split("\n") if line not in progress.earlier_lines and line not in buttons]
    offered = _can_be_put_off(view)
    for problem, wording in sorted(_REASONS, key=lambda reason: reason[0] is SignInProblem.WRONG_PASSWORD):
        if problem in _SECOND_FACTORS and offered:
            continue
        if found := next((line for line in lines if says(line, wording)), ""):
            return GiveUp(problem, found)
    return None
