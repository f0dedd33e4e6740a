"""Identity federation: exchanges the job's identity token for access tokens, as the SDK does.

The platform that a job runs on writes the identity token to a file and renews it there; the server issues access
tokens for it. The SDK keeps them in a file of its own in the clear, which is read here and never written.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wandb_tui.core.errors import ApiKeyError, ServerError
from wandb_tui.core.home import home_folder
from wandb_tui.services.credentials.authorization import AccessToken
from wandb_tui.services.credentials.redaction import learn
from wandb_tui.services.extra_headers import ExtraHeaders
from wandb_tui.services.proxies import ProxySettings
from wandb_tui.services.wandb_api.network_errors import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, explain

log = logging.getLogger(__name__)

IDENTITY_VARIABLE = "WANDB_IDENTITY_TOKEN_FILE"
_CREDENTIALS_FILE_VARIABLE = "WANDB_CREDENTIALS_FILE"
_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_EXPIRY_FORMAT = "%Y-%m-%d %H:%M:%S"
_MAX_MARGIN_S = 300.0
"""A token is renewed this long before it expires, or, if it lives for less than 50 minutes, in its last tenth. The SDK
always takes five minutes, and so exchanges again for each request where tokens live for less."""
_DEFAULT_LIFETIME_S = 60.0
_MIN_RENEWAL_S = 30.0
"""A token that is refused when it is younger than this is no older token's fault: a new one would be refused, too."""
_MAX_TOKEN_BYTES = 1024 * 1024
_OK, _TOO_MANY_REQUESTS, _SERVER_ERROR = 200, 429, 500
_NO_ENDPOINT_STATUSES = frozenset({404, 405, 501})


@dataclass(frozen=True, slots=True)
class _Issued:
    """An access token with the times, in seconds since the epoch, at which it was got, is due for renewal, and ends."""

    token: str
    since: float
    renewal: float
    end: float


