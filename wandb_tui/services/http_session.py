"""An HTTP session in which each request, redirects included, has the proxy and the extra headers of its address.

It also trusts the authorities of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``, as the SDK does: ``requests`` reads only
``REQUESTS_CA_BUNDLE``.

Imported when first needed: `requests` takes its time.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.sessions import merge_setting
from urllib3.util.ssl_ import create_urllib3_context

from wandb_tui.services.certificates import added_certificates
from wandb_tui.services.extra_headers import ExtraHeaders
from wandb_tui.services.proxies import ProxySettings


class _TrustingAdapter(HTTPAdapter):
    """Connections that trust the environment's certificates besides the usual ones."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        """Make the connections' pool; see `HTTPAdapter`."""
        super().init_poolmanager(connections, maxsize, block, **_tls_options(), **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Make the pool of the connections through a proxy; see `HTTPAdapter`."""
        return super().proxy_manager_for(proxy, **{**_tls_options(), **options})


def _tls_options() -> dict[str, Any]:
    if not (added := added_certificates(os.environ)):
        return {}
    context = create_urllib3_context()
    context.load_verify_locations(cadata=b"".join(added))
    return {"ssl_context": context}


class HttpSession(requests.Session):
    """A session that chooses proxy and extra headers for each address, by our rules, not those of ``requests``."""

    def __init__(self, proxies: ProxySettings, extra_headers: ExtraHeaders | None = None) -> None:
        super().__init__()
        self._settings = proxies
        self._extra = extra_headers or ExtraHeaders()
        self._trusting = False

    def get_adapter(self, url: str) -> BaseAdapter:
        """The adapter for an address; the certificates are read when the first one needs them."""
        if not self._trusting and url.lower().startswith("https:"):
            self._trusting = True
            self.mount("https://", _TrustingAdapter())
        return super().get_adapter(url)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """Send a request; see `requests.Session.request`."""
        address = url.decode() if isinstance(url, bytes) else url
        headers = {**self._extra.for_url(address), **(options.get("headers") or {})}
        proxies = self._settings.for_requests(address)
        return super().request(method, url, *args, **{**options, "headers": headers, "proxies": proxies})

    def merge_environment_settings(
        self,
        url: str | bytes | None,  # noqa: ARG002 - by which the proxies would be chosen
        proxies: MutableMapping[str, str] | None,
        stream: bool | None,
        verify: Any,
        cert: Any,
    ) -> Any:
        """The settings of a request; `requests` would read the environment's proxies, which are not asked for."""
        if verify is None or verify is True:
            verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or verify
        given = {"proxies": proxies, "stream": stream, "verify": verify, "cert": cert}
        return {name: merge_setting(value, getattr(self, name)) for name, value in given.items()}  # type: ignore[no-untyped-call]

    def rebuild_proxies(self, prepared_request: requests.PreparedRequest, proxies: Any) -> dict[str, str]:  # noqa: ARG002 - the proxies of the request before
        """The proxies for a redirect."""
        # It was for the proxy before; urllib3 adds the next one's.
        prepared_request.headers.pop("Proxy-Authorization", None)
        return self._settings.for_requests(prepared_request.url or "")

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Let a redirect carry only what belongs to its address; requests copies all headers but ``Authorization``."""
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
        for name in self._extra.names:
            prepared_request.headers.pop(name, None)
        prepared_request.headers.update(self._extra.for_url(prepared_request.url or ""))
