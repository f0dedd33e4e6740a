"""The W&B server that the tool talks to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownServer:
    """A server that this machine knows.

    Attributes:
        address: The address of its API, as `--host` takes it.
        name: Its name, as shown to people.
        runs: How many runs its watch list has.
        here: Whether it is the current one.
    """

    address: str
    name: str
    runs: int = 0
    here: bool = False


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """The server that the tool talks to.

    Attributes:
        base_url: Where its API is.
        app_url: Where its pages are.
    """

    base_url: str
    app_url: str

    @property
    def host(self) -> str:
        """The host of the pages, with its port, as shown to people."""
        return self.app_url.split("://", 1)[-1].split("/", 1)[0]
