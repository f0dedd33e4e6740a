"""Decides on the next action from the description of a page. Nothing here touches a browser."""

from __future__ import annotations

from collections.abc import Iterator

from wandb_tui.core.errors import SignInProblem
from wandb_tui.services.signin import phrases
from wandb_tui.services.signin.actions import Fill, GiveUp, Press, Progress, SignInAction, Wait
from wandb_tui.services.signin.forms import SignInForm, find_form, wants_code
from wandb_tui.services.signin.origins import OriginProblem, Origins
from wandb_tui.services.signin.page_view import Button, FrameView, PageView
from wandb_tui.services.signin.phrases import says
from wandb_tui.services.signin.responses import outcome_of
from wandb_tui.services.signin.second_steps import asks_for_agreement, consent_asked

_MAX_PRESSES = 4
_SPARSE_PAGE_CHARS = 400
_SHORT_PAGE_CHARS = 1500


def decide(view: PageView, progress: Progress, origins: Origins) -> SignInAction:
    """The next action on this page."""
    # A list of sign-in methods may name a code as well as the password.
    if outcome := _password_method(view, progress, origins) or (progress.anything_sent and outcome_of(view, progress)):
        return outcome
    if foreign := _foreign_form(view, progress, origins):
        return foreign
    if not progress.anything_sent and (tab := _tab_to_open(view, progress, origins)):
        return tab
    form = own_form(view, origins)
    if progress.password_sent:
        return Wait() if form is not None and form.password else _after_password(view, progress, origins)
    if form is not None:
        return _for_form(view, form, progress)
    return _without_form(view, progress, origins)


def _for_form(view: PageView, form: SignInForm, progress: Progress) -> SignInAction:
    frame = view.frames[form.frame]
    if form.password is None and progress.identifier_sent:
        return Wait()
    first = form.password or form.identifier
    if first is not None and first.covered and (button := _banner_button(view, form.frame, progress)):
        return button
    if frame.challenge or view.main.challenge:
        return GiveUp(SignInProblem.CHALLENGE)
    return Fill(form)


def _tab_to_open(view: PageView, progress: Progress, origins: Origins) -> Press | None:
    """Press the tab for signing in while another one is open, most likely the sign-up's."""
    for number, frame in enumerate(view.frames):
        tabs = [b for b in frame.buttons if b.kind == "tab" and b.enabled and _is_log_in_only(b)]
        if tabs and not progress.pressed(tabs[0]) and not _frame_problem(frame, origins):
            return Press(number, tabs[0])
    return None


def _is_log_in_only(button: Button) -> bool:
    return says(button.text, phrases.LOG_IN) and not any(
        says(button.text, other) for other in (phrases.SIGN_UP, phrases.OTHER_PROVIDERS, phrases.WITH_EMAIL)
    )


def _without_form(view: PageView, progress: Progress, origins: Origins) -> SignInAction:
    if any(wants_code(frame) for frame in view.frames):
        return GiveUp(SignInProblem.CODE_NEEDED)
    if any(frame.challenge for frame in view.frames):
        return GiveUp(SignInProblem.CHALLENGE)
    return _next_press(_entry_buttons(view.main), view, progress, origins)


def _password_method(view: PageView, progress: Progress, origins: Origins) -> Press | None:
    """Press the password method in a list of sign-in methods that follows the user name."""
    if not progress.identifier_sent or progress.password_sent or own_form(view, origins) is not None:
        return None
    for button in view.main.buttons:
        about = f"{button.text} {button.about}"
        names_it = says(about, phrases.PASSWORD) and not says(about, phrases.NOT_SUBMIT)
        if button.enabled and not button.banner and names_it and not progress.pressed(button):
            return Press(0, button)
    return None


