"""One question to the server's GraphQL API, and what came of it, told apart by kind.

Straight HTTP with the key that the SDK would use: the SDK's own calls answer "no" alike for "absent" and "refused",
and retry inside for longer than a user cares to wait.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.version import __version__

if TYPE_CHECKING:
    import requests

_CONNECT_TIMEOUT = 6.0
_READ_TIMEOUT = 20.0
_WHOLE_TIMEOUT = 60.0
"""Seconds after which an answer is given up that comes in drops."""
_LARGEST = 64 * 1024 * 1024
_PIECE = 64 * 1024
_MAX_SHOWN = 160
RATE_LIMITED = "Rate limited"
"""What a row says while the server wants to be left alone."""
_NO_API = frozenset({404, 405, 501})
"""What a web server that is no W&B server answers to a question of ours: not found, or no such method."""
_PASSING = frozenset({408, 425})
"""Caller's faults by their number, though nothing but time mends them: too slow, too early."""
_LIMITED = ("rate limit", "rate_limit", "ratelimit", "too many requests", "too_many_requests", "throttled")
_EPOCH = 1e9
"""A number of seconds above this is a moment since 1970, as some servers give it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the answer's headers say of the rate limit.

    Attributes:
        retry_after: Seconds that the server asks us to wait.
        remaining: What is left, as the server counts it.
        reset: Seconds until the limit is renewed.
    """

    retry_after: float | None = None
    remaining: float | None = None
    reset: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        data: The answer's ``data``, possibly with holes; None where there is none.
        errors: The answer's GraphQL errors.
        problem: `REFUSED`, `NOT_UNDERSTOOD` or `TROUBLE` where there is no usable answer at all, else None.
        message: What went wrong, in one sentence without a full stop.
        status: The HTTP status, 0 where none came.
        limits: The rate limit.
        limited: Whether the server limits our rate, in whatever way it says so.
        with_key: Whether the question went out with an API key.
        seconds: How long the answer took; 0 where none came.
        date: The server's clock when it answered, to the second; None where it does not say.
    """

    data: dict[str, Any] | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    problem: ProbeOutcome | None = None
    message: str = ""
    status: int = 0
    limits: Limits = field(default_factory=Limits)
    limited: bool = False
    with_key: bool = True
    seconds: float = 0.0
    date: datetime | None = None


class GraphQL:
    """Posts queries to ``{base_url}/graphql``. Used by one thread at a time."""

    def __init__(self, base_url: str, api_key: Callable[[], str | None]) -> None:
        """Prepare; nothing is imported or sent yet.

        Args:
            base_url: Where the API is.
            api_key: Gives the key, asked anew for each request; None asks as nobody, which shows public projects.
        """
        self._url = f"{base_url}/graphql"
        self._host = urlsplit(base_url).netloc
        self._api_key = api_key
        self._session: requests.Session | None = None

    def execute(self, query: str, variables: Mapping[str, object]) -> Reply:
        """Send one query. Never raises for what the network or the server does."""
        import requests
        from urllib3.exceptions import HTTPError

        session = self._session = self._session or requests.Session()
        key = self._api_key()
        began = time.monotonic()
        try:
            response = session.post(
                self._url,
                json={"query": query, "variables": dict(variables)},
                headers={"User-Agent": f"wandb-tui/{__version__}", "Accept": "application/json"},
                # A callable, since without one requests would look into ~/.netrc by itself.
                auth=requests.auth.HTTPBasicAuth("api", key) if key else _as_nobody,
                timeout=(_CONNECT_TIMEOUT, _READ_TIMEOUT),
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = _content(response, began + _WHOLE_TIMEOUT)
        except (OSError, HTTPError) as error:
            # requests' own errors are of the first kind, and what it says of a file of certificates.
            return Reply(problem=ProbeOutcome.UNAVAILABLE, message=_network_trouble(error, self._host))
        seconds = time.monotonic() - began
        reply = _read(response, content, self._host, with_key=bool(key))
        date = _date(response.headers.get("Date"))
        return replace(reply, with_key=bool(key), seconds=seconds, date=date)

    def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            self._session.close()


def _as_nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _content(response: requests.Response, until: float) -> bytes:
    """All of the answer, piece by piece as it comes: the time-out of a socket counts from one drop to the next."""
    # Older versions of urllib3 cannot give what has come so far.
    read = getattr(response.raw, "read1", response.raw.read)
    content = bytearray()
    while piece := read(_PIECE, decode_content=True):
        content += piece
        if time.monotonic() > until or len(content) > _LARGEST:
            raise TimeoutError("the answer has no end")
    return bytes(content)


def _network_trouble(error: Exception, host: str) -> str:
    from requests import exceptions

    text = str(error)
    match error:
        case exceptions.SSLError():
            what = f"The certificate of {host} is not trusted (REQUESTS_CA_BUNDLE can name your organisation's)"
        case exceptions.ProxyError():
            what = f"The proxy on the way to {host} refuses or cannot be reached"
        case exceptions.ConnectTimeout():
            what = f"{host} does not answer: no connection within {_CONNECT_TIMEOUT:.0f} s"
        case exceptions.ConnectionError() if any(
            word in text for word in ("resolve", "Name or service", "getaddrinfo")
        ):
            what = f"The name {host} cannot be resolved (is it right, and is the network up?)"
        case exceptions.ConnectionError() if "refused" in text:
            what = f"Nothing listens at {host} (is the server running?)"
        case OSError() if "certificate" in text:
            what = "The file of certificates that REQUESTS_CA_BUNDLE names cannot be read"
        case _:
            what = _broken_answer(error, host)
    return what


def _broken_answer(error: Exception, host: str) -> str:
    """What was wrong where there was a connection."""
    from requests import exceptions
    from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError

    match error:
        case exceptions.Timeout() | ReadTimeoutError():
            return f"{host} does not answer: connected, but silent for {_READ_TIMEOUT:.0f} s"
        case exceptions.ConnectionError() | ProtocolError():
            return f"The connection to {host} broke off"
        case TimeoutError():
            return f"{host} does not come to the end of its answer"
        case DecodeError():
            return f"{host} answers with something that cannot be unpacked"
        case _:
            return f"The request to {host} failed ({type(error).__name__})"


def _read(response: requests.Response, content: bytes, host: str, *, with_key: bool) -> Reply:
    limits = _limits(response.headers)
    failed = partial(Reply, status=response.status_code, limits=limits)
    if _limits_rate(response.status_code, limits):
        return failed(problem=ProbeOutcome.UNAVAILABLE, message=RATE_LIMITED, limited=True)
    if (told := _told_by_status(response, host, with_key=with_key)) is not None:
        problem, why = told
        return failed(problem=problem, message=why)
    body = _json_object(content)
    errors = _errors(body)
    limited = limits.remaining == 0 or any(map(limits_rate, errors))
    data = body.get("data") if body is not None else None
    if isinstance(data, dict) and response.status_code == 200:  # noqa: PLR2004 - OK
        return failed(data=data, errors=errors, limited=limited)
    if limited and errors:
        return failed(problem=ProbeOutcome.UNAVAILABLE, message=RATE_LIMITED, limited=True)
    why = _unusable(response, content, host, errors, understood=body is not None)
    return failed(problem=ProbeOutcome.INVALID_RESPONSE, message=why, errors=errors, limited=limited)


def _limits_rate(status: int, limits: Limits) -> bool:
    """Whether the status says that the rate is limited, in place of an answer; some say so with 403."""
    waits = limits.retry_after is not None or limits.remaining == 0
    return status == 429 or (status == 403 and waits)  # noqa: PLR2004 - Too Many Requests, Forbidden


def _told_by_status(response: requests.Response, host: str, *, with_key: bool) -> tuple[ProbeOutcome, str] | None:
    """What the status alone tells; None where the answer's body tells more."""
    match response.status_code:
        case 401 | 403 as status:
            why = "refused the API key" if with_key else "wants an API key"
            return ProbeOutcome.UNAUTHORIZED, f"{host} {why} (HTTP {status})"
        case 407 as status:
            return (
                ProbeOutcome.UNAVAILABLE,
                f"The proxy on the way to {host} wants a name and a password (HTTP {status})",
            )
        case status if (status >= 500 and status not in _NO_API) or status in _PASSING:  # noqa: PLR2004 - its own faults
            return ProbeOutcome.UNAVAILABLE, f"{host} is in trouble (HTTP {status})"
        case status if 300 <= status < 400:  # noqa: PLR2004 - redirects
            target = urlsplit(response.headers.get("Location", "")).netloc or "another page"
            return (
                ProbeOutcome.INVALID_RESPONSE,
                f"{host} sends its API's callers to {target} (is this the address of its API?)",
            )
        case _:
            return None


