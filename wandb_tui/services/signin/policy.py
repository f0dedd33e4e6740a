"""What to do next on a page, decided from its description alone: nothing here touches a browser."""

from __future__ import annotations

from collections.abc import Iterator

from wandb_tui.core.errors import SignInProblem
from wandb_tui.services.signin import phrases
from wandb_tui.services.signin.actions import Fill, GiveUp, Press, Progress, SignInAction, Wait
from wandb_tui.services.signin.forms import SignInForm, code_wanted, find_form
from wandb_tui.services.signin.origins import OriginProblem, Origins
from wandb_tui.services.signin.page_view import Button, FrameView, PageView
from wandb_tui.services.signin.phrases import says
from wandb_tui.services.signin.responses import outcome_of

_MOST_PRESSES = 4
_LITTLE = 400
_SHORT_PAGE_CHARS = 1500


def decide(view: PageView, progress: Progress, origins: Origins) -> SignInAction:
    """The next move on this page."""
    # A list of ways to sign in may name a code as well as the password.
    if outcome := _password_method(view, progress, origins) or (progress.anything_sent and outcome_of(view, progress)):
        return outcome
    if foreign := _foreign(view, progress, origins):
        return foreign
    if not progress.anything_sent and (tab := _tab_to_open(view, progress, origins)):
        return tab
    form = own_form(view, origins)
    if progress.password_sent:
        return Wait() if form is not None and form.password else _past_what_follows(view, progress, origins)
    if form is not None:
        return _on_form(view, form, progress)
    return _without_form(view, progress, origins)


def _on_form(view: PageView, form: SignInForm, progress: Progress) -> SignInAction:
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
    """The tab of the sign-in, while another one is open: what shows belongs to that, for new accounts most likely."""
    for number, frame in enumerate(view.frames):
        tabs = [b for b in frame.buttons if b.kind == "tab" and b.enabled and _says_only_log_in(b)]
        if tabs and not progress.pressed(tabs[0]) and not _closed_to_us(frame, origins):
            return Press(number, tabs[0])
    return None


def _says_only_log_in(button: Button) -> bool:
    return says(button.text, phrases.LOG_IN) and not any(
        says(button.text, other) for other in (phrases.SIGN_UP, phrases.BY_OTHERS, phrases.BY_MAIL)
    )


def _without_form(view: PageView, progress: Progress, origins: Origins) -> SignInAction:
    if any(code_wanted(frame) for frame in view.frames):
        return GiveUp(SignInProblem.CODE_NEEDED)
    if any(frame.challenge for frame in view.frames):
        return GiveUp(SignInProblem.CHALLENGE)
    return _next_press(_ways_on(view.main), view, progress, origins)


def _password_method(view: PageView, progress: Progress, origins: Origins) -> Press | None:
    """The password in a list of ways to sign in that follows the user name."""
    if not progress.identifier_sent or progress.password_sent or own_form(view, origins) is not None:
        return None
    for button in view.main.buttons:
        names_it = says(button.text, phrases.PASSWORD) and not says(button.text, phrases.NOT_SENDING)
        if button.enabled and not button.banner and names_it and not progress.pressed(button):
            return Press(0, button)
    return None


def _past_what_follows(view: PageView, progress: Progress, origins: Origins) -> SignInAction:
    """Some pages ask something else before they let one in: whether to stay signed in, or to set up more."""
    if view.main.born == progress.born and not progress.silent:
        return Wait()
    asked = [b for b in view.main.buttons if b.enabled and not b.banner and not says(b.text, phrases.BY_OTHERS)]
    later = [b for b in asked if says(b.text, phrases.NOT_NOW)]
    going_on = [b for b in asked if b.kind != "link" and says(b.text, phrases.GO_ON)]
    return _next_press(iter(later or going_on), view, progress, origins)


def _next_press(buttons: Iterator[Button], view: PageView, progress: Progress, origins: Origins) -> SignInAction:
    if len(progress.presses) < _MOST_PRESSES and not origins.problem(view.main.origin):
        for button in buttons:
            if not progress.pressed(button):
                return Press(0, button)
    return Wait()


def own_form(view: PageView, origins: Origins) -> SignInForm | None:
    """The sign-in form on those documents of the page that may be typed into."""
    forms = [find_form(frame, number) for number, frame in enumerate(view.frames)]
    found = [form for form in forms if form and not _closed_to_us(view.frames[form.frame], origins)]
    return max(found, key=lambda form: form.password is not None, default=None)


def _closed_to_us(frame: FrameView, origins: Origins) -> OriginProblem | None:
    """Why nothing may be typed into a document; it, and all around it, have to be allowed."""
    return next((why for origin in (frame.origin, *frame.ancestors) if (why := origins.problem(origin))), None)


def _foreign(view: PageView, progress: Progress, origins: Origins) -> GiveUp | None:
    """The end where a form that wants what is secret is on a page of another host, or is sent to one."""
    if (own := own_form(view, origins)) and not form_problem(view, own, origins):
        return None
    for number, frame in enumerate(view.frames):
        form = find_form(frame, number)
        why = form_problem(view, form, origins) if form else None
        if form is None or not why:
            continue
        # Frames of others ask for addresses of all kinds (news, chats); only a password makes it a sign-in.
        if number and form.password is None and not _closed_to_us(view.main, origins):
            continue
        # Having told an allowed page who we are and been sent elsewhere is what single sign-on looks like.
        if number == 0 and progress.identifier_sent and origins.problem(frame.origin):
            return GiveUp(SignInProblem.SSO, page=frame.origin)
        return GiveUp(SignInProblem.UNKNOWN_HOST, page=why)
    return None


