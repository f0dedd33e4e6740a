"""One visit: open a run's page, and find out whether it really loaded the run."""

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
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.services.signin import phrases
from wandb_tui.services.signin.errors import one_line
from wandb_tui.services.signin.forms import find_form
from wandb_tui.services.signin.navigation import open_page
from wandb_tui.services.signin.origins import origin_of
from wandb_tui.services.signin.page_driver import PageGoneError, read_page
from wandb_tui.services.signin.page_view import PageView
from wandb_tui.services.signin.phrases import says
from wandb_tui.services.signin.whoami import Whoami

_LOOK_EVERY = 0.1
_CLOSED_AFTER = 0.7
_QUIET_AFTER = 7.0
_SETTLE_QUIET = 0.4
_SETTLE_MOST = 3.0
_REFUSED = 400
_LOAD_WITHIN = 3000.0
_DEEPEST = 5
_MOST_OPERATIONS = 30
_ENDLESS = frozenset({"websocket", "eventsource", "media", "ping"})


class PageVisit:
    """Opens one run's page in one tab."""

    def __init__(self, page: Page, server: ServerInfo, viewer: Whoami, run: RunAddress, identity: Identity) -> None:
        """Prepare; nothing is opened yet.

        Args:
            page: An empty tab.
            server: Where the page is.
            viewer: Asks the server who we are, and learns from the page's traffic where.
            run: Whose page it is.
            identity: As whom we believe to be signed in.
        """
        self._page = page
        self._server = server
        self._viewer = viewer
        self._run = run
        self._identity = identity
        self._began = time.monotonic()
        self._in_flight: set[Request] = set()
        self._busy_at = self._began
        self._reading: set[asyncio.Task[None]] = set()
        self._asked_about_run = False
        self._evidence = ""
        self._operations: dict[str, None] = {}
        self._viewer_seen: bool | None = None
        self._loaded = False
        self._crashed = False
        self._checked_at = 0.0

    async def run(self, within: float) -> Visit:
        """Open the page and wait until it has loaded the run.

        Args:
            within: Seconds it may take.

        Raises:
            VisitError: It did not load the run.
            SignedOutError: It did not because nobody is signed in any more.
        """
        self._listen()
        try:
            async with asyncio.timeout(within):
                await self._open()
                while not self._evidence:
                    self._check_alive()
                    await self._check()
                    await asyncio.sleep(_LOOK_EVERY)
                await self._settle()
                await self._check_still_signed_in()
        except TimeoutError:
            raise VisitError(
                f"The page of {self._run} did not load the run within {within:.0f} s.", "The server may be slow."
            ) from None
        except VisitError as error:
            error.operations = tuple(self._operations)
            raise
        finally:
            for task in list(self._reading):
                task.cancel()
        seconds = time.monotonic() - self._began
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
        self._loaded = True
        self._busy_at = time.monotonic()

    def _on_crash(self) -> None:
        self._crashed = True

    def _on_request(self, request: Request) -> None:
        if request.resource_type not in _ENDLESS:
            self._in_flight.add(request)
            self._busy_at = time.monotonic()

    def _on_end(self, request: Request) -> None:
        if request in self._in_flight:
            self._in_flight.discard(request)
            self._busy_at = time.monotonic()

    def _on_response(self, response: Response) -> None:
        if response.request.method == "POST" and "json" in response.headers.get("content-type", ""):
            task = asyncio.get_running_loop().create_task(self._read(response))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)

    async def _read(self, response: Response) -> None:
        """Learn from one answer whether it is about the run."""
        try:
            asked = response.request.post_data
            said = await response.json()
        except (Error, ValueError, UnicodeDecodeError):
            return
        for question, answer in _paired(asked or "", said):
            data = answer.get("data")
            if len(self._operations) < _MOST_OPERATIONS and isinstance(question, dict) and "query" in question:
                self._operations[f"{_operation(question)} → {_kind(answer)}"] = None
            if not isinstance(data, dict):
                continue
            if "viewer" in data and self._viewer_seen is not True:
                self._viewer_seen = data["viewer"] is not None
            if not mentions(question, self._run.run_id):
                continue
            self._asked_about_run = True
            self._viewer.learn(response.url)
            if not answer.get("errors") and has_run(data, self._run.run_id) and not self._evidence:
                self._evidence = f"its query {_operation(question)} was answered"

    def _quiet_for(self) -> float:
        return 0.0 if self._in_flight or not self._loaded else time.monotonic() - self._busy_at

    # What the page shows

    async def _open(self) -> None:
        try:
            address = self._run.page(self._server.app_url)
            status = await open_page(self._page, address, wait_until="commit", timeout_ms=0)
        except Error as error:
            if self._page.is_closed() or "closed" in error.message or "crashed" in error.message:
                raise
            reason = re.search(r"net::(ERR_\w+)", redact(error.message))
            why = reason[1] if reason else "the page could not be opened"
            raise VisitError(f"{self._server.host} cannot be reached ({why}).", "Check the network.") from None
        if status >= _REFUSED:
            # A tab that is closed while its document is still arriving may never be heard to have closed (measured).
            with contextlib.suppress(Error):
                await self._page.wait_for_load_state("load", timeout=_LOAD_WITHIN)
            raise VisitError(f"The page of {self._run} answered HTTP {status}.")

    async def _check(self) -> None:
        """Find out why a page that has gone quiet shows no run."""
        quiet = self._quiet_for()
        if quiet < _CLOSED_AFTER or time.monotonic() - self._checked_at < _CLOSED_AFTER:
            return
        self._checked_at = time.monotonic()
        try:
            view = (await read_page(self._page)).view
        except PageGoneError:
            return
        if self._is_closed_to_us(view):
            raise await self._closed(offers_log_in=_offers_log_in(view))
        if quiet >= _QUIET_AFTER:
            if self._asked_about_run and self._identity.anonymous:
                raise self._sign_in_required()
            if self._asked_about_run:
                raise VisitError(f"The page of {self._run} asked for the run, but was not given it.")
            self._evidence = "the page has loaded and gone quiet"

    def _is_closed_to_us(self, view: PageView) -> bool:
        """Whether this is not the run's page but one that keeps us out, by what it shows."""
        main = view.main
        if origin_of(main.origin) != origin_of(self._server.app_url):
            return True
        if any(form.password for n, frame in enumerate(view.frames) if (form := find_form(frame, n))):
            return True
        if says(main.text, phrases.CLOSED):
            return True
        return not self._identity.anonymous and _offers_log_in(view)

    async def _closed(self, *, offers_log_in: bool) -> VisitError:
        """Why the page is closed to us, by asking the server who we are."""
        if self._identity.anonymous:
            return self._sign_in_required()
        answer = await self._viewer.ask(self._page)
        if not answer.username and (offers_log_in or not self._viewer.omits_viewer):
            return SignedOutError("The browser is no longer signed in.")
        whom = answer.username or self._identity.username
        return VisitError(
            f"The page of {self._run} is closed to {whom}, or there is no such run.",
            "Sign in as somebody who may see it.",
        )

    def _sign_in_required(self) -> SignInRequiredError:
        return SignInRequiredError(
            f"The page of {self._run} cannot be seen without signing in.",
            "Run wandb-tui login, or set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW; --no-visit only polls.",
        )

    async def _settle(self) -> None:
        """Let the page finish what it has begun: its next queries may be what starts an export."""
        end = time.monotonic() + _SETTLE_MOST
        while True:
            left = min(end - time.monotonic(), _SETTLE_QUIET - self._quiet_for())
            if left <= 0:
                return
            await asyncio.sleep(left)

    async def _check_still_signed_in(self) -> None:
        """A public run loads for anybody, but a visit of nobody may start no export."""
        if self._identity.anonymous or self._viewer_seen:
            return
        answer = await self._viewer.ask(self._page)
        if answer.known and not answer.username and _offers_log_in((await read_page(self._page)).view):
            raise SignedOutError("The browser is no longer signed in.")


