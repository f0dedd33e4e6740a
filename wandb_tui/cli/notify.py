"""``wandb-tui notify``: the addresses of notification services."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.console import say
from wandb_tui.core.errors import UsageError, WandbTuiError
from wandb_tui.core.exit_codes import ExitCode

if TYPE_CHECKING:
    from wandb_tui.services.credentials.notification_addresses import NotificationAddresses

_STATUS = "Exit status: 0 done; 1 the keyring or a service failed; 2 wrong usage."
_NAME = click.argument("name", metavar="NAME")


@click.group(epilog=_STATUS)
def notify() -> None:
    """Set up Slack, ntfy, mail and other services that tell you when runs end in the dashboard.

    An address holds a token or a password, so it is stored in the system's keyring, under a name of your choice;
    settings.toml has only the names: services = ["phone"] below [notify].

    \b
    Example (the address is asked for, or read from stdin):
      wandb-tui notify add phone
      wandb-tui notify test phone
    """


@notify.command(epilog=_STATUS)
@_NAME
def add(name: str) -> ExitCode:
    """Store the address of a service under NAME.

    You are asked for it, and it is not shown; or it is read from stdin. It looks like ntfy://TOPIC;
    https://appriseit.com/services/ shows the form for each service.

    \b
    Example:
      wandb-tui notify add phone < address.txt
    """
    from wandb_tui.services.push import check_apprise, service_name

    check_apprise()
    addresses = _addresses(name)
    addresses.check(name)
    address = _typed(name)
    service = service_name(address)
    addresses.save(name, address)
    say(f"Stored: “{name}” is an address of {service}. Try it with wandb-tui notify test {name}.")
    _say_if_unused(name)
    return ExitCode.DONE


@notify.command(epilog=_STATUS)
@_NAME
def remove(name: str) -> ExitCode:
    """Delete the address stored under NAME.

    \b
    Example:
      wandb-tui notify remove phone
    """
    cleared = _addresses(name).remove(name)
    say(f"Deleted: no address is stored for “{name}”.")
    if cleared:
        say(f"{' and '.join(cleared)} had it in clear text. Others may have read it: have the service make a new one.")
    return ExitCode.DONE


@notify.command(epilog=_STATUS)
@click.argument("names", metavar="[NAME]...", nargs=-1)
def test(names: tuple[str, ...]) -> ExitCode:
    """Send a test message.

    It goes to the services of these names, or to all that settings.toml names.

    \b
    Example:
      wandb-tui notify test phone
    """
    from wandb_tui.services.push import check_apprise, push

    check_apprise()
    wanted = names or _in_settings()
    if not wanted:
        raise UsageError("settings.toml names no service.", "Name one: wandb-tui notify test NAME.")
    code = ExitCode.DONE
    for name in wanted:
        address = _addresses(name).get(name)
        try:
            if address is None:
                raise UsageError("No address is stored.", f"Run wandb-tui notify add {name}.")
            push(address, "wandb-tui: test", f"The notification service “{name}” works.")
        except WandbTuiError as error:
            say(f"{name}  {error}", err=True)
            code = ExitCode.FAILED
        else:
            say(f"{name}  sent")
    return code


def _typed(name: str) -> str:
    """The address from stdin, or as the user types it."""
    if sys.stdin is None:
        raise UsageError("There is no terminal to ask for the address on.", "Give it on stdin.")
    if sys.stdin.isatty():
        return str(click.prompt(f"Address of “{name}”", hide_input=True)).strip()
    address = sys.stdin.readline().strip()
    if not address:
        raise UsageError("Nothing was read from stdin.", "Give the address as one line.")
    return address


def _addresses(name: str) -> NotificationAddresses:
    from wandb_tui.services.credentials.notification_addresses import NotificationAddresses
    from wandb_tui.services.credentials.redaction import learn_from
    from wandb_tui.services.disk.log_file import log_to
    from wandb_tui.services.disk.paths import Paths
    from wandb_tui.services.disk.settings import is_service_name

    learn_from(os.environ)
    log_to(Paths.of_user().log_file)
    if not is_service_name(name):
        # Not repeated: an address may have been typed in its place.
        raise UsageError(
            "NAME is a name of your choice, of letters, digits, “-” and “_”.", "The address is asked for afterwards."
        )
    return NotificationAddresses(notify=lambda text: say(f"wandb-tui: {text}", err=True))


def _in_settings() -> tuple[str, ...]:
    from wandb_tui.services.disk.paths import Paths
    from wandb_tui.services.disk.settings import Settings

    return Settings.load(Paths.of_user().settings_file).notify.services


def _say_if_unused(name: str) -> None:
    from wandb_tui.services.disk.paths import Paths

    used = _in_settings()
    if name not in used:
        names = ", ".join(f'"{one}"' for one in (*used, name))
        say(f"To use it, write in {Paths.of_user().settings_file}, below [notify]: services = [{names}]")
