"""Into which pages a password may be typed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from wandb_tui.core.server_info import ServerInfo

# The hosts on which these servers let people sign in.
_KNOWN = {
    "forge.coreweave.com": ("https://id.coreweave.com", "https://forge.coreweave.com"),
    "wandb.ai": (
        "https://wandb.auth0.com",
        "https://wandb.ai",
        "https://id.coreweave.com",
        "https://forge.coreweave.com",
    ),
}
_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, the port only where it is not the usual one; empty where there is none."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    scheme = parts.scheme.lower()
    if not host or scheme not in _PORTS:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port and port != _PORTS[scheme] else "")


@dataclass(frozen=True, slots=True)
class OriginProblem:
    """Why nothing secret may be typed into a page.

    Attributes:
        origin: The page's origin; empty if it has none.
        unencrypted: Whether the origin is trusted but for plain http; else it is unknown.
        address: What is shown in place of a page without an origin, or empty.
    """

    origin: str
    unencrypted: bool = False
    address: str = ""

    def __str__(self) -> str:
        shown = self.origin or self.address or "A page without an address"
        what = "is not encrypted" if self.unencrypted else "is not known as a sign-in page of this server"
        return f"{shown} {what}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and no other."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Origins:
    """The origins that belong to one server, and those that the user said yes to."""

    def __init__(self, server: ServerInfo, allowed: Iterable[str] = (), *, plain_http: bool = False) -> None:
        """Know them.

        Args:
            server: The server; its own origins and the identity hosts known for it are allowed.
            allowed: Further ones, named by the user.
            plain_http: Whether the user insists on http without encryption beyond this machine.
        """
        self._own = {origin_of(server.app_url), origin_of(server.base_url)}
        host = urlsplit(server.app_url).hostname or ""
        self._named = {origin_of(item if "://" in item else f"https://{item}") for item in allowed}
        self._all = (self._own | self._named | set(_KNOWN.get(host, ()))) - {""}
        self._plain_http = plain_http

    def allow(self, origins: Iterable[str]) -> None:
        """Also trust these, to which the user has said yes."""
        self._all = (self._all | {origin_of(origin) for origin in origins}) - {""}

    def own(self, origin: str) -> bool:
        """Whether it is the server's itself, so that its cookies are sent from there."""
        return origin_of(origin) in self._own

    @property
    def open(self) -> tuple[str, ...]:
        """All origins into whose pages something secret may be typed."""
        return tuple(sorted(origin for origin in self._all if not self.problem(origin)))

    def problem(self, origin: str) -> OriginProblem | None:
        """Why nothing secret may be typed into a page of this origin; None if it may."""
        known = origin_of(origin)
        if not known or known not in self._all:
            return OriginProblem(known, address=origin)
        parts = urlsplit(known)
        if parts.scheme == "http" and not is_loopback(parts.hostname or "") and not self._plain_http:
            return OriginProblem(known, unencrypted=True)
        return None
