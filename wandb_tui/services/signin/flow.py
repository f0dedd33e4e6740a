"""One sign-in, from opening the sign-in page to its result."""

from __future__ import annotations

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
from wandb_tui.services.signin.failures import FailureReport
from wandb_tui.services.signin.form_fill import FormFiller
from wandb_tui.services.signin.forms import SignInForm
from wandb_tui.services.signin.navigation import open_sign_in
from wandb_tui.services.signin.origins import Origins
from wandb_tui.services.signin.page_activity import PageActivity
from wandb_tui.services.signin.page_driver import PageGoneError, PageSnapshot, press, read_page
from wandb_tui.services.signin.page_view import Alert, PageView
from wandb_tui.services.signin.password_guard import PasswordGuard
from wandb_tui.services.signin.policy import decide, explain_no_form, has_pending_step, looks_signed_in, shows_form
from wandb_tui.services.signin.responses import is_marked_refused, new_text, outcome_of, refusal, shows_new_alert
from wandb_tui.services.signin.second_steps import asks_for_agreement, shows_password_form
from wandb_tui.services.signin.whoami import Whoami, WhoamiReply

log = logging.getLogger(__name__)

_POLL_INTERVAL_S = 0.1
_BRISK_POLL_INTERVAL_S = 0.05
_BRISK_S = 2.0
"""Seconds after an action in which the page is read more often: most pages react by then."""
_SETTLED_S = 0.15
"""Seconds for which a page must ask for the same action: while it is still rendering, it soon asks for another."""
_SETTLED_BUSY_S = 0.3
_VIEWER_INTERVAL_S = 2.0
_LOAD_TIMEOUT_S = 5.0
_COVERED_TIMEOUT_S = 8.0
_FORM_TIMEOUT_S = 20.0
_RESPONSE_TIMEOUT_S = 30.0
_PENDING_TIMEOUT_S = 90.0
_REACTION_TIMEOUT_S = 4.0
_SIGNED_OUT_TIMEOUT_S = 2.0
_QUIET_S = 1.0
_STEP_TIMEOUT_S = 10.0
_AGREEMENT_TIMEOUT_S = 2.0
_APPEARANCE_DELAY_S = 3.0
_TOO_MANY_REQUESTS = 429


