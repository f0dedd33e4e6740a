"""Extra HTTP headers of the user for the W&B server, as a gateway in front of it may demand; no other origin gets them.

They come from the variables or the setting that the SDK reads. Their values are secrets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from wandb_tui.core.errors import UsageError
from wandb_tui.services.credentials.redaction import HEADER_VARIABLES, learn
from wandb_tui.services.signin.origins import origin_of

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name, by RFC 9110."""
_SETTING = "x_extra_http_headers"


class ExtraHeaders:
    """Headers for the server's own addresses."""

    def __init__(self, headers: Mapping[str, str] | None = None, *addresses: str) -> None:
        """Take the headers.

        Args:
            headers: Names and values, as `read_extra_headers` gives them.
            addresses: The server's own addresses; only their origins get the headers.
        """
        self._headers = dict(headers or {})
        self.origins = frozenset(map(origin_of, addresses)) - {""} if self._headers else frozenset()

    def __bool__(self) -> bool:
        return bool(self._headers)

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, without the secret values."""
        return tuple(self._headers)

    def for_url(self, url: str) -> dict[str, str]:
        """The headers for a request to this address; none for another origin."""
        return dict(self._headers) if origin_of(url) in self.origins else {}


def read_extra_headers(environ: Mapping[str, str], settings: object = None) -> dict[str, str]:
    """The headers that the SDK would send; their values become secrets.

    Args:
        environ: The environment. Of two variables the SDK takes the one that stands later, and so does this.
        settings: Settings for ``wandb.init``, as an object or a dictionary; headers there precede the environment's.

    Raises:
        UsageError: They are not a JSON object of texts, or cannot be sent.
    """
    headers: dict[str, str] = {}
    for name, text in environ.items():
        if name in HEADER_VARIABLES:
            headers = _checked(text, name)
    named = settings.get(_SETTING) if isinstance(settings, dict) else getattr(settings, _SETTING, None)
    return headers if named is None else _checked(named, _SETTING)


def _checked(given: object, source: str) -> dict[str, str]:
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        found = ""
    if found is None:
        return {}
    if not isinstance(found, Mapping) or not all(isinstance(text, str) for pair in found.items() for text in pair):
        raise UsageError(
            f"{source} is not a JSON object of header names and values.",
            'Write it as {"X-Access": "token"}, with names and values in double quotes.',
        )
    headers = {str(name): str(value).strip() for name, value in found.items()}
    for value in headers.values():
        # The last word also by itself: a message may show a token without the “Bearer” before it.
        learn(value, value.rpartition(" ")[2])
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{source} contains a name that no HTTP header can have.", "Letters, digits and - are safe."
            )
        if not value.isascii() or not value.isprintable():
            raise UsageError(f"The value of {name} in {source} contains a character that no HTTP header can have.")
    return headers
