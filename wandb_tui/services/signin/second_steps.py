"""Recognises what a page asks for after the password, by its fields first. Nothing here touches a browser."""

from __future__ import annotations

from wandb_tui.core.errors import SignInProblem
from wandb_tui.services.signin import phrases, refusal_phrases
from wandb_tui.services.signin.actions import GiveUp, Progress
from wandb_tui.services.signin.forms import (
    QUESTION_MARKS,
    TEXT_KINDS,
    find_form,
    is_identifier,
    is_question,
    wants_code,
)
from wandb_tui.services.signin.page_view import Field, FrameView, PageView
from wandb_tui.services.signin.phrases import says

_MAX_PAGE_CHARS = 1500
"""The text of a longer page may mention anything."""
_MAX_CODE_CHARS = 10


def second_step(view: PageView, progress: Progress) -> GiveUp | None:
    """The step that a page asks for after the password; None if it asks for none that is recognised."""
    if any(wants_code(frame) for frame in view.frames):
        return GiveUp(SignInProblem.CODE_NEEDED)
    if not progress.password_sent or shows_password_form(view):
        return None
    for frame in view.frames:
        if problem := _by_fields(frame):
            return GiveUp(problem, question_of(frame) if problem is SignInProblem.QUESTION_NEEDED else "")
    if any(frame.passkey for frame in view.frames):
        return GiveUp(SignInProblem.PASSKEY_NEEDED)
    return None if _own_fields(view.main) else _by_buttons(view.main)


def shows_password_form(view: PageView) -> bool:
    """Whether any document has a sign-in form with a password."""
    return any(form.password for n, frame in enumerate(view.frames) if (form := find_form(frame, n)))


def consent_asked(view: PageView) -> str:
    """The line in which a short page without fields asks to let an application have access; empty if none does."""
    main = view.main
    pressed = [b for b in main.buttons if b.kind in {"submit", "button"} and not b.banner]
    if not pressed or len(view.text) > _MAX_PAGE_CHARS or _own_fields(main):
        return ""
    if any(says(button.text, phrases.NOT_NOW) for button in main.buttons):
        return ""
    lines = (*_running_text(view).split("\n"), main.title)
    return next((line for line in lines if says(line, refusal_phrases.ACCESS)), "")


def asks_for_agreement(view: PageView) -> bool:
    """Whether pressing “continue” would agree to something: it is asked for access, has terms, or a box to tick."""
    boxes = any(item.kind == "checkbox" and item.usable for item in view.main.fields)
    return boxes or bool(consent_asked(view)) or says(_running_text(view), refusal_phrases.TERMS)


def _running_text(view: PageView) -> str:
    """The text without links and buttons: many pages have a link to their terms."""
    texts = {button.text for frame in view.frames for button in frame.buttons}
    return "\n".join(line for line in view.text.split("\n") if line not in texts)


def _own_fields(frame: FrameView) -> list[Field]:
    """The usable fields for text, without searches and newsletters."""
    kinds = TEXT_KINDS | {"number", "password", "textarea"}
    shown = [item for item in frame.fields if item.usable and item.kind in kinds]
    other = (*phrases.NOT_IDENTIFIER, *phrases.NEWSLETTER)
    return [item for item in shown if not says(f"{item.name} {item.label}", other)]


def _by_buttons(frame: FrameView) -> GiveUp | None:
    """The step on a page without fields; None where its buttons lead to none or leave a choice."""
    texts = [button.text for button in frame.buttons if button.kind != "link"]
    if any(says(text, refusal_phrases.PUSH) for text in texts):
        return GiveUp(SignInProblem.PUSH_NEEDED)
    other_ways = (*phrases.CODE_FIELD, *phrases.NOT_NOW)
    if any(says(text, phrases.PASSKEY) for text in texts) and not any(says(text, other_ways) for text in texts):
        return GiveUp(SignInProblem.PASSKEY_NEEDED)
    return None


def _by_fields(frame: FrameView) -> SignInProblem | None:
    fields = _own_fields(frame)
    secret = [item for item in fields if item.kind == "password"]
    # The password was just accepted, so a page with two of them, or with a new one, wants it changed.
    if len(secret) > 1 or any("new-password" in item.autocomplete for item in secret):
        return SignInProblem.PASSWORD_EXPIRED
    if len(fields) != 1:
        return None
    [field] = fields
    if field.autocomplete.endswith("tel"):
        return None  # it asks for a telephone number, as part of a profile
    asked = question_of(frame)
    if asked or says(field.hints, refusal_phrases.QUESTION):
        return SignInProblem.QUESTION_NEEDED
    if secret or is_identifier(field):
        return None
    short = 0 < field.length <= _MAX_CODE_CHARS
    return SignInProblem.CODE_NEEDED if field.kind in {"tel", "number"} or field.numeric or short else None


def question_of(frame: FrameView) -> str:
    """The security question of a page, in any language: a line that ends with a question mark, or the known words."""
    if len(frame.text) > _MAX_PAGE_CHARS:
        return ""
    buttons = {button.text for button in frame.buttons}
    lines = [line for line in frame.text.split("\n") if line not in buttons]
    known = [line for line in lines if says(line, refusal_phrases.QUESTION)]
    labels = [item.label for item in _own_fields(frame)]
    # “Didn't get a code?” is beside a link; the question itself labels the field, or the page speaks of one.
    asked = next((text for text in (*labels, *(lines if known else ())) if is_question(text)), "")
    # Without the placeholder that follows it.
    end = min((asked.index(mark) for mark in QUESTION_MARKS if mark in asked), default=len(asked))
    return asked[: end + 1]