class SignInFlow:
    """Signs in on one page; submits the password at most once."""

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
            credentials: The user name and password; None only checks whether the browser is signed in already.
            origins: The origins of pages that may receive the password.
            viewer: Asks the server who is signed in.
            folder: Receives a screenshot if a page is not understood.
        """
        self._page = page
        self._server = server
        self._credentials = credentials
        self._origins = origins
        self._viewer = viewer
        self._progress = Progress()
        self._last_action: SignInAction | None = None
        self._decided_at = 0.0
        self._viewer_checked_at = 0.0
        self._viewer_checked_on = ("", 0.0, 0.0)
        self._last_view: PageView | None = None
        self._changed_at = 0.0
        self._sent_at = 0.0
        self._sent_from = ""
        self._acted_at = 0.0
        self._dialog_messages: list[str] = []
        self._guard = PasswordGuard(page.context, origins)
        self._activity = PageActivity(page)
        self._failures = FailureReport(page, server, credentials, self._guard, folder)
        page.on("dialog", self._on_dialog)

    @property
    def password_sent(self) -> bool:
        """Whether the password has been submitted, and may have arrived."""
        return self._progress.password_sent and not self._guard.never_arrived

    async def run(self) -> Identity:
        """Sign in.

        Raises:
            SignInError: The sign-in failed.
        """
        try:
            await open_sign_in(self._page, self._server)
            self._acted_at = time.monotonic()
            while True:
                try:
                    identity = await self._advance()
                except PageGoneError:
                    if self._page.is_closed():
                        raise
                    identity = None
                if identity is not None:
                    return identity
                await self._check_timeouts()
                await self._activity.rest(self._until_next_look)
        finally:
            await self._guard.stop()

    # Read, decide, act

    async def _advance(self) -> Identity | None:
        """Read the page and, once it is stable, perform one action; the identity as soon as it is known."""
        snapshot = await self._read_page()
        if identity := await self._check_viewer(snapshot):
            return identity
        self._update_progress(snapshot.view)
        if identity := await self._check_next_page(snapshot):
            return identity
        action = decide(snapshot.view, self._progress, self._origins)
        settled = self._is_settled(action, snapshot.view)
        if settled and not isinstance(action, Wait) and not self._is_too_early(action, snapshot):
            await self._perform(action, snapshot)
            self._last_action = None
        return None

    async def _read_page(self) -> PageSnapshot:
        """The page, with the messages of dialogs that were closed."""
        snapshot = await read_page(self._page)
        if self._dialog_messages:
            main = replace(snapshot.view.main, alerts=(*map(Alert, self._dialog_messages), *snapshot.view.main.alerts))
            snapshot.view = PageView((main, *snapshot.view.frames[1:]))
        return snapshot

    @property
    def _until_next_look(self) -> float:
        """Seconds until the page is to be read again."""
        now = time.monotonic()
        if self._last_action is None or isinstance(self._last_action, Wait):
            return _BRISK_POLL_INTERVAL_S if now - self._acted_at < _BRISK_S else _POLL_INTERVAL_S
        # No later than the action will be settled; what holds it back after that is looked at as often as before.
        left = self._decided_at + self._settling_s - now
        return min(_BRISK_POLL_INTERVAL_S, max(0.01, left)) if left > 0 else _BRISK_POLL_INTERVAL_S

    @property
    def _settling_s(self) -> float:
        return _SETTLED_S if self._activity.quiet else _SETTLED_BUSY_S

    def _is_settled(self, action: SignInAction, view: PageView) -> bool:
        """Whether the page has asked for this action for a while; one without scripts asks for nothing else later."""
        if view.main.static and not self._activity.will_refresh and isinstance(action, Fill):
            return True
        now = time.monotonic()
        if action != self._last_action:
            self._last_action, self._decided_at = action, now
        return now - self._decided_at >= self._settling_s

    def _is_too_early(self, action: SignInAction, snapshot: PageSnapshot) -> bool:
        """Whether the page may still be loading the scripts that make its form work."""
        if not isinstance(action, Fill):
            return False
        waited = time.monotonic() - self._acted_at
        first = action.form.password or action.form.identifier
        # An overlay that is no banner usually goes away once the form works.
        covered = first is not None and first.covered and waited < _COVERED_TIMEOUT_S
        return covered or (snapshot.view.main.ready != "complete" and waited < _LOAD_TIMEOUT_S)

    def _update_progress(self, view: PageView) -> None:
        """Record the server's response to the submitted form.

        Raises:
            SignInError: The page tried to send the password to an unknown host.
        """
        now = time.monotonic()
        if self._guard.blocked_origin and not self._guard.sent:
            raise self._failures.error(SignInProblem.UNKNOWN_HOST, self._guard.blocked_origin)
        if view != self._last_view:
            self._last_view, self._changed_at = view, now
        since = max(self._sent_at, self._sent_at if not self._guard.sent else self._guard.answered_at or now)
        self._progress.refused = self._guard.refused
        busy = not self._activity.quiet or now - max(since, self._changed_at, self._activity.ended_at) < _QUIET_S
        late = now - since > (_REACTION_TIMEOUT_S if busy else self._reaction_timeout(view))
        self._progress.overdue = self._progress.anything_sent and late

    def _reaction_timeout(self, view: PageView) -> float:
        """Seconds that a quiet page has to react: fewer, the more its structure tells of a refusal."""
        if self._guard.refused or is_marked_refused(view, self._progress):
            return _QUIET_S
        # Some pages prove that they know the password, and never send it.
        proof_refused = not self._guard.sent and self._activity.refused_at > self._sent_at
        if proof_refused and shows_new_alert(view, self._progress):
            return _QUIET_S
        # The session would have begun with the response.
        own = self._progress.signed_out and self._origins.is_own(view.main.origin)
        return _SIGNED_OUT_TIMEOUT_S if own and shows_form(view) else _REACTION_TIMEOUT_S

    async def _check_viewer(self, snapshot: PageSnapshot) -> Identity | None:
        """Ask the server who is signed in: on each new document, after the response, and at intervals."""
        now, main = time.monotonic(), snapshot.view.main
        place = (main.url, main.loaded_at, self._guard.answered_at)
        if place == self._viewer_checked_on and now - self._viewer_checked_at < _VIEWER_INTERVAL_S:
            return None
        reply = await self._viewer.ask(self._page)
        self._viewer_checked_at, self._viewer_checked_on = time.monotonic(), place
        self._progress.signed_out = reply.known and not reply.username
        if reply.username:
            return Identity(reply.username, by_password=self._progress.password_sent)
        if self._looks_signed_in(snapshot, reply):
            log.info("The server does not report who is signed in; its page looks signed in")
            self._viewer.omits_viewer = reply.known
            name = self._credentials.username if self._credentials else ""
            return Identity(name, by_password=self._progress.password_sent, by_appearance=True)
        return None

    def _looks_signed_in(self, snapshot: PageSnapshot, reply: WhoamiReply) -> bool:
        if reply.known and has_pending_step(snapshot.view):
            return False
        if not self._progress.password_sent:
            return looks_signed_in(snapshot.view, self._origins, strict=True)
        # While the API reports no user, the page must show a positive sign, such as a way to log out.
        waited = time.monotonic() - self._sent_at > _APPEARANCE_DELAY_S and not self._guard.pending
        return waited and not self._guard.refused and looks_signed_in(snapshot.view, self._origins, strict=reply.known)

    async def _check_next_page(self, snapshot: PageSnapshot) -> Identity | None:
        """The identity if another page follows the password, although the API reports no user.

        Raises:
            SignInError: That page is another step, such as terms to accept, or tells of an inactive account.
        """
        main, progress = snapshot.view.main, self._progress
        moved_on = progress.password_sent and progress.overdue and main.loaded_at != progress.loaded_at
        if not (progress.signed_out and moved_on and main.ready == "complete") or self._guard.refused:
            return None
        if not self._origins.is_own(main.origin) or outcome_of(snapshot.view, progress):
            return None
        if not isinstance(decide(snapshot.view, progress, self._origins), Wait) or shows_form(snapshot.view):
            return None
        page = await self._page.context.new_page()
        try:
            signed_in = await is_signed_in(page, self._server, self._viewer, self._origins, by_appearance=True)
        finally:
            await page.close()
        if not signed_in:
            raise self._failures.step_needed(snapshot.view)
        log.info("The server does not report who is signed in; a new tab looks signed in")
        self._viewer.omits_viewer = True
        name = self._credentials.username if self._credentials else ""
        return Identity(name, by_password=True, by_appearance=True)

    async def _perform(self, action: Press | Fill | GiveUp, snapshot: PageSnapshot) -> None:
        match action:
            case GiveUp():
                raise await self._failures.give_up(action)
            case Press():
                self._progress.note_press(action.button)
                await press(self._page, await snapshot.element(action.frame, action.button.index))
            case Fill():
                await self._fill(action.form, snapshot)
        self._acted_at = time.monotonic()

    async def _fill(self, form: SignInForm, snapshot: PageSnapshot) -> None:
        """Fill in the form and submit it."""
        if self._credentials is None:
            raise self._failures.error(SignInProblem.NO_CREDENTIALS)
        filling = FormFiller(
            self._page,
            self._credentials,
            activity=self._activity,
            origins=self._origins,
            guard=self._guard,
            make_error=self._failures.error,
        )
        empty_view = snapshot.view
        form, snapshot = await filling.type(form, snapshot)
        field, button = await filling.prepare(form, snapshot)
        self._note_submission(form, snapshot, empty_view)
        await filling.send(field, button)

    def _note_submission(self, form: SignInForm, snapshot: PageSnapshot, empty_view: PageView) -> None:
        """Count the password as submitted, whatever happens next."""
        progress = self._progress
        progress.password_sent = progress.password_sent or form.password is not None
        progress.identifier_sent = progress.identifier_sent or form.password is None
        progress.loaded_at = snapshot.view.main.loaded_at
        progress.earlier_alerts = frozenset(alert.text for alert in snapshot.view.alerts)
        progress.earlier_lines = snapshot.view.lines
        progress.earlier_invalid = frozenset(f.name for frame in empty_view.frames for f in frame.fields if f.invalid)
        self._dialog_messages.clear()
        self._sent_from = snapshot.view.main.origin
        self._sent_at = time.monotonic()

    async def _on_dialog(self, dialog: Dialog) -> None:
        """Record the message of a dialog and close it, since it blocks the page's scripts."""
        self._dialog_messages.append(dialog.message)
        try:
            if dialog.type in {"alert", "beforeunload"}:
                await dialog.accept()
            else:
                await dialog.dismiss()
        except Error:
            log.info("A dialog of the sign-in page was gone before it was closed")

    # The result, if the page itself reports none

    async def _check_timeouts(self) -> None:
        """Raise the most likely error once a page has had its time to respond."""
        now = time.monotonic()
        if not self._progress.password_sent:
            if now - self._acted_at > _FORM_TIMEOUT_S:
                raise await self._no_form_error()
            return
        if self._guard.never_arrived:
            raise self._failures.error(SignInProblem.UNREACHABLE, "the connection failed before the password was sent")
        if self._guard.interrupted:
            raise self._failures.error(
                SignInProblem.UNREACHABLE, "the connection broke while the password was being sent"
            )
        if self._progress.overdue and (overdue := await self._implicit_refusal()):
            raise overdue
        if self._is_stuck_on_step(now):
            raise self._failures.step_needed(self._last_view or PageView())
        last = max(self._sent_at, self._guard.answered_at, self._acted_at)
        if now - last > (_PENDING_TIMEOUT_S if self._guard.pending else _RESPONSE_TIMEOUT_S):
            raise await self._failures.not_understood("the page did not react to the password")

    def _is_stuck_on_step(self, now: float) -> bool:
        """Whether another page than the form has been shown for a while, and does nothing."""
        view = self._last_view
        if view is None or view.main.ready != "complete" or shows_form(view) or self._guard.pending:
            return False
        # A page that asks to agree to something only the user can answer.
        limit = _AGREEMENT_TIMEOUT_S if asks_for_agreement(view) else _STEP_TIMEOUT_S
        return bool(view.text) and self._activity.quiet and now - max(self._changed_at, self._sent_at) > limit

    async def _no_form_error(self) -> SignInError:
        try:
            view = (await self._read_page()).view
        except PageGoneError:
            return await self._failures.not_understood("")
        return await self._failures.give_up(explain_no_form(view, self._origins))

    async def _implicit_refusal(self) -> SignInError | None:
        """The refusal shown by an HTTP status, or by the same form again without a message."""
        if self._guard.server_failed:
            return await self._failures.server_fault()
        if self._guard.status == _TOO_MANY_REQUESTS:
            return self._failures.error(SignInProblem.BLOCKED)
        try:
            return await self._refusal_on_page((await self._read_page()).view)
        except PageGoneError:
            return None

    async def _refusal_on_page(self, view: PageView) -> SignInError | None:
        if outcome := outcome_of(view, self._progress):
            return await self._failures.give_up(outcome)
        reloaded = view.main.loaded_at != self._progress.loaded_at and view.main.ready == "complete"
        # A sign-in in two steps begins again with the first.
        form_shown = shows_password_form(view) or (reloaded and self._progress.identifier_sent and shows_form(view))
        if form_shown and reloaded and view.main.origin != self._sent_from:
            # The password may have been right there. It is not submitted a second time here.
            return await self._failures.not_understood(f"another sign-in page follows at {view.main.origin}")
        words = new_text(view, self._progress)
        # New text beside the form after the server's response is its message, in any language.
        responded = form_shown and bool(words) and self._guard.sent and not self._guard.pending
        if self._guard.refused or (form_shown and reloaded) or responded:
            return await self._failures.give_up(refusal(view, words))
        return None
