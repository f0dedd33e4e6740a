"""One visit: opens a run's page, and checks that it really loaded the run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Iterator
from typing import Any

from playwright.async_api import Error, Page, Request, Response

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import SignedOutError, SignInRequiredError, VisitError
from wandb_tui.core.ports import Identity, Visit
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin import phrases
from wandb_tui.services.signin.errors import one_line
from wandb_tui.services.signin.forms import find_form
from wandb_tui.services.signin.navigation import load_problem, open_page
from wandb_tui.services.signin.origins import origin_of
from wandb_tui.services.signin.page_driver import PageGoneError, read_page
from wandb_tui.services.signin.page_view import PageView
from wandb_tui.services.signin.phrases import says
from wandb_tui.services.signin.whoami import Whoami

_POLL_INTERVAL_S = 0.1
_NO_ACCESS_QUIET_S = 0.7
_LOADED_QUIET_S = 7.0
_SETTLE_QUIET_S = 0.4
_SETTLE_TIMEOUT_S = 3.0
_CLIENT_ERROR = 400
_LOAD_TIMEOUT_MS = 3000.0
_MAX_DEPTH = 5
_MAX_OPERATIONS = 30
_ENDLESS_TYPES = frozenset({"websocket", "eventsource", "media", "ping"})


class PageVisit:
    """Opens one run's page in one tab."""

    def __init__(self, page: Page, server: ServerInfo, viewer: Whoami, run: RunAddress, identity: Identity) -> None:
        """Prepare; nothing is opened yet.

        Args:
            page: An empty tab.
            server: The server.
            viewer: Asks the server who is signed in; learns its API's address from the page's traffic.
            run: The run.
            identity: The user believed to be signed in.
        """
        self._page = page
        self._server = server
        self._viewer = viewer
        self._run = run
        self._identity = identity
        self._started = time.monotonic()
        self._in_flight: set[Request] = set()
        self._last_traffic_at = self._started
        self._read_tasks: set[asyncio.Task[None]] = set()
        self._run_requested = False
        self._evidence = ""
        self._operations: dict[str, None] = {}
        self._viewer_reported: bool | None = None
        self._load_finished = False
        self._crashed = False
        self._checked_at = 0.0

    async def run(self, timeout_s: float) -> Visit:
        """Open the page and wait until it has loaded the run.

        Args:
            timeout_s: The maximum duration in seconds.

        Raises:
            VisitError: It did not load the run.
            SignedOutError: The page did not load the run because the session has expired.
        """
        self._listen()
        try:
            async with asyncio.timeout(timeout_s):
                await self._open()
                while not self._evidence:
                    self._check_alive()
                    await self._check()
                    await asyncio.sleep(_POLL_INTERVAL_S)
                await self._settle()
                await self._check_still_signed_in()
        except TimeoutError:
            raise VisitError(
                f"The page of {self._run} did not load the run within {timeout_s:.0f} s.", "The server may be slow."
            ) from None
        except VisitError as error:
            error.operations = tuple(self._operations)
            raise
        finally:
            for task in list(self._read_tasks):
                task.cancel()
        seconds = time.monotonic() - self._started
        return Visit(seconds, self._evidence, tuple(self._operations), await self._title())

    async def _title(self) -> str:
        try:
            return one_line(await self._page.title())
        except Error:
            return ""

    def _check_alive(self) -> None:
        if self._page.is_closed() or self._crashed:
            raise PageGoneError

    # The page's traffic

    def _listen(self) -> None:
        self._page.on("request", self._on_request)
        self._page.on("requestfinished", self._on_end)
        self._page.on("requestfailed", self._on_end)
        self._page.on("response", self._on_response)
        self._page.on("load", lambda _: self._on_load())
        self._page.on("crash", lambda _: self._on_crash())

    def _on_load(self) -> None:
        self._load_finished = True
        self._last_traffic_at = time.monotonic()

    def _on_crash(self) -> None:
        self._crashed = True

    def _on_request(self, request: Request) -> None:
        if request.resource_type not in _ENDLESS_TYPES:
            self._in_flight.add(request)
            self._last_traffic_at = time.monotonic()

    def _on_end(self, request: Request) -> None:
        if request in self._in_flight:
            self._in_flight.discard(request)
            self._last_traffic_at = time.monotonic()

    def _on_response(self, response: Response) -> None:
        if response.request.method == "POST" and "json" in response.headers.get("content-type", ""):
            task = asyncio.get_running_loop().create_task(self._read_response(response))
            self._read_tasks.add(task)
            task.add_done_callback(self._read_tasks.discard)

    async def _read_response(self, response: Response) -> None:
        """Check whether one response is about the run."""
        try:
            request_body = response.request.post_data
            response_body = await response.json()
        except (Error, ValueError, UnicodeDecodeError):
            return
        for request, reply in _pairs(request_body or "", response_body):
            data = reply.get("data")
            if len(self._operations) < _MAX_OPERATIONS and isinstance(request, dict) and "query" in request:
                self._operations[f"{_operation(request)} → {_outline(reply)}"] = None
            if not isinstance(data, dict):
                continue
            if "viewer" in data and self._viewer_reported is not True:
                self._viewer_reported = data["viewer"] is not None
            if not mentions(request, self._run.run_id):
                continue
            self._run_requested = True
            self._viewer.learn(response.url)
            if not reply.get("errors") and has_run(data, self._run.run_id) and not self._evidence:
                self._evidence = f"its query {_operation(request)} was answered"

    def _quiet_for(self) -> float:
        return 0.0 if self._in_flight or not self._load_finished else time.monotonic() - self._last_traffic_at

    # The content of the page

    async def _open(self) -> None:
        try:
            address = self._run.page(self._server.app_url)
            status = await open_page(self._page, address, wait_until="commit", timeout_ms=0)
        except Error as error:
            if self._page.is_closed() or "closed" in error.message or "crashed" in error.message:
                raise
            raise VisitError(*load_problem(error, self._server)) from None
        if status >= _CLIENT_ERROR:
            # Closing a tab while its document is still arriving may never be confirmed (measured).
            with contextlib.suppress(Error):
                await self._page.wait_for_load_state("load", timeout=_LOAD_TIMEOUT_MS)
            raise VisitError(f"The page of {self._run} answered HTTP {status}.")

    async def _check(self) -> None:
        """Raise the reason why a quiet page shows no run; without traffic about it, accept the page as loaded."""
        quiet_s = self._quiet_for()
        if quiet_s < _NO_ACCESS_QUIET_S or time.monotonic() - self._checked_at < _NO_ACCESS_QUIET_S:
            return
        self._checked_at = time.monotonic()
        try:
            view = (await read_page(self._page)).view
        except PageGoneError:
            return
        if self._denies_access(view):
            raise await self._no_access_error(offers_log_in=_offers_log_in(view))
        if quiet_s >= _LOADED_QUIET_S:
            if self._run_requested and self._identity.anonymous:
                raise self._sign_in_required()
            if self._run_requested:
                raise VisitError(f"The page of {self._run} requested the run, but did not receive it.")
            self._evidence = "the page has loaded and gone quiet"

    def _denies_access(self, view: PageView) -> bool:
        """Whether the page shows a sign-in or a refusal instead of the run."""
        main = view.main
        if origin_of(main.origin) != origin_of(self._server.app_url):
            return True
        if any(form.password for n, frame in enumerate(view.frames) if (form := find_form(frame, n))):
            return True
        if says(main.text, phrases.CLOSED):
            return True
        return not self._identity.anonymous and _offers_log_in(view)

    async def _no_access_error(self, *, offers_log_in: bool) -> VisitError:
        """The error for a page that denies access, after asking the server who is signed in."""
        if self._identity.anonymous:
            return self._sign_in_required()
        reply = await self._viewer.ask(self._page)
        if not reply.username and (offers_log_in or not self._viewer.omits_viewer):
            return SignedOutError("The browser is no longer signed in.")
        username = reply.username or self._identity.username
        return VisitError(
            f"{username} has no access to the page of {self._run}, or there is no such run.",
            "Sign in as a user who has access.",
        )

    def _sign_in_required(self) -> SignInRequiredError:
        return SignInRequiredError(
            f"The page of {self._run} cannot be seen without signing in.",
            "Run wandb-tui login, or set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW; --no-visit only polls.",
        )

    async def _settle(self) -> None:
        """Let the page finish loading: one of its next queries may be the one that starts an export."""
        end = time.monotonic() + _SETTLE_TIMEOUT_S
        while True:
            remaining = min(end - time.monotonic(), _SETTLE_QUIET_S - self._quiet_for())
            if remaining <= 0:
                return
            await asyncio.sleep(remaining)

    async def _check_still_signed_in(self) -> None:
        """Raise if the session has expired: a public run loads anyway, but may not be exported for signed-out users."""
        if self._identity.anonymous or self._viewer_reported:
            return
        reply = await self._viewer.ask(self._page)
        if reply.known and not reply.username and _offers_log_in((await read_page(self._page)).view):
            raise SignedOutError("The browser is no longer signed in.")


