"""``wandb-tui login`` and ``wandb-tui logout``."""

from __future__ import annotations

import sys

import click

from wandb_tui.cli import console
from wandb_tui.cli.options import HOST, build_wiring
from wandb_tui.core.errors import KeyringError, UsageError


@click.command()
@click.option("--username", metavar="NAME", help="The e-mail address or user name.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin, as one line.")
@click.option("--api-key-stdin", is_flag=True, help="Read the API key from stdin, after the password.")
@click.option("--no-verify", is_flag=True, help="Store them without checking them.")
@click.option("--window", is_flag=True, help="Sign in by hand in a visible browser: SSO, second factors.")
@click.option("--print-session", is_flag=True, help="Write the browser session to stdout, for --session-stdin.")
@click.option("--session-stdin", is_flag=True, help="Read a session from --print-session.")
@HOST
def login(
    username: str | None,
    password_stdin: bool,
    api_key_stdin: bool,
    no_verify: bool,
    window: bool,
    print_session: bool,
    session_stdin: bool,
    host: str | None,
) -> None:
    """Sign in once, and store the sign-in in the system's keyring.

    \b
    Examples:
      wandb-tui login
      wandb-tui login --window --print-session |
        ssh cluster wandb-tui login --session-stdin
    """
    from wandb_tui.cli import login_flow

    if print_session and sys.stdout.isatty():
        raise UsageError("--print-session does not write a session to a terminal.", "Pipe it to where it is needed.")

    def say(text: str) -> None:
        console.say(text, err=print_session)

    wiring = build_wiring(host)
    try:
        if session_stdin:
            login_flow.take_session(wiring)
        elif window:
            login_flow.log_in_by_hand(wiring, say=say, handing_on=print_session)
        elif not print_session or username:
            entered = login_flow.secrets_for(
                wiring,
                username,
                password_stdin=password_stdin,
                api_key_stdin=api_key_stdin,
                handing_on=print_session,
            )
            if entered is None:
                login_flow.try_environment(wiring, say=say)
            else:
                wiring.use(entered.credentials, entered.api_key)
                login_flow.log_in(wiring, entered, verify=not no_verify, say=say, handing_on=print_session)
        if print_session:
            click.echo(login_flow.hand_session(wiring))
    finally:
        wiring.close()


@click.command()
@HOST
def logout(host: str | None) -> None:
    """Delete the stored password, API key and browser session of a server.

    \b
    Example:
      wandb-tui logout
    """
    from wandb_tui.services.credentials.keyring_store import has_keyring

    wiring = build_wiring(host)
    host_name = wiring.server.info.host
    try:
        cleared = wiring.account.forget()
    except KeyringError as error:
        message = (
            f"The browser session for {host_name} was deleted, but not all entries of the keyring. {error.message}"
        )
        raise KeyringError(message, error.hint) from None
    if has_keyring():
        console.say(f"Deleted: the password, API key and browser session for {host_name}.")
    else:
        console.say(f"Nothing is stored for {host_name} now; this machine has no safe keyring.")
    if cleared:
        console.say(
            f"{' and '.join(cleared)} had some of it in clear text; that is deleted, too. Others may have read it:"
            " change the password and the API key."
        )
