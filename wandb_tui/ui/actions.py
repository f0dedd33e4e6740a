"""The one table of everything the keys do: it feeds the bindings, the footer, the help and the palette."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType
from textual.keys import key_to_character


class Where(StrEnum):
    """Where an action can be used."""

    DASHBOARD = "dashboard"
    LOGS = "logs"
    DETAILS = "details"
    RUNS = "runs"
    ANYWHERE = "anywhere"


_SCREENS = {
    Where.DASHBOARD: {Where.DASHBOARD},
    Where.LOGS: {Where.DASHBOARD},
    Where.DETAILS: {Where.DETAILS},
    Where.RUNS: {Where.DASHBOARD, Where.DETAILS},
    Where.ANYWHERE: {*Where},
}
"""The screens on which each of the places is: the logs stand below the table, runs on both."""


class Needs(StrEnum):
    """What must be there for an action to make sense."""

    NOTHING = "nothing"
    ROWS = "rows"
    RUN = "run"
    ACTIVE_RUN = "active run"
    PANE = "pane"
    LOG = "log"
    METRICS = "several metrics"
    REMOVED = "removed run"
    CATALOGUE = "a server to look through"
    CHOICE = "marks, a filter or a find"
    DOCTOR = "somebody who looks"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the user can do.

    Attributes:
        id: The name of its method, after ``action_``.
        keys: The keys for it, as Textual names them, unless the user wants others; the first is shown.
        label: What it is called, in a word or two.
        help: What it does, in one sentence.
        where: Where it can be used.
        needs: What must be there for it.
        dangerous: Whether it ends or removes something: with more than one run, it asks first.
        footer: Whether the bar at the bottom shows it, where there is room; that of the logs while one is in focus.
        at_once: Whether it is done before the keys that follow are handed out: they belong to what it opens.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    where: Where = Where.DASHBOARD
    needs: Needs = Needs.NOTHING
    dangerous: bool = False
    footer: bool = True
    at_once: bool = False

    @property
    def full_id(self) -> str:
        """By this the user's settings name it."""
        return f"{self.where}.{self.id}"

    def meets(self, other: Action) -> bool:
        """Whether both can be used in one place, so that they need different keys."""
        return not _SCREENS[self.where].isdisjoint(_SCREENS[other.where])

    @property
    def all_keys(self) -> str:
        """All its keys, as shown to people."""
        return " ".join(shown(key) for key in self.keys)

    @property
    def binding(self) -> BindingType:
        """Its binding, with an id by which users may remap it."""
        return Binding(
            ",".join(self.keys),
            self.id,
            self.label,
            id=self.full_id,
            tooltip=self.help,
            priority=self.at_once,
        )


SHOWN = {
    "question_mark": "?", "slash": "/", "enter": "Enter", "space": "Space", "delete": "Del", "escape": "Esc",
    "asterisk": "*", "left": "←", "right": "→", "shift+up": "Shift+↑", "shift+down": "Shift+↓",
    "less_than_sign": "<", "greater_than_sign": ">", "minus": "-", "plus": "+", "at": "@", "backslash": "\\",
    "underscore": "_", "backspace": "Backspace", "insert": "Ins",
}  # fmt: skip


def shown(key: str) -> str:
    """A key as people write it."""
    if key.startswith("ctrl+"):
        return f"^{key[5:]}"
    if key[:1] == "f" and key[1:].isdigit():
        return key.upper()
    return SHOWN.get(key) or key_to_character(key) or key


