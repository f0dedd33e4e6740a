"""What a page answers after something was sent: the meaning of its messages. Nothing here touches a browser."""

from __future__ import annotations

from wandb_tui.core.errors import SignInProblem
from wandb_tui.services.signin import phrases
from wandb_tui.services.signin.actions import GiveUp, Progress
from wandb_tui.services.signin.forms import SignInForm, code_wanted, find_form
from wandb_tui.services.signin.page_view import Alert, PageView
from wandb_tui.services.signin.phrases import says

_A_SHORT_PAGE = 1500
"""Characters: a longer page may say anything somewhere."""

_A_SHORT_ANSWER = 2
"""Lines: more of them are another page rather than an answer."""

_PLAINLY_BAD = frozenset({SignInProblem.BLOCKED, SignInProblem.UNVERIFIED, SignInProblem.WRONG_PASSWORD})


def outcome_of(view: PageView, progress: Progress) -> GiveUp | None:
    """What the page says after something was sent; None where it does not say yet, or all is well so far."""
    messages = _news(view, progress)
    for alert in messages:
        if problem := meaning(alert.text):
            return GiveUp(problem, alert.text)
    if any(code_wanted(frame) for frame in view.frames):
        return GiveUp(SignInProblem.CODE_NEEDED)
    if view.main.challenge and not _is_new_step(view, progress):
        return GiveUp(SignInProblem.CHALLENGE)
    form = next((form for n, frame in enumerate(view.frames) if (form := find_form(frame, n))), None)
    return _in_plain_text(view, progress) if form is None else _beside_form(view, form, messages, progress)


def _news(view: PageView, progress: Progress) -> list[Alert]:
    """The messages that were not there before."""
    anew = view.main.born != progress.born
    # What stands on a new document as an error was said anew, even if it was on the one before. What merely has such a
    # name is often only a remark that stands there always.
    return [
        alert
        for alert in view.alerts
        if alert.text not in progress.said_before or (anew and alert.how in {"alert", "invalid"})
    ]


def _beside_form(view: PageView, form: SignInForm, messages: list[Alert], progress: Progress) -> GiveUp | None:
    """What it means that a form still stands there."""
    new_lines = _new_lines(view, progress)
    if form.password is None and progress.identifier_sent:
        if any(says(line, phrases.SSO) for line in new_lines):
            return GiveUp(SignInProblem.SSO)
    elif not progress.password_sent:
        return None
    for line in new_lines:
        if (problem := meaning(line)) in _PLAINLY_BAD and problem is not None:
            return GiveUp(problem, _without_button(line, view))
    if not progress.password_sent:
        return None
    # Words that we do not know: an error, if the server refused or the page has said them for a while.
    spoken = next((alert.text for alert in messages if alert.how in {"alert", "invalid"}), "")
    if not spoken and (progress.refused or progress.silent):
        spoken = next((alert.text for alert in messages), "")
    return GiveUp(SignInProblem.WRONG_PASSWORD, spoken) if spoken and (progress.refused or progress.silent) else None


def _without_button(line: str, view: PageView) -> str:
    """A line without the button that stands at its end."""
    texts = [button.text for frame in view.frames for button in frame.buttons]
    end = max((text for text in texts if line.endswith(text) and text != line), key=len, default="")
    return line.removesuffix(end).rstrip()


def _new_lines(view: PageView, progress: Progress) -> list[str]:
    return [line for line in view.text.split("\n") if line and line not in progress.read_before]


def new_words(view: PageView, progress: Progress) -> str:
    """What stands on the page that did not before, if it is short enough to be its answer."""
    lines = _new_lines(view, progress)
    return " ".join(lines) if len(lines) <= _A_SHORT_ANSWER else ""


def heading_of(view: PageView) -> str:
    """What a page is about: its title, else its first line."""
    return view.main.title or next((line for line in view.text.split("\n") if line.strip()), "")


def _is_new_step(view: PageView, progress: Progress) -> bool:
    """Whether the page has gone on to asking for the password."""
    return not progress.password_sent and any(
        form.password for n, frame in enumerate(view.frames) if (form := find_form(frame, n))
    )


def meaning(text: str) -> SignInProblem | None:
    """What a message of a page tells."""
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


def _in_plain_text(view: PageView, progress: Progress) -> GiveUp | None:
    """A page without a form that says what is the matter in its running text."""
    text = view.text
    if len(text) > _A_SHORT_PAGE or any(says(button.text, phrases.LOG_OUT) for button in view.main.buttons):
        return None
    for problem, wording in (
        (SignInProblem.BLOCKED, phrases.BLOCKED),
        (SignInProblem.UNVERIFIED, phrases.UNVERIFIED),
        (SignInProblem.CODE_NEEDED, phrases.CODE),
        (SignInProblem.CHALLENGE, phrases.CHALLENGE),
        (SignInProblem.WRONG_PASSWORD, phrases.WRONG),
        (SignInProblem.SSO, phrases.SSO),
    ):
        new = [line for line in text.split("\n") if line not in progress.read_before and says(line, wording)]
        if new:
            return GiveUp(problem, new[0])
    return None
