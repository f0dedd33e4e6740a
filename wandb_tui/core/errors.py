"""Errors that users may see: each says what happened and, if possible, what to do.

Every error of the library derives from `WandbTuiError`. None of them ever holds a secret.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class SignInProblem(StrEnum):
    """The reason why a browser sign-in did not succeed."""

    NO_CREDENTIALS = "no-credentials"
    """No user name and password are known."""
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of an outcome, not a secret
    """The server refused the sign-in, as far as can be told for the user name or the password."""
    STEP_NEEDED = "step-needed"
    """After the password the server wants something else done first: terms to accept, a consent, an activation."""
    CONSENT_NEEDED = "consent-needed"
    """After the password the server asks the user to allow an application access."""
    CODE_NEEDED = "code-needed"
    """The page wants a code as a second factor, whether from an app, by e-mail or by SMS."""
    PUSH_NEEDED = "push-needed"
    """The sign-in has to be approved on another device, as a second factor."""
    QUESTION_NEEDED = "question-needed"
    """The page asks a security question, as a second factor."""
    PASSKEY_NEEDED = "passkey-needed"
    """The page asks for a passkey or a security key."""
    CHALLENGE = "challenge"
    """The page wants a captcha or the like solved."""
    SSO = "sso"
    """The account signs in at its organisation's own page."""
    BLOCKED = "blocked"
    """There were too many attempts."""
    LOCKED = "locked"
    """The account is locked, mostly for a while."""
    INACTIVE = "inactive"
    """The account is inactive or disabled, or an administrator has not approved it yet."""
    PASSWORD_EXPIRED = "password-expired"  # noqa: S105 - the name of an outcome, not a secret
    """The password is right, but has to be changed first."""
    UNVERIFIED = "unverified"
    """The e-mail address has to be verified first."""
    UNKNOWN_HOST = "unknown-host"
    """The sign-in page is on a host that is not known to belong to the server; see `SignInError.origin`."""
    NOT_UNDERSTOOD = "not-understood"
    """The sign-in page cannot be read."""
    UNREACHABLE = "unreachable"
    """The server or its sign-in page cannot be reached."""
    GIVEN_UP = "given-up"
    """The window was closed, or the sign-in there timed out."""


class KeyringProblem(IntEnum):
    """The reason why a keyring cannot be used; that of one which could store entries tells more than a helper's."""

    LOCKED = 0
    ASKS_ON_TERMINAL = 1
    OTHER = 2


class WandbTuiError(Exception):
    """The base of all errors that wandb-tui raises on purpose.

    Attributes:
        message: The problem, in one sentence.
        hint: Advice on how to solve it, or an empty string.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        # All arguments are passed on, so that the error survives pickling.
        super().__init__(message, hint)
        self.message: str = message
        self.hint: str = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(WandbTuiError, ValueError):
    """An address, a goal or an option that was typed or passed is invalid."""


class SignInError(WandbTuiError):
    """The browser could not be signed in.

    Attributes:
        problem: Which of the known outcomes it was.
        origin: The page that the user may allow the password to be typed into, or an empty string.
    """

    def __init__(self, problem: SignInProblem, message: str, hint: str = "", *, origin: str = "") -> None:
        super().__init__(message, hint)
        self.problem: SignInProblem = problem
        self.origin: str = origin
        # An exception that is copied or pickled is recreated from these.
        self.args = (problem, message, hint)


class ApiKeyError(WandbTuiError):
    """There is no API key, or the server refused the one it was given (HTTP 401 or 403)."""


class NoBrowserError(WandbTuiError):
    """No usable browser is on this machine, so no page can be visited."""


class RunNotFoundError(WandbTuiError):
    """The server knows no such project or run, or this key may not see it: the server does not distinguish."""


class ServerError(WandbTuiError):
    """The server cannot be reached, or its answer is invalid."""


class ForkError(WandbTuiError):
    """The server does not fork this run at this step, and waiting longer would not change that."""


class WaitTimeoutError(WandbTuiError, TimeoutError):
    """The goal was not met within `max_wait_time` seconds."""


class VisitError(WandbTuiError):
    """A run's page was opened but did not load the run; the visit will be tried again.

    Attributes:
        operations: The API operations of the page until then, as in `Visit`.
    """

    operations: tuple[str, ...] = ()


class SignedOutError(VisitError):
    """A run's page showed that the browser is not, or no longer, signed in."""


class SignInRequiredError(VisitError):
    """A run's page needs a sign-in, and there are no credentials."""


class KeyringError(WandbTuiError):
    """The operating system's keyring is missing, locked, or does not answer.

    Attributes:
        problem: Which of these tells most about several keyrings.
    """

    def __init__(self, message: str, hint: str = "", problem: KeyringProblem = KeyringProblem.OTHER) -> None:
        super().__init__(message, hint)
        self.problem: KeyringProblem = problem
        # An exception that is copied or pickled is recreated from these.
        self.args = (message, hint, problem)


class StoreError(WandbTuiError):
    """The watch list on disk cannot be read or written."""


NO_THREAD = "can't start new thread"
"""The message of Python's `RuntimeError` for a thread that the system does not start."""


def internal_error(error: BaseException) -> WandbTuiError:
    """An unexpected error, for the user; its traceback belongs into the log."""
    if NO_THREAD in str(error):
        return WandbTuiError(
            "The system allows no more threads.", "Raise the limit (ulimit -u, ulimit -v, or the container's)."
        )
    if isinstance(error, MemoryError):
        return WandbTuiError(
            "There is not enough memory.", "Free some, or raise the limit (ulimit -v, or the container's)."
        )
    return WandbTuiError(f"wandb-tui itself failed: {type(error).__name__} (see the log).")
