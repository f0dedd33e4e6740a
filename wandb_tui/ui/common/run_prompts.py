"""Short messages and confirmations about runs, the same wherever runs are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.dom import DOMNode

from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.run_labels import distinct_names
from wandb_tui.ui.runtime.app_context import app_context

MAX_NAMED = 3
"""The maximum number of runs listed by name."""

_MAX_NAME_CELLS = 32
_HINT_S = 3


def hint(node: DOMNode, text: str) -> None:
    """Show a short message for a moment."""
    node.app.notify(text, timeout=_HINT_S, markup=False)


def confirm_runs(
    node: DOMNode,
    verb: str,
    rows: Sequence[WatchedRun],
    detail: str,
    on_confirm: Callable[[], None],
    *,
    no: str = "Keep",
    question: str = "",
) -> None:
    """Ask for confirmation before an action on runs, usually several.

    Args:
        node: Any widget of the app.
        verb: The action, such as "Cancel".
        rows: The runs it applies to.
        detail: The consequences, in a sentence.
        on_confirm: Called if the user confirms.
        no: The button that leaves everything as it is.
        question: The question; by default the verb and the number of runs.
    """
    from wandb_tui.ui.common.confirm import Confirm

    names = named(rows, app_context(node).session.watch_list)
    dialog = Confirm(question or f"{verb} {len(rows)} runs?", f"{names}. {detail}", yes=verb, no=no)
    node.app.push_screen(dialog, lambda yes: on_confirm() if yes else None)


def named(rows: Sequence[WatchedRun], among: Iterable[WatchedRun]) -> str:
    """The first few runs by name, and how many more there are; `among` are all runs, whose names may be the same."""
    names = ", ".join(distinct_names(rows[:MAX_NAMED], _MAX_NAME_CELLS, among))
    return f"{names} and {len(rows) - MAX_NAMED} more" if len(rows) > MAX_NAMED else names
