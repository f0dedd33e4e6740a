"""What a sign-in that did not succeed says to the user: what happened, and the next step."""

from __future__ import annotations

from wandb_tui.core.errors import SignInError, SignInProblem
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.services.signin.origins import OriginProblem

_LONGEST = 200

_SAYS: dict[SignInProblem, tuple[str, str]] = {
    SignInProblem.NO_CREDENTIALS: (
        "There is no password for {host}.",
        "Run wandb-tui login, or set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW.",
    ),
    SignInProblem.WRONG_PASSWORD: (
        "{host} did not accept the e-mail or password.",
        "Correct it, and sign in again; it is not tried again by itself.",
    ),
    SignInProblem.STEP_NEEDED: (
        "{host} shows another step after the password, and nobody is signed in yet.",
        "Take that step by hand: wandb-tui login --window.",
    ),
    SignInProblem.CODE_NEEDED: (
        "{host} asks for a code in addition to the password.",
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
        "Wait, or reset the password there; then sign in again.",
    ),
    SignInProblem.UNVERIFIED: (
        "The e-mail address of this account is not verified yet.",
        "Follow the link in the e-mail that {host} has sent; then sign in again.",
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
        "The browser window was closed before anybody was signed in to {host}.",
        "Open it again: wandb-tui login --window.",
    ),
    SignInProblem.UNREACHABLE: ("{host} cannot be reached.", "Check the network, the address and the proxy."),
}


def refusal(problem: SignInProblem, host: str, *, words: str = "", detail: OriginProblem | str = "") -> SignInError:
    """The error for an outcome.

    Args:
        problem: The outcome.
        host: The server, as people know it.
        words: What the page itself said.
        detail: What else is known: what is wrong with a page's origin, a host, a path, a status.
    """
    message, hint = _SAYS[problem]
    message = message.format(host=host)
    if quoted := plain(words):
        message += f" It says: “{quoted}”"
    if detail:
        message += f" ({plain(str(detail))})"
    # The user may be asked whether to trust a page that is merely unknown.
    origin = detail.origin if isinstance(detail, OriginProblem) and not detail.unencrypted else ""
    return SignInError(problem, message, hint.format(host=host), origin=origin)


def plain(text: str) -> str:
    """A page's text, short, in one line, without control characters and secrets."""
    line = " ".join("".join(c if c.isprintable() else " " for c in redact(text)).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
