"""The proxy of a request, for the API, the browser and downloads alike.

The environment names the proxies (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, ``NO_PROXY``; small letters win), on
macOS and Windows the system's settings where the environment names none. This machine itself is never reached through
a proxy: a proxy elsewhere would look for the server on its own machine.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote, urlsplit

_SCHEMES = ("http", "https")
_SOCKS = frozenset({"socks4", "socks4a", "socks5", "socks5h"})
_LOOPBACK_NAMES = ("localhost", "*.localhost", "127.0.0.0/8", "[::1]")
"""This machine, as Chromium's bypass list writes it."""


@dataclass(frozen=True, slots=True)
class ProxyServer:
    """The address of a proxy.

    Attributes:
        scheme: ``http``, ``https``, or a version of SOCKS.
        address: ``host`` or ``host:port``, fit to be shown.
        username: For the proxy; empty for none.
        password: For the proxy.
    """

    scheme: str
    address: str
    username: str = ""
    password: str = ""

    @property
    def problem(self) -> str:
        """The reason why requests cannot use it, in one sentence without a full stop; empty if they can."""
        if self.scheme in _SOCKS and importlib.util.find_spec("socks") is None:
            return f"The proxy {self.address} speaks SOCKS, which needs PySocks: pip install pysocks"
        if self.scheme not in _SOCKS and self.scheme not in _SCHEMES:
            return f"The proxy {self.address} has the unknown scheme “{self.scheme}://” (http:// is usual)"
        return ""


class ProxySettings:
    """The proxies of an environment."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Read nothing yet.

        Args:
            environ: The environment; it is read for each URL.
        """
        self._environ = environ

    def for_url(self, url: str) -> ProxyServer | None:
        """The proxy for a URL; None for a direct connection."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if is_loopback(host) or self._bypasses(host, parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)):
            return None
        return self.for_scheme(parts.scheme)

    def for_scheme(self, scheme: str) -> ProxyServer | None:
        """The proxy for a scheme, regardless of the host."""
        named = self.url_for_scheme(scheme)
        try:
            parts = urlsplit(named)
            host, port = parts.hostname, parts.port
        except ValueError:
            return None
        if not host:
            return None
        address = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        return ProxyServer(parts.scheme, address, unquote(parts.username or ""), unquote(parts.password or ""))

    def for_requests(self, url: str) -> dict[str, str]:
        """The proxies as ``requests`` takes them, so that it does not read the environment itself."""
        if self.for_url(url) is None:
            # requests takes None as "no proxy", although its types do not say so.
            return dict.fromkeys((*_SCHEMES, "all"), cast("str", None))
        return dict.fromkeys(_SCHEMES, self.url_for_scheme(urlsplit(url).scheme))

    @property
    def chromium_bypass(self) -> str | None:
        """The hosts without proxy, as Chromium writes them; None if no host has a proxy."""
        entries = list(self._no_proxy())
        if "*" in entries:
            return None
        return ",".join(dict.fromkeys([*_LOOPBACK_NAMES, *_for_chromium(entries)]))

    def url_for_scheme(self, scheme: str) -> str:
        """The proxy's URL as the user wrote it, with a scheme; empty for none."""
        named = self._value(f"{scheme}_proxy") or self._value("all_proxy") or self._of_system(scheme)
        return named if not named or "://" in named else f"http://{named}"

    def _value(self, name: str) -> str:
        # An empty lower-case variable turns off the upper-case one.
        return self._environ[name] if name in self._environ else self._environ.get(name.upper(), "")

    def _of_system(self, scheme: str) -> str:
        system: str = sys.platform
        if system not in {"darwin", "win32"} or self._environ is not os.environ:
            return ""
        from urllib.request import getproxies

        return getproxies().get(scheme, "")

    def _no_proxy(self) -> Iterator[str]:
        return (entry.strip().lower() for entry in self._value("no_proxy").split(",") if entry.strip())

    def _bypasses(self, host: str, port: int) -> bool:
        return any(_matches(entry, host.lower(), port) for entry in self._no_proxy())


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    host = host.lower().rstrip(".").strip("[]")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def keep_sdk_off_proxy(base_url: str) -> None:
    """Add a server on this machine to ``NO_PROXY`` of this process, and with it of the SDK's service process.

    The SDK's Python part sends requests to this machine through a proxy, unlike everything else.
    """
    host = urlsplit(base_url).hostname or ""
    settings = ProxySettings()
    if not is_loopback(host) or not any(settings.for_scheme(scheme) for scheme in _SCHEMES):
        return
    for name in {"NO_PROXY", *({"no_proxy"} & os.environ.keys())}:
        entries = [entry for entry in os.environ.get(name, "").split(",") if entry.strip()]
        if host not in entries:
            os.environ[name] = ",".join([*entries, host])


def _matches(entry: str, host: str, port: int) -> bool:
    """Whether an entry of ``NO_PROXY`` covers a host: a name covers its subdomains, an address may be a network."""
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    name, colon, number = entry.rpartition(":")
    if colon and number.isdigit() and (":" not in name or name.endswith("]")):
        if int(number) != port:
            return False
        entry = name.strip("[]")
    entry = entry.removeprefix("*").lstrip(".")
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))


def _for_chromium(entries: list[str]) -> Iterator[str]:
    for entry in entries:
        name = entry.removeprefix("*").lstrip(".")
        bare = name.replace(".", "").replace(":", "").isdigit() or any(sign in name for sign in "/*:")
        yield name
        if not bare:
            yield f"*.{name}"
