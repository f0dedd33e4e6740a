"""``wandb-tui login`` and ``logout``: get the secrets, try them, keep them in the keyring."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from wandb_tui.cli import console
from wandb_tui.core.account import Credentials, Source
from wandb_tui.core.errors import KeyringError, SignInError, UsageError
from wandb_tui.core.ports import Identity

if TYPE_CHECKING:
    from wandb_tui.wiring import Wiring

Say: TypeAlias = Callable[[str], None]
"""Tells the user hint it goes: on stderr where stdout is for the session alone."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The credentials and the key that the user entered."""

    credentials: Credentials | None
    api_key: str | None


def secrets_for(
    wiring: Wiring, username: str | None, *, password_stdin: bool, api_key_stdin: bool, handing_on: bool
) -> Entered | None:
    """Read the secrets to sign in with; None where the environment has them already.

    Args:
        wiring: The services.
        username: As for `read_secrets`.
        password_stdin: As for `read_secrets`.
        api_key_stdin: As for `read_secrets`.
        handing_on: As for `log_in`.

    Raises:
        KeyringError: The keyring cannot store them; raised before the user has to type anything.
        UsageError: As for `read_secrets`.
    """
    given = bool(username or password_stdin or api_key_stdin)
    in_environment = wiring.account.state().password is Source.ENVIRONMENT
    if in_environment and not given:
        return None
    _check_can_read(username, password_stdin=password_stdin, api_key_stdin=api_key_stdin)
    if not handing_on:
        wiring.vault.check()
    return read_secrets(username, password_stdin=password_stdin, api_key_stdin=api_key_stdin)


def _check_can_read(username: str | None, *, password_stdin: bool, api_key_stdin: bool) -> None:
    if password_stdin and not username:
        raise UsageError("--password-stdin needs --username NAME.")
    if not (password_stdin or api_key_stdin or sys.stdin.isatty()):
        raise UsageError(
            "There is no terminal to ask on.", "Give --username NAME --password-stdin, --api-key-stdin, or both."
        )


def read_secrets(username: str | None, *, password_stdin: bool, api_key_stdin: bool) -> Entered:
    """Take the secrets from stdin, or ask for them on a terminal.

    Args:
        username: The user name or e-mail address, if it was given.
        password_stdin: Whether the password is a line on stdin.
        api_key_stdin: Whether the API key is a line on stdin, after the password if that is there too.

    Raises:
        UsageError: Something is missing, and there is no terminal to ask on.
    """
    _check_can_read(username, password_stdin=password_stdin, api_key_stdin=api_key_stdin)
    if password_stdin or api_key_stdin:
        password = _line("password") if password_stdin else None
        key = _line("API key") if api_key_stdin else None
        return Entered(Credentials(str(username), password) if password else None, key)
    name = username or click.prompt(
        "E-mail or user name (leave empty for an API key only)", default="", show_default=False
    )
    password = click.prompt("Password", hide_input=True) if name else None
    key = click.prompt("API key (leave empty to keep the current one)", default="", show_default=False, hide_input=True)
    if not name and not key:
        raise UsageError("Nothing was entered.")
    return Entered(Credentials(name, password) if password else None, key or None)


def log_in(wiring: Wiring, entered: Entered, *, verify: bool, say: Say, handing_on: bool = False) -> None:
    """Try the credentials that were entered, and store them.

    Args:
        wiring: The services.
        entered: The credentials to try.
        verify: Whether to try it at all.
        say: Shows a sentence to the user.
        handing_on: Whether the session goes to another machine: then this one need not store it.

    Raises:
        ApiKeyError: The server refuses the API key.
        SignInError: The server refuses the user name and the password, or the sign-in needs more than these.
        ServerError: The server cannot be reached.
        KeyringError: They cannot be stored.
    """
    host = wiring.server.info.host
    if entered.api_key and verify:
        say(f"API key: accepted by {host}, belongs to {wiring.key_owner()}.")
    if entered.credentials and verify:
        # An older session would sign in without trying the password.
        wiring.vault.forget_session(entered.credentials.username)
        identity = _sign_in(wiring)
        say(f"Browser: signed in to {host} as {identity.username}.")
        if identity.note:
            say(f"{identity.note}.")
    try:
        wiring.account.save(entered.credentials, entered.api_key, remember=True)
    except KeyringError as error:
        if not handing_on:
            raise
        say(f"Nothing was stored on this machine. {error.message}")
    else:
        say("Stored in the system's keyring; wandb-tui logout deletes it.")


