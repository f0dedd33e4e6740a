"""``wandb-tui login`` and ``logout``: get the secrets, try them, keep them in the keyring."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from wandb_tui.core.errors import ApiKeyError, ServerError, UsageError
from wandb_tui.core.ports import Credentials
from wandb_tui.core.probe import Answer

if TYPE_CHECKING:
    from wandb_tui.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Entered:
    """What the user gave to sign in with."""

    credentials: Credentials | None
    api_key: str | None


def read_secrets(username: str | None, *, password_stdin: bool, api_key_stdin: bool) -> Entered:
    """Take the secrets from stdin, or ask for them on a terminal.

    Args:
        username: The user name or e-mail address, if it was given.
        password_stdin: Whether the password is a line on stdin.
        api_key_stdin: Whether the API key is a line on stdin, after the password if that is there too.

    Raises:
        UsageError: Something is missing and cannot be asked for.
    """
    if password_stdin and not username:
        raise UsageError("--password-stdin needs --username NAME.")
    if password_stdin or api_key_stdin:
        password = _line("password") if password_stdin else None
        key = _line("API key") if api_key_stdin else None
        return Entered(Credentials(str(username), password) if password else None, key)
    if not sys.stdin.isatty():
        raise UsageError(
            "There is no terminal to ask on.", "Give --username NAME --password-stdin, --api-key-stdin, or both."
        )
    name = username or click.prompt("E-mail or user name (empty for an API key alone)", default="", show_default=False)
    password = click.prompt("Password", hide_input=True) if name else None
    key = click.prompt("API key (empty to leave it)", default="", show_default=False, hide_input=True)
    if not name and not key:
        raise UsageError("Nothing was entered.")
    return Entered(Credentials(name, password) if password else None, key or None)


def log_in(wiring: Wiring, entered: Entered, *, verify: bool) -> None:
    """Try what was entered, and keep it.

    Raises:
        ApiKeyError: The server refuses the API key.
        SignInError: The server refuses the user name and the password, or the sign-in needs more than these.
        ServerError: The server cannot be reached.
        KeyringError: It cannot be kept.
    """
    host = wiring.server.info.host
    if entered.api_key and verify:
        whom = whose_key(wiring)
        click.echo(f"API key: accepted by {host}, belongs to {whom}.")
    if entered.credentials and verify:
        # An older session would sign us in without the password ever being tried.
        wiring.vault.forget_session(entered.credentials.username)
        identity = wiring.visitor.sign_in().result()
        click.echo(f"Browser: signed in to {host} as {identity.username}.")
    wiring.account.save(entered.credentials, entered.api_key, remember=True)
    click.echo("Kept in the system's keyring. wandb-tui logout forgets it.")


def try_environment(wiring: Wiring) -> None:
    """Sign in with what the environment has: nothing is asked, and only the session is kept.

    Raises:
        WandbTuiError: As for `log_in`.
    """
    wiring.check_api_key()
    click.echo(f"API key: accepted by {wiring.server.info.host}, belongs to {whose_key(wiring)}.")
    identity = wiring.visitor.sign_in().result()
    click.echo(f"Browser: signed in as {identity.username}.")


def whose_key(wiring: Wiring) -> str:
    """Whom the API key belongs to, as the server says.

    Raises:
        ApiKeyError: The server refuses the key.
        ServerError: It cannot be reached or does not understand us.
    """
    client = wiring.client()
    try:
        reply = client.ask("query Viewer { viewer { id username email } }", {})
    finally:
        client.close()
    if reply.problem is Answer.REFUSED:
        raise ApiKeyError(f"{reply.message}.", f"Get a new one at {wiring.server.info.app_url}/authorize.")
    viewer = (reply.data or {}).get("viewer")
    if reply.problem is not None:
        raise ServerError(f"{reply.message}.")
    if not isinstance(viewer, dict):
        raise ApiKeyError(
            f"{wiring.server.info.host} knows nobody with this API key.",
            f"Get a new one at {wiring.server.info.app_url}/authorize.",
        )
    return str(viewer.get("username") or viewer.get("email") or "somebody")


def take_session(wiring: Wiring) -> None:
    """Take over a browser session from stdin, as ``--print-session`` wrote it elsewhere.

    Raises:
        UsageError: It is none, or it belongs to another server.
    """
    try:
        handed = json.loads(sys.stdin.read())
        server, username, state = handed["server"], handed["username"], handed["session"]
    except (ValueError, KeyError, TypeError):
        raise UsageError(
            "What came on stdin is no browser session.",
            "Pipe it in: wandb-tui login --print-session | ssh CLUSTER wandb-tui login --session-stdin",
        ) from None
    if server != wiring.server.info.app_url:
        raise UsageError(f"That session belongs to {server}, but this is {wiring.server.info.app_url}.")
    wiring.account.adopt(str(username))
    if wiring.vault.save_session(str(username), state):
        click.echo(f"The session of {username} is kept, encrypted, for {wiring.server.info.host}.")
    else:
        wiring.vault.check()


def hand_session(wiring: Wiring) -> str:
    """The kept browser session as one line of JSON, for ``--session-stdin`` elsewhere.

    Raises:
        UsageError: There is none.
    """
    username = wiring.account.state().username
    state = wiring.vault.load_session(username)
    if state is None:
        raise UsageError("No browser session is kept here.", "Run wandb-tui login first.")
    return json.dumps({"server": wiring.server.info.app_url, "username": username, "session": state})


def _line(what: str) -> str:
    text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise UsageError(f"The {what} is missing on stdin.")
    return text