def _after_password(view: PageView, progress: Progress, origins: Origins) -> SignInAction:
    """Give up on a consent page; skip any other that can be skipped: “stay signed in?”, the offer of a passkey."""
    if view.main.loaded_at == progress.loaded_at and not progress.overdue:
        return Wait()
    # A page of the server may be the one after the sign-in, unless its API reports no user.
    if (progress.signed_out or not origins.is_own(view.main.origin)) and (asked := consent_asked(view)):
        return GiveUp(SignInProblem.CONSENT_NEEDED, asked)
    offered = [b for b in view.main.buttons if b.enabled and not b.banner and not says(b.text, phrases.OTHER_PROVIDERS)]
    later = [b for b in offered if says(b.text, phrases.NOT_NOW)]
    going_on = [b for b in offered if b.kind != "link" and says(b.text, phrases.CONTINUE)]
    if asks_for_agreement(view):
        going_on = []
    return _next_press(iter(later or going_on), view, progress, origins)


def _next_press(buttons: Iterator[Button], view: PageView, progress: Progress, origins: Origins) -> SignInAction:
    if len(progress.pressed_buttons) < _MAX_PRESSES and not origins.problem(view.main.origin):
        for button in buttons:
            if not progress.pressed(button):
                return Press(0, button)
    return Wait()


def own_form(view: PageView, origins: Origins) -> SignInForm | None:
    """The sign-in form in the documents that may receive the password."""
    forms = [find_form(frame, number) for number, frame in enumerate(view.frames)]
    found = [form for form in forms if form and not _frame_problem(view.frames[form.frame], origins)]
    return max(found, key=lambda form: form.password is not None, default=None)


def _frame_problem(frame: FrameView, origins: Origins) -> OriginProblem | None:
    """The reason why nothing may be typed into a document: it and all its ancestors must be allowed."""
    return next((problem for origin in (frame.origin, *frame.ancestors) if (problem := origins.problem(origin))), None)


def _foreign_form(view: PageView, progress: Progress, origins: Origins) -> GiveUp | None:
    """Give up if a sign-in form is on a page of another host, or is sent to one."""
    if (own := own_form(view, origins)) and not form_problem(view, own, origins):
        return None
    for number, frame in enumerate(view.frames):
        form = find_form(frame, number)
        problem = form_problem(view, form, origins) if form else None
        if form is None or not problem:
            continue
        # Foreign frames ask for e-mail addresses for all kinds of reasons; only a password makes it a sign-in.
        if number and form.password is None and not _frame_problem(view.main, origins):
            continue
        # A redirect to another host after the identifier means single sign-on.
        if number == 0 and progress.identifier_sent and origins.problem(frame.origin):
            return GiveUp(SignInProblem.SSO, page=frame.origin)
        return GiveUp(SignInProblem.UNKNOWN_HOST, page=problem)
    return None


def form_problem(view: PageView, form: SignInForm, origins: Origins) -> OriginProblem | None:
    """The reason why this form must not be filled in: its document, an ancestor, or its target; None if it may."""
    frame = view.frames[form.frame]
    sent_to = (frame.group(form.group).action, form.submit.action if form.submit else "")
    actions = (problem for action in sent_to if action and (problem := origins.problem(action)))
    return _frame_problem(frame, origins) or next(actions, None)


def explain_no_form(view: PageView, origins: Origins) -> GiveUp:
    """The most likely reason why a page has shown no usable form within the time-out."""
    frames = (problem for frame in view.frames if frame.fields and (problem := _frame_problem(frame, origins)))
    if problem := origins.problem(view.main.origin) or next(frames, None):
        return GiveUp(SignInProblem.UNKNOWN_HOST, page=problem)
    form_shown = own_form(view, origins) is not None
    if any(frame.challenge for frame in view.frames) or (not form_shown and says(view.text, phrases.CHALLENGE)):
        return GiveUp(SignInProblem.CHALLENGE)
    if form_shown:
        return GiveUp(SignInProblem.NOT_UNDERSTOOD)
    if view.main.passkey or says(view.text, phrases.PASSKEY):
        return GiveUp(SignInProblem.PASSKEY_NEEDED)
    if says(view.text, phrases.SSO) or any(says(b.text, phrases.OTHER_PROVIDERS) for b in view.main.buttons):
        return GiveUp(SignInProblem.SSO)
    return GiveUp(SignInProblem.NOT_UNDERSTOOD)


