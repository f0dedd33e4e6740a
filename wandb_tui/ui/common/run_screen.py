"""What one can do with runs wherever they are shown: take something of them out of this window."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Sequence

from wandb_tui.core.address import RunAddress
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean, fit
from wandb_tui.text.run_labels import short_name
from wandb_tui.ui.common.copy_formats import CopyFormat
from wandb_tui.ui.common.live_screen import LiveScreen
from wandb_tui.ui.runtime.session import Session

_NAMED, _LONGEST = 3, 32
"""So many runs a question names; more would not be read."""


class RunScreen(LiveScreen):
    """A screen that shows runs."""

    session: Session
    glyphs: Glyphs

    @property
    @abstractmethod
    def app_url(self) -> str:
        """Where the server's pages begin; empty while that is not known."""

    @abstractmethod
    def target_rows(self) -> list[WatchedRun]:
        """The runs that are meant."""

    def action_down(self) -> None:
        """What the arrow does where the focus is."""
        self.app.simulate_key("down")

    def action_up(self) -> None:
        """What the arrow does where the focus is."""
        self.app.simulate_key("up")

    def action_copy(self) -> None:
        """Choose what to copy of the runs."""
        from wandb_tui.ui.common.copy_menu import CopyMenu

        if rows := self.target_rows():
            self.app.push_screen(CopyMenu(rows, named(rows), self.app_url, self.glyphs), self._copy_chosen)

    def copy_now(self, copy: CopyFormat) -> None:
        """Copy this of the runs."""
        rows = self.target_rows()
        text = copy.of(rows, self.app_url)
        if text:
            self.app.copy_to_clipboard(text)
            self.app.notify(copy.told(text, rows), timeout=5, markup=False)
        else:
            self.hint(f"{copy.name[0].upper()}{copy.name[1:]}: {copy.missing}")

    def _copy_chosen(self, copy: CopyFormat | None) -> None:
        if copy is not None:
            self.copy_now(copy)

    def action_browse(self) -> None:
        """Open the runs' pages; many of them only after a question."""
        runs = [row.run for row in self.target_rows()]
        if not self.app_url:
            self.hint("The server's address is not known yet")
        elif len(runs) > _NAMED:
            self.ask("Open", runs, f"That makes {len(runs)} tabs.", lambda: self._browse(runs))
        elif runs:
            self._browse(runs)

    def _browse(self, runs: list[RunAddress]) -> None:
        self.run_worker(self._open([run.page(self.app_url) for run in runs]))

    async def _open(self, urls: list[str]) -> None:
        """Open the pages off this thread; where there is no browser, copy the addresses instead."""
        opens, why = self.session.backend.open_page, "There is no browser here"
        if opens is not None:
            for number, url in enumerate(urls):
                if why := await asyncio.to_thread(opens, url):
                    urls = urls[number:]
                    break
        if why:
            self.app.copy_to_clipboard("\n".join(urls))
            first = clean(urls[0], 300) + (f" and {len(urls) - 1} more" if len(urls) > 1 else "")
            self.app.notify(f"{why}. Copied: {first}", title="Not opened", timeout=10, markup=False)
        else:
            self.hint("Opened in the browser")

    async def action_sign_in(self) -> None:
        """Open the sign-in screen."""
        await self.app.run_action("app.open_sign_in")

    def hint(self, text: str) -> None:
        """Say something for a moment."""
        self.app.notify(text, timeout=3, markup=False)

    def ask(self, verb: str, runs: list[RunAddress], detail: str, do: Callable[[], None]) -> None:
        """Ask before something is done with many runs."""
        from wandb_tui.ui.common.confirm import Confirm

        names = named([self.session.watch_list[run] for run in runs])
        question = Confirm(f"{verb} {len(runs)} runs?", f"{names}. {detail}", yes=verb, no="Keep")
        self.app.push_screen(question, lambda yes: do() if yes else None)


def named(rows: Sequence[WatchedRun]) -> str:
    """A few of the runs as the table calls them, and that there are more."""
    names = ", ".join(fit(short_name(row), _LONGEST) for row in rows[:_NAMED])
    return f"{names} and {len(rows) - _NAMED} more" if len(rows) > _NAMED else names
