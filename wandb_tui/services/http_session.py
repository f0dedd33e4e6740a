"""An HTTP session whose requests, redirects included, take the way that `ProxySettings` tells.

Imported when first needed: `requests` takes its time.
"""

from __future__ import annotations

from typing import Any

import requests

from wandb_tui.services.proxies import ProxySettings


class ProxySession(requests.Session):
    """A session that chooses the proxy anew for each address, by our rules rather than by those of ``requests``."""

    def __init__(self, proxies: ProxySettings) -> None:
        super().__init__()
        self._settings = proxies

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """Send a request; see `requests.Session.request`."""
        address = url.decode() if isinstance(url, bytes) else url
        return super().request(method, url, *args, **{**options, "proxies": self._settings.for_requests(address)})

    def rebuild_proxies(self, prepared_request: requests.PreparedRequest, proxies: Any) -> dict[str, str]:  # noqa: ARG002 - the proxies of the request before
        """The proxies for a redirect."""
        # It was for the proxy before; urllib3 adds the next one's.
        prepared_request.headers.pop("Proxy-Authorization", None)
        return self._settings.for_requests(prepared_request.url or "")