def _offers_log_in(view: PageView) -> bool:
    return any(says(b.text, phrases.LOG_IN) and not says(b.text, phrases.SIGN_UP) for b in view.main.buttons)


def mentions(request: Any, run_id: str) -> bool:
    """Whether a GraphQL request is about the run: its id is a variable's value, or quoted in the query."""
    if not isinstance(request, dict):
        return False
    query = request.get("query")
    quoted = isinstance(query, str) and json.dumps(run_id) in query
    return quoted or any(value == run_id for value in _strings(request.get("variables"), 0))


def _strings(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < _MAX_DEPTH and isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item, depth + 1)


def has_run(data: Any, run_id: str, depth: int = 0) -> bool:
    """Whether a response contains the run: by its id, or as a non-empty object named ``run`` or ``bucket``."""
    if depth > _MAX_DEPTH or not isinstance(data, (dict, list)):
        return False
    if isinstance(data, list):
        return any(has_run(item, run_id, depth + 1) for item in data)
    if depth and (data.get("name") == run_id or data.get("runId") == run_id):
        return True
    named = any(key.lower() in {"run", "bucket"} and isinstance(value, dict) and value for key, value in data.items())
    return named or any(has_run(value, run_id, depth + 1) for value in data.values())


def _pairs(request_body: str, response_body: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Pairs of requests and replies; some clients send several requests at once."""
    try:
        requests = json.loads(request_body)
    except ValueError:
        return
    pairs = (
        zip(requests, response_body, strict=False)
        if isinstance(requests, list) and isinstance(response_body, list)
        else ()
    )
    for request, reply in pairs or ((requests, response_body),):
        if isinstance(reply, dict):
            yield request, reply


def _outline(reply: dict[str, Any]) -> str:
    """An outline of a reply: the names of its fields, and which of them are null."""
    data = reply.get("data")
    fields = data.items() if isinstance(data, dict) else ()
    shown = [
        f"{re.sub(r'[^A-Za-z0-9_]', '', str(name))[:30]}{' null' if value is None else ''}" for name, value in fields
    ]
    return ", ".join([*shown[:4], *(["errors"] if reply.get("errors") else [])]) or "nothing"


def _operation(request: Any) -> str:
    """The name of a query, shortened, letters and digits only."""
    name = request.get("operationName") if isinstance(request, dict) else None
    if not name and isinstance(request, dict):
        found = re.search(r"\bquery\s+(\w+)", str(request.get("query", "")))
        name = found[1] if found else ""
    return re.sub(r"\W", "", str(name or ""))[:40] or "for the run"
