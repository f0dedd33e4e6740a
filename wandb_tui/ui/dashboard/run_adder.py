"""Adds runs and follows queries, as the dialogs for that give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wandb_tui.core.goal import Goal
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.ui.common.run_prompts import hint
from wandb_tui.ui.runtime.app_context import app_context
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.table.run_table import RunTable

if TYPE_CHECKING:
    from wandb_tui.ui.runtime.add_effect import AddEffect, FollowEffect


class RunAdder:
    """Opens the dialogs that add runs to the table, and adds what they give."""

    def __init__(
        self, session: Session, table: RunTable, glyphs: Glyphs, goal: Goal, refresh: Callable[[], None]
    ) -> None:
        """Open no dialog yet.

        Args:
            session: The watch list and the services.
            table: The table.
            glyphs: The glyphs of the dialogs.
            goal: The goal that the dialogs begin with.
            refresh: Shows the whole watch list again.
        """
        self._session = session
        self._table = table
        self._glyphs = glyphs
        self._goal = goal
        self._refresh = refresh

    async def type_addresses(self) -> None:
        """Open the dialog in which addresses are typed or pasted."""
        from wandb_tui.ui.add.screen import AddScreen

        pick = self.pick if self._session.backend.catalogue else None
        await self._table.app.push_screen(
            AddScreen(self._session, self._goal, self._glyphs, self._add, follow=self._follow, pick=pick)
        )

    def pick(self) -> None:
        """Open the dialog for picking runs from the server."""
        from wandb_tui.ui.pick.screen import PickScreen

        if (catalogue := self._session.backend.catalogue) is not None:
            self._table.app.push_screen(
                PickScreen(self._session, catalogue, self._goal, self._glyphs, self._add, follow=self._follow)
            )

    def _add(self, effects: list[AddEffect]) -> None:
        """Add runs as previewed, and summarize that."""
        from wandb_tui.ui.common.add_preview import summary

        app_context(self._table).event_pump.expedite()
        with self._session.history.one_change():
            for one in effects:
                self._session.add(one.run, one.goal, one.poll_policy)
        self._refresh()
        self._table.go_to(effects[0].run)
        hint(self._table, summary(effects, "added"))
        self._table.mention_hidden([one.run for one in effects])

    def _follow(self, effects: list[FollowEffect]) -> None:
        """Follow queries as previewed."""
        from wandb_tui.ui.common.add_preview import queries

        for one in effects:
            self._session.queries.follow(one.query, one.goal, one.poll_policy)
        self._refresh()
        if (followed := self._session.queries.get(effects[0].query)) is not None:
            self._table.go_to_query(followed)
        hint(self._table, f"{queries(len(effects))} followed")