def _offers_log_in(view: PageView) -> bool:
    return any(says(b.text, phrases.LOG_IN) and not says(b.text, phrases.SIGN_UP) for b in view.main.buttons)


def mentions(question: Any, run_id: str) -> bool:
    """Whether a GraphQL request is about the run: its id is the value of a variable, or quoted in the query."""
    if not isinstance(question, dict):
        return False
    query = question.get("query")
    quoted = isinstance(query, str) and json.dumps(run_id) in query
    return quoted or any(value == run_id for value in _strings(question.get("variables"), 0))


def _strings(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < _DEEPEST and isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item, depth + 1)


def has_run(data: Any, run_id: str, depth: int = 0) -> bool:
    """Whether an answer holds the run: under that name, or as something called run."""
    if depth > _DEEPEST or not isinstance(data, (dict, list)):
        return False
    if isinstance(data, list):
        return any(has_run(item, run_id, depth + 1) for item in data)
    if depth and (data.get("name") == run_id or data.get("runId") == run_id):
        return True
    named = any(key.lower() in {"run", "bucket"} and isinstance(value, dict) and value for key, value in data.items())
    return named or any(has_run(value, run_id, depth + 1) for value in data.values())


def _paired(asked: str, said: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Questions with their answers; some clients send several at once."""
    try:
        questions = json.loads(asked)
    except ValueError:
        return
    both = zip(questions, said, strict=False) if isinstance(questions, list) and isinstance(said, list) else ()
    for question, answer in both or ((questions, said),):
        if isinstance(answer, dict):
            yield question, answer


def _kind(answer: dict[str, Any]) -> str:
    """What kind of answer it was: the names of its fields, and whether each holds anything."""
    data = answer.get("data")
    fields = data.items() if isinstance(data, dict) else ()
    held = [
        f"{re.sub(r'[^A-Za-z0-9_]', '', str(name))[:30]}{' null' if value is None else ''}" for name, value in fields
    ]
    return ", ".join([*held[:4], *(["errors"] if answer.get("errors") else [])]) or "nothing"


def _operation(question: Any) -> str:
    """The name of a query, shortened and plain."""
    name = question.get("operationName") if isinstance(question, dict) else None
    if not name and isinstance(question, dict):
        found = re.search(r"\bquery\s+(\w+)", str(question.get("query", "")))
        name = found[1] if found else ""
    return re.sub(r"\W", "", str(name or ""))[:40] or "for the run"
