"""The environment for the W&B SDK, so that its parts reach a server in the way that ours do.

Its service process, which sends everything from 0.31 on, knows ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY``, but
not ``ALL_PROXY``; and ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``, but not ``REQUESTS_CA_BUNDLE``. It inherits the
environment when it is started.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from wandb_tui.services.credentials.redaction import HEADER_VARIABLES
from wandb_tui.services.proxies import ProxySettings, keep_sdk_off_proxy

_SCHEMES = ("http", "https")
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_lock = threading.Lock()
_added: dict[str, str] = {}
_users = 0


@contextlib.contextmanager
def sdk_environment(base_url: str) -> Iterator[None]:
    """Let a service process that the SDK starts in the block find its way; what the user has set stays.

    Args:
        base_url: The address of the API.
    """
    global _users  # noqa: PLW0603 - the environment is one for the whole process as well
    keep_sdk_off_proxy(base_url)
    with _lock:
        _users += 1
        _added.update(additions(os.environ))
        os.environ.update(_added)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                for name in _added:
                    os.environ.pop(name, None)
                _added.clear()


def additions(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that say to the SDK's service process what others say to everything else."""
    added = {}
    if certificates := next((environ[name] for name in _CERTIFICATES if environ.get(name)), ""):
        name = "SSL_CERT_DIR" if Path(certificates).is_dir() else "SSL_CERT_FILE"
        if name not in environ:
            added[name] = certificates
    # The last one is the one that counts; older SDKs send the headers of each variable with some requests only.
    if headers := [text for name, text in environ.items() if name in HEADER_VARIABLES]:
        added |= {name: headers[-1] for name in HEADER_VARIABLES if name not in environ}
    settings = ProxySettings(environ)
    for scheme in _SCHEMES:
        named = f"{scheme}_proxy"
        if named not in environ and named.upper() not in environ and (url := settings.url_for_scheme(scheme)):
            added[named.upper()] = url
    return added
