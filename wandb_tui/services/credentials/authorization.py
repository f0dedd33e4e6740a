"""The authorization of requests to the API: by an API key, or by an access token."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import requests


@dataclass(frozen=True, slots=True)
class Authorization:
    """The secret that authorizes a request; requests calls it with each request, as its own `AuthBase`.

    Attributes:
        secret: The key or token; it never shows in a repr.
        name: Its name in messages.
    """

    secret: str = field(repr=False)
    name: ClassVar[str]

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header to a request."""
        request.headers["Authorization"] = self._header()
        return request

    def _header(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ApiKey(Authorization):
    """An API key, which the SDK sends as the password of the user ``api``."""

    name: ClassVar[str] = "API key"

    def _header(self) -> str:
        return f"Basic {base64.b64encode(f'api:{self.secret}'.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class AccessToken(Authorization):
    """A short-lived token, issued in exchange for an identity token.

    Attributes:
        renew: Called when the server has refused it; returns whether the next one may be another.
    """

    name: ClassVar[str] = "access token"
    renew: Callable[[], bool] = field(default=lambda: False, repr=False, compare=False)

    def _header(self) -> str:
        return f"Bearer {self.secret}"


Authorize = Callable[[], Authorization | None]
"""Gives the authorization for one request, or None. May block; may raise `ApiKeyError` or `ServerError`."""


def anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add nothing to a request: without a callable, requests would look into ~/.netrc by itself."""
    return request
