"""A GraphQL client that distinguishes the kinds of failure.

Plain HTTP with the SDK's API key: the SDK's own calls do not distinguish "absent" from "refused", and retry internally
for too long.
"""

from __future__ import annotations

import json
import math
import time
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from wandb_tui.core.errors import ApiKeyError, ServerError
from wandb_tui.core.probe import Persistence, ProbeOutcome
from wandb_tui.services.credentials.authorization import AccessToken, ApiKey, Authorization, Authorize, anonymous
from wandb_tui.services.extra_headers import ExtraHeaders
from wandb_tui.services.proxies import ProxyServer, ProxySettings
from wandb_tui.services.wandb_api.network_errors import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, explain
from wandb_tui.version import __version__

if TYPE_CHECKING:
    import requests

_MAX_REPLY_S = 60.0
"""Seconds after which a reply that arrives too slowly is given up."""
_MAX_REPLY_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_MAX_QUOTED_CHARS = 160
RATE_LIMITED = "Rate limited"
"""The message while the server limits the rate."""
_UNAUTHORIZED = 401
_NO_API_STATUSES = frozenset({404, 405, 501})
"""Statuses of a web server that is not a W&B server: not found, or no such method."""
_RETRYABLE_STATUSES = frozenset({408, 425})
"""Client errors that are temporary: too slow, too early."""
_RATE_LIMIT_MARKS = ("rate limit", "rate_limit", "ratelimit", "too many requests", "too_many_requests", "throttled")
_MIN_EPOCH_S = 1e9
"""A larger number of seconds is a Unix time, as some servers send it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The rate limit in a reply's headers.

    Attributes:
        retry_after: Seconds that the server asks us to wait.
        remaining: The remaining requests, as the server counts them.
        reset: Seconds until the limit is renewed.
    """

    retry_after: float | None = None
    remaining: float | None = None
    reset: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome of one request.

    Attributes:
        data: The ``data`` of the answer, possibly incomplete; None if there is none.
        errors: The GraphQL errors of the answer.
        problem: `UNAUTHORIZED`, `INVALID_RESPONSE` or `UNAVAILABLE` if there is no usable answer, else None.
        message: The problem, in one sentence without a full stop.
        status: The HTTP status, 0 without an answer.
        limits: The rate limit.
        limited: Whether the server limits the rate, however it says so.
        with_key: Whether the request carried an API key, or an access token in its place.
        seconds: How long the answer took; 0 without one.
        date: The server's clock when it answered, to the second; None if it does not say.
        persistence: Whether repeating the request can help, if there is a problem.
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
    persistence: Persistence = Persistence.TRANSIENT


