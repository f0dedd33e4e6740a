"""Sends notifications through Slack, ntfy, mail and the rest, with Apprise."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wandb_tui.core.errors import UsageError, WandbTuiError
from wandb_tui.services.credentials.notification_addresses import NotificationAddresses, learn_address
from wandb_tui.services.credentials.redaction import redact

if TYPE_CHECKING:
    from apprise import AppriseAsset, NotifyBase

_PROBLEMS = frozenset({"WARNING", "ERROR", "CRITICAL"})
_INSTALL = 'Install it with pip install "wandb-run-monitor[notify]".'


class NotificationServices:
    """Sends to the services that the settings name; their addresses come from the environment or the keyring."""

    def __init__(self, names: Sequence[str], environ: Mapping[str, str] = os.environ) -> None:
        """Prepare; nothing is read yet.

        Args:
            names: The names of the services.
            environ: The environment.
        """
        self._names = names
        self._addresses = NotificationAddresses(environ)

    def problems(self) -> list[str]:
        """The reasons why nothing can be sent to some of them; nothing is sent."""
        found = []
        for name in self._names:
            try:
                service_name(self._address(name))
            except WandbTuiError as error:
                found.append(f"{name}: {error}")
        return found

    def _address(self, name: str) -> str:
        address = self._addresses.get(name)
        if address is None:
            raise UsageError("No address is stored.", f"Run wandb-tui notify add {name}.")
        return address

    def send(self, title: str, text: str) -> str:
        """Send a notification to all of them; returns the problems, or an empty text. Blocks for some seconds."""
        problems = []
        for name in self._names:
            try:
                push(self._address(name), title, text)
            except WandbTuiError as error:
                problems.append(f"{name}: {error}")
        return " ".join(problems)


def service_name(address: str) -> str:
    """The name of the service that an address is for, such as ``Slack``.

    Raises:
        UsageError: Apprise is not installed, or it does not know such an address; the address is not repeated.
    """
    return str(_service(address).service_name)


def check_apprise() -> None:
    """Make sure that Apprise is installed.

    Raises:
        UsageError: It is not.
    """
    if importlib.util.find_spec("apprise") is None:
        raise UsageError("Notification services need Apprise.", _INSTALL)


def push(address: str, title: str, text: str) -> None:
    """Send a notification to one address.

    Args:
        address: The address, as Apprise documents it.
        title: The title.
        text: The text, without markup.

    Raises:
        UsageError: As for `service_name`.
        WandbTuiError: It was not delivered.
    """
    from apprise import Apprise

    service = _service(address)
    sender = Apprise(asset=_asset())
    sender.add(service)
    # Apprise answers with an object, which is true if all went well.
    result = sender.notify(title=title, body=text, body_format="text")
    if not result:
        reasons = dict.fromkeys(entry.message.strip() for entry in result.logs() if entry.level in _PROBLEMS)
        raise WandbTuiError(
            redact(f"{service.service_name} did not take it: {' '.join(reasons) or 'it gave no reason'}")
        )


def _service(address: str) -> NotifyBase:
    learn_address(address)
    check_apprise()
    from apprise import Apprise

    # It logs why an address is none, with parts of it, as errors.
    found = Apprise.instantiate(address, asset=_asset(), suppress_exceptions=True)
    if found is None:
        raise UsageError(
            "This is not the address of a notification service, or a part of it is missing.",
            "Apprise lists the addresses of each service at https://appriseit.com/services/.",
        )
    return found


def _asset() -> AppriseAsset:
    from apprise import AppriseAsset

    # A redirect would be followed without the message, and success be reported.
    return AppriseAsset(
        app_id="wandb-tui", app_desc="wandb-tui", http_redirects=False, storage_mode="memory", async_mode=False
    )
