"""Counters of the sandbox, so that tests can check how often something really happened."""

from __future__ import annotations

import threading

COUNTERS: dict[str, str] = {
    "sign_ins": "sessions begun by signing in",
    "sign_in_attempts": "passwords submitted to this server's own pages",
    "sign_in_pages": "sign-in pages served",
    "sign_ups": "submissions of the sign-up form",
    "look_alike_submissions": "passwords submitted to the look-alike page",
    "sso_submissions": "passwords submitted to the organisation's own page",
    "second_factor_attempts": "codes submitted",
    "page_visits": "run pages served that show a run",
    "empty_pages": "run pages served that say nothing is there",
    "run_page_queries": "the run page's own queries that were answered with the run",
    "graphql_requests": "requests to /graphql",
    "graphql_api_requests": "of them with an API key",
    "graphql_page_requests": "of them with a session cookie",
    "graphql_fields": "top-level fields asked for in them",
    "token_exchanges": "identity tokens sent in exchange for an access token",
    "exports_started": "exports begun",
    "export_bytes": "bytes of exported files sent",
    "rate_limited": "requests answered 429",
    "fork_refusals": "forks refused",
}
"""Every counter and what it counts."""


class Stats:
    """The counters of one sandbox; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(COUNTERS, 0)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        with self._lock:
            self._counts[name] += by

    def as_dict(self) -> dict[str, int]:
        """The current counters."""
        with self._lock:
            return dict(self._counts)