def log_in_by_hand(wiring: Wiring, *, say: Say, handing_on: bool = False) -> None:
    """Open a visible browser, wait until the user is signed in there, and store the session.

    Args:
        wiring: The services.
        say: Shows a sentence to the user.
        handing_on: As for `log_in`.

    Raises:
        SignInError: The window was closed before.
        NoBrowserError: There is no display, or no browser.
        KeyringError: The session cannot be stored.
    """
    from wandb_tui.services.browser.launch import has_display, no_display

    host = wiring.server.info.host
    if not has_display(wiring.environ):
        raise no_display()
    if not handing_on:
        # Checked before the user signs in, not after.
        wiring.vault.check()
    say(f"Sign in to {host} in the browser window; it closes by itself.")
    identity = wiring.visitor.sign_in_by_hand().result()
    username = wiring.account.state().username
    stored = wiring.vault.session_on_disk(username)
    say(f"Signed in to {host} as {identity.username}." + ("" if stored else " Nothing was stored on this machine."))


def try_environment(wiring: Wiring, *, say: Say) -> None:
    """Sign in with the environment's credentials, without a prompt; only the session is stored.

    Raises:
        WandbTuiError: As for `log_in`.
    """
    host = wiring.server.info.host
    if wiring.account.is_authorized:
        name = "Identity token" if wiring.account.state().api_key is Source.IDENTITY else "API key"
        say(f"{name}: accepted by {host}, belongs to {wiring.key_owner()}.")
    identity = _sign_in(wiring)
    say(f"Browser: signed in to {host} as {identity.username}.")
    username = wiring.account.state().username
    stored = (
        "only the browser session was stored, encrypted"
        if wiring.vault.session_on_disk(username)
        else "nothing was stored"
    )
    say(f"The password comes from the environment, so {stored}.")


def _sign_in(wiring: Wiring) -> Identity:
    """Sign in; on a terminal, ask whether to trust an unknown page that the sign-in leads to."""
    while True:
        try:
            return wiring.visitor.sign_in().result()
        except SignInError as error:
            if not error.origin or not _may_type_on(wiring, error.origin):
                raise
            wiring.account.allow(error.origin)


def _may_type_on(wiring: Wiring, origin: str) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    console.say(
        f"The sign-in of {wiring.server.info.host} leads to {origin}, which is not known to belong to it.", err=True
    )
    return click.confirm("Type the password there, now and later?", default=False, err=True)


def take_session(wiring: Wiring) -> None:
    """Store the browser session on stdin, which ``--print-session`` wrote elsewhere.

    Raises:
        UsageError: It is not valid, or belongs to another server.
        KeyringError: It cannot be stored here.
    """
    server, username, state = _read_session()
    if server != wiring.server.info.app_url:
        raise UsageError(f"That session belongs to {server}, but this is {wiring.server.info.app_url}.")
    try:
        wiring.vault.check()
        stored = wiring.vault.save_session(username, state)
        if stored:
            wiring.account.adopt(username)
    except KeyringError as error:
        raise KeyringError(f"The session cannot be stored on this machine. {error.message}", error.hint) from None
    if not stored:
        raise KeyringError("The session cannot be stored on this machine (see the log).")
    console.say(f"Stored the session of {username} for {wiring.server.info.host}, encrypted.")
    configured = wiring.environ.get("WANDB_VIEWER_MAIL", "")
    if configured and wiring.environ.get("WANDB_VIEWER_PW") and configured != username:
        console.say(f"WANDB_VIEWER_MAIL is set to {configured}, not {username}: unset it to use this session.")


def _read_session() -> tuple[str, str, dict[str, Any]]:
    """The server, the user and the session on stdin."""
    hint = "Pipe it in: wandb-tui login --print-session | ssh CLUSTER wandb-tui login --session-stdin"
    if sys.stdin.isatty():
        raise UsageError("--session-stdin does not read a session from a terminal.", hint)
    try:
        given = json.loads(sys.stdin.read())
        server, username, state = given["server"], given["username"], given["session"]
    except (ValueError, KeyError, TypeError):
        raise UsageError("The input on stdin is not a browser session.", hint) from None
    if not (isinstance(username, str) and username and isinstance(state, dict) and "cookies" in state):
        raise UsageError("The input on stdin is not a browser session.", hint)
    return str(server), username, state


def hand_session(wiring: Wiring) -> str:
    """The browser session as one line of JSON, for ``--session-stdin`` elsewhere.

    The stored one; if there is none, a new one with the known password.

    Raises:
        UsageError: There is neither.
        SignInError: The sign-in for a new one failed.
    """
    username = wiring.account.state().username
    state = wiring.vault.load_session(username)
    if state is None and wiring.account.credentials() is not None:
        _sign_in(wiring)
        state = wiring.vault.load_session(username)
    if state is None:
        raise UsageError("No browser session is stored here.", "Run wandb-tui login first.")
    return json.dumps({"server": wiring.server.info.app_url, "username": username, "session": state})


def _line(what: str) -> str:
    text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise UsageError(f"The {what} is missing on stdin.")
    return text
