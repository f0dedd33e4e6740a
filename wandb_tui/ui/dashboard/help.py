"""The help: the keys of the current screen, the symbols, the files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import set_cell_size
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from wandb_tui.core.goal import GoalKind
from wandb_tui.core.state import State
from wandb_tui.text.glyphs import STATE_COLOURS, Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.text.wrapping import wrapped
from wandb_tui.ui.common.dialog import Dialog
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.dashboard.screen import Dashboard
from wandb_tui.ui.input.actions import ACTIONS, BY_ID, Action, Scope, bindings, display_key
from wandb_tui.ui.table.cells import AS_IT_WAS

_WIDTH, _FRAME, _LEFT = 84, 7, 14
"""Cells: the box as in the style sheet, its border and padding, the column of keys and symbols."""

Row = tuple[str, str, str]
"""A key or symbol, its style, and its meaning."""

_STATE_MEANINGS = {
    State.QUEUED: "has not started yet",
    State.SIGNING_IN: "signing in to the server; may need you",
    State.VISITING: "opening the run's page",
    State.WAITING: "checking whether the history is there",
    State.AVAILABLE: "the history is there",
    State.TIMED_OUT: "gave up after the time limit",
    State.FAILED: "cannot continue; the log says why",
    State.CANCELLED: "stopped by you",
}
_LOG_KEYS = (
    ("Tab", "switch between the table and the log panes"),
    ("↑ ↓", "scroll; scrolling up stops following"),
    ("End", "go to the newest line and follow it"),
)
_SYMBOLS = (
    ("~running ~300", AS_IT_WAS),
    ("! …", "the goal may never be met; the run's log says why"),
    ("(×14, …)", "14 lines in a row that differ only in time or step; “Unfold” shows each of them"),
)
_PINNED = "a log pinned with “Logs”; other logs follow the cursor"


class _Table(Static):
    """Keys or symbols and their meanings, as wide as the box."""

    def __init__(self, rows: Sequence[Row], glyphs: Glyphs) -> None:
        super().__init__(classes="help-rows")
        self._rows = rows
        self._glyphs = glyphs

    def on_mount(self) -> None:
        """Wrap the lines."""
        self._fill()

    def on_resize(self) -> None:
        """Wrap the lines for the new width."""
        self._fill()

    def _fill(self) -> None:
        text = self._glyphs.text
        width = max(20, min(self.app.size.width, _WIDTH) - _FRAME - _LEFT)
        lines: list[Content] = []
        for symbol, style, what in self._rows:
            first, *rest = wrapped(text(what), width)
            lines.append(Content.assemble((set_cell_size(text(symbol), _LEFT), style), (first, "$foreground")))
            lines += [Content.styled(" " * _LEFT + more, "$foreground") for more in rest]
        self.update(Content("\n").join(lines))


class HelpScreen(Dialog[None]):
    """One page to read."""

    PLACES = (Scope.HELP,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(self, glyphs: Glyphs, screen: Screen[object], files: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._for = screen
        self._files = files

    def compose(self) -> ComposeResult:
        """All sections in a scrolling box."""
        with VerticalScroll(classes="dialog") as box:
            box.border_subtitle = Content(self.keys.label("Close", "help.close")).stylize("@click=screen.dismiss")
            for title, rows in self._sections():
                yield Static(Content(title), classes="help-title")
                yield _Table(rows, self._glyphs)

    def _sections(self) -> Iterator[tuple[str, list[Row]]]:
        if isinstance(self._for, Dashboard):
            yield "Runs", [*self._rows(Scope.DASHBOARD), *self._rows(Scope.RUNS)]
            yield "Logs", [*self._rows(Scope.LOGS), *((key, "bold $accent", what) for key, what in _LOG_KEYS)]
        elif isinstance(self._for, Dialog):
            yield "Here", [*(row for place in self._for.PLACES for row in self._rows(place)), self._row(BY_ID["help"])]
        if isinstance(self._for, RunScreen):
            both = () if isinstance(self._for, Dashboard) else self._rows(Scope.RUNS)
            if Scope.COMPARE in self._for.PLACES:
                yield "Plot", list(self._rows(Scope.COMPARE))
            else:
                yield "Run details", [*self._rows(Scope.DETAILS), *both]
            yield "Anywhere", list(self._rows(Scope.ANYWHERE))
            commands = self._for.session.backend.commands
            if own := self._for.session.keys.command_keys:
                yield (
                    "Your own commands",
                    [(display_key(key), "bold $accent", commands[number].title) for key, number in own.items()],
                )
        yield "States", [(f"{self._glyphs.icon(s)} {s}", f"${STATE_COLOURS[s]}", _STATE_MEANINGS[s]) for s in State]
        if isinstance(self._for, Dashboard):
            yield (
                "Other symbols",
                [(symbol, "$foreground", what) for symbol, what in (*_SYMBOLS, (self._glyphs.pinned, _PINNED))],
            )
        yield "Goals", [(kind.rule.example, "$foreground", kind.rule.meaning) for kind in GoalKind]
        if self._files:
            yield "Files", [(name, "$foreground", clean(path, 300)) for name, path in self._files]

    def _rows(self, where: Scope) -> Iterator[Row]:
        return (self._row(action) for action in ACTIONS if action.where is where and action.listed)

    def _row(self, action: Action) -> Row:
        return self.keys.all(action), "bold $accent", f"{action.label}. {action.help}"