class TokenExchange:
    """Gives access tokens for one server. Safe from any thread; one exchange serves all threads."""

    def __init__(
        self,
        base_url: str,
        environ: Mapping[str, str],
        proxies: ProxySettings | None = None,
        extra_headers: ExtraHeaders | None = None,
    ) -> None:
        """Prepare; nothing is read or sent yet.

        Args:
            base_url: The API's address.
            environ: The environment, with ``WANDB_IDENTITY_TOKEN_FILE`` and ``WANDB_CREDENTIALS_FILE``.
            proxies: The proxies; by default those of this process's environment.
            extra_headers: Further headers of the user's; None for none.
        """
        self._base_url = base_url
        self._host = urlsplit(base_url).netloc
        self._file = Path(environ[IDENTITY_VARIABLE]).expanduser()
        self._sdk_file = _sdk_file(environ)
        self._proxies = proxies or ProxySettings(environ)
        self._extra_headers = extra_headers
        self._issued: _Issued | None = None
        self._refused = ""
        self._lock = threading.Lock()

    def access_token(self) -> AccessToken:
        """A token that is good for some time still. Blocks for an exchange if there is none.

        Raises:
            ApiKeyError: There is no identity token, or the server refuses it.
            ServerError: The server does not answer.
        """
        with self._lock:
            now = time.time()
            issued = self._issued
            if issued is None or now >= issued.renewal:
                issued = self._issued = self._next(now)
                learn(issued.token)
        return AccessToken(issued.token, renew=lambda: self._renew(issued))

    def _next(self, now: float) -> _Issued:
        try:
            return self._stored(now) or self._exchanged(now)
        except ServerError as error:
            if self._issued is None or now >= self._issued.end:
                raise
            log.info("The access token is not renewed yet: %s", error.message)
            return self._issued

    def _renew(self, refused: _Issued) -> bool:
        """Forget a token that the server has refused, unless it has just been issued."""
        with self._lock:
            if self._issued is not refused:
                return True
            if time.time() - refused.since < _MIN_RENEWAL_S:
                return False
            self._issued, self._refused = None, refused.token
            return True

    def _stored(self, now: float) -> _Issued | None:
        """The token that the SDK has stored; None if there is none, or it is due."""
        try:
            entry = json.loads(self._sdk_file.read_text(encoding="utf-8"))["credentials"][self._base_url]
            token = str(entry["access_token"])
            end = datetime.strptime(entry["expires_at"], _EXPIRY_FORMAT).replace(tzinfo=UTC).timestamp()
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None
        if token == self._refused or now >= end - _MAX_MARGIN_S:
            return None
        # It may have been issued at any time before.
        return _Issued(token, 0.0, end - _MAX_MARGIN_S, end)

    def _exchanged(self, now: float) -> _Issued:
        answer = self._exchange(self._identity_token())
        try:
            token = str(answer["access_token"])
            lifetime = float(answer.get("expires_in") or _DEFAULT_LIFETIME_S)
        except (LookupError, ValueError, TypeError):
            raise ServerError(f"{self._host} sent no access token for the identity token.") from None
        log.info("%s issued an access token for %.0f s", self._host, lifetime)
        return _Issued(token, now, now + lifetime - min(_MAX_MARGIN_S, lifetime / 10), now + lifetime)

    def _identity_token(self) -> str:
        """The content of the file, which is read each time: the platform renews it."""
        named = f"the identity token of {IDENTITY_VARIABLE}"
        try:
            with self._file.open("rb") as file:
                token = file.read(_MAX_TOKEN_BYTES).decode("ascii").strip()
        except OSError as error:
            raise ApiKeyError(
                f"{named[0].upper()}{named[1:]} cannot be read: {self._file} ({error.strerror}).",
                "Correct the variable, or unset it to use an API key.",
            ) from None
        except UnicodeDecodeError:
            token = ""
        if not token or not token.isprintable():
            raise ApiKeyError(f"{self._file} holds no identity token.", f"{IDENTITY_VARIABLE} names that file.")
        learn(token)
        return token

    def _exchange(self, identity_token: str) -> Mapping[str, Any]:
        import requests

        from wandb_tui.services.credentials.authorization import anonymous
        from wandb_tui.services.http_session import HttpSession

        url = f"{self._base_url}/oidc/token"
        try:
            with HttpSession(self._proxies, self._extra_headers) as session:
                response = session.post(
                    url,
                    data={"grant_type": _GRANT_TYPE, "assertion": identity_token},
                    headers={"Accept": "application/json"},
                    auth=anonymous,
                    timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                    allow_redirects=False,
                )
        except (OSError, requests.exceptions.RequestException) as error:
            raise ServerError(f"{explain(error, self._host, self._proxies.for_url(url)).message}.") from None
        self._check(response.status_code)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        return answer if isinstance(answer, dict) else {}

    def _check(self, status: int) -> None:
        if status == _OK:
            return
        if status in _NO_ENDPOINT_STATUSES:
            raise ApiKeyError(
                f"{self._host} takes no identity tokens (HTTP {status}).",
                f"Unset {IDENTITY_VARIABLE}, and use an API key.",
            )
        if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
            raise ServerError(f"{self._host} issues no access token now (HTTP {status}).")
        raise ApiKeyError(
            f"{self._host} refused the identity token of {IDENTITY_VARIABLE} (HTTP {status}).",
            "Has it expired, and does the organisation on the server trust its issuer?",
        )


def access_token_source(
    base_url: str, environ: Mapping[str, str], proxies: ProxySettings, extra_headers: ExtraHeaders
) -> Callable[[], AccessToken] | None:
    """The source of access tokens; None where the environment names no identity token."""
    if not environ.get(IDENTITY_VARIABLE):
        return None
    return TokenExchange(base_url, environ, proxies, extra_headers).access_token


def _sdk_file(environ: Mapping[str, str]) -> Path:
    """The file in which the SDK stores access tokens."""
    if named := environ.get(_CREDENTIALS_FILE_VARIABLE):
        return Path(named).expanduser()
    return (home_folder(environ) or Path()) / ".config/wandb/credentials.json"
