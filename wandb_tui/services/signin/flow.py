"""One sign-in, from the sign-in page to knowing what came of it."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from pathlib import Path

from playwright.async_api import Dialog, Error, Page

from wandb_tui.core.account import Credentials
from wandb_tui.core.errors import SignInError, SignInProblem
from wandb_tui.core.ports import Identity
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin.actions import Fill, GiveUp, Press, Progress, SignInAction, Wait
from wandb_tui.services.signin.confirmation import is_signed_in
from wandb_tui.services.signin.errors import refusal
from wandb_tui.services.signin.form_fill import FormFilling
from wandb_tui.services.signin.forms import SignInForm, find_form
from wandb_tui.services.signin.navigation import open_sign_in
from wandb_tui.services.signin.origins import OriginProblem, Origins
from wandb_tui.services.signin.page_driver import GoneError, PageSnapshot, keep_picture, press, read_page
from wandb_tui.services.signin.page_view import Alert, PageView, outline
from wandb_tui.services.signin.password_guard import PasswordGuard
from wandb_tui.services.signin.policy import at_a_loss, decide, shows_form, signed_in_by_looks
from wandb_tui.services.signin.responses import heading_of, new_words, outcome_of
from wandb_tui.services.signin.whoami import Whoami, WhoamiReply

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.3
_ASK_EVERY = 2.0
_LOADED_WITHIN = 5.0
_COVERED_FOR = 8.0
_UNDERSTAND_WITHIN = 20.0
_ANSWER_WITHIN = 30.0
_PENDING_WITHIN = 90.0
_SILENT_AFTER = 4.0
_BY_LOOKS_AFTER = 3.0
_TOO_MANY = 429


class SignInFlow:
    """Signs one page's browser in; the password is submitted at most once in its life."""

    def __init__(
        self,
        page: Page,
        server: ServerInfo,
        credentials: Credentials | None,
        *,
        origins: Origins,
        viewer: Whoami,
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
        self._last_move: SignInAction | None = None
        self._asked_at = 0.0
        self._asked_of: tuple[str, float] = ("", 0.0)
        self._nobody = False
        self._sent_at = 0.0
        self._sent_on = ""
        self._moved_at = 0.0
        self._spoken: list[str] = []
        self._guard = PasswordGuard(page.context, origins)
        page.on("dialog", self._on_dialog)

    @property
    def password_sent(self) -> bool:
        """Whether the password has been submitted, and may have arrived."""
        return self._progress.password_sent and not self._guard.never_arrived

    async def run(self) -> Identity:
        """Sign in.

        Raises:
            SignInError: What came of it instead.
        """
        try:
            await open_sign_in(self._page, self._server)
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
        finally:
            await self._guard.leave()

    # Looking, deciding, acting

    async def _look(self) -> Identity | None:
        """One look at the page and, where it has settled, one move; who we are as soon as that is known."""
        seen = await self._read()
        if identity := await self._ask(seen):
            return identity
        self._note_answer()
        if identity := await self._past_the_password(seen):
            return identity
        move = decide(seen.view, self._progress, self._origins)
        settled, self._last_move = move == self._last_move, move
        # A page that still draws itself looks different at the next look.
        if settled and not isinstance(move, Wait) and not self._too_early(move, seen):
            await self._make(move, seen)
            self._last_move = None
        return None

    async def _read(self) -> PageSnapshot:
        """The page, with what it has said in dialogs that are gone."""
        seen = await read_page(self._page)
        if self._spoken:
            main = replace(seen.view.main, alerts=(*map(Alert, self._spoken), *seen.view.main.alerts))
            seen.view = PageView((main, *seen.view.frames[1:]))
        return seen

    def _too_early(self, move: SignInAction, seen: PageSnapshot) -> bool:
        """Whether the scripts of a page, which may be what makes its form work, are still being loaded."""
        if not isinstance(move, Fill):
            return False
        waited = time.monotonic() - self._moved_at
        first = move.form.password or move.form.identifier
        # What lies over a form and is no banner is mostly there until the form works.
        covered = first is not None and first.covered and waited < _COVERED_FOR
        return covered or (seen.view.main.ready != "complete" and waited < _LOADED_WITHIN)

    def _note_answer(self) -> None:
        """Keep account of what has come back for what was sent."""
        now = time.monotonic()
        if self._guard.strayed and not self._guard.sent:
            raise self._refuse(SignInProblem.UNKNOWN_HOST, self._guard.strayed)
        since = self._sent_at if not self._guard.sent else self._guard.answered_at or now
        self._progress.refused = self._guard.refused
        self._progress.silent = self._progress.anything_sent and now - max(since, self._sent_at) > _SILENT_AFTER

    async def _ask(self, seen: PageSnapshot) -> Identity | None:
        """Ask who we are whenever the page is a new one, and every now and then."""
        now, main = time.monotonic(), seen.view.main
        place = (main.url, main.born)
        if place == self._asked_of and now - self._asked_at < _ASK_EVERY:
            return None
        answer = await self._viewer.ask(self._page)
        self._asked_at, self._asked_of = time.monotonic(), place
        self._nobody = answer.known and not answer.username
        if answer.username:
            return Identity(answer.username, by_password=self._progress.password_sent)
        if self._looks_signed_in(seen, answer):
            log.info("The server does not say who is signed in; its page looks like it")
            self._viewer.never_names = answer.known
            name = self._credentials.username if self._credentials else ""
            return Identity(name, by_password=self._progress.password_sent)
        return None

    def _looks_signed_in(self, seen: PageSnapshot, answer: WhoamiReply) -> bool:
        if not self._progress.password_sent:
            return signed_in_by_looks(seen.view, self._origins, surely=True)
        # While the API says that nobody is signed in, a page needs more than that nothing speaks against it.
        waited = time.monotonic() - self._sent_at > _BY_LOOKS_AFTER and not self._guard.pending
        return waited and not self._guard.refused and signed_in_by_looks(seen.view, self._origins, surely=answer.known)

    async def _past_the_password(self, seen: PageSnapshot) -> Identity | None:
        """Who we are where another page follows the password, though the API names nobody.

        Raises:
            SignInError: That page is a step of its own, such as terms to accept or an inactive account.
        """
        main, progress = seen.view.main, self._progress
        moved_on = progress.password_sent and progress.silent and main.born != progress.born
        if not (self._nobody and moved_on and main.ready == "complete") or self._guard.refused:
            return None
        if not self._origins.own(main.origin) or outcome_of(seen.view, progress):
            return None
        if not isinstance(decide(seen.view, progress, self._origins), Wait) or shows_form(seen.view):
            return None
        page = await self._page.context.new_page()
        try:
            signed_in = await is_signed_in(page, self._server, self._viewer, self._origins, by_looks=True)
        finally:
            await page.close()
        if not signed_in:
            raise refusal(SignInProblem.STEP_NEEDED, self._server.host, words=heading_of(seen.view))
        log.info("The server does not say who is signed in; a new tab looks like it")
        self._viewer.never_names = True
        return Identity(self._credentials.username if self._credentials else "", by_password=True)

    async def _make(self, move: Press | Fill | GiveUp, seen: PageSnapshot) -> None:
        match move:
            case GiveUp():
                raise await self._end(move)
            case Press():
                self._progress.note_press(move.button)
                await press(self._page, await seen.element(move.frame, move.button.index))
            case Fill():
                await self._fill(move.form, seen)
        self._moved_at = time.monotonic()

    async def _end(self, move: GiveUp) -> SignInError:
        if move.page:
            return self._refuse(move.problem, move.page)
        if move.problem is SignInProblem.WRONG_PASSWORD and self._guard.broken:
            # The page takes any trouble for that; the server did not get as far as to say so.
            return await self._server_fault()
        if move.problem is SignInProblem.NOT_UNDERSTOOD:
            return await self._not_understood("")
        return refusal(move.problem, self._server.host, words=move.words)

    async def _fill(self, form: SignInForm, seen: PageSnapshot) -> None:
        """Type in what the form asks for, and send it."""
        if self._credentials is None:
            raise self._refuse(SignInProblem.NO_CREDENTIALS)
        filling = FormFilling(
            self._page, self._credentials, origins=self._origins, guard=self._guard, refuse=self._refuse
        )
        form, seen = await filling.type(form, seen)
        field, button = await filling.prepare(form, seen)
        self._note_sending(form, seen)
        await filling.send(field, button)

    def _note_sending(self, form: SignInForm, seen: PageSnapshot) -> None:
        """From here on the password counts as submitted, whatever happens."""
        progress = self._progress
        progress.password_sent = progress.password_sent or form.password is not None
        progress.identifier_sent = progress.identifier_sent or form.password is None
        progress.born = seen.view.main.born
        progress.said_before = frozenset(alert.text for alert in seen.view.alerts)
        progress.read_before = seen.view.lines
        self._spoken.clear()
        self._sent_on = seen.view.main.origin
        self._sent_at = time.monotonic()

    async def _on_dialog(self, dialog: Dialog) -> None:
        """Hear what a page says in a dialog, and close it: scripts stand still meanwhile."""
        self._spoken.append(dialog.message)
        try:
            if dialog.type in {"alert", "beforeunload"}:
                await dialog.accept()
            else:
                await dialog.dismiss()
        except Error:
            log.info("A dialog of the sign-in page was gone before it was closed")

    # What came of it, where the page itself does not say

    async def _check_patience(self) -> None:
        """Raise what it must have been, once a page has had its time to say so."""
        now = time.monotonic()
        if not self._progress.password_sent:
            if now - self._moved_at > _UNDERSTAND_WITHIN:
                raise await self._at_a_loss()
            return
        if self._guard.never_arrived:
            raise self._refuse(SignInProblem.UNREACHABLE, "the connection failed before the password was sent")
        if self._guard.lost:
            raise self._refuse(SignInProblem.UNREACHABLE, "the connection broke while the password was under way")
        if self._progress.silent and (silent := await self._silently_refused()):
            raise silent
        last = max(self._sent_at, self._guard.answered_at, self._moved_at)
        if now - last > (_PENDING_WITHIN if self._guard.pending else _ANSWER_WITHIN):
            raise await self._not_understood("the page did not react to the password")

    async def _at_a_loss(self) -> SignInError:
        try:
            view = (await self._read()).view
        except GoneError:
            return await self._not_understood("")
        return await self._end(at_a_loss(view, self._origins))

    async def _silently_refused(self) -> SignInError | None:
        """The refusal that shows in a status, or in the same form standing there again without a word."""
        if self._guard.broken:
            return await self._server_fault()
        if self._guard.status == _TOO_MANY:
            return self._refuse(SignInProblem.BLOCKED)
        try:
            return await self._without_a_word((await self._read()).view)
        except GoneError:
            return None

    async def _without_a_word(self, view: PageView) -> SignInError | None:
        if said := outcome_of(view, self._progress):
            return await self._end(said)
        again = any(form.password for n, frame in enumerate(view.frames) if (form := find_form(frame, n)))
        reloaded = view.main.born != self._progress.born and view.main.ready == "complete"
        if again and reloaded and view.main.origin != self._sent_on:
            # Perhaps it was right there, and is asked for once more here. It is not ours to try.
            return await self._not_understood(f"another sign-in page follows at {view.main.origin}")
        words = new_words(view, self._progress)
        # Words that appear beside the form after its answer has come are that answer, in whatever language.
        answered = again and bool(words) and self._guard.sent and not self._guard.pending
        if self._guard.refused or (again and reloaded) or answered:
            return await self._end(GiveUp(SignInProblem.WRONG_PASSWORD, words))
        return None

    async def _server_fault(self) -> SignInError:
        return await self._not_understood(f"the server answered HTTP {self._guard.status}")

    async def _not_understood(self, why: str) -> SignInError:
        """Keep what can be kept of the page, without secrets, for the user to look at."""
        try:
            log.warning("A sign-in page was not understood:\n%s", outline((await read_page(self._page)).view))
        except GoneError:
            log.warning("A sign-in page was not understood, and is gone")
        picture = await keep_picture(self._page, self._folder, hide=self._typed())
        kept = f"a screenshot is in {picture}" if picture else ""
        return self._refuse(SignInProblem.NOT_UNDERSTOOD, "; ".join(filter(None, (why, kept))))

    def _typed(self) -> tuple[str, ...]:
        known = self._credentials
        return (known.username, known.password) if known else ()

    def _refuse(self, problem: SignInProblem, detail: OriginProblem | str = "") -> SignInError:
        failed = refusal(problem, self._server.host, detail=detail)
        if isinstance(detail, OriginProblem) and detail.unencrypted:
            failed.hint = "Use its https address; if you insist, set allow_plain_http in settings.toml."
        return failed
