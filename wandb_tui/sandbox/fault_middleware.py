"""Transport faults: replies that are replaced, delayed or dropped."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from wandb_tui.sandbox.context import SandboxContext
    from wandb_tui.sandbox.faults import Fault

_PLACES = (
    ("graphql", re.compile(r"/graphql$")),
    ("file-stream", re.compile(r"/files/.*/file_stream$")),
    ("files", re.compile(r"/files/")),
    ("storage", re.compile(r"/storage/")),
    ("login", re.compile(r"/(login|oidc)(/|$)")),
    ("run-page", re.compile(r"/[^/]+/[^/]+/runs/[^/]+")),
)

_EXPORT_FILE = re.compile(r"/storage/artifacts/")


class FaultMiddleware:
    """Middleware that applies the faults."""

    def __init__(self, app: ASGIApp, sandbox: SandboxContext) -> None:
        self._app = app
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer instead of the application if a fault says so."""
        if scope["type"] != "http" or scope["path"].startswith("/sandbox/"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        gateway = self._sandbox.faults.get("gateway-header")
        if gateway is not None and headers.get(gateway.text("name")) != gateway.text("value"):
            await _send(send, 403, "text/html", _GATEWAY_PAGES["page"], {})
            return
        send = self._counted(scope, send)
        place = next((name for name, pattern in _PLACES if pattern.match(scope["path"])), "all")
        who = "api" if "authorization" in headers else "page"
        for fault in self._sandbox.faults.strikes_on(place, who=who):
            name = fault.kind.name
            if name == "slow":
                await asyncio.sleep(fault.number("seconds"))
            elif name == "hang":
                await _hang(receive, fault.number("seconds"))
                return
            elif name == "reset":
                _reset(receive)
                return
            elif name in _SENDERS:
                send = _SENDERS[name](send, receive, fault)
            elif await self._answer_instead(fault, scope, send):
                return
        await self._app(scope, receive, send)

    def _counted(self, scope: Scope, send: Send) -> Send:
        """The same ``send``, which counts the bytes of exported files."""
        if not _EXPORT_FILE.match(scope["path"]):
            return send
        good = False

        async def sending(message: Message) -> None:
            nonlocal good
            if message["type"] == "http.response.start":
                good = message["status"] < 300  # noqa: PLR2004 - whole or partial content
            await send(message)
            if good:
                self._sandbox.stats.count("export_bytes", len(message.get("body", b"")))

        return sending

    async def _answer_instead(self, fault: Fault, scope: Scope, send: Send) -> bool:
        """Send the fault's reply; False if a rate limit is over."""
        if fault.kind.name == "rate-limit":
            return await self._limit(fault, send)
        status, kind, body = _ANSWERS[fault.kind.name](fault)
        await _send(send, status, kind, body, _location(fault.kind.name, scope))
        return True

    async def _limit(self, fault: Fault, send: Send) -> bool:
        now = time.monotonic()
        fault.first_struck = fault.first_struck or now
        if now > fault.first_struck + fault.number("seconds"):
            return False
        self._sandbox.stats.count("rate_limited")
        after = fault.whole("retry-after")
        headers = {"retry-after": str(after), **_limits(0, after)}
        await _send(send, 429, "application/json", _error("rate limit exceeded"), headers)
        return True


def _error(message: str) -> bytes:
    return json.dumps({"errors": [{"message": message}], "data": None}).encode()


_GATEWAY_PAGES = {"page": b"<!doctype html><title>403 Forbidden</title><h1>Your device is not on the VPN</h1>"}
_ANSWERS: dict[str, Callable[[Fault], tuple[int, str, bytes]]] = {
    "http-status": lambda fault: (fault.whole("code"), "application/json", _error(fault.text("message"))),
    "broken-json": lambda _: (200, "application/json", b'{"data": {"project": {"run": {"na'),
    "html-page": lambda _: (200, "text/html", b"<!doctype html><title>Portal</title><p>Accept the terms to go on.</p>"),
    "empty-body": lambda _: (200, "application/json", b""),
    "graphql-error": lambda fault: (200, "application/json", _error(fault.text("message"))),
    "gateway": lambda fault: (fault.whole("code"), "text/html", _GATEWAY_PAGES.get(fault.text("body"), b"")),
    "https-only": lambda _: (301, "text/html", b""),
    "redirect-to-login": lambda _: (302, "text/html", b""),
}


def _location(fault: str, scope: Scope) -> dict[str, str]:
    """The target of a redirect."""
    if fault == "redirect-to-login":
        return {"location": "/login"}
    if fault == "https-only":
        return {"location": f"https://{Headers(scope=scope)['host']}{scope['path']}"}
    return {}


def _limits(remaining: int, reset: int) -> dict[str, str]:
    """The headers with the rest of the rate limit, 0 to 1000, and the time of its reset."""
    return {"ratelimit-limit": "1000", "ratelimit-remaining": str(remaining), "ratelimit-reset": str(reset)}


async def _send(send: Send, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
    every = {"content-type": kind, "content-length": str(len(body)), **headers}
    pairs = [(name.encode(), value.encode()) for name, value in every.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    """The same ``send``, with headers added to the answer."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = [(name.encode(), value.encode()) for name, value in headers.items()]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return sending


def _cut_after(send: Send, receive: Receive, count: int) -> Send:
    """The same ``send``, which drops the connection after so many bytes of the body."""
    left = count

    async def sending(message: Message) -> None:
        nonlocal left
        body = message.get("body", b"")
        if message["type"] == "http.response.body" and len(body) > left:
            await send({**message, "body": body[:left], "more_body": True})
            # The bytes sent must reach the other side before the connection goes.
            await asyncio.sleep(0.05)
            _reset(receive)
            return
        left -= len(body)
        await send(message)

    return sending


def _at_rate(send: Send, megabits: float) -> Send:
    """The same ``send``, which takes as long for the body as a line with so many megabits per second."""
    began, sent = time.monotonic(), 0

    async def sending(message: Message) -> None:
        nonlocal sent
        await send(message)
        sent += len(message.get("body", b""))
        # By the whole, so that sleeping too long once is made up for.
        await asyncio.sleep(began + sent * 8 / (megabits * 1_000_000) - time.monotonic())

    return sending


_SENDERS: dict[str, Callable[[Send, Receive, Fault], Send]] = {
    "cut": lambda send, receive, fault: _cut_after(send, receive, fault.whole("bytes")),
    "narrow": lambda send, _, fault: _at_rate(send, fault.number("megabits")),
    "rate-limit-near": lambda send, _, fault: _with_headers(
        send, _limits(fault.whole("remaining"), fault.whole("reset"))
    ),
}
"""The faults that change an answer on its way: each makes another ``send`` of the one given."""


async def _hang(receive: Receive, seconds: float) -> None:
    """Wait without an answer until the client gives up, or the time is over; then drop the connection."""

    async def until_gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(until_gone(), seconds)
    except TimeoutError:
        _reset(receive)


def _reset(receive: Receive) -> None:
    """Drop the connection, through uvicorn's own request object, since ASGI has no message for that."""
    transport: asyncio.Transport = receive.__self__.transport  # type: ignore[attr-defined]
    transport.abort()