def form_problem(view: PageView, form: SignInForm, origins: Origins) -> OriginProblem | None:
    """Why this form may not be filled in: its document, those around it, or where it is sent; None if it may."""
    frame = view.frames[form.frame]
    sent_to = (frame.group(form.group).action, form.submit.action if form.submit else "")
    actions = (why for action in sent_to if action and (why := origins.problem(action)))
    return _closed_to_us(frame, origins) or next(actions, None)


def at_a_loss(view: PageView, origins: Origins) -> GiveUp:
    """What a page most likely is that showed nothing to go by for as long as we were willing to wait."""
    if why := origins.problem(view.main.origin):
        return GiveUp(SignInProblem.UNKNOWN_HOST, page=why)
    if why := next((why for frame in view.frames if frame.fields and (why := _closed_to_us(frame, origins))), None):
        return GiveUp(SignInProblem.UNKNOWN_HOST, page=why)
    if own_form(view, origins) is not None:
        return GiveUp(SignInProblem.NOT_UNDERSTOOD)
    if says(view.text, phrases.CHALLENGE) or says(view.text, phrases.PASSKEY):
        return GiveUp(SignInProblem.CHALLENGE)
    if says(view.text, phrases.SSO) or any(says(b.text, phrases.BY_OTHERS) for b in view.main.buttons):
        return GiveUp(SignInProblem.SSO)
    return GiveUp(SignInProblem.NOT_UNDERSTOOD)


def _ways_on(frame: FrameView) -> Iterator[Button]:
    """Buttons that may lead to a form: “log in”, or “continue with e-mail”."""
    shown = [b for b in frame.buttons if b.enabled and not b.banner]
    own = [b for b in shown if not says(b.text, phrases.BY_OTHERS)]
    yield from (b for b in own if says(b.text, phrases.BY_MAIL))
    yield from (b for b in own if says(b.text, phrases.LOG_IN) and not says(b.text, phrases.SIGN_UP))


def _banner_button(view: PageView, frame: int, progress: Progress) -> Press | None:
    """How to clear a cookie banner, over the form's frame or the page, with as little consent as can be."""
    for number, banner in _banners(view, frame):
        left = [b for b in banner if b.enabled and not progress.pressed(b)]
        for wanted in (phrases.REJECT, phrases.CLOSE, phrases.ACCEPT):
            if found := next((b for b in left if says(b.text, wanted)), None):
                return Press(number, found)
    return None


def _banners(view: PageView, frame: int) -> Iterator[tuple[int, list[Button]]]:
    """The buttons of banners: on the form's frame, on the page, and in frames that are nothing but a banner."""
    for number in dict.fromkeys((frame, 0)):
        yield number, [b for b in view.frames[number].buttons if b.banner]
    for number, other in enumerate(view.frames):
        if number not in {frame, 0} and not other.fields and says(other.text, phrases.CONSENT):
            yield number, list(other.buttons)


def shows_form(view: PageView) -> bool:
    """Whether any document of the page has a sign-in form."""
    return any(find_form(frame, number) for number, frame in enumerate(view.frames))


def asks_for_a_step(view: PageView) -> bool:
    """Whether a page is a short one with something to press: terms to accept, a consent, a form to fill in."""
    pressed = [b for b in view.main.buttons if b.kind in {"submit", "button"} and b.enabled and not b.banner]
    return len(view.main.text) < _SHORT_PAGE_CHARS and bool(pressed)


def shows_sign_in(view: PageView) -> bool:
    """Whether a page offers to sign in and does not offer to sign out."""
    texts = [button.text for button in view.main.buttons]
    offers_log_in = any(says(text, phrases.LOG_IN) and not says(text, phrases.SIGN_UP) for text in texts)
    return offers_log_in and not any(says(text, phrases.LOG_OUT) for text in texts)


def signed_in_by_looks(view: PageView, origins: Origins, *, surely: bool = False) -> bool:
    """Whether a page of the server itself looks like one for somebody signed in.

    Args:
        view: The page.
        origins: Which pages are the server's.
        surely: Not only nothing may speak against it, a way to log out must speak for it.
    """
    main = view.main
    if not origins.own(main.origin) or shows_form(view):
        return False
    texts = [button.text for button in main.buttons]
    if any(says(text, phrases.LOG_OUT) for text in texts):
        return not any(says(text, phrases.LOG_IN) for text in texts)
    if surely or main.ready == "loading" or not (main.text or texts):
        return False
    # A page with little on it that speaks of trouble is about that; a full one may mention any.
    about = main.title + (main.text if len(main.text) < _LITTLE else "")
    speaks_against = any(says(text, phrases.LOG_IN) for text in texts) or says(about, phrases.FAILED)
    return not speaks_against and not code_wanted(main) and not main.challenge
