"""Fills in a sign-in form: into pages that may have it, one field after the other, as they redraw themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from playwright.async_api import ElementHandle, Page

from wandb_tui.core.account import Credentials
from wandb_tui.core.errors import SignInError, SignInProblem
from wandb_tui.services.signin.forms import SignInForm
from wandb_tui.services.signin.origins import OriginProblem, Origins
from wandb_tui.services.signin.page_driver import (
    GoneError,
    PageSnapshot,
    leave_field,
    press,
    press_enter,
    read_page,
    type_into,
)
from wandb_tui.services.signin.password_guard import PasswordGuard
from wandb_tui.services.signin.policy import form_problem, own_form

_LOOK_EVERY = 0.3
_READY_WITHIN = 3.0
_GONE_FOR = 1.0


class FormFilling:
    """Types into the forms of one page, and sends them."""

    def __init__(
        self,
        page: Page,
        credentials: Credentials,
        *,
        origins: Origins,
        guard: PasswordGuard,
        refuse: Callable[[SignInProblem, OriginProblem | str], SignInError],
    ) -> None:
        """Prepare; nothing is typed yet.

        Args:
            page: Where the forms are.
            credentials: What to type.
            origins: Where it may be typed.
            guard: Watches the password from the moment it is typed.
            refuse: Makes the error for a problem and a detail.
        """
        self._page = page
        self._credentials = credentials
        self._origins = origins
        self._guard = guard
        self._refuse = refuse

    async def type(self, form: SignInForm, seen: PageSnapshot) -> tuple[SignInForm, PageSnapshot]:
        """Type in what the form asks for.

        Returns:
            The form and the page, as they are afterwards.

        Raises:
            SignInError: It may not be typed there, or the page turned into something else under the hand.
            GoneError: The page changed; another look tells how.
        """
        if form.identifier is not None:
            if form.identifier.kind == "email" and "@" not in self._credentials.username:
                why = "it asks for the e-mail address, not the user name"
                raise self._refuse(SignInProblem.WRONG_PASSWORD, why)
            await self._into(seen, form, form.identifier.index, self._credentials.username)
            await leave_field(self._page)
            # Pages redraw themselves while they are typed into, so what follows goes by a fresh look.
            form, seen = await self._look_again(form)
        if form.password is not None:
            await self._guard.watch(self._credentials.password)
            await self._into(seen, form, form.password.index, self._credentials.password)
            form, seen = await self._look_again(form)
        return form, seen

    async def prepare(self, form: SignInForm, seen: PageSnapshot) -> tuple[ElementHandle, ElementHandle | None]:
        """The last field and the button of the form, after making sure once more that it may be sent.

        Raises:
            SignInError: It may not.
            GoneError: The page changed.
        """
        last = form.password or form.identifier
        if last is None:
            raise GoneError
        field = await self._into(seen, form, last.index, None)
        button = await seen.element(form.frame, form.submit.index) if form.submit else None
        return field, button

    async def send(self, field: ElementHandle, button: ElementHandle | None) -> None:
        """Send the form: by its button, else by the Enter key."""
        if button is not None:
            await press(self._page, button)
        else:
            await press_enter(field)

    async def _into(self, seen: PageSnapshot, form: SignInForm, index: int, text: str | None) -> ElementHandle:
        """Type into a field, or only ask whether that may be done."""
        element = await seen.element(form.frame, index)
        button = await seen.element(form.frame, form.submit.index) if form.submit else None
        why: OriginProblem | str | None = form_problem(seen.view, form, self._origins)
        if not why and (foreign := await type_into(element, text, self._origins.open, button)):
            why = self._origins.problem(foreign) or foreign
        if why:
            raise self._refuse(SignInProblem.UNKNOWN_HOST, why)
        return element

    async def _look_again(self, before: SignInForm) -> tuple[SignInForm, PageSnapshot]:
        """The form as it is now that something was typed into it, once its button can be pressed.

        Raises:
            SignInError: The password field went away: the organisation signs in elsewhere.
            GoneError: What was typed is not there any more.
        """
        began = time.monotonic()
        while True:
            seen = await read_page(self._page)
            form = own_form(seen.view, self._origins)
            waited = time.monotonic() - began
            if before.password is not None and (form is None or form.password is None):
                if waited > _GONE_FOR:
                    raise self._refuse(SignInProblem.SSO, "")
            elif form is None:
                raise GoneError
            elif form.submit is None or form.submit.enabled or waited > _READY_WITHIN or not _complete(form):
                return form, seen
            await asyncio.sleep(_LOOK_EVERY)


def _complete(form: SignInForm) -> bool:
    """Whether something stands in each of its fields, so that there is nothing more that its button could wait for."""
    return all(not item.empty for item in (form.identifier, form.password) if item is not None)
