"""What to do next on a page, decided from its description alone: nothing here touches a browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from wandb_tui.core.errors import SignInProblem
from wandb_tui.services.signin import words
from wandb_tui.services.signin.forms import SignInForm, code_wanted, find_form
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.page_view import Alert, Button, FrameView, PageView
from wandb_tui.services.signin.words import says


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do yet: the page may still be drawing itself."""


@dataclass(frozen=True, slots=True)
class Press:
    """Press a button or follow a link that leads on; `dismisses` where it clears a banner away."""

    frame: int
    button: Button
    dismisses: bool = False


@dataclass(frozen=True, slots=True)
class Fill:
    """Fill in the form and send it."""

    form: SignInForm


@dataclass(frozen=True, slots=True)
class Give:
    """It ends here, for this reason; `words` are the page's own, or a host."""

    problem: SignInProblem
    words: str = ""


Move: TypeAlias = Wait | Press | Fill | Give


@dataclass(slots=True)
class Progress:
    """What has been done so far.

    Attributes:
        identifier_sent: Whether the identifier alone was sent, as the first of two steps.
        password_sent: Whether the password was sent; it never is twice.
        presses: Which buttons were pressed, so that none is pressed for ever.
        born: The load of the document on which the form was sent.
        said_before: Messages that stood on the page before anything was sent.
    """

    identifier_sent: bool = False
    password_sent: bool = False
    presses: list[str] = field(default_factory=list)
    born: float = 0.0
    said_before: frozenset[str] = frozenset()

    @property
    def anything_sent(self) -> bool:
        """Whether an answer of the page is awaited."""
        return self.identifier_sent or self.password_sent


_MOST_PRESSES = 4


def decide(view: PageView, progress: Progress, origins: Origins) -> Move:
    """The next move on this page."""
    if progress.anything_sent and (outcome := outcome_of(view, progress)):
        return outcome
    if foreign := _foreign(view, progress, origins):
        return foreign
    form = _form(view, origins)
    if form is not None and not progress.password_sent:
        return _on_form(view, form, progress)
    if progress.password_sent:
        return Wait()
    return _without_form(view, progress, origins)


def _on_form(view: PageView, form: SignInForm, progress: Progress) -> Move:
    frame = view.frames[form.frame]
    if form.password is None and progress.identifier_sent:
        return Wait()
    first = form.password or form.identifier
    if first is not None and first.covered and (button := _banner_button(frame, progress)):
        return Press(form.frame, button, dismisses=True)
    if frame.challenge or view.main.challenge:
        return Give(SignInProblem.CHALLENGE)
    return Fill(form)


def _without_form(view: PageView, progress: Progress, origins: Origins) -> Move:
    if any(code_wanted(frame) for frame in view.frames):
        return Give(SignInProblem.CODE_NEEDED)
    if any(frame.challenge for frame in view.frames):
        return Give(SignInProblem.CHALLENGE)
    if len(progress.presses) < _MOST_PRESSES and not origins.problem(view.main.origin):
        for button in _ways_on(view.main):
            if _mark(button) not in progress.presses:
                return Press(0, button)
    return Wait()


def _form(view: PageView, origins: Origins) -> SignInForm | None:
    forms = [find_form(frame, number) for number, frame in enumerate(view.frames)]
    found = [form for form in forms if form and not _closed_to_us(view.frames[form.frame], origins)]
    return max(found, key=lambda form: form.password is not None, default=None)


def _closed_to_us(frame: FrameView, origins: Origins) -> str:
    """Why nothing may be typed into a document; it, and all around it, have to be allowed."""
    return next((why for origin in (frame.origin, *frame.ancestors) if (why := origins.problem(origin))), "")


def _foreign(view: PageView, progress: Progress, origins: Origins) -> Give | None:
    """The end where a form that wants what is secret is on a page of another host, or is sent to one."""
    if (own := _form(view, origins)) and not form_problem(view, own, origins):
        return None
    for number, frame in enumerate(view.frames):
        form = find_form(frame, number)
        why = form_problem(view, form, origins) if form else ""
        if not why:
            continue
        # Having told an allowed page who we are and been sent elsewhere is what single sign-on looks like.
        if number == 0 and progress.identifier_sent and origins.problem(frame.origin):
            return Give(SignInProblem.SSO, frame.origin)
        return Give(SignInProblem.UNKNOWN_HOST, why)
    return None


def form_problem(view: PageView, form: SignInForm, origins: Origins) -> str:
    """Why this form may not be filled in: its document, those around it, or where it is sent; empty where it may."""
    frame = view.frames[form.frame]
    action = frame.group(form.group).action
    return _closed_to_us(frame, origins) or (origins.problem(action) if action else "")


