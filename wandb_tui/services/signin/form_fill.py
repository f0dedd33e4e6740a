"""Fills in sign-in forms on allowed pages, field by field, while the pages may redraw themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from playwright.async_api import ElementHandle, Page

from wandb_tui.core.account import Credentials
from wandb_tui.core.errors import SignInError, SignInProblem
from wandb_tui.services.signin.forms import SignInForm
from wandb_tui.services.signin.origins import OriginProblem, Origins
from wandb_tui.services.signin.page_activity import PageActivity
from wandb_tui.services.signin.page_driver import (
    PageGoneError,
    PageSnapshot,
    leave_field,
    press,
    press_enter,
    read_page,
    type_into,
)
from wandb_tui.services.signin.page_view import Field
from wandb_tui.services.signin.password_guard import PasswordGuard
from wandb_tui.services.signin.policy import form_problem, own_form

_POLL_INTERVAL_S = 0.3
_ENABLE_TIMEOUT_S = 3.0
_MISSING_TIMEOUT_S = 1.0


class FormFiller:
    """Fills in the forms of one page, and submits them."""

    def __init__(
        self,
        page: Page,
        credentials: Credentials,
        *,
        activity: PageActivity,
        origins: Origins,
        guard: PasswordGuard,
        make_error: Callable[[SignInProblem, OriginProblem | str], SignInError],
    ) -> None:
        """Prepare; nothing is typed yet.

        Args:
            page: The page with the forms.
            credentials: The user name and password.
            activity: Tells when the page has dealt with what was typed.
            origins: The origins of pages that may receive them.
            guard: Watches requests from the moment the password is typed.
            make_error: Returns the error for a problem and a detail.
        """
        self._page = page
        self._credentials = credentials
        self._activity = activity
        self._origins = origins
        self._guard = guard
        self._make_error = make_error

    async def type(self, form: SignInForm, snapshot: PageSnapshot) -> tuple[SignInForm, PageSnapshot]:
        """Fill in the fields of the form, again where the page has emptied them after a check of its own.

        Returns:
            The form and the page after that.

        Raises:
            SignInError: The form must not be filled in, or the page changed into something else.
            PageGoneError: The page changed and must be read again.
        """
        for again in (False, True, True):
            identifier = form.identifier
            if identifier is not None and (identifier.empty or not again):
                if identifier.kind == "email" and "@" not in self._credentials.username:
                    problem = "it asks for the e-mail address, not the user name"
                    raise self._make_error(SignInProblem.WRONG_PASSWORD, problem)
                form, snapshot = await self._type_and_settle(form, snapshot, identifier, self._credentials.username)
            if form.password is not None and (form.password.empty or not again):
                await self._guard.watch(self._credentials.password)
                form, snapshot = await self._type_and_settle(form, snapshot, form.password, self._credentials.password)
            if _is_filled(form):
                break
        return form, snapshot

    async def _type_and_settle(
        self, form: SignInForm, snapshot: PageSnapshot, field: Field, text: str
    ) -> tuple[SignInForm, PageSnapshot]:
        """Type into a field, and wait until the page has dealt with it, since its scripts may redraw it."""
        if snapshot.view.main.static:
            await self._type_into(snapshot, form, field.index, text)
            return await self._refresh(form)
        element = await snapshot.element(form.frame, field.index)
        async with self._activity.settled_after(element, checked=field.kind != "password"):
            await self._type_into(snapshot, form, field.index, text)
            if field.kind != "password":
                await leave_field(self._page)
        return await self._refresh(form)

    async def prepare(self, form: SignInForm, snapshot: PageSnapshot) -> tuple[ElementHandle, ElementHandle | None]:
        """The last field and the button of the form, after checking again that it may be submitted.

        Raises:
            SignInError: The form must not be submitted.
            PageGoneError: The page changed.
        """
        last = form.password or form.identifier
        if last is None:
            raise PageGoneError
        field = await self._type_into(snapshot, form, last.index, None)
        button = await snapshot.element(form.frame, form.submit.index) if form.submit else None
        return field, button

    async def send(self, field: ElementHandle, button: ElementHandle | None) -> None:
        """Submit the form: with its button, else with the Enter key."""
        self._guard.release()
        if button is not None:
            await press(self._page, button)
        else:
            await press_enter(field)

    async def _type_into(self, snapshot: PageSnapshot, form: SignInForm, index: int, text: str | None) -> ElementHandle:
        """Type into a field; with no text, only check whether that is allowed."""
        element = await snapshot.element(form.frame, index)
        button = await snapshot.element(form.frame, form.submit.index) if form.submit else None
        problem: OriginProblem | str | None = form_problem(snapshot.view, form, self._origins)
        if not problem and (foreign := await type_into(element, text, self._origins.allowed, button)):
            problem = self._origins.problem(foreign) or foreign
        if problem:
            raise self._make_error(SignInProblem.UNKNOWN_HOST, problem)
        return element

    async def _refresh(self, before: SignInForm) -> tuple[SignInForm, PageSnapshot]:
        """The current form, once its button can be pressed.

        Raises:
            SignInError: The password field went away: the organisation signs in elsewhere.
            PageGoneError: The form went away.
        """
        started = time.monotonic()
        while True:
            snapshot = await read_page(self._page)
            form = own_form(snapshot.view, self._origins)
            waited = time.monotonic() - started
            if before.password is not None and (form is None or form.password is None):
                if waited > _MISSING_TIMEOUT_S:
                    raise self._make_error(SignInProblem.SSO, "")
            elif form is None:
                raise PageGoneError
            elif form.submit is None or form.submit.enabled or waited > _ENABLE_TIMEOUT_S or not _is_filled(form):
                return form, snapshot
            await asyncio.sleep(_POLL_INTERVAL_S)


def _is_filled(form: SignInForm) -> bool:
    """Whether no field is empty, so that a disabled button is not waiting for input."""
    return all(not item.empty for item in (form.identifier, form.password) if item is not None)
