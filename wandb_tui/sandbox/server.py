"""Starts and stops a sandbox."""

from __future__ import annotations

import json
import logging
import shutil
import signal
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import uvicorn

from wandb_tui.sandbox.app import build_app
from wandb_tui.sandbox.config import SandboxConfig
from wandb_tui.sandbox.context import SandboxContext
from wandb_tui.sandbox.controls import find_run, set_public

if TYPE_CHECKING:
    from types import FrameType

_START_TIMEOUT_S = 15.0
_STOP_TIMEOUT_S = 5.0


class Sandbox:
    """A W&B-compatible server in this process, in its own thread.

    As a context manager it listens inside the block; leaving stops it and removes its temporary folder.
    """

    def __init__(self, config: SandboxConfig | None = None) -> None:
        self.config = config or SandboxConfig()
        self._context: SandboxContext | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._own_dir: Path | None = None
        self._base_url = ""

    def __enter__(self) -> Self:
        """Start listening."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Listen; returns once requests are answered.

        Raises:
            OSError: The port is taken, or the data folder cannot be written.
        """
        sockets = [_listen(self.config.bind, self.config.port)]
        try:
            # The look-alike's and the organisation's pages are at another port, and so at another origin.
            sockets.append(_listen(self.config.bind, 0))
            context = SandboxContext(self.config, self._prepare_dir())
        except BaseException:
            for one in sockets:
                one.close()
            raise
        self._context = context
        self._base_url, context.elsewhere = (
            _address(self.config.bind, sockets[0]),
            _address(self.config.bind, sockets[1]),
        )
        # Without a handler, Python would write uvicorn's warnings to the terminal, over the dashboard.
        logging.getLogger("uvicorn").addHandler(logging.NullHandler())
        settings = uvicorn.Config(
            build_app(context),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, args=(sockets,), name="sandbox", daemon=True)
        self._thread.start()
        self._wait_until_started()

    def stop(self) -> None:
        """Stop listening and remove the temporary folder. Stopping twice is fine."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_STOP_TIMEOUT_S)
        if self._context is not None:
            self._context.close()
        if self._own_dir is not None:
            shutil.rmtree(self._own_dir, ignore_errors=True)
        self._server = self._thread = self._context = self._own_dir = None

    @property
    def context(self) -> SandboxContext:
        """The parts of the running sandbox."""
        if self._context is None:
            raise RuntimeError("The sandbox is not running.")
        return self._context

    @property
    def base_url(self) -> str:
        """The API's address, for ``WANDB_BASE_URL``."""
        return self._base_url

    @property
    def app_url(self) -> str:
        """The web pages' address; on loopback it is the API's."""
        return self._base_url

    @property
    def username(self) -> str:
        """The user name for the sign-in form."""
        return self.context.account.email

    @property
    def password(self) -> str:
        """The password for the sign-in form."""
        return self.context.account.password

    @property
    def api_key(self) -> str:
        """The account's API key."""
        return self.context.account.api_key

    @property
    def identity_token(self) -> str:
        """The account's identity token, which is also in ``identity-token.jwt`` in the data folder."""
        return self.context.account.identity_token

    @property
    def entity(self) -> str:
        """The account's entity, in which runs are logged by default."""
        return self.context.account.entity

    @property
    def second_factor(self) -> str:
        """The code for the sign-in ``second-factor``."""
        return self.context.account.second_factor

    def info(self) -> dict[str, str]:
        """The data that a client needs: ``base_url``, ``app_url``, ``username``, ``password`` and ``api_key``."""
        return {name: getattr(self, name) for name in ("base_url", "app_url", "username", "password", "api_key")}

    def stats(self) -> dict[str, int]:
        """The counters; ``wandb_tui.sandbox.stats.COUNTERS`` says what each counts."""
        return self.context.stats.as_dict()

    def expire_sessions(self) -> None:
        """Make every session cookie invalid."""
        self.context.sessions.expire_all()

    def set_faults(self, *faults: str) -> None:
        """Set the active faults. Raises ``ValueError`` for an unknown one."""
        self.context.faults.replace(faults)

    def make_public(self, project: str) -> None:
        """Let everyone see ``entity/project``."""
        set_public(self.context, project, public=True)

    def export_now(self, run: str) -> bool:
        """Export ``entity/project/id`` without a visit and without delay; whether there was anything new."""
        return self.context.exports.start(find_run(self.context, run), delay=0.0)

    def _prepare_dir(self) -> Path:
        """The data folder, closed to others."""
        if self.config.data_dir is None:
            self._own_dir = Path(tempfile.mkdtemp(prefix="wandb-tui-sandbox-"))
            return self._own_dir
        self.config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.config.data_dir.chmod(0o700)
        return self.config.data_dir

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self._server is not None and not self._server.started:
            if time.monotonic() > deadline or self._thread is None or not self._thread.is_alive():
                self.stop()
                raise OSError("The sandbox did not come up.")
            time.sleep(0.01)


def _listen(bind: str, port: int) -> socket.socket:
    """A listening socket."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    # With the protocol named, asyncio switches off Nagle's algorithm, which would delay the ends of answers by 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _address(bind: str, listener: socket.socket) -> str:
    host = f"[{bind}]" if ":" in bind else bind
    return f"http://{host}:{listener.getsockname()[1]}"


def run_sandbox(config: SandboxConfig) -> None:
    """Serve until SIGINT or SIGTERM; the first line on stdout says, as JSON, how to reach it and sign in."""
    asked_to_end = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        asked_to_end.set()

    before: dict[int, Any] = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Sandbox(config) as sandbox:
            print(json.dumps(sandbox.info()), flush=True)  # noqa: T201 - the promised first line
            asked_to_end.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
