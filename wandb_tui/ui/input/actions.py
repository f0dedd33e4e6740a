"""The one table of everything the keys do: it feeds the bindings, the footer, the help and the palette."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType
from textual.keys import key_to_character

from wandb_tui.core.goal import goal_examples


class Scope(StrEnum):
    """Where an action can be used."""

    DASHBOARD = "dashboard"
    LOGS = "logs"
    DETAILS = "details"
    RUNS = "runs"
    ANYWHERE = "anywhere"
    ADD = "add"
    PICK = "pick"
    GOAL = "goal"
    COLUMNS = "columns"
    COPY = "copy"
    DOCTOR = "doctor"
    CONFIRM = "confirm"
    SIGN_IN = "sign_in"
    HELP = "help"


_SCREENS = {
    Scope.LOGS: {Scope.DASHBOARD},
    Scope.RUNS: {Scope.DASHBOARD, Scope.DETAILS},
    Scope.ANYWHERE: {Scope.DASHBOARD, Scope.DETAILS},
}
"""The screens of the places that are none themselves: the logs stand below the table; at a dialog other keys end."""

MAIN = frozenset({*_SCREENS, Scope.DASHBOARD, Scope.DETAILS})
"""The places that are in no dialog."""


class Requirement(StrEnum):
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
        id: The name of its method, after ``action_``, unless `action` says otherwise.
        keys: The keys for it, as Textual names them, unless the user wants others; the first is shown.
        label: What it is called, in a word or two.
        help: What it does, in one sentence.
        where: Where it can be used.
        needs: What must be there for it.
        footer: Whether the bar at the bottom shows it, where there is room; that of the logs while one is in focus.
        priority: Whether it is done before the keys that follow are handed out: they belong to what it opens. A line
            one types into does not get its keys.
        action: What it does, in Textual's words.
        in_dialogs: Whether it can be used in every dialog, too.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    where: Scope = Scope.DASHBOARD
    needs: Requirement = Requirement.NOTHING
    footer: bool = True
    priority: bool = False
    action: str = ""
    in_dialogs: bool = False

    @property
    def full_id(self) -> str:
        """By this the user's settings name it."""
        return f"{self.where}.{self.id}"

    def meets(self, other: Action) -> bool:
        """Whether both can be used in one place, so that they need different keys."""
        return not self._screens.isdisjoint(other._screens)

    @property
    def _screens(self) -> set[Scope]:
        return {*Scope} if self.in_dialogs else _SCREENS.get(self.where, {self.where})

    @property
    def all_keys(self) -> str:
        """All its keys, as shown to people."""
        return " ".join(shown(key) for key in self.keys)

    @property
    def binding(self) -> BindingType:
        """Its binding, with an id by which users may remap it."""
        return Binding(
            ",".join(self.keys),
            self.action or self.id,
            self.label,
            id=self.full_id,
            tooltip=self.help,
            priority=self.priority,
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
        return f"^{shown(key[5:])}"
    if key[:1] == "f" and key[1:].isdigit():
        return key.upper()
    return SHOWN.get(key) or key_to_character(key) or key


ACTIONS: tuple[Action, ...] = (
    Action("add", ("a",), "Add", "Add one run or many: paste their addresses.", priority=True),
    Action("pick", ("p",), "Pick", "Look through your projects and add runs from there, or a whole group or sweep.",
           needs=Requirement.CATALOGUE),
    Action("cancel", ("c",), "Cancel", "Stop waiting for this run; it stays on the list.",
           needs=Requirement.ACTIVE_RUN),
    Action("restart", ("r",), "Restart", "Begin the next attempt; one under way ends first.", needs=Requirement.RUN),
    Action("visit", ("v",), "Visit", "Open the run's page again now.", needs=Requirement.ACTIVE_RUN),
    Action("remove", ("d", "delete"), "Remove", "Take this run off the list.", needs=Requirement.RUN),
    Action("details", ("enter", "e"), "Details",
           "Show this run: a plot of its metrics, its summary and config, the versions of its history, all attempts.",
           needs=Requirement.RUN),
    Action("logs", ("l",), "Logs", "Keep a log pane open for this run.", needs=Requirement.RUN),
    Action("close_pane", ("x",), "Close pane", "Close the log pane in focus, or the newest one.",
           needs=Requirement.PANE,
           footer=False),
    Action("goal", ("g",), "Goal", f"Wait for something else: {goal_examples()}.",
           needs=Requirement.RUN),
    Action("filter", ("slash",), "Filter",
           "Show only some runs: words, !not, state:failed, is:running (the run itself), project:lab, /regex/.",
           needs=Requirement.ROWS, priority=True),
    Action("sort", ("o",), "Sort",
           "Sort by the next column, at last as added; the palette and a third click on a heading do that at once.",
           needs=Requirement.ROWS),
    Action("sort_reverse", ("O",), "Reverse", "Sort the other way round.", needs=Requirement.ROWS, footer=False),
    Action("columns", ("h",), "Columns", "Choose the columns, and by which one to sort.", footer=False),
    Action("compact", ("w",), "Compact", "Show the columns that tell the most, or all that fit.", footer=False),
    Action("mark", ("space",), "Select", "Mark this run; the actions then apply to all that are marked.",
           needs=Requirement.RUN),
    Action("mark_down", ("shift+down",), "Select down", "Mark up to the next run.",
           needs=Requirement.RUN, footer=False),
    Action("mark_up", ("shift+up",), "Select up", "Mark up to the run before.", needs=Requirement.RUN, footer=False),
    Action("mark_range", ("V",), "Select range", "Mark from here to wherever the cursor goes; again ends it.",
           needs=Requirement.RUN, footer=False),
    Action("mark_all", ("asterisk",), "Select all", "Mark every run shown, or none.",
           needs=Requirement.RUN, footer=False),
    Action("mark_others", ("i",), "Invert", "Mark the runs that are not marked, and no longer those that are.",
           needs=Requirement.RUN, footer=False),
    Action("clear", ("escape",), "Clear", "End a find; else unmark all; once more, show all runs again.",
           needs=Requirement.CHOICE, footer=False),
    Action("undo", ("u",), "Undo", "Put back what was removed last.", needs=Requirement.REMOVED, footer=False),
    Action("down", ("j",), "Down", "Go down, as with ↓.", where=Scope.RUNS, footer=False),
    Action("up", ("k",), "Up", "Go up, as with ↑.", where=Scope.RUNS, footer=False),
    Action("copy", ("y",), "Copy",
           "Copy its id, its page's address, its artifact's name, or a wandb.init that forks it.",
           where=Scope.RUNS, needs=Requirement.RUN),
    Action("browse", ("b",), "Browser", "Open the run's page in your browser.", where=Scope.RUNS, needs=Requirement.RUN,
           footer=False),
    Action("sign_in", ("s",), "Sign in", "Enter an e-mail address and password, or an API key.", where=Scope.RUNS),
    Action("doctor", ("D",), "Doctor",
           "See what works here and what does not, mend it, or try the whole way on this run.",
           needs=Requirement.DOCTOR, footer=False),
    Action("find", ("f",), "Find", "Find a text: it is marked in all logs; the one in focus goes there.", Scope.LOGS,
           Requirement.LOG),
    Action("find_next", ("n",), "Next", "Go to the next place where it stands, in the log in focus.", Scope.LOGS,
           Requirement.LOG),
    Action("find_previous", ("N",), "Previous", "Go to the place before.", Scope.LOGS, Requirement.LOG),
    Action("follow", ("F",), "Follow", "Follow the newest line of a log, or pause.", Scope.LOGS, Requirement.LOG),
    Action("level", ("L",), "Level", "Show all lines, warnings and errors, or errors only.",
           Scope.LOGS, Requirement.LOG),
    Action("times", ("t",), "Times", "Show the time of day, or the time since the attempt began.", Scope.LOGS,
           Requirement.LOG),
    Action("fold", ("U",), "Unfold", "Show every line, or fold those that say the same into one that counts them.",
           Scope.LOGS, Requirement.LOG),
    Action("wrap", ("W",), "Wrap", "Break long lines, or scroll sideways with ← and →.", Scope.LOGS, Requirement.LOG),
    Action("zoom", ("z",), "Full screen", "Give one log all of the screen, or no longer.", Scope.LOGS, Requirement.LOG),
    Action("grow_pane", ("greater_than_sign",), "Larger", "Let the pane grow; a divider can be dragged as well.",
           Scope.LOGS, Requirement.LOG),
    Action("shrink_pane", ("less_than_sign",), "Smaller", "Let the pane shrink.", Scope.LOGS, Requirement.LOG),
    Action("grow_logs", ("plus",), "Larger logs",
           "Let the logs grow at the cost of the table; their upper edge can be dragged as well.",
           Scope.LOGS, Requirement.LOG),
    Action("shrink_logs", ("minus",), "Smaller logs", "Let the table grow at the cost of the logs.", Scope.LOGS,
           Requirement.LOG),
    Action("save_log", ("S",), "Save log", "Write the log to a file in the current folder.",
           Scope.LOGS, Requirement.LOG),
    Action("copy_log", ("Y",), "Copy log", "Copy the log to the clipboard, over SSH too.", Scope.LOGS, Requirement.LOG),
    Action("leave", ("escape",), "Back", "From the details back to the table.", Scope.DETAILS),
    Action("next_metric", ("n", "right"), "Next metric", "In the details: plot the next metric.",
           Scope.DETAILS, Requirement.METRICS),
    Action("previous_metric", ("N", "left"), "Previous", "In the details: plot the metric before.",
           Scope.DETAILS, Requirement.METRICS),
    Action("ask_again", ("r", "f5"), "Refresh", "In the details: ask the server again.", Scope.DETAILS),
    Action("help", ("question_mark", "f1"), "Help", "What the keys and signs mean.", where=Scope.ANYWHERE,
           action="app.help", in_dialogs=True),
    Action("command_palette", ("ctrl+p",), "Palette",
           "Find any action by its name, other colours, or a look of plain ASCII.",
           where=Scope.ANYWHERE),
    Action("suspend_process", ("ctrl+z",), "Suspend",
           "Go back to the shell; fg returns. Until then nothing is watched.", where=Scope.ANYWHERE, footer=False),
    Action("ask_quit", ("q", "ctrl+q"), "Quit", "Leave; asks first while monitors run.", where=Scope.ANYWHERE),
    # Most terminals send Ctrl+Enter as Ctrl+J.
    Action("submit", ("ctrl+s", "ctrl+enter", "ctrl+j"), "Add", "Add what is understood; the rest stays in the box.",
           Scope.ADD, priority=True),
    Action("pick", ("ctrl+o",), "Pick", "Pick runs from the server instead.", Scope.ADD, priority=True),
    Action("close", ("escape",), "Close", "Add nothing.", Scope.ADD, priority=True, action="dismiss"),
    # The list takes Enter first, in its turn among the keys that move the cursor; so do those of the other dialogs.
    Action("open", ("enter",), "Open", "Go into what is under the cursor; mark it, if it is a run.", Scope.PICK),
    Action("mark", ("space",), "Mark", "Mark the run under the cursor, or no longer.", Scope.PICK),
    Action("mark_all", ("asterisk",), "Mark all", "Mark all that are listed and not watched yet, or none.", Scope.PICK),
    Action("group", ("g",), "Group", "Show only the group of this run.", Scope.PICK),
    Action("sweep", ("s",), "Sweep", "Show only the sweep of this run.", Scope.PICK),
    Action("search", ("slash",), "Search", "Type words; state:finished, group:a and sweep:b narrow it down.",
           Scope.PICK, priority=True),
    Action("up", ("left", "backspace"), "Back", "Back to all runs, to the projects, or to the entities.", Scope.PICK),
    Action("submit", ("ctrl+s",), "Add", "Add the marked runs, or the one under the cursor.", Scope.PICK,
           priority=True),
    Action("add_all", ("ctrl+a",), "Add all", "Add all runs that match and are not watched yet.", Scope.PICK,
           priority=True),
    Action("again", ("ctrl+r",), "Ask again", "Ask the server again.", Scope.PICK, priority=True),
    Action("leave", ("escape",), "Close", "From a line to the list; from there, close.", Scope.PICK, priority=True),
    Action("submit", ("enter", "ctrl+s"), "Change", "Wait for the goal that stands there.", Scope.GOAL, priority=True),
    Action("close", ("escape",), "Keep", "Change nothing.", Scope.GOAL, priority=True, action="dismiss"),
    Action("show_or_hide", ("space", "enter"), "Show or hide", "Show or hide the column under the cursor.",
           Scope.COLUMNS),
    Action("sort", ("o",), "Sort", "Sort by it, then the other way round, then not.", Scope.COLUMNS),
    Action("as_added", ("a",), "As added", "Sort by none: as the runs were added.", Scope.COLUMNS),
    Action("compact", ("w",), "Compact", "Show the columns that tell the most, or all that fit.", Scope.COLUMNS),
    Action("close", ("escape", "h", "q"), "Close", "Back to the table.", Scope.COLUMNS, action="dismiss"),
    Action("id", ("i",), "Run id", "Copy the ids of the runs.", Scope.COPY, action="copy('id')"),
    Action("path", ("p",), "Path", "Copy entity, project and id.", Scope.COPY, action="copy('path')"),
    Action("page", ("a",), "Address", "Copy the addresses of the runs' pages.", Scope.COPY, action="copy('page')"),
    Action("artifact", ("n",), "Name", "Copy the names of the history artifacts.", Scope.COPY,
           action="copy('artifact')"),
    Action("fork", ("f",), "Fork", "Copy a wandb.init that forks the run, a line for each.", Scope.COPY,
           action="copy('fork')"),
    Action("choose", ("enter",), "Copy", "Copy what is under the cursor.", Scope.COPY),
    Action("close", ("escape", "q", "y"), "Close", "Copy nothing.", Scope.COPY, action="dismiss"),
    Action("mend", ("enter",), "Mend", "Mend what is under the cursor, where a key can.", Scope.DOCTOR),
    Action("again", ("r",), "Again", "Look at everything again.", Scope.DOCTOR),
    Action("way", ("w",), "Try the run", "Try the whole way on the run under the dashboard's cursor.", Scope.DOCTOR),
    Action("sign_in", ("s",), "Sign in", "Open the sign-in screen.", Scope.DOCTOR),
    Action("copy", ("y",), "Copy", "Copy the report, fit for a bug report.", Scope.DOCTOR),
    Action("close", ("escape", "q", "D"), "Close", "Back to the dashboard.", Scope.DOCTOR, action="dismiss"),
    Action("yes", ("y",), "Yes", "Do it.", Scope.CONFIRM, action="answer(True)"),
    Action("no", ("n", "escape"), "No", "Leave it.", Scope.CONFIRM, action="answer(False)"),
    Action("enter", ("enter",), "Yes", "Do it, unless that could be regretted; on a button, press it.", Scope.CONFIRM),
    Action("enter", ("enter",), "Go on", "Go to the next line, or sign in once there is a password.", Scope.SIGN_IN,
           priority=True),
    Action("leave", ("escape",), "Close", "Change nothing.", Scope.SIGN_IN, priority=True),
    Action("close", ("escape", "q"), "Close", "Back to where one was; so do the keys of “Help”.", Scope.HELP,
           action="dismiss"),
)  # fmt: skip
"""Everything, in the order in which help and footer show it."""

BY_ID = {action.full_id: action for action in ACTIONS} | {a.id: a for a in ACTIONS if a.where in MAIN}
"""By their full ids, and those of no dialog by their short ones, too: in the dialogs these come again and again."""


def bindings(*places: Scope) -> list[BindingType]:
    """The bindings of all actions usable there."""
    return [action.binding for action in ACTIONS if action.where in places]
