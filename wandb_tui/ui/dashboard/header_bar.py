"""The bar at the top: the server, the user, and counts of runs."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from wandb_tui.core.account import AccountState, Source
from wandb_tui.core.ports import VisitBacklog
from wandb_tui.core.state import State
from wandb_tui.text.durations import format_estimate
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.links import link
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.runtime.access import Access, AccountAccess
from wandb_tui.ui.runtime.run_counts import RunCounts

_GAP = 3

_WORTH_A_WORD_S = 60.0
"""Visits that take longer than this are mentioned."""


Part = tuple[str, str]
"""A text and its style."""

_NAME: Part = ("wandb-tui", "bold $accent")
_LONG_GAP: Part = ("   ", "")
_SHORT_GAP: Part = ("  ", "")
_EMPTY: Part = ("", "")


class HeaderBar(Widget):
    """One line; the least important parts go first if they do not fit."""

    host: reactive[str] = reactive("")
    page: reactive[str] = reactive("")
    """Base address of the server's pages, once it is known."""
    account: reactive[AccountState | None] = reactive(None)
    access: reactive[AccountAccess] = reactive(AccountAccess())
    """The server's answers to the account's credentials so far."""
    counts: reactive[RunCounts] = reactive(RunCounts())
    downloads: reactive[str] = reactive("")
    """The downloads under way, in a few words that begin with a sign and their number."""

    visits: reactive[VisitBacklog] = reactive(VisitBacklog())
    """The visits that wait for a tab."""

    def __init__(self, host: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self.set_reactive(HeaderBar.host, host)

    def render(self) -> Content:
        """The line, as far as it fits."""
        width = self.size.width - 2
        names, (all_words, *shorter) = self._names(), self._tallies()
        # The last word is less important than the user's name.
        beside = width - _length([_NAME, _SHORT_GAP, *self._user()[0]]) - _GAP
        tallies = all_words if _length(all_words) <= beside else _widest(shorter, width)
        rest = width - _length(tallies) - _GAP
        left = _widest(names, rest)
        gap = " " * max(0, width - _length(left) - _length(tallies))
        return Content.assemble(" ", *left, gap, *tallies, " ")

    def _names(self) -> list[list[Part]]:
        linked = link("$foreground", self.page) if self._glyphs.links else "$foreground"
        host = (clean(self.host, 60), linked)
        users = self._user()
        return [
            # Users know who they are signed in as, but perhaps not where.
            *([_NAME, _LONG_GAP, host, _LONG_GAP, *user] for user in users),
            *([_NAME, _SHORT_GAP, *user] for user in users),
            [_NAME],
            [],
        ]

    def _user(self) -> list[list[Part]]:
        """The user and how the sign-in stands: in full, shorter, and as a sign alone."""
        text, account = self._glyphs.text, self.account
        if account is None:
            return [[(text("…"), "$quiet")]]
        (sign, colour), name, status = self._standing(account)
        shown = (text(f"{sign} "), colour)
        if not (name[0] and status[0]):
            short = (name[0].partition("@")[0], name[1])
            return [[shown, name], [shown, short], [shown]] if name[0] else [[shown, status], [shown]]
        return [[shown, name, (" ", ""), status], [shown, status], [shown, name], [shown]]

    def _standing(self, account: AccountState) -> tuple[Part, Part, Part]:
        """A sign, the user's name, and how the sign-in stands; nothing where all is well."""
        access = self.access
        key = "identity token" if account.api_key is Source.IDENTITY else "API key"
        if account.can_probe and access.api_key is Access.REFUSED:
            return ("✖", "$error"), _EMPTY, (f"{key} refused", "$error")
        if account.can_visit:
            name = (clean(account.username, 40), "$foreground")
            match access.sign_in:
                case Access.UNTRIED:
                    return ("○", "$quiet"), name, ("not signed in yet", "$quiet")
                case Access.ACCEPTED:
                    return ("●", "$success"), name, _EMPTY if name[0] else ("signed in", "$foreground")
                case Access.REFUSED:
                    return ("✖", "$error"), name, ("sign-in failed", "$error")
        if account.can_probe:
            sign = ("○", "$quiet") if access.api_key is Access.UNTRIED else ("●", "$warning")
            return sign, _EMPTY, (f"{key} only", "$foreground")
        return ("○", "$quiet"), _EMPTY, ("signed out", "$quiet")

    @property
    def _visits(self) -> Part | None:
        """The number of visits that wait for a tab, and the time they will take; None if that is not worth a word."""
        waiting, seconds = self.visits
        if seconds is None or seconds < _WORTH_A_WORD_S:
            return None
        return f"visits: {waiting:,} left, about {format_estimate(seconds)}", "$foreground"

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
        if self.downloads:
            sign, number, *_ = self.downloads.split()
            long = [(self._glyphs.text(self.downloads), "$primary"), _LONG_GAP, *long]
            short = [(self._glyphs.text(f"{sign} {number}"), "$primary"), _SHORT_GAP, *short]
        if (visits := self._visits) is not None:
            long, short = [visits, _LONG_GAP, *long], [visits, _SHORT_GAP, *short]
        return [[*long, *last], long, [(runs, "$foreground"), ("  ", ""), *short], short, []]


def _length(parts: list[Part]) -> int:
    return sum(Content(text).cell_length for text, _ in parts)


def _widest(choices: list[list[Part]], width: int) -> list[Part]:
    """The first choice that fits."""
    return next((parts for parts in choices if _length(parts) <= width), [])
