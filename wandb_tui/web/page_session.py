"""One page's dashboard: a child process, and what goes between it and the page."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from asyncio import StreamReader
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from typing import cast

from aiohttp import ClientError, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

log = logging.getLogger(__name__)

_MAX_CELLS = 1000
"""The largest width and height of a page; larger ones are not those of a screen."""

_PRELUDE = b"__GANGLION__\n"
"""The line after which packets come."""

_HEAD_BYTES, _KIND_BYTES = 5, 1
_MAX_ERROR_BYTES = 4096
_QUIT_TIMEOUT_S, _TERMINATE_TIMEOUT_S = 8.0, 2.0

_TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
_OTHER_TERMINAL = (
    "NCURSES_NO_UTF8_ACS", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "STY", "TERM_PROGRAM", "TEXTUAL_DRIVER", "TMUX",
    "VTE_VERSION",
)  # fmt: skip
"""The variables that describe the terminal of the server, which is not the one of the page."""


class PageSession(AppService):
    """Runs a dashboard for a page until one of them ends.

    Attributes:
        ending: Why the dashboard has ended or is being ended, for the page; empty while it runs.
    """

    def __init__(self, command: Sequence[str], websocket: web.WebSocketResponse) -> None:
        """Create a session.

        Args:
            command: The dashboard's command line, without the page's size.
            websocket: The page.
        """

        async def close() -> None:
            await websocket.close()

        super().__init__(
            "",
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=close,
            download_manager=DownloadManager(),
        )
        self.ending = ""
        self._arguments = tuple(command)
        self._stopping: asyncio.Task[None] | None = None

    async def start(self, width: int, height: int) -> None:
        """Start the dashboard: without a shell, and out of reach of the terminal's Ctrl-C, which the server handles."""
        self._process = await asyncio.create_subprocess_exec(
            *self._arguments,
            "--page",
            str(_cells(width)),
            str(_cells(height)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=page_environment(os.environ),
            start_new_session=True,
        )
        self._stdin = self._process.stdin
        self._task = asyncio.create_task(self._pass_all_on(self._process))

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Tell the dashboard the page's new size."""
        await super().set_terminal_size(_cells(width), _cells(height))

    async def _pass_all_on(self, process: Process) -> None:
        """Pass on what the dashboard draws until it ends, and then why it did.

        A page that is gone does not stop that: a dashboard whose output is not read would never end.
        """
        output, error_output = cast("StreamReader", process.stdout), cast("StreamReader", process.stderr)
        errors = asyncio.create_task(_last_line(error_output))
        with contextlib.suppress(asyncio.IncompleteReadError):
            while await output.readline() not in {_PRELUDE, b""}:
                pass
            while True:
                head = await output.readexactly(_HEAD_BYTES)
                payload = await output.readexactly(int.from_bytes(head[_KIND_BYTES:], "big"))
                with contextlib.suppress(ClientError, OSError):
                    await self._pass_on(head[:_KIND_BYTES], payload)
        status = await process.wait()
        # Its children end as well, such as a user's command.
        self._kill(None)
        problem = await errors
        if status and not self.ending:
            log.error("A page's dashboard ended with status %s: %s", status, problem)
            self.ending = problem or "The dashboard has ended unexpectedly."
        self.ending = self.ending or "The dashboard has ended."
        with contextlib.suppress(ClientError, OSError):
            await self.remote_write_str(json.dumps(["ended", self.ending]))
            await self.remote_close()

    async def _pass_on(self, kind: bytes, payload: bytes) -> None:
        if kind == b"D":
            await self.on_data(payload)
        elif kind == b"M":
            await self.on_meta(payload)

    async def on_meta(self, data: bytes) -> None:
        """Open a page of the web, the only request of a dashboard that a page fulfils: it offers no files."""
        meta = json.loads(data)
        if meta["type"] == "open_url" and str(meta["url"]).startswith(("https://", "http://")):
            await super().on_meta(data)

    async def stop(self) -> None:
        """End the dashboard, and all that it has started; in order, unless that takes too long."""
        if (stopping := self.begin_stop()) is not None:
            # The caller may be cancelled; the dashboard must end all the same.
            await asyncio.shield(stopping)

    def begin_stop(self) -> asyncio.Task[None] | None:
        """Begin to end the dashboard as `stop` does; None if there is none."""
        if self._stopping is None and self._task is not None:
            self._stopping = asyncio.create_task(self._stop(self._task))
        return self._stopping

    async def _stop(self, running: asyncio.Task[None]) -> None:
        self.ending = self.ending or "The page was closed."
        self.stdin.close()
        for number, timeout in ((signal.SIGTERM, _QUIT_TIMEOUT_S), (None, _TERMINATE_TIMEOUT_S)):
            if (await asyncio.wait([running], timeout=timeout))[0]:
                break
            log.warning("A page's dashboard is slow to end")
            self._kill(number)
        await running

    def _kill(self, number: signal.Signals | None) -> None:
        """Send a signal to the dashboard and its children; None: end them at once."""
        process = cast("Process", self._process)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, number or signal.SIGKILL)


def page_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a dashboard on a page: the server's own, but for its terminal."""
    kept = {name: value for name, value in environ.items() if name not in _OTHER_TERMINAL}
    return {**kept, **_TERMINAL}


def _cells(number: object) -> int:
    return min(max(int(number), 1), _MAX_CELLS) if isinstance(number, int | float) else 1


async def _last_line(stream: StreamReader) -> str:
    """The last line of a stream, once it ends."""
    end = b""
    while data := await stream.read(_MAX_ERROR_BYTES):
        end = (end + data)[-_MAX_ERROR_BYTES:]
    lines = end.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