class GraphQL:
    """Posts queries to ``{base_url}/graphql``. Used by one thread at a time."""

    def __init__(
        self,
        base_url: str,
        authorize: Authorize,
        proxies: ProxySettings | None = None,
        extra_headers: ExtraHeaders | None = None,
    ) -> None:
        """Prepare; nothing is imported or sent yet.

        Args:
            base_url: The API's address.
            authorize: Authorizes each request; without an authorization only public projects are visible.
            proxies: The proxies; by default those of this process's environment.
            extra_headers: Further headers of the user's; None for none.
        """
        self._url = f"{base_url}/graphql"
        self._host = urlsplit(base_url).netloc
        self._authorize = authorize
        self._proxies = proxies or ProxySettings()
        self._extra_headers = extra_headers
        self._session: requests.Session | None = None

    def execute(self, query: str, variables: Mapping[str, object]) -> Reply:
        """Send one query. Errors of the network and the server are replies, too; it never raises them."""
        authorization = _authorized(self._authorize)
        if isinstance(authorization, Reply):
            return authorization
        reply = self._send(query, variables, authorization)
        if reply.status != _UNAUTHORIZED or not isinstance(authorization, AccessToken) or not authorization.renew():
            return reply
        renewed = _authorized(self._authorize)
        return renewed if isinstance(renewed, Reply) else self._send(query, variables, renewed)

    def _send(self, query: str, variables: Mapping[str, object], authorization: Authorization | None) -> Reply:
        from urllib3.exceptions import HTTPError

        from wandb_tui.services.http_session import HttpSession

        session = self._session = self._session or HttpSession(self._proxies, self._extra_headers)
        proxy = self._proxies.for_url(self._url)
        if problem := _unusable_key(authorization) or _unusable_proxy(proxy):
            return problem
        began = time.monotonic()
        try:
            response = session.post(
                self._url,
                json={"query": query, "variables": dict(variables)},
                headers={"User-Agent": f"wandb-tui/{__version__}", "Accept": "application/json"},
                auth=authorization or anonymous,
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = _read_content(response, began + _MAX_REPLY_S)
        except (OSError, HTTPError) as error:
            # requests' own errors are OSErrors, and so is an unreadable file of certificates.
            message, persistence = explain(error, self._host, proxy)
            return Reply(problem=ProbeOutcome.UNAVAILABLE, message=message, persistence=persistence)
        seconds = time.monotonic() - began
        origin = _Origin(self._url, self._host, proxy, authorization.name if authorization else "")
        date = _date(response.headers.get("Date"))
        return replace(_read(response, content, origin), with_key=authorization is not None, seconds=seconds, date=date)

    def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            self._session.close()


class _Origin(NamedTuple):
    """The destination of a request."""

    url: str
    host: str
    proxy: ProxyServer | None
    authorization: str


def _authorized(authorize: Authorize) -> Authorization | Reply | None:
    """The authorization for a request, or the reply instead of it."""
    try:
        return authorize()
    except ApiKeyError as error:
        return Reply(problem=ProbeOutcome.UNAUTHORIZED, message=one_line(error.message))
    except ServerError as error:
        return Reply(problem=ProbeOutcome.UNAVAILABLE, message=one_line(error.message))


def _unusable_key(authorization: Authorization | None) -> Reply | None:
    """The reply instead of a request whose key is not printable ASCII, which no W&B key is."""
    key = authorization.secret if isinstance(authorization, ApiKey) else ""
    wrong = next((sign for sign in key if not sign.isascii() or not sign.isprintable()), "")
    if not wrong:
        return None
    name = unicodedata.name(wrong, f"U+{ord(wrong):04X}").lower()
    return Reply(
        problem=ProbeOutcome.UNAUTHORIZED,
        message=f"The API key contains an invalid character ({name}); copy the key again",
        persistence=Persistence.PERMANENT,
    )


def _unusable_proxy(proxy: ProxyServer | None) -> Reply | None:
    """The reply instead of a request through a proxy of an unsupported kind."""
    if proxy is None or not proxy.problem:
        return None
    return Reply(problem=ProbeOutcome.UNAVAILABLE, message=proxy.problem, persistence=Persistence.PERMANENT)


def _read_content(response: requests.Response, until: float) -> bytes:
    """The whole body, in chunks: a socket's time-out alone would restart with every byte."""
    # Older versions of urllib3 have no read1.
    read = getattr(response.raw, "read1", response.raw.read)
    content = bytearray()
    while chunk := read(_CHUNK_BYTES, decode_content=True):
        content += chunk
        if time.monotonic() > until or len(content) > _MAX_REPLY_BYTES:
            raise TimeoutError("the answer does not end")
    return bytes(content)


def _read(response: requests.Response, content: bytes, origin: _Origin) -> Reply:
    limits = _limits(response.headers)
    failed = partial(Reply, status=response.status_code, limits=limits)
    if _limits_rate(response.status_code, limits):
        return failed(problem=ProbeOutcome.UNAVAILABLE, message=RATE_LIMITED, limited=True)
    body = _json_object(content)
    if (by_status := _by_status(response, body, origin)) is not None:
        return replace(by_status, status=response.status_code, limits=limits)
    errors = _errors(body)
    limited = limits.remaining == 0 or any(map(limits_rate, errors))
    data = body.get("data") if body is not None else None
    if isinstance(data, dict) and response.status_code == 200:  # noqa: PLR2004 - OK
        return failed(data=data, errors=errors, limited=limited)
    if limited and errors:
        return failed(problem=ProbeOutcome.UNAVAILABLE, message=RATE_LIMITED, limited=True)
    message = _unusable(response, content, origin, errors, is_json=body is not None)
    # It is for the caller to decide the meaning of a GraphQL error.
    persistence = Persistence.TRANSIENT if errors else Persistence.LIKELY_PERMANENT
    return failed(
        problem=ProbeOutcome.INVALID_RESPONSE, message=message, errors=errors, limited=limited, persistence=persistence
    )


def _limits_rate(status: int, limits: Limits) -> bool:
    """Whether the status says that the rate is limited; some servers say so with 403."""
    waits = limits.retry_after is not None or limits.remaining == 0
    return status == 429 or (status == 403 and waits)  # noqa: PLR2004 - Too Many Requests, Forbidden


def _by_status(response: requests.Response, body: dict[str, Any] | None, origin: _Origin) -> Reply | None:
    """The reply for a status that is an error by itself; None if the body decides."""
    found: Reply | None
    host = origin.host
    match response.status_code:
        case 401 | 403 as status if _is_from_wandb(body):
            reason = f"refused the {origin.authorization}" if origin.authorization else "requires an API key"
            found = Reply(problem=ProbeOutcome.UNAUTHORIZED, message=f"{host} {reason} (HTTP {status})")
        case 401 | 403 as status:
            found = Reply(
                problem=ProbeOutcome.INVALID_RESPONSE,
                message=f"{_gateway(response, origin)} blocks access to W&B (HTTP {status})",
                persistence=Persistence.LIKELY_PERMANENT,
            )
        case 407 as status:
            via = f"The proxy {origin.proxy.address}" if origin.proxy else "The proxy"
            found = Reply(
                problem=ProbeOutcome.UNAVAILABLE,
                message=f"{via} on the way to {host} requires a user name and password (HTTP {status})",
                persistence=Persistence.PERMANENT,
            )
        case status if (status >= 500 and status not in _NO_API_STATUSES) or status in _RETRYABLE_STATUSES:  # noqa: PLR2004
            found = Reply(problem=ProbeOutcome.UNAVAILABLE, message=f"{host} has a server error (HTTP {status})")
        case status if 300 <= status < 400:  # noqa: PLR2004 - redirects
            found = _redirected(response, origin)
        case _:
            found = None
    return found


def _is_from_wandb(body: dict[str, Any] | None) -> bool:
    """Whether an error's body has W&B's own form: GraphQL errors, or one error with a message.

    Gateways and proxies send a page, nothing, or JSON of another form.
    """
    if body is None:
        return False
    found = body.get("errors", body.get("error"))
    first = found[0] if isinstance(found, list) and found else found
    return isinstance(first, str) or (isinstance(first, dict) and isinstance(first.get("message"), str))


def _gateway(response: requests.Response, origin: _Origin) -> str:
    """A description of what answered instead of the server."""
    if origin.proxy and urlsplit(origin.url).scheme == "http":
        return f"The proxy {origin.proxy.address} or a gateway at {origin.host}"
    software = one_line(response.headers.get("Server", ""))[:40] if response.headers.get("Server") else ""
    return f"A gateway or proxy in front of {origin.host}" + (f" ({software})" if software else "")


def _redirected(response: requests.Response, origin: _Origin) -> Reply:
    here, there = urlsplit(origin.url), urlsplit(urljoin(origin.url, response.headers.get("Location", "")))
    if here.scheme == "http" and there.scheme == "https" and here.hostname == there.hostname:
        base = f"https://{there.netloc}{there.path.removesuffix('/graphql')}"
        message, persistence = (
            f"{origin.host} requires HTTPS: use --host {base} (WANDB_BASE_URL)",
            Persistence.PERMANENT,
        )
    else:
        target = there.netloc if there.netloc != here.netloc else "another page"
        message = f"{origin.host} redirects API requests to {target} (is this the address of its API?)"
        persistence = Persistence.LIKELY_PERMANENT
    return Reply(problem=ProbeOutcome.INVALID_RESPONSE, message=message, persistence=persistence)


def mentions(error: Mapping[str, Any], marks: Iterable[str]) -> bool:
    """Whether a GraphQL error's message or code contains one of these marks."""
    more = error.get("extensions")
    code = more.get("code") if isinstance(more, dict) else ""
    words = f"{error.get('message', '')} {code or ''}".lower()
    return any(mark in words for mark in marks)


def limits_rate(error: Mapping[str, Any]) -> bool:
    """Whether a GraphQL error says that the rate is limited."""
    return mentions(error, _RATE_LIMIT_MARKS)


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
    response: requests.Response, content: bytes, origin: _Origin, errors: list[dict[str, Any]], *, is_json: bool
) -> str:
    status, host = response.status_code, origin.host
    if errors:
        return f"{host} says: {one_line(errors[0].get('message'))}" + (f" (HTTP {status})" if status >= 400 else "")  # noqa: PLR2004
    if status in _NO_API_STATUSES:
        return f"There is no W&B API at {host} (HTTP {status})"
    if status >= 400:  # noqa: PLR2004 - client errors
        return f"{host} rejects the request (HTTP {status})"
    if not content.strip():
        return f"{host} sent an empty answer"
    if "html" in response.headers.get("Content-Type", "") or content.lstrip()[:1] == b"<":
        return f"{host} sent a web page instead of data (is this the address of its API?)"
    return f"{host} sent {'no data' if is_json else 'something that is not JSON'}"


def one_line(text: object) -> str:
    """A server's message, shortened to one line without a full stop."""
    line = " ".join(str(text or "an error without a message").split()).removesuffix(".")
    return line if len(line) <= _MAX_QUOTED_CHARS else line[: _MAX_QUOTED_CHARS - 1] + "…"


def _limits(headers: Mapping[str, str]) -> Limits:
    # By the server's clock if it sends it: ours may be wrong.
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
    """A header's number of seconds; a time, as a date or as Unix time, is converted to one."""
    seconds = _number(text)
    if seconds is not None:
        return seconds if seconds < _MIN_EPOCH_S else max(0.0, seconds - now.timestamp())
    date = _date(text)
    return None if date is None else max(0.0, (date - now).total_seconds())


def _date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text or "").astimezone(UTC)
    except (ValueError, TypeError):
        return None
