"""How a run looks in the list from which runs are picked: one straight line."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.cells import cell_len
from textual.content import Content

from wandb_tui.core.catalogue import ListedRun
from wandb_tui.ui.cells import RUN_STATE_COLOURS, short_time
from wandb_tui.ui.look import Look, clean

_STATE, _AGE = 9, 6
"""Cells for the run's state and its age."""

_LABELS = ((90, 14), (60, 9))
"""From so many cells on, each of group and sweep gets this many."""


def run_line(run: ListedRun, look: Look, width: int, *, marked: bool, watched: bool) -> Content:
    """A run in exactly `width` cells."""
    sign = look.text("●") if marked else look.text("✔") if watched else " "
    colour = "$marked" if marked else "$primary"
    label = next((cells for least, cells in _LABELS if width >= least), 0)
    labels = [run.group, run.sweep] if label else []
    name, run_id = clean(run.name, 200), clean(run.run_id)
    whole = f"{name} {run_id}" if name.strip() and name != run_id else run_id
    if run.address is None:
        whole = f"{run_id}: this id is too long for a history artifact"
    room = width - 2 - _STATE - _AGE - len(labels) * (label + 1) - 2
    state = clean(run.state, 40)
    parts = [
        (f"{sign} ", colour),
        (_cell(whole, room, look) + " ", "$quiet" if watched and not marked else "$foreground"),
        (_cell(state, _STATE, look), f"${RUN_STATE_COLOURS.get(state, 'foreground')}"),
        (_age(run).rjust(_AGE) + " ", "$quiet"),
        *((_cell(clean(text, 80), label, look) + " ", "$secondary") for text in labels),
    ]
    return Content.assemble(*parts)


def _cell(text: str, width: int, look: Look) -> str:
    shown = look.fit(text, max(1, width))
    return shown + " " * (width - cell_len(shown))


def _age(run: ListedRun) -> str:
    if run.created is None:
        return ""
    return short_time(max(0.0, (datetime.now(UTC) - run.created).total_seconds()))
