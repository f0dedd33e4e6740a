"""Replaces known secrets in logs and error messages."""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "●●●●"
"""The replacement for a secret."""

_MIN_SECRET_CHARS = 4
"""Masking shorter secrets would mask ordinary words; no server accepts such a password."""


class Redactor:
    """Collects secrets and replaces them in texts. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, *secrets: str | None) -> None:
        """Mask these secrets from now on, in all their usual encodings; ignore empty ones."""
        found = {form for secret in secrets if secret for form in written_forms(secret)}
        with self._lock:
            if found <= self._forms:
                return
            self._forms |= found
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def redact(self, text: str) -> str:
        """`text` with all known secrets masked."""
        return self._pattern.sub(MASK, text) if self._pattern else text


REDACTOR: Final = Redactor()
"""The redactor shared by all services."""


HEADER_VARIABLES: Final = ("WANDB__EXTRA_HTTP_HEADERS", "WANDB_X_EXTRA_HTTP_HEADERS")
"""The variables with extra HTTP headers, as the SDK reads them."""

SECRET_VARIABLES: Final = frozenset({"WANDB_API_KEY", "WANDB_VIEWER_PW", *HEADER_VARIABLES})
"""The environment variables that contain secrets, besides those that begin with `ADDRESS_VARIABLE`."""

ADDRESS_VARIABLE: Final = "WANDB_TUI_NOTIFY_"
"""The beginning of variables with addresses of notification services, which contain tokens and passwords."""


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process, without any of our secrets."""
    return {
        name: value
        for name, value in environ.items()
        if name not in SECRET_VARIABLES and not name.startswith(ADDRESS_VARIABLE)
    }


def without_password(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process that may use the API and its key, without our other secrets."""
    return {
        name: value
        for name, value in environ.items()
        if name != "WANDB_VIEWER_PW" and not name.startswith(ADDRESS_VARIABLE)
    }


def learn(*secrets: str | None) -> None:
    """Add secrets to the shared redactor; ignore empty ones."""
    REDACTOR.learn(*secrets)


def learn_from(environ: Mapping[str, str]) -> None:
    """Add the environment's secrets to the shared redactor."""
    learn(*(value for name, value in environ.items() if name in SECRET_VARIABLES or name.startswith(ADDRESS_VARIABLE)))


def redact(text: str) -> str:
    """`text` with the shared redactor's secrets masked."""
    return REDACTOR.redact(text)


class RedactingFilter(logging.Filter):
    """Masks the secrets in every log record, tracebacks included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place; never drop it."""
        try:
            record.msg = redact(record.getMessage())
        except (TypeError, ValueError):
            record.msg = f"{redact(str(record.msg))} (its arguments do not fit)"
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


def written_forms(secret: str) -> set[str]:
    """The secret as it is, and as encoded in URLs, JSON, HTML, reprs and authorization headers."""
    import html

    if len(secret) < _MIN_SECRET_CHARS:
        return set()
    forms = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        repr(secret)[1:-1],
    }
    for plain in (secret, f"api:{secret}"):
        forms.add(base64.b64encode(plain.encode()).decode().rstrip("="))
    return forms
