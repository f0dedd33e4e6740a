"""The errors of a failed sign-in: each says what happened, and the next step."""

from __future__ import annotations

from wandb_tui.core.errors import SignInError, SignInProblem
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.services.signin.origins import OriginProblem

_MAX_QUOTE_CHARS = 200

_MESSAGES: dict[SignInProblem, tuple[str, str]] = {
    SignInProblem.NO_CREDENTIALS: (
        "There is no password for {host}.",
        "Run wandb-tui login, or set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW.",
    ),
    SignInProblem.WRONG_PASSWORD: (
        "{host} did not accept the e-mail or password.",
        "Correct it and sign in again; it is not retried.",
    ),
    SignInProblem.STEP_NEEDED: (
        "{host} shows another step after the password, and the sign-in is not complete.",
        "Complete it by hand: wandb-tui login --window.",
    ),
    SignInProblem.CONSENT_NEEDED: (
        "{host} asks for your consent to give an application access.",
        "Answer it by hand: wandb-tui login --window.",
    ),
    SignInProblem.CODE_NEEDED: (
        "{host} asks for a code in addition to the password.",
        "Sign in by hand: wandb-tui login --window.",
    ),
    SignInProblem.PUSH_NEEDED: (
        "{host} asks you to approve the sign-in on another device.",
        "Sign in by hand: wandb-tui login --window.",
    ),
    SignInProblem.QUESTION_NEEDED: (
        "{host} asks a security question in addition to the password.",
        "Sign in by hand: wandb-tui login --window.",
    ),
    SignInProblem.PASSKEY_NEEDED: (
        "{host} asks for a passkey or security key.",
        "Sign in by hand: wandb-tui login --window.",
    ),
    SignInProblem.CHALLENGE: (
        "{host} shows a challenge that a person must solve.",
        "Sign in by hand: wandb-tui login --window.",
    ),
    SignInProblem.SSO: (
        "Your organisation signs in elsewhere (single sign-on).",
        "Sign in by hand: wandb-tui login --window.",
    ),
    SignInProblem.BLOCKED: (
        "{host} blocks the sign-in after too many attempts.",
        "Wait, or reset the password there, then sign in again.",
    ),
    SignInProblem.LOCKED: (
        "{host} has locked this account.",
        "Wait, or ask its administrator to unlock it, then sign in again.",
    ),
    SignInProblem.INACTIVE: (
        "This account of {host} is not active.",
        "Ask its administrator to activate it, then sign in again.",
    ),
    SignInProblem.PASSWORD_EXPIRED: (
        "{host} wants the password changed before it lets you in.",
        "Change it in your browser, then sign in with the new one.",
    ),
    SignInProblem.UNVERIFIED: (
        "The e-mail address of this account is not verified yet.",
        "Follow the link in the e-mail from {host}, then sign in again.",
    ),
    SignInProblem.UNKNOWN_HOST: (
        "The sign-in of {host} leads to a page that is not known to belong to it; nothing was typed.",
        "If you trust it, add it to allowed_origins in settings.toml, or sign in by hand: wandb-tui login --window.",
    ),
    SignInProblem.NOT_UNDERSTOOD: (
        "The sign-in page of {host} was not understood.",
        "Sign in by hand: wandb-tui login --window.",
    ),
    SignInProblem.GIVEN_UP: (
        "The browser window was closed before the sign-in to {host} was complete.",
        "Open it again: wandb-tui login --window.",
    ),
    SignInProblem.UNREACHABLE: ("{host} cannot be reached.", "Check the network, the address and the proxy."),
}

UNREAD_REFUSAL = (
    "{host} refused the sign-in, most likely for the e-mail or password.",
    "Correct it and sign in again; it is not retried.",
)
"""For a refusal whose words give no reason that is understood."""
CODE_BESIDE_PASSWORD = (
    "{host} refused the sign-in: the e-mail or password may be wrong, or the code beside them is needed.",
    "Correct them, or sign in by hand with the code: wandb-tui login --window.",
)
"""For a refusal by a form that has a field for a code beside the password, which was left empty."""


def sign_in_error(
    problem: SignInProblem,
    host: str,
    *,
    words: str = "",
    detail: OriginProblem | str = "",
    text: tuple[str, str] | None = None,
) -> SignInError:
    """The error for a problem.

    Args:
        problem: The problem.
        host: The server's host name.
        words: The page's own message.
        detail: Further facts: the problem with a page's origin, a host, a path, a status.
        text: The message and the hint, in place of the problem's usual ones.
    """
    message, hint = text or _MESSAGES[problem]
    message = message.format(host=host)
    if quoted := one_line(words):
        message += f" The page says: “{quoted}”"
    if detail:
        message += f" ({one_line(str(detail))})"
    # The user may be asked whether to trust an unknown page, but not an unencrypted one.
    origin = detail.origin if isinstance(detail, OriginProblem) and not detail.unencrypted else ""
    return SignInError(problem, message, hint.format(host=host), origin=origin)


def one_line(text: str) -> str:
    """A page's text as one short line, without control characters and secrets."""
    line = " ".join("".join(c if c.isprintable() else " " for c in redact(text)).split())
    return line if len(line) <= _MAX_QUOTE_CHARS else line[: _MAX_QUOTE_CHARS - 1] + "…"