ACTIONS: tuple[Action, ...] = (
    Action("add", ("a",), "Add", "Add one run or many: paste their addresses."),
    Action("pick", ("p",), "Pick", "Look through your projects and add runs from there, or a whole group or sweep.",
           needs=Needs.CATALOGUE),
    Action("cancel", ("c",), "Cancel", "Stop waiting for this run; it stays on the list.", needs=Needs.ACTIVE_RUN,
           dangerous=True),
    Action("restart", ("r",), "Restart", "Begin the next attempt; one under way ends first.", needs=Needs.RUN),
    Action("visit", ("v",), "Visit", "Open the run's page again now.", needs=Needs.ACTIVE_RUN),
    Action("remove", ("d", "delete"), "Remove", "Take this run off the list.", needs=Needs.RUN, dangerous=True),
    Action("details", ("enter", "e"), "Details",
           "Show this run: a plot of its metrics, its summary and config, the versions of its history, all attempts.",
           needs=Needs.RUN),
    Action("logs", ("l",), "Logs", "Keep a log pane open for this run.", needs=Needs.RUN),
    Action("close_pane", ("x",), "Close pane", "Close the log pane in focus, or the newest one.", needs=Needs.PANE,
           footer=False),
    Action("goal", ("g",), "Goal", "Wait for something else: exists, v3, newer, step:200, complete.", needs=Needs.RUN),
    Action("filter", ("slash",), "Filter",
           "Show only some runs: words, !not, state:failed, is:running (the run itself), project:lab, /regex/.",
           needs=Needs.ROWS, at_once=True),
    Action("sort", ("o",), "Sort",
           "Sort by the next column, at last as added; the palette and a third click on a heading do that at once.",
           needs=Needs.ROWS),
    Action("sort_reverse", ("O",), "Reverse", "Sort the other way round.", needs=Needs.ROWS, footer=False),
    Action("columns", ("h",), "Columns", "Choose the columns, and by which one to sort.", footer=False),
    Action("compact", ("w",), "Compact", "Show the columns that tell the most, or all that fit.", footer=False),
    Action("mark", ("space",), "Select", "Mark this run; the actions then apply to all that are marked.",
           needs=Needs.RUN),
    Action("mark_down", ("shift+down",), "Select down", "Mark up to the next run.", needs=Needs.RUN, footer=False),
    Action("mark_up", ("shift+up",), "Select up", "Mark up to the run before.", needs=Needs.RUN, footer=False),
    Action("mark_range", ("V",), "Select range", "Mark from here to wherever the cursor goes; again ends it.",
           needs=Needs.RUN, footer=False),
    Action("mark_all", ("asterisk",), "Select all", "Mark every run shown, or none.", needs=Needs.RUN, footer=False),
    Action("mark_others", ("i",), "Invert", "Mark the runs that are not marked, and no longer those that are.",
           needs=Needs.RUN, footer=False),
    Action("clear", ("escape",), "Clear", "End a find; else unmark all; once more, show all runs again.",
           needs=Needs.CHOICE, footer=False),
    Action("undo", ("u",), "Undo", "Put back what was removed last.", needs=Needs.REMOVED, footer=False),
    Action("down", ("j",), "Down", "Go down, as with ↓.", where=Where.RUNS, footer=False),
    Action("up", ("k",), "Up", "Go up, as with ↑.", where=Where.RUNS, footer=False),
    Action("copy", ("y",), "Copy",
           "Copy its id, its page's address, its artifact's name, or a wandb.init that forks it.",
           where=Where.RUNS, needs=Needs.RUN),
    Action("browse", ("b",), "Browser", "Open the run's page in your browser.", where=Where.RUNS, needs=Needs.RUN,
           footer=False),
    Action("sign_in", ("s",), "Sign in", "Enter an e-mail address and password, or an API key.", where=Where.RUNS),
    Action("doctor", ("D",), "Doctor",
           "See what works here and what does not, mend it, or try the whole way on this run.",
           needs=Needs.DOCTOR, footer=False),
    Action("find", ("f",), "Find", "Find a text: it is marked in all logs; the one in focus goes there.", Where.LOGS,
           Needs.LOG),
    Action("find_next", ("n",), "Next", "Go to the next place where it stands, in the log in focus.", Where.LOGS,
           Needs.LOG),
    Action("find_previous", ("N",), "Previous", "Go to the place before.", Where.LOGS, Needs.LOG),
    Action("follow", ("F",), "Follow", "Follow the newest line of a log, or pause.", Where.LOGS, Needs.LOG),
    Action("level", ("L",), "Level", "Show all lines, warnings and errors, or errors only.", Where.LOGS, Needs.LOG),
    Action("times", ("t",), "Times", "Show the time of day, or the time since the attempt began.", Where.LOGS,
           Needs.LOG),
    Action("fold", ("U",), "Unfold", "Show every line, or fold those that say the same into one that counts them.",
           Where.LOGS, Needs.LOG),
    Action("wrap", ("W",), "Wrap", "Break long lines, or scroll sideways with ← and →.", Where.LOGS, Needs.LOG),
    Action("zoom", ("z",), "Full screen", "Give one log all of the screen, or no longer.", Where.LOGS, Needs.LOG),
    Action("grow_pane", ("greater_than_sign",), "Larger", "Let the pane grow; a divider can be dragged as well.",
           Where.LOGS, Needs.LOG),
    Action("shrink_pane", ("less_than_sign",), "Smaller", "Let the pane shrink.", Where.LOGS, Needs.LOG),
    Action("save_log", ("S",), "Save log", "Write the log to a file in the current folder.", Where.LOGS, Needs.LOG),
    Action("copy_log", ("Y",), "Copy log", "Copy the log to the clipboard, over SSH too.", Where.LOGS, Needs.LOG),
    Action("leave", ("escape",), "Back", "From the details back to the table.", Where.DETAILS),
    Action("next_metric", ("n", "right"), "Next metric", "In the details: plot the next metric.",
           Where.DETAILS, Needs.METRICS),
    Action("previous_metric", ("N", "left"), "Previous", "In the details: plot the metric before.",
           Where.DETAILS, Needs.METRICS),
    Action("ask_again", ("r", "f5"), "Refresh", "In the details: ask the server again.", Where.DETAILS),
    Action("help", ("question_mark", "f1"), "Help", "What the keys and signs mean.", where=Where.ANYWHERE),
    Action("command_palette", ("ctrl+p",), "Palette",
           "Find any action by its name, other colours, or a look of plain ASCII.",
           where=Where.ANYWHERE),
    Action("suspend_process", ("ctrl+z",), "Suspend",
           "Go back to the shell; fg returns. Until then nothing is watched.", where=Where.ANYWHERE, footer=False),
    Action("ask_quit", ("q", "ctrl+q"), "Quit", "Leave; asks first while monitors run.", where=Where.ANYWHERE),
)  # fmt: skip
"""Everything, in the order in which help and footer show it."""

BY_ID = {action.id: action for action in ACTIONS}


def bindings(*places: Where) -> list[BindingType]:
    """The bindings of all actions usable there."""
    return [action.binding for action in ACTIONS if action.where in places]
