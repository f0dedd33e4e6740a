"""One sign-in, from the sign-in page to knowing what came of it."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from playwright.async_api import ElementHandle, Error, Page, Response

from wandb_tui.core.errors import SignInError, SignInProblem
from wandb_tui.core.ports import Credentials, Identity, ServerInfo
from wandb_tui.services.redact import redact
from wandb_tui.services.signin.decide import (
    Fill,
    Give,
    Move,
    Press,
    Progress,
    Wait,
    decide,
    form_problem,
    note_press,
    signed_in_by_looks,
)
from wandb_tui.services.signin.forms import SignInForm, find_form
from wandb_tui.services.signin.hand import (
    GoneError,
    SeenPage,
    keep_picture,
    leave_field,
    press,
    press_enter,
    read_page,
    stands_in,
    type_into,
)
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.outcomes import refusal
from wandb_tui.services.signin.page_view import outline
from wandb_tui.services.signin.viewer import Viewer, ViewerAnswer

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.3
_ASK_EVERY = 2.0
_LOAD_TIMEOUT = 30_000.0
_UNDERSTAND_WITHIN = 20.0
_ANSWER_WITHIN = 30.0
_SILENT_AFTER = 4.0
_BY_LOOKS_AFTER = 3.0
_SERVER_FAULT = 500
_TOO_MANY = 429
_NOT_FOUND = 404


class SignIn:
    """Signs one page's browser in; the password is submitted at most once in its life."""

    def __init__(
        self,
        page: Page,
        server: ServerInfo,
        credentials: Credentials | None,
        *,
        origins: Origins,
        viewer: Viewer,
        folder: Path,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            page: An empty tab.
            server: Where to sign in.
            credentials: What to sign in with; None only finds out whether the browser is signed in already.
            origins: Where a password may be typed.
            viewer: Asks the server who we are.
            folder: Where a screenshot is kept when a page is not understood.
        """
        self._page = page
        self._server = server
        self._credentials = credentials
        self._origins = origins
        self._viewer = viewer
        self._folder = folder
        self._progress = Progress()
        self._last_move: Move | None = None
        self._asked_at = 0.0
        self._asked_of: tuple[str, float] = ("", 0.0)
        self._sent_at = 0.0
        self._moved_at = 0.0
        self._bad_status = 0
        page.on("response", self._on_response)

    @property
    def password_sent(self) -> bool:
        """Whether the password has been submitted."""
        return self._progress.password_sent

    async def run(self) -> Identity:
        """Sign in.

        Raises:
            SignInError: What came of it instead.
        """
        await self._open()
        self._moved_at = time.monotonic()
        while True:
            try:
                identity = await self._look()
            except GoneError:
                if self._page.is_closed():
                    raise
                identity = None
            if identity is not None:
                return identity
            await self._check_patience()
            await asyncio.sleep(_LOOK_EVERY)

    async def _open(self) -> None:
        """Go to the sign-in page; a server without one is entered by its front door."""
        status = await self._go(f"{self._server.app_url}/login")
        if status == _NOT_FOUND:
            status = await self._go(self._server.app_url)
        if status >= _SERVER_FAULT or status == _TOO_MANY:
            raise self._refusal(SignInProblem.UNREACHABLE, detail=f"it answered HTTP {status}")

    async def _go(self, url: str) -> int:
        try:
            response = await self._page.goto(url, wait_until="domcontentloaded", timeout=_LOAD_TIMEOUT)
        except Error as error:
            if self._page.is_closed():
                raise GoneError from None
            raise self._unreachable(error) from None
        return response.status if response else 0

    def _unreachable(self, error: Error) -> SignInError:
        text = redact(error.message)
        reason = next((word for word in text.replace("\n", " ").split() if word.startswith("net::ERR_")), "")
        if not reason:
            reason = "no answer in time" if "imeout" in text else "the page could not be opened"
        failed = self._refusal(SignInProblem.UNREACHABLE, detail=reason.removeprefix("net::"))
        if "ERR_CERT" in reason:
            failed.hint = "The browser does not trust the server's certificate; see “certificates” in the README."
        return failed

    # Looking, deciding, acting

    async def _look(self) -> Identity | None:
        """One look at the page and, where it has settled, one move; who we are as soon as that is known."""
        seen = await read_page(self._page)
        if identity := await self._ask(seen):
            return identity
        move = decide(seen.view, self._progress, self._origins)
        settled, self._last_move = move == self._last_move, move
        # A page that still draws itself looks different at the next look.
        if settled and not isinstance(move, Wait):
            await self._make(move, seen)
            self._last_move = None
        return None

    async def _ask(self, seen: SeenPage) -> Identity | None:
        """Ask who we are whenever the page is a new one, and every now and then."""
        now, main = time.monotonic(), seen.view.main
        place = (main.url, main.born)
        if place == self._asked_of and now - self._asked_at < _ASK_EVERY:
            return None
        answer = await self._viewer.ask(self._page)
        self._asked_at, self._asked_of = time.monotonic(), place
        if answer.username:
            return Identity(answer.username)
        if self._looks_signed_in(seen, answer):
            log.info("The server does not say who is signed in; its page looks like it")
            self._viewer.never_names = answer.known
            return Identity(self._credentials.username if self._credentials else "")
        return None

    def _looks_signed_in(self, seen: SeenPage, answer: ViewerAnswer) -> bool:
        if not self._progress.password_sent:
            return signed_in_by_looks(seen.view, self._origins, surely=True)
        waited = time.monotonic() - self._sent_at > _BY_LOOKS_AFTER
        moved_on = seen.view.main.born != self._progress.born
        fine = not self._bad_status and (not answer.known or moved_on)
        return waited and fine and signed_in_by_looks(seen.view, self._origins)

    async def _make(self, move: Press | Fill | Give, seen: SeenPage) -> None:
        match move:
            case Give():
                raise await self._give(move)
            case Press():
                note_press(self._progress, move.button)
                await press(self._page, await seen.element(move.frame, move.button.index))
            case Fill():
                await self._fill(move.form, seen)
        self._moved_at = time.monotonic()

    async def _give(self, move: Give) -> SignInError:
        if move.problem is SignInProblem.UNKNOWN_HOST:
            return self._refusal(move.problem, detail=move.words)
        if move.problem is SignInProblem.SSO and move.words.startswith("http"):
            return self._refusal(move.problem, detail=move.words)
        return self._refusal(move.problem, words=move.words)

    async def _fill(self, form: SignInForm, seen: SeenPage) -> None:
        """Type in what the form asks for, and send it."""
        if self._credentials is None:
            raise self._refusal(SignInProblem.NO_CREDENTIALS)
        if form.identifier is not None:
            await self._type_identifier(form, seen, self._credentials.username)
            # Pages redraw themselves while they are typed into, so what follows goes by a fresh look.
            seen, form = await self._look_again(form)
        if form.password is not None:
            element = await self._trusted(seen, form, form.password.index)
            await type_into(element, self._credentials.password)
            seen, form = await self._look_again(form)
        await self._send(form, seen)

    async def _type_identifier(self, form: SignInForm, seen: SeenPage, username: str) -> None:
        if form.identifier is None:
            return
        if form.identifier.kind == "email" and "@" not in username:
            why = "it asks for the e-mail address, not the user name"
            raise self._refusal(SignInProblem.WRONG_PASSWORD, detail=why)
        await type_into(await self._trusted(seen, form, form.identifier.index), username)
        await leave_field(self._page)

    async def _look_again(self, before: SignInForm) -> tuple[SeenPage, SignInForm]:
        """The form as it is now that something was typed into it.

        Raises:
            SignInError: The password field went away: the organisation signs in elsewhere.
        """
        seen = await read_page(self._page)
        frames = seen.view.frames
        form = find_form(frames[before.frame], before.frame) if before.frame < len(frames) else None
        wants_password = form is not None and form.password is not None
        if before.password is not None and not wants_password:
            raise self._refusal(SignInProblem.SSO)
        if form is None:
            raise GoneError
        return seen, form

    async def _trusted(self, seen: SeenPage, form: SignInForm, index: int) -> ElementHandle:
        """The element, if what is secret may be typed there; asked of the element itself, right before it happens."""
        element = await seen.element(form.frame, index)
        origin, action = await stands_in(element)
        why = self._origins.problem(origin) or (self._origins.problem(action) if action else "")
        why = why or form_problem(seen.view, form, self._origins)
        if why:
            raise self._refusal(SignInProblem.UNKNOWN_HOST, detail=why)
        return element

    async def _send(self, form: SignInForm, seen: SeenPage) -> None:
        last = form.password or form.identifier
        if last is None:
            raise GoneError
        field = await self._trusted(seen, form, last.index)
        button = await seen.element(form.frame, form.submit.index) if form.submit else None
        self._note_sending(form, seen)
        if button is not None:
            await press(self._page, button)
        else:
            await press_enter(field)

    def _note_sending(self, form: SignInForm, seen: SeenPage) -> None:
        """From here on the password counts as submitted, whatever happens."""
        progress = self._progress
        progress.password_sent = progress.password_sent or form.password is not None
        progress.identifier_sent = progress.identifier_sent or form.password is None
        progress.born = seen.view.main.born
        progress.said_before = frozenset(alert.text for frame in seen.view.frames for alert in frame.alerts)
        self._sent_at = time.monotonic()

    # What came of it, where the page itself does not say

    def _on_response(self, response: Response) -> None:
        if self._progress.password_sent and response.request.method == "POST":
            bad = response.status >= 400  # noqa: PLR2004 - HTTP errors begin here
            self._bad_status = response.status if bad and self._origins.own(response.url) else self._bad_status

    async def _check_patience(self) -> None:
        """Raise what it must have been, once a page has had its time to say so."""
        now = time.monotonic()
        if self._progress.password_sent:
            if now - self._sent_at > _SILENT_AFTER and (silent := await self._silently_refused()):
                raise silent
            if now - self._sent_at > _ANSWER_WITHIN:
                raise await self._not_understood("the page did not react to the password")
        elif now - self._moved_at > _UNDERSTAND_WITHIN:
            raise await self._not_understood("")

    async def _silently_refused(self) -> SignInError | None:
        """The refusal that shows in a status, or in the same form standing there again without a word."""
        status = self._bad_status
        if status >= _SERVER_FAULT:
            return self._refusal(SignInProblem.NOT_UNDERSTOOD, detail=f"the server answered HTTP {status}")
        if status == _TOO_MANY:
            return self._refusal(SignInProblem.BLOCKED)
        try:
            view = (await read_page(self._page)).view
        except GoneError:
            return None
        again = any(form.password for n, frame in enumerate(view.frames) if (form := find_form(frame, n)))
        if status or (again and view.main.born != self._progress.born and view.main.ready == "complete"):
            return self._refusal(SignInProblem.WRONG_PASSWORD)
        return None

    async def _not_understood(self, why: str) -> SignInError:
        """Keep what can be kept of the page, without secrets, for the user to look at."""
        try:
            log.warning("A sign-in page was not understood:\n%s", outline((await read_page(self._page)).view))
        except GoneError:
            log.warning("A sign-in page was not understood, and is gone")
        picture = await keep_picture(self._page, self._folder)
        kept = f"a screenshot is in {picture}" if picture else ""
        return self._refusal(SignInProblem.NOT_UNDERSTOOD, detail="; ".join(filter(None, (why, kept))))

    def _refusal(self, problem: SignInProblem, *, words: str = "", detail: str = "") -> SignInError:
        return refusal(problem, self._server.host, words=words, detail=detail)
