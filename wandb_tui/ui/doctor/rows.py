"""How a check looks in the list of the doctor's screen: while it is made, and when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual.content import Content

from wandb_tui.core.checks import NAME_WIDTH, SIGNS, Check, CheckStatus, Fix, PendingCheck
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.text.wrapping import wrapped

_COLOURS = {
    CheckStatus.GOOD: "success",
    CheckStatus.WARNING: "warning",
    CheckStatus.BAD: "error",
    CheckStatus.SKIPPED: "quiet",
}
_SPINNING = "|/-\\"
_SAID_FROM = 1.0
"""Seconds after which it is told how long a look has been under way."""


@dataclass(slots=True)
class CheckRow:
    """One line of the list, that may take several on the screen.

    Attributes:
        pending: The check that is made.
        began: When that began, on the watch's clock; None: not yet.
        check: What was found; None: not yet.
        said: What the mending of it said last.
    """

    pending: PendingCheck
    began: float | None = None
    check: Check | None = None
    said: str = ""

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return bool(self.said) or (self.began is not None and self.check is None)

    @property
    def mend(self) -> Fix:
        """What mends it."""
        return self.check.mend if self.check is not None and not self.said else Fix.NOTHING


def check_lines(entry: CheckRow, signs: Glyphs, width: int, now: float, *, unfolded: bool) -> Content:
    """An entry in lines of at most `width` cells; its details are shown where it is unfolded."""
    lines = _done(entry.check, unfolded=unfolded) if entry.check else _under_way(entry, now)
    if entry.said:
        lines = [*lines, (clean(entry.said, 300), "$accent")]
    elif entry.mend:
        lines = [*lines, (f"→ Enter: {entry.mend}", "bold $accent")]
    sign, colour = _sign(entry, now)
    indent = NAME_WIDTH + 3
    room = max(10, width - indent)
    drawn: list[Content] = []
    for text, style in lines:
        for part in wrapped(signs.text(text), room):
            head = (f"{signs.text(sign)} ", colour), (f"{entry.pending.name:<{NAME_WIDTH}} ", "bold $foreground")
            before = head if not drawn else ((" " * indent, ""),)
            drawn.append(Content.assemble(*before, (part, style)))
    return Content("\n").join(drawn)


def _sign(entry: CheckRow, now: float) -> tuple[str, str]:
    if entry.busy:
        return _SPINNING[int(now * 4) % len(_SPINNING)], "$accent"
    return (SIGNS[entry.check.mark], f"${_COLOURS[entry.check.mark]}") if entry.check else ("·", "$quiet")


def _under_way(entry: CheckRow, now: float) -> list[tuple[str, str]]:
    if entry.began is None:
        return [("", "$quiet")]
    lasted = now - entry.began
    return [("looking…" if lasted < _SAID_FROM else f"looking… {lasted:.0f} s", "$quiet")]


def _done(check: Check, *, unfolded: bool) -> list[tuple[str, str]]:
    return list(_parts(check, unfolded=unfolded))


def _parts(check: Check, *, unfolded: bool) -> Iterator[tuple[str, str]]:
    took = f"  {check.took}" if check.took else ""
    yield clean(check.message) + took, "$quiet" if check.mark is CheckStatus.SKIPPED else "$foreground"
    if unfolded:
        for line in check.details:
            yield clean(line), "$quiet"
    elif check.details:
        more = len(check.details)
        yield f"{'1 line' if more == 1 else f'{more} lines'} more with the cursor here", "$quiet"
    # There is a shorter way here than the command it names.
    if check.hint and check.mend is not Fix.BROWSER:
        yield f"→ {clean(check.hint)}", "$warning" if check.mark in {CheckStatus.WARNING, CheckStatus.BAD} else "$quiet"
