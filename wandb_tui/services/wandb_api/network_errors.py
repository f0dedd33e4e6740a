"""Explains network errors: a sentence for the user, and whether repeating can help."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from wandb_tui.core.probe import Persistence
from wandb_tui.services.proxies import ProxyServer

CONNECT_TIMEOUT_S = 6.0
READ_TIMEOUT_S = 20.0

_UNRESOLVED = ("resolve", "Name or service", "getaddrinfo")
_WRONG_TIME = ("certificate has expired", "certificate is not yet valid")
_NOT_TLS = ("WRONG_VERSION_NUMBER", "wrong version number", "record layer failure", "HTTP_REQUEST")


class Problem(NamedTuple):
    """A request's failure without an answer.

    Attributes:
        message: One sentence without a full stop.
        persistence: Whether repeating the request can help.
    """

    message: str
    persistence: Persistence = Persistence.TRANSIENT


def explain(error: Exception, host: str, proxy: ProxyServer | None) -> Problem:
    """The meaning of an error of requests, urllib3 or the socket.

    Args:
        error: The error.
        host: The server.
        proxy: The proxy on the way to it, if there is one.
    """
    from requests import exceptions

    text = str(error)
    match error:
        case exceptions.SSLError():
            found = _encryption_problem(text, host)
        case exceptions.ProxyError():
            found = _proxy_problem(text, host, proxy)
        case exceptions.ConnectTimeout():
            found = Problem(f"{host} does not answer: no connection within {CONNECT_TIMEOUT_S:.0f} s")
        case exceptions.ConnectionError() if any(sign in text for sign in _UNRESOLVED):
            found = Problem(f"The name {host} cannot be resolved (is it right, and is the network up?)")
        case exceptions.ConnectionError() if "refused" in text:
            found = Problem(f"Nothing listens at {host} (is the server running?)")
        case exceptions.InvalidURL() | exceptions.InvalidSchema() | exceptions.MissingSchema():
            found = Problem(f"{host} is not a valid address", Persistence.PERMANENT)
        case OSError() if "certificate" in text:
            found = Problem("The certificate file of REQUESTS_CA_BUNDLE cannot be read", Persistence.PERMANENT)
        case _:
            found = Problem(_broken_answer(error, host))
    return found


def _encryption_problem(text: str, host: str) -> Problem:
    if any(sign in text for sign in _NOT_TLS):
        return Problem(f"{host} does not speak HTTPS (is its address http://{host}?)", Persistence.PERMANENT)
    if any(sign in text for sign in _WRONG_TIME):
        return Problem(
            f"The certificate of {host} has expired or is not valid yet "
            f"(is the clock here right? It says {datetime.now(UTC):%Y-%m-%d})",
            Persistence.LIKELY_PERMANENT,
        )
    if "certificate" in text.lower():
        return Problem(
            f"The certificate of {host} is not trusted (REQUESTS_CA_BUNDLE can name your organisation's)",
            Persistence.LIKELY_PERMANENT,
        )
    return Problem(f"The connection to {host} failed during the TLS handshake")


def _proxy_problem(text: str, host: str, proxy: ProxyServer | None) -> Problem:
    via = f"The proxy {proxy.address}" if proxy else "The proxy"
    if "407" in text:
        return Problem(
            f"{via} on the way to {host} requires a user name and password (HTTP 407)", Persistence.PERMANENT
        )
    for status in ("401", "403", "405"):
        if f"{status} " in text:
            return Problem(f"{via} blocks access to {host} (HTTP {status})", Persistence.LIKELY_PERMANENT)
    return Problem(f"{via} on the way to {host} refuses connections or cannot be reached")


def _broken_answer(error: Exception, host: str) -> str:
    """The error of an established connection."""
    from requests import exceptions
    from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError

    match error:
        case exceptions.Timeout() | ReadTimeoutError():
            return f"{host} does not answer: connected, but silent for {READ_TIMEOUT_S:.0f} s"
        case exceptions.ConnectionError() | ProtocolError():
            return f"The connection to {host} broke off"
        case TimeoutError():
            return f"{host} did not finish its answer"
        case DecodeError():
            return f"{host} sent an answer that cannot be decompressed"
        case _:
            return f"The request to {host} failed ({type(error).__name__})"
