"""The bar at the top: the server, the user, and counts of runs."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from wandb_tui.core.account import AccountState
from wandb_tui.core.state import State
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.links import link
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.runtime.run_counts import RunCounts

_GAP = 3


Part = tuple[str, str]
"""A text and its style."""


class HeaderBar(Widget):
    """One line; the least important parts go first if they do not fit."""

    host: reactive[str] = reactive("")
    page: reactive[str] = reactive("")
    """Base address of the server's pages, once it is known."""
    account: reactive[AccountState | None] = reactive(None)
    counts: reactive[RunCounts] = reactive(RunCounts())

    def __init__(self, host: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self.set_reactive(HeaderBar.host, host)

    def render(self) -> Content:
        """The line, as far as it fits."""
        width = self.size.width - 2
        names, (all_words, *shorter) = self._names(), self._tallies()
        *_, with_user, _name, _nothing = names
        # The last word is less important than the user's name.
        beside = width - _length(with_user) - _GAP
        tallies = all_words if _length(all_words) <= beside else _widest(shorter, width)
        rest = width - _length(tallies) - _GAP
        left = _widest(names, rest)
        gap = " " * max(0, width - _length(left) - _length(tallies))
        return Content.assemble(" ", *left, gap, *tallies, " ")

    def _names(self) -> list[list[Part]]:
        linked = link("$foreground", self.page) if self._glyphs.links else "$foreground"
        name, host = ("wandb-tui", "bold $accent"), (clean(self.host, 60), linked)
        user = self._user()
        # Users know who they are signed in as, but perhaps not where.
        sign = user[:1] if self.account is not None and self.account.can_visit else user
        return [
            [name, ("   ", ""), host, ("   ", ""), *user],
            [name, ("   ", ""), host, ("   ", ""), *sign],
            [name, ("  ", ""), *user],
            [name],
            [],
        ]

    def _user(self) -> list[Part]:
        text = self._glyphs.text
        account = self.account
        if account is None:
            return [(text("…"), "$quiet")]
        if account.can_visit:
            return [(text("● "), "$success"), (clean(account.username, 40) or "signed in", "$foreground")]
        if account.can_probe:
            return [(text("● "), "$warning"), ("API key only", "$foreground")]
        return [(text("○ "), "$quiet"), ("signed out", "$quiet")]

    def _tallies(self) -> list[list[Part]]:
        counts, icon = self.counts, self._glyphs.icon
        runs = "1 run" if counts.runs == 1 else f"{counts.runs} runs"
        kinds = (
            (icon(State.AVAILABLE), counts.ready, "ready", "$success"),
            (icon(State.WAITING), counts.waiting, "waiting", "$primary"),
            (icon(State.FAILED), counts.failed, "failed", "$error"),
        )
        long: list[Part] = [(runs, "$foreground")]
        short: list[Part] = []
        selected: list[Part] = []
        if counts.selected:
            selected = [(f"{self._glyphs.text('●')} {counts.selected}", "$selected")]
            long = [*selected, (" selected   ", "$foreground"), *long]
        for sign, count, word, colour in kinds:
            style = colour if count else "$quiet"
            long += [("   ", ""), (f"{sign} {count}", style), (f" {word}", "$foreground" if count else "$quiet")]
            short += [("  " if short else "", ""), (f"{sign} {count}", style)]
        last: list[Part] = []
        if counts.cancelled:
            cancelled = (f"{icon(State.CANCELLED)} {counts.cancelled}", "$queued")
            long += [("   ", ""), cancelled]
            short += [("  ", ""), cancelled]
            last = [(" cancelled", "$foreground")]
        if selected:
            short = [*selected, ("  ", ""), *short]
        return [[*long, *last], long, [(runs, "$foreground"), ("  ", ""), *short], short, []]


def _length(parts: list[Part]) -> int:
    return sum(Content(text).cell_length for text, _ in parts)


def _widest(choices: list[list[Part]], width: int) -> list[Part]:
    """The first choice that fits."""
    return next((parts for parts in choices if _length(parts) <= width), [])
