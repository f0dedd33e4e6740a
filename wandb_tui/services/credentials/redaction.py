"""Keeps secrets out of logs and of the texts of errors: whatever was learnt as a secret is blotted out."""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, quote_plus

BLOT: Final = "●●●●"
"""What stands in place of a secret."""

_SHORTEST = 4
"""Shorter secrets would blot out ordinary words; no server accepts such a password."""


class Redactor:
    """Knows the live secrets and takes them out of texts. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, *secrets: str | None) -> None:
        """Blot these out from now on, in every form in which they are usually written."""
        found = {form for secret in secrets if secret for form in written_forms(secret)}
        with self._lock:
            if found <= self._forms:
                return
            self._forms |= found
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def redact(self, text: str) -> str:
        """`text` without the secrets learnt so far."""
        return self._pattern.sub(BLOT, text) if self._pattern else text


REDACTOR: Final = Redactor()
"""The one that all services share."""


SECRET_VARIABLES: Final = frozenset({"WANDB_API_KEY", "WANDB_VIEWER_PW"})
"""The environment variables in which users give us secrets."""


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process that needs no secret of ours."""
    return {name: value for name, value in environ.items() if name not in SECRET_VARIABLES}


def without_password(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process that may use the API key, but has no use for the password."""
    return {name: value for name, value in environ.items() if name != "WANDB_VIEWER_PW"}


def learn(*secrets: str | None) -> None:
    """Tell the shared redactor of secrets; empty ones are ignored."""
    REDACTOR.learn(*secrets)


def learn_from(environ: Mapping[str, str]) -> None:
    """Tell the shared redactor of the secrets that users give us in the environment."""
    learn(*(environ.get(name) for name in SECRET_VARIABLES))


def redact(text: str) -> str:
    """`text` without the secrets that the shared redactor knows."""
    return REDACTOR.redact(text)


class RedactingFilter(logging.Filter):
    """Takes the secrets out of every record that passes, tracebacks included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place; it always passes."""
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
    """The secret as it may turn up: as it is, in addresses, JSON, HTML, reprs and authorization headers."""
    import html

    if len(secret) < _SHORTEST:
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