def _ways_on(frame: FrameView) -> Iterator[Button]:
    """Buttons that may lead to a form: “log in”, or “continue with e-mail”."""
    shown = [b for b in frame.buttons if b.enabled and not b.banner]
    own = [b for b in shown if not says(b.text, words.BY_OTHERS)]
    yield from (b for b in own if says(b.text, words.BY_MAIL))
    yield from (b for b in own if says(b.text, words.LOG_IN) and not says(b.text, words.SIGN_UP))


def _mark(button: Button) -> str:
    return f"{button.text} {button.href}"


def note_press(progress: Progress, button: Button) -> None:
    """Remember a press, so that the same one is not tried again."""
    progress.presses.append(_mark(button))


def _banner_button(frame: FrameView, progress: Progress) -> Button | None:
    """How to clear a cookie banner away, with as little consent as can be."""
    banner = [b for b in frame.buttons if b.banner and b.enabled and _mark(b) not in progress.presses]
    for wanted in (words.REJECT, words.CLOSE, words.ACCEPT):
        if found := next((b for b in banner if says(b.text, wanted)), None):
            return found
    return None


# What came of it


def outcome_of(view: PageView, progress: Progress) -> Give | None:
    """What the page says after something was sent; None where it does not say yet, or all is well so far."""
    # What stands on a new document was said anew, even if it was on the one before.
    known = progress.said_before if view.main.born == progress.born else frozenset()
    messages = [alert for frame in view.frames for alert in frame.alerts if alert.text not in known]
    for alert in messages:
        if problem := meaning(alert.text):
            return Give(problem, alert.text)
    if any(code_wanted(frame) for frame in view.frames):
        return Give(SignInProblem.CODE_NEEDED)
    if view.main.challenge and not _is_new_step(view, progress):
        return Give(SignInProblem.CHALLENGE)
    form = next((form for n, frame in enumerate(view.frames) if (form := find_form(frame, n))), None)
    return _in_plain_text(view) if form is None else _beside_form(view, form, messages, progress)


def _beside_form(view: PageView, form: SignInForm, messages: list[Alert], progress: Progress) -> Give | None:
    """What it means that a form still stands there."""
    if form.password is None and progress.identifier_sent and says(view.main.text, words.SSO):
        return Give(SignInProblem.SSO)
    spoken = next((alert.text for alert in messages if alert.how in {"alert", "invalid"}), "")
    return Give(SignInProblem.WRONG_PASSWORD, spoken) if progress.password_sent and spoken else None


def _is_new_step(view: PageView, progress: Progress) -> bool:
    """Whether the page has gone on to asking for the password."""
    return not progress.password_sent and any(
        form.password for n, frame in enumerate(view.frames) if (form := find_form(frame, n))
    )


def meaning(text: str) -> SignInProblem | None:
    """What a message of a page tells."""
    for problem, phrases in (
        (SignInProblem.BLOCKED, words.BLOCKED),
        (SignInProblem.UNVERIFIED, words.UNVERIFIED),
        (SignInProblem.WRONG_PASSWORD, words.WRONG),
        (SignInProblem.CHALLENGE, words.CHALLENGE),
        (SignInProblem.CODE_NEEDED, words.CODE),
        (SignInProblem.SSO, words.SSO),
    ):
        if says(text, phrases):
            return problem
    return None


def _in_plain_text(view: PageView) -> Give | None:
    """A page without a form that says what is the matter in its running text."""
    text = view.main.text
    if len(text) > _A_SHORT_PAGE:
        return None
    for problem, phrases in (
        (SignInProblem.BLOCKED, words.BLOCKED),
        (SignInProblem.UNVERIFIED, words.UNVERIFIED),
        (SignInProblem.CODE_NEEDED, words.CODE),
        (SignInProblem.CHALLENGE, words.CHALLENGE),
        (SignInProblem.WRONG_PASSWORD, words.WRONG),
        (SignInProblem.SSO, words.SSO),
    ):
        if says(text, phrases):
            return Give(problem, text[:200])
    return None


_A_SHORT_PAGE = 1500
"""Characters: a longer page may say anything somewhere."""


def signed_in_by_looks(view: PageView, origins: Origins, *, surely: bool = False) -> bool:
    """Whether a page of the server itself looks like one for somebody signed in.

    Args:
        view: The page.
        origins: Which pages are the server's.
        surely: Not only nothing may speak against it, a way to log out must speak for it.
    """
    main = view.main
    if not origins.own(main.origin) or any(find_form(frame, n) for n, frame in enumerate(view.frames)):
        return False
    texts = [button.text for button in main.buttons]
    if surely and not any(says(text, words.LOG_OUT) for text in texts):
        return False
    return not any(says(text, words.LOG_IN) for text in texts) and not code_wanted(main) and not main.challenge
