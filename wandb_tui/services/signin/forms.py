"""Finds the sign-in form of a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from wandb_tui.services.signin import phrases, refusal_phrases
from wandb_tui.services.signin.page_view import Button, Field, FrameView
from wandb_tui.services.signin.phrases import says

TEXT_KINDS = frozenset({"text", "email", "tel", "username", ""})
_MIN_DIGIT_FIELDS = 4
_MAX_CODE_CHARS = 10
QUESTION_MARKS = ("?", "\uff1f", "؟", "՞")
_MIN_FORM_SCORE = 2
_MIN_IDENTIFIER_SCORE = -8


@dataclass(frozen=True, slots=True)
class SignInForm:
    """The fields and the button of a sign-in form; either field may be missing.

    Attributes:
        frame: The number of the document.
        identifier: Takes the e-mail address or user name.
        password: Takes the password.
        submit: Submits the form; None if only the Enter key does.
    """

    frame: int
    group: int
    identifier: Field | None
    password: Field | None
    submit: Button | None


def find_form(view: FrameView, frame: int) -> SignInForm | None:
    """The sign-in form of a document; sign-up forms, searches and newsletters do not count."""
    best: SignInForm | None = None
    best_score = 0.0
    for number in range(len(view.groups)):
        form = _form(view, frame, number)
        score = _score(view, form)
        if score >= _MIN_FORM_SCORE and score > best_score:
            best, best_score = form, score
    return best


def wants_code(view: FrameView) -> bool:
    """Whether a document asks for a one-time code; a code field beside a password is optional and does not count."""
    usable = [item for item in view.fields if item.usable]
    beside = {item.group for item in usable if item.kind == "password" and not _is_code(item, usable)}
    if any(_is_code(item, usable) and item.group not in beside for item in usable):
        return True
    single = [item for item in usable if item.length == 1]
    return len(single) >= _MIN_DIGIT_FIELDS


def code_beside_password(view: FrameView) -> bool:
    """Whether a document has a field for a one-time code in the form that takes the password."""
    usable = [item for item in view.fields if item.usable]
    codes = {item.group for item in usable if _is_code(item, usable)}
    return any(item.kind == "password" and item.group in codes and not _is_code(item, usable) for item in usable)


def is_question(text: str) -> bool:
    """Whether a label asks a question, in any language."""
    # The placeholder may follow.
    asks = any(f"{mark} " in f"{text} " for mark in QUESTION_MARKS) or says(text, refusal_phrases.QUESTION)
    return asks and not says(text, phrases.PASSWORD)


def is_identifier(item: Field) -> bool:
    """Whether a field's hints name an e-mail address or user name."""
    return _identifier_score(item) > 0


def _is_code(item: Field, fields: Sequence[Field] = ()) -> bool:
    """Whether a field takes a one-time code.

    Args:
        item: The field.
        fields: The usable fields of its document: a secret below a user name is a password, whatever its label.
    """
    if "one-time-code" in item.autocomplete:
        return True
    if item.kind == "password":
        below_name = any(
            other.group == item.group and other.index < item.index and other.kind in TEXT_KINDS for other in fields
        )
        named_password = "password" in item.autocomplete or says(item.label, phrases.PASSWORD)
        return not below_name and not named_password and says(item.label, phrases.CODE)
    if item.kind in {"select", "checkbox", "radio"}:
        return False
    short = 0 < item.length <= _MAX_CODE_CHARS
    return says(item.hints, phrases.CODE_FIELD) and (item.numeric or short or says(item.hints, phrases.CODE))


def _form(view: FrameView, frame: int, number: int) -> SignInForm:
    fields = [item for item in view.fields if item.group == number and item.usable]
    secret = [item for item in fields if item.kind == "password" and not _is_code(item, fields)]
    # The answer to a security question may be masked as well.
    secret = [item for item in secret if len(fields) > 1 or not is_question(item.label)]
    password = next((item for item in secret if "current" in item.autocomplete), secret[0] if secret else None)
    return SignInForm(frame, number, _identifier(fields, password), password, _submit(view, number, password))


def _identifier(fields: list[Field], password: Field | None) -> Field | None:
    candidates = [
        item
        for item in fields
        if item.kind in TEXT_KINDS and not _is_code(item) and (password is None or item.index < password.index)
    ]
    ranked = sorted(candidates, key=_identifier_score)
    if ranked and _identifier_score(ranked[-1]) > 0:
        return ranked[-1]
    # No hint, but the field right before a password is hardly ever anything else.
    last = candidates[-1] if candidates and password is not None else None
    return last if last is not None and _identifier_score(last) > _MIN_IDENTIFIER_SCORE else None