def mentions(error: Mapping[str, Any], marks: Iterable[str]) -> bool:
    """Whether a GraphQL error says one of these things, in its words or in its code."""
    more = error.get("extensions")
    code = more.get("code") if isinstance(more, dict) else ""
    words = f"{error.get('message', '')} {code or ''}".lower()
    return any(mark in words for mark in marks)


def limits_rate(error: Mapping[str, Any]) -> bool:
    """Whether a GraphQL error says that the rate is limited."""
    return mentions(error, _LIMITED)


def _json_object(content: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _errors(body: dict[str, Any] | None) -> list[dict[str, Any]]:
    errors = (body or {}).get("errors")
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _unusable(
    response: requests.Response, content: bytes, host: str, errors: list[dict[str, Any]], *, understood: bool
) -> str:
    status = response.status_code
    if errors:
        return f"{host} says: {one_line(errors[0].get('message'))}" + (f" (HTTP {status})" if status >= 400 else "")  # noqa: PLR2004
    if status in _NO_API:
        return f"There is no W&B API at {host} (HTTP {status})"
    if status >= 400:  # noqa: PLR2004 - the caller's faults
        return f"{host} does not accept the question (HTTP {status})"
    if not content.strip():
        return f"{host} answers with nothing at all"
    if "html" in response.headers.get("Content-Type", "") or content.lstrip()[:1] == b"<":
        return f"{host} answers with a web page instead of data (is this the address of its API?)"
    return f"{host} answers with {'no data' if understood else 'something that is not JSON'}"


def one_line(text: object) -> str:
    """A server's words, fit for one line."""
    words = " ".join(str(text or "an error without words").split())
    return words if len(words) <= _MAX_SHOWN else words[: _MAX_SHOWN - 1] + "…"


def _limits(headers: Mapping[str, str]) -> Limits:
    # By the server's clock, where it tells it: ours may be wrong.
    now = _date(headers.get("Date")) or datetime.now(UTC)
    return Limits(
        retry_after=_seconds(headers.get("Retry-After"), now),
        remaining=_number(headers.get("RateLimit-Remaining")),
        reset=_seconds(headers.get("RateLimit-Reset"), now),
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


def _seconds(text: str | None, now: datetime) -> float | None:
    """A header's number of seconds; a moment, written in one way or another, is turned into one."""
    seconds = _number(text)
    if seconds is not None:
        return seconds if seconds < _EPOCH else max(0.0, seconds - now.timestamp())
    date = _date(text)
    return None if date is None else max(0.0, (date - now).total_seconds())


def _date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text or "").astimezone(UTC)
    except (ValueError, TypeError):
        return None
