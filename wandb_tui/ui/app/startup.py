"""The start after the first frame: the runs of the command line, the slow imports, the server, the services."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.goal import Goal
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.app.screens import import_screens
from wandb_tui.ui.app.sign_in_dialogs import SignInDialogs
from wandb_tui.ui.app.themed_app import ThemedApp
from wandb_tui.ui.runtime.backend import Backend
from wandb_tui.ui.runtime.garbage import GarbageCollector

if TYPE_CHECKING:
    from wandb_tui.ui.runtime.add_effect import AddEffect

log = logging.getLogger(__name__)

_KEYRING_TIMEOUT_S = 5.0

GivenRun = tuple[str, Goal | None]
"""A run or a query of the command line, and its goal if one was given."""


class Startup:
    """Does the part of the start that the first frame need not wait for, in workers."""

    def __init__(
        self,
        app: ThemedApp,
        backend: Backend,
        sign_in: SignInDialogs,
        given: Sequence[GivenRun],
        goal: Goal,
        *,
        garbage: GarbageCollector,
    ) -> None:
        """Do nothing yet.

        Args:
            app: The app to start.
            backend: The services.
            sign_in: Loads the account.
            given: The runs of the command line.
            goal: The goal of those without one of their own.
            garbage: Started once all modules are there.
        """
        self._app = app
        self._backend = backend
        self._sign_in = sign_in
        self._garbage = garbage
        self._given = given
        self._goal = goal

    def begin(self) -> None:
        """Start the workers."""
        self._app.run_worker(self._add_given())
        self._app.run_worker(self._import_and_build())
        self._app.set_timer(_KEYRING_TIMEOUT_S, self._sign_in.release_without_account)

    async def _import_and_build(self) -> None:
        """Import the slow modules: first the screens a key may open, then, with the server's addresses, the SDK.

        One after the other and with garbage collection off: before Python 3.12, threads that import at the same time
        can deadlock if a collection imports something as well.
        """
        gc.disable()
        try:
            self._add_styles(await self._app.off_thread(import_screens))
            self._app.dashboard.restore_preview()
            await self._load_server()
        finally:
            if not self._app.is_headless:
                # Modules stay for good: a collection that went through them would hold up the keys. (In a test, the
                # apps before this one would stay as well.)
                self._garbage.start()
            gc.enable()
        for start in (self._sign_in.load, self._build_services):
            self._app.run_worker(start())

    def _add_styles(self, screens: Iterable[type[Screen[Any]]]) -> None:
        """Add the screens' styles. The first frame does without them; when opened first, a screen would parse all."""
        for path in dict.fromkeys(str(screen.CSS_PATH) for screen in screens):
            self._app.stylesheet.add_source(Path(path).read_text(encoding="utf-8"), (path, ""))

    async def _load_server(self) -> None:
        try:
            server = await self._app.off_thread(self._backend.server)
        except Exception as error:
            log.exception("The server's address is unknown")
            self._app.show_error(str(error), title="Server")
        else:
            self._app.app_url = server.app_url
            self._app.dashboard.server_known(server)

    async def _build_services(self) -> None:
        # Requests that monitors made meanwhile are sent from that thread as well.
        deferred = self._app.session.deferred
        try:
            await self._app.off_thread(lambda: deferred.ready(self._backend.services()))
        except Exception as error:
            log.exception("The services cannot be built")
            deferred.failed(error)
            self._app.show_error(str(error), title="Cannot start")

    async def _add_given(self) -> None:
        added: list[AddEffect] = []
        for text, goal in self._given:
            try:
                effect = await self._add(text, goal)
            except WandbTuiError as error:
                self._app.show_error(f"{clean(text, 80)}: {error}", title="Not added")
            else:
                added += [effect] if effect is not None else []
                self._app.dashboard.refresh_all()
        if any(one.listed for one in added):
            from wandb_tui.ui.common.add_preview import summary

            self._app.dashboard.hint(summary(added, "added"))
        self._app.dashboard.table.mention_hidden(one.run for one in added)

    async def _add(self, text: str, goal: Goal | None) -> AddEffect | None:
        """Add a run, or follow a query; what that has changed for a run, None for a query."""
        session, addresses = self._app.session, self._backend.addresses
        query = await self._app.off_thread(lambda: addresses.parse_query(text))
        if query is not None:
            listed = session.queries.get(query)
            session.queries.follow(query, goal or (listed.goal if listed else self._goal))
            return None
        from wandb_tui.ui.runtime.add_effect import AddOptions

        run = await self._app.off_thread(lambda: addresses.parse(text))
        effect = session.preview(run, AddOptions(self._goal, self._backend.poll_policy), goal)
        with session.history.unrecorded():
            session.add(run, effect.goal, effect.poll_policy)
        return effect