def _entry_buttons(frame: FrameView) -> Iterator[Button]:
    """Buttons that may lead to a form: “continue with e-mail”, then “log in”."""
    shown = [b for b in frame.buttons if b.enabled and not b.banner]
    own = [b for b in shown if not says(b.text, phrases.OTHER_PROVIDERS)]
    yield from (b for b in own if says(b.text, phrases.WITH_EMAIL))
    yield from (b for b in own if says(b.text, phrases.LOG_IN) and not says(b.text, phrases.SIGN_UP))


def _banner_button(view: PageView, frame: int, progress: Progress) -> Press | None:
    """Close a cookie banner over the form's frame or the page, with as little consent as possible."""
    for number, banner in _banners(view, frame):
        left = [b for b in banner if b.enabled and not progress.pressed(b)]
        for wanted in (phrases.REJECT, phrases.CLOSE, phrases.ACCEPT):
            if found := next((b for b in left if says(b.text, wanted)), None):
                return Press(number, found)
    return None


def _banners(view: PageView, frame: int) -> Iterator[tuple[int, list[Button]]]:
    """The buttons of banners: in the form's frame, on the page, and in frames that are only a banner."""
    for number in dict.fromkeys((frame, 0)):
        yield number, [b for b in view.frames[number].buttons if b.banner]
    for number, other in enumerate(view.frames):
        if number not in {frame, 0} and not other.fields and says(other.text, phrases.CONSENT):
            yield number, list(other.buttons)


def shows_form(view: PageView) -> bool:
    """Whether any document of the page has a sign-in form."""
    return any(find_form(frame, number) for number, frame in enumerate(view.frames))


def has_pending_step(view: PageView) -> bool:
    """Whether a page is short and has a form to send, or a button to agree with: terms to accept, a consent."""
    shown = [b for b in view.main.buttons if b.enabled and not b.banner and not says(b.text, phrases.LOG_OUT)]
    kinds = {"submit", "button"} if asks_for_agreement(view) else {"submit"}
    return len(view.main.text) < _SHORT_PAGE_CHARS and any(button.kind in kinds for button in shown)


def shows_sign_in(view: PageView) -> bool:
    """Whether a page offers to sign in and does not offer to sign out."""
    texts = [button.text for button in view.main.buttons]
    offers_log_in = any(says(text, phrases.LOG_IN) and not says(text, phrases.SIGN_UP) for text in texts)
    return offers_log_in and not any(says(text, phrases.LOG_OUT) for text in texts)


def has_way_out(view: PageView) -> bool:
    """Whether a page has a control for signing out, even in a closed menu: a positive sign of being signed in."""
    return view.main.way_out or any(says(button.text, phrases.LOG_OUT) for button in view.main.buttons)


def looks_signed_in(view: PageView, origins: Origins, *, strict: bool = False) -> bool:
    """Whether a page of the server looks signed in.

    Args:
        view: The page.
        origins: Which pages are the server's.
        strict: Require a way to log out; otherwise the absence of contrary signs is enough.
    """
    main = view.main
    if not origins.is_own(main.origin) or shows_form(view):
        return False
    texts = [button.text for button in main.buttons]
    if any(says(text, phrases.LOG_OUT) for text in texts):
        return not any(says(text, phrases.LOG_IN) for text in texts)
    if strict or main.ready == "loading" or not (main.text or texts):
        return False
    # A sparse page that mentions a failure is about it; a full page may mention anything.
    about = main.title + (main.text if len(main.text) < _SPARSE_PAGE_CHARS else "")
    speaks_against = any(says(text, phrases.LOG_IN) for text in texts) or says(about, phrases.FAILED)
    return not speaks_against and not wants_code(main) and not main.challenge
