"""Switching the dashboard to another server, without a secret of one reaching the other."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.core.server_info import KnownServer
from wandb_tui.services.server import base_url
from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

_TEARDOWN_TIMEOUT_S = 2.0


class ServerSwitch:
    """The servers that one dashboard shows, one after the other; implements `ui.runtime.ports.Servers`.

    The environment's settings for a server hold only for the one that the program was started with.
    """

    def __init__(self, wiring: Wiring, host: str | None) -> None:
        """Begin with the server that the program was started with.

        Args:
            wiring: Its services.
            host: The value of ``--host``.
        """
        self.wiring = wiring
        self._host = host
        self._environ = dict(os.environ)
        self._first = wiring.server.key
        self._next: Wiring | None = None
        self._left: dict[str, Wiring] = {}

    def known(self) -> list[KnownServer]:
        """The servers that this machine knows, the current one first. Blocks."""
        # Imported when asked for: the start shows one server.
        from wandb_tui.services.known_servers import known_servers

        wiring = self.wiring
        hosts = filter(None, (self._environ.get("WANDB_BASE_URL"), self._host, wiring.settings.host))
        return known_servers(wiring.store, wiring.paths.state, hosts, wiring.server)

    def prepare(self, address: str) -> bool:
        """Get ready to switch to a server; whether it is another one than the current. Blocks.

        Args:
            address: The address of its API or of its pages.

        Raises:
            UsageError: It is not the address of a server, or the settings cannot be read.
        """
        from wandb_tui.services.known_servers import environment_of

        address = base_url(address)
        chosen = Wiring(host=address, environ=environment_of(address, self._environ))
        if chosen.server.key == self._first:
            chosen = Wiring(host=self._host, environ=self._environ)
        key = chosen.server.key
        if key in self._left:
            chosen.take_over_secrets(self._left[key])
        self._next = chosen if key != self.wiring.server.key else None
        return self._next is not None

    def switch(self) -> Wiring | None:
        """Close the services of the last server; returns those of the next one, None if the dashboard was left."""
        if self._next is None:
            return None
        self.wiring.close()
        _end_sdk()
        self._left[self.wiring.server.key] = self.wiring
        self.wiring, self._next = self._next, None
        for name in {*os.environ, *self.wiring.environ}:
            if name in self.wiring.environ:
                os.environ[name] = self.wiring.environ[name]
            else:
                del os.environ[name]
        return self.wiring


def _end_sdk() -> None:
    """End the SDK's service process, if there is one: it was started with the environment of the last server."""
    wandb = sys.modules.get("wandb")
    teardown: Callable[[], None] | None = getattr(wandb, "teardown", None)
    if teardown is None:
        return

    def end() -> None:
        try:
            teardown()
        except Exception:
            log.exception("The SDK's service process cannot be ended")

    start_daemon(end, "wandb-tui SDK teardown").join(_TEARDOWN_TIMEOUT_S)
