"""Which W&B server the tool talks to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Which server the tool talks to.

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
