"""Access to the page: only a browser of this machine that has the token, on a page of ours, is let in."""

from __future__ import annotations

import hmac
import re
import secrets

from aiohttp import web

_TOKEN_BYTES = 32
_LOOPBACK_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_SELF, _NONE = "'self'", "'none'"
_CONTENT_POLICY = {
    "default-src": _NONE,
    "script-src": _SELF,
    # xterm.js writes style elements.
    "style-src": f"{_SELF} 'unsafe-inline'",
    "img-src": f"{_SELF} data:",
    "font-src": _SELF,
    "base-uri": _NONE,
    "form-action": _NONE,
    "frame-ancestors": _NONE,
}


class PageAccess:
    """The token, and the checks of requests.

    The token is the first part of the path, so that it comes with each request for what the page links to. A cookie
    would go to all other servers of this machine as well, also to those of other users: browsers do not tell ports
    apart.

    Attributes:
        token: Grants access until the server ends.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)

    def allows(self, request: web.Request) -> bool:
        """Whether to answer a request.

        The name in its `Host` header must be one of this machine, else a page elsewhere could give its own name our
        address. Its origin, which browsers send with each WebSocket, must be our page.
        """
        token = request.path.removeprefix("/").partition("/")[0]
        origin = request.headers.get("Origin")
        needs_origin = request.headers.get("Upgrade", "").lower() == "websocket"
        return (
            hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self.token.encode())
            and _LOOPBACK_HOST.fullmatch(request.host) is not None
            and (origin == f"http://{request.host}" if origin is not None else not needs_origin)
        )


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Keep the page to itself: no other host, no frame around it, no referrer, no copy on disk."""
    response.headers.update(_HEADERS)
    # Not all browsers count WebSockets as the page's own.
    sockets = f"ws://{request.host}" if _LOOPBACK_HOST.fullmatch(request.host) else ""
    policy = {**_CONTENT_POLICY, "connect-src": f"{_SELF} {sockets}"}
    response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
    response.headers.pop("Server", None)
