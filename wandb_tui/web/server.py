"""Serves dashboards to a browser on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import ClientError, web
from aiohttp.typedefs import Handler
from textual_serve.server import Server, to_int

from wandb_tui.core.errors import WandbTuiError
from wandb_tui.web.access import PageAccess, add_headers
from wandb_tui.web.page_session import PageSession

log = logging.getLogger(__name__)

_ADDRESS = "127.0.0.1"
_PAGE = Path(__file__).with_name("page")
_HEARTBEAT_S = 15.0
"""Seconds between the pings that find out whether a page is still there."""

_MAX_MESSAGE_BYTES = 4_000_000
"""The longest message of a page: a text that is pasted."""

_END_SIGNALS = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]


class DashboardServer(Server):
    """A web server on loopback, with a dashboard for each open page.

    Of textual-serve it uses the files of its page and the reading of its messages. Its own answers have neither
    token nor check of the origin, and its end leaves the dashboards behind.
    """

    def __init__(self, command: Sequence[str], *, port: int = 0, max_sessions: int) -> None:
        """Create a server.

        Args:
            command: The command line of a dashboard.
            port: The port; 0 for a free one.
            max_sessions: How many dashboards there may be at a time.
        """
        super().__init__("", host=_ADDRESS, port=port, title="wandb-tui", public_url="")
        self.access = PageAccess()
        self._arguments = tuple(command)
        self._max_sessions = max_sessions
        self._open: dict[str, PageSession] = {}
        self._sessions: set[PageSession] = set()
        self._ended = asyncio.Event()

    def run(self, announce: Callable[[str], None]) -> None:
        """Serve until a signal, and then end all dashboards.

        Args:
            announce: Called with the address of the page, which has the token in it, once it can be opened.

        Raises:
            WandbTuiError: The port cannot be used.
        """
        asyncio.run(self._run(announce))

    async def _run(self, announce: Callable[[str], None]) -> None:
        # Without a log of requests: their paths hold the token.
        runner = web.AppRunner(await self._make_app(), access_log=None)
        await runner.setup()
        try:
            await self._listen(runner)
            for number in _END_SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    with contextlib.suppress(NotImplementedError):
                        asyncio.get_running_loop().add_signal_handler(number, self._ended.set)
            announce(f"http://{_ADDRESS}:{runner.addresses[0][1]}/{self.access.token}/")
            await self._ended.wait()
        finally:
            self._ended.set()
            for session in self._sessions:
                session.ending = session.ending or "wandb-tui serve was ended."
            await asyncio.gather(*(session.stop() for session in self._sessions), return_exceptions=True)
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> None:
        try:
            await web.TCPSite(runner, _ADDRESS, self.port).start()
        except OSError as error:
            raise WandbTuiError(
                f"Port {self.port} cannot be used: {error.strerror or error}.",
                "Choose another --port, or leave it out for a free one.",
            ) from None

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._check])
        root = f"/{self.access.token}"
        app.add_routes(
            [
                web.get(root, self._redirect),
                web.get(f"{root}/", self.handle_index),
                web.get(f"{root}/ws", self.handle_websocket),
                web.static(f"{root}/page", _PAGE),
                web.static(f"{root}/static", self.statics_path),
            ]
        )
        app.on_response_prepare.append(add_headers)
        return app

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer only those who are let in; all others learn nothing of the page."""
        if self.access.allows(request):
            return await handler(request)
        return web.Response(status=403, text=(_PAGE / "refused.html").read_text("utf-8"), content_type="text/html")

    async def _redirect(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"{request.path}/")

    async def handle_index(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002 - aiohttp's shape
        """The page."""
        return web.FileResponse(_PAGE / "index.html")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a dashboard for a page until one of them is gone."""
        websocket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_MAX_MESSAGE_BYTES)
        await websocket.prepare(request)
        page = request.query.get("page", "")
        if (older := self._open.pop(page, None)) is not None:
            older.ending = older.ending or "This page was opened again."
            older.begin_stop()
        if len(self._open) >= self._max_sessions or self._ended.is_set():
            await self._refuse(websocket, self._full)
            return websocket
        session = PageSession(self._arguments, websocket)
        self._open[page] = session
        self._sessions.add(session)
        try:
            size = request.query.get("width", ""), request.query.get("height", "")
            await session.start(to_int(size[0], 80), to_int(size[1], 24))
            await self._process_messages(websocket, session)
        except (OSError, ValueError, TypeError, LookupError, AssertionError) as error:
            log.exception("The dashboard of a page cannot go on")
            session.ending = f"The dashboard cannot go on: {error}."
            await self._refuse(websocket, session.ending)
        finally:
            # Its place is free for the same page, loaded again, while its dashboard still ends.
            if self._open.get(page) is session:
                del self._open[page]
            await session.stop()
            self._sessions.discard(session)
        return websocket

    async def _refuse(self, websocket: web.WebSocketResponse, reason: str) -> None:
        with contextlib.suppress(ClientError, OSError):
            await websocket.send_str(json.dumps(["ended", reason]))
            await websocket.close()

    @property
    def _full(self) -> str:
        count = "One dashboard is" if self._max_sessions == 1 else f"{self._max_sessions} dashboards are"
        return f"{count} open already: close one, or start wandb-tui serve with --sessions {self._max_sessions + 1}."
