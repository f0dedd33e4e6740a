"""The origins of pages that may receive a password."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from wandb_tui.core.server_info import ServerInfo

# The sign-in hosts of these servers.
_IDENTITY_ORIGINS = {
    "forge.coreweave.com": ("https://id.coreweave.com", "https://forge.coreweave.com"),
    "wandb.ai": (
        "https://wandb.auth0.com",
        "https://wandb.ai",
        "https://id.coreweave.com",
        "https://forge.coreweave.com",
    ),
}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, without a default port; empty if it has no origin."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    scheme = parts.scheme.lower()
    if not host or scheme not in _DEFAULT_PORTS:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port and port != _DEFAULT_PORTS[scheme] else "")


@dataclass(frozen=True, slots=True)
class OriginProblem:
    """The reason why nothing secret may be typed into a page.

    Attributes:
        origin: The page's origin; empty if it has none.
        unencrypted: Whether the only problem is plain http; otherwise the origin is unknown.
        address: The address to show for a page without an origin, or empty.
    """

    origin: str
    unencrypted: bool = False
    address: str = ""

    def __str__(self) -> str:
        shown = self.origin or self.address or "A page without an address"
        what = "is not encrypted" if self.unencrypted else "is not known as a sign-in page of this server"
        return f"{shown} {what}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Origins:
    """The origins of one server, and those that the user allows."""

    def __init__(self, server: ServerInfo, allowed: Iterable[str] = (), *, plain_http: bool = False) -> None:
        """Collect the allowed origins.

        Args:
            server: The server; its own origins and its known identity hosts are allowed.
            allowed: Further origins, or host names, from the user's settings.
            plain_http: Whether unencrypted pages of other machines are allowed.
        """
        self._own_origins = {origin_of(server.app_url), origin_of(server.base_url)}
        host = urlsplit(server.app_url).hostname or ""
        self._named = {origin_of(item if "://" in item else f"https://{item}") for item in allowed}
        self._all = (self._own_origins | self._named | set(_IDENTITY_ORIGINS.get(host, ()))) - {""}
        self._plain_http = plain_http

    def allow(self, origins: Iterable[str]) -> None:
        """Allow further origins."""
        self._all = (self._all | {origin_of(origin) for origin in origins}) - {""}

    def is_own(self, origin: str) -> bool:
        """Whether the origin is the server's own, so that requests from its pages carry the session's cookies."""
        return origin_of(origin) in self._own_origins

    @property
    def allowed(self) -> tuple[str, ...]:
        """All origins whose pages may receive a password."""
        return tuple(sorted(origin for origin in self._all if not self.problem(origin)))

    def problem(self, origin: str) -> OriginProblem | None:
        """The reason why no password may be typed into a page of this origin; None if it may."""
        known = origin_of(origin)
        if not known or known not in self._all:
            return OriginProblem(known, address=origin)
        parts = urlsplit(known)
        if parts.scheme == "http" and not is_loopback(parts.hostname or "") and not self._plain_http:
            return OriginProblem(known, unencrypted=True)
        return None
