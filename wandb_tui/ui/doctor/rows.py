"""Draws a check in the list of the doctor's screen, while it runs and when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual.content import Content

from wandb_tui.core.checks import NAME_CELLS, SYMBOLS, Check, CheckStatus, Fix, PendingCheck
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
_TIME_FROM_S = 1.0
"""Seconds after which a running check shows for how long it has been running."""


@dataclass(slots=True)
class CheckRow:
    """One line of the list, that may take several on the screen.

    Attributes:
        pending: The check to run.
        began: When it was started, on the session's clock; None if not started.
        check: The result, if any.
        progress: The last line of progress of its fix.
    """

    pending: PendingCheck
    began: float | None = None
    check: Check | None = None
    progress: str = ""

    @property
    def busy(self) -> bool:
        """Whether a check or a fix is in progress."""
        return bool(self.progress) or (self.began is not None and self.check is None)

    @property
    def fix(self) -> Fix:
        """The available fix."""
        return self.check.fix if self.check is not None and not self.progress else Fix.NOTHING


def check_lines(entry: CheckRow, glyphs: Glyphs, width: int, now: float, *, unfolded: bool) -> Content:
    """A row in lines of at most `width` cells, with its details if it is unfolded."""
    lines = _done(entry.check, unfolded=unfolded) if entry.check else _running(entry, now)
    if entry.progress:
        lines = [*lines, (clean(entry.progress, 300), "$accent")]
    elif entry.fix:
        lines = [*lines, (f"→ Enter: {entry.fix}", "bold $accent")]
    sign, colour = _sign(entry, now)
    indent = NAME_CELLS + 3
    room = max(10, width - indent)
    drawn: list[Content] = []
    for text, style in lines:
        for part in wrapped(glyphs.text(text), room):
            head = (f"{glyphs.text(sign)} ", colour), (f"{entry.pending.name:<{NAME_CELLS}} ", "bold $foreground")
            before = head if not drawn else ((" " * indent, ""),)
            drawn.append(Content.assemble(*before, (part, style)))
    return Content("\n").join(drawn)


def _sign(entry: CheckRow, now: float) -> tuple[str, str]:
    if entry.busy:
        return _SPINNING[int(now * 4) % len(_SPINNING)], "$accent"
    return (SYMBOLS[entry.check.status], f"${_COLOURS[entry.check.status]}") if entry.check else ("·", "$quiet")


def _running(entry: CheckRow, now: float) -> list[tuple[str, str]]:
    if entry.began is None:
        return [("", "$quiet")]
    elapsed = now - entry.began
    return [("checking…" if elapsed < _TIME_FROM_S else f"checking… {elapsed:.0f} s", "$quiet")]


def _done(check: Check, *, unfolded: bool) -> list[tuple[str, str]]:
    return list(_parts(check, unfolded=unfolded))


def _parts(check: Check, *, unfolded: bool) -> Iterator[tuple[str, str]]:
    took = f"  {check.took}" if check.took else ""
    yield clean(check.message) + took, "$quiet" if check.status is CheckStatus.SKIPPED else "$foreground"
    if unfolded:
        for line in check.details:
            yield clean(line), "$quiet"
    elif check.details:
        more = len(check.details)
        yield f"{more} more {'line' if more == 1 else 'lines'}; select to show", "$quiet"
    # The key installs a browser, which is shorter than the command in the hint.
    if check.hint and check.fix is not Fix.BROWSER:
        yield (
            f"→ {clean(check.hint)}",
            "$warning" if check.status in {CheckStatus.WARNING, CheckStatus.BAD} else "$quiet",
        )