def _identifier_score(item: Field) -> int:
    score = 0
    score += 6 if item.autocomplete.split(" ")[-1] in {"username", "email", "webauthn"} else 0
    score += 5 if item.kind == "email" else 0
    about = f"{item.name} {item.label}"
    score += 4 if says(about, phrases.IDENTIFIER) else 0
    # “E-mail or phone” accepts several kinds; a search for users is never an identifier.
    score -= 3 if says(about, phrases.OTHER_DETAIL) else 0
    score -= 12 if says(about, phrases.NOT_IDENTIFIER) else 0
    return score


def _submit(view: FrameView, number: int, password: Field | None) -> Button | None:
    """The button that submits the group: by its text, else by its position.

    It may still be disabled: some are until the fields are filled in.
    """
    own = [b for b in view.buttons if b.group == number and not b.banner]
    own = [
        b for b in own if not says(f"{b.text} {b.href}", phrases.OTHER_PROVIDERS) and not says(b.text, phrases.SIGN_UP)
    ]
    pressed = _by_password([b for b in own if b.kind not in {"link", "tab"}])
    for wanted in (phrases.LOG_IN, phrases.CONTINUE):
        for kind in ("submit", "button"):
            if found := [b for b in pressed if b.kind == kind and says(b.text, wanted)]:
                # “Log in” rather than “Log in with your company's account”.
                return min(found, key=lambda b: len(b.text))
    # Unknown texts: the last submit button, else the first button after the password; helpers last of all.
    unlabelled = sorted((b for b in pressed if not says(b.text, phrases.NOT_SUBMIT)), key=lambda b: b.helper)
    submits = [b for b in unlabelled if b.kind == "submit"]
    after = [b for b in unlabelled if password is not None and b.index > password.index and b.kind == "button"]
    # A button on the line of a field is a helper, unless no other button can submit the form.
    on_line = [b for b in after if b.text and not b.inside]
    plain = [b for b in submits if not b.helper] or submits or [b for b in after if not b.helper] or on_line[-1:]
    if plain:
        return plain[-1] if submits else plain[0]
    return next((b for b in own if b.kind == "link" and says(b.text, phrases.LOG_IN)), None)


def _by_password(buttons: list[Button]) -> list[Button]:
    """Without the buttons of other ways to sign in (“Send sign-in code”, “Use a security key”), if any is left."""
    other = (*phrases.CODE_FIELD, *phrases.PASSKEY)
    left = [b for b in buttons if says(b.text, phrases.PASSWORD) or not says(b.text, other)]
    return left if any(not says(b.text, phrases.NOT_SUBMIT) for b in left) else buttons


def _score(view: FrameView, form: SignInForm) -> float:
    """A score for how much a group looks like a sign-in form."""
    fields = [item for item in view.fields if item.group == form.group and item.usable]
    group = view.group(form.group)
    buttons = [b.text for b in view.buttons if b.group == form.group and b.kind not in {"link", "tab"}]
    about = f"{group.heading} {group.path} {group.name}"
    place = urlsplit(view.url).path
    score = 0.0
    if form.password is not None:
        score += 5 + (2 if form.identifier else 0) + (4 if "current-password" in form.password.autocomplete else 0)
        # New passwords belong to sign-ups; some sign-in forms are marked the same way, but their texts identify them.
        score -= 8 if "new-password" in form.password.autocomplete else 0
        score -= 12 if sum(item.kind == "password" for item in fields) > 1 else 0
    elif form.identifier is not None and (form.submit is not None or says(f"{place} {about}", phrases.LOG_IN)):
        strong = _identifier_score(form.identifier) > 0
        labelled = form.submit is None or says(form.submit.text, (*phrases.LOG_IN, *phrases.CONTINUE))
        # If no text is known, the address of the page may identify it.
        score += (2 if strong else 0) + (2 if labelled else 0 if says(f"{place} {about}", phrases.LOG_IN) else -2)
        score -= 6 if says(f"{about} {' '.join(buttons)}", phrases.NEWSLETTER) else 0
    else:
        return 0.0
    score += 3 if form.submit is not None and says(form.submit.text, phrases.LOG_IN) else 0
    score += 1 if says(about, phrases.LOG_IN) else 0
    # A heading outweighs the page's address.
    for_new = says(group.heading, phrases.SIGN_UP) and not says(group.heading, phrases.LOG_IN)
    score -= 8 if for_new else 3 if says(about, phrases.SIGN_UP) and not says(about, phrases.LOG_IN) else 0
    score -= 6 if any(says(text, phrases.SIGN_UP) for text in buttons) and not _says_log_in(buttons) else 0
    score -= 4 if any(_is_personal(item) for item in fields) else 0
    return score


def _says_log_in(buttons: list[str]) -> bool:
    return any(says(text, phrases.LOG_IN) for text in buttons)


def _is_personal(item: Field) -> bool:
    return item.autocomplete in {"name", "given-name", "family-name", "organization"}
