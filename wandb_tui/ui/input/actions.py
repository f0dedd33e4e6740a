"""The table of all actions and their keys: it feeds the bindings, the key bar, the help and the palette."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType
from textual.keys import key_to_character

from wandb_tui.core.goal import goal_examples


class Scope(StrEnum):
    """The part of the program in which an action is available."""

    DASHBOARD = "dashboard"
    LOGS = "logs"
    DETAILS = "details"
    COMPARE = "compare"
    RUNS = "runs"
    ANYWHERE = "anywhere"
    ADD = "add"
    PICK = "pick"
    GOAL = "goal"
    BRANCH = "branch"
    COLUMNS = "columns"
    VIEW = "view"
    SERVERS = "servers"
    METRIC = "metric"
    COPY = "copy"
    DOCTOR = "doctor"
    CONFIRM = "confirm"
    SIGN_IN = "sign_in"
    HELP = "help"


_SCREENS = {
    Scope.LOGS: {Scope.DASHBOARD},
    Scope.RUNS: {Scope.DASHBOARD, Scope.DETAILS},
    Scope.ANYWHERE: {Scope.DASHBOARD, Scope.DETAILS, Scope.COMPARE},
}
"""The screens on which a scope that is no screen itself is available."""

MAIN = frozenset({*_SCREENS, Scope.DASHBOARD, Scope.DETAILS, Scope.COMPARE})
"""The scopes outside dialogs."""


class Requirement(StrEnum):
    """A condition for an action to be possible."""

    NOTHING = "nothing"
    ROWS = "rows"
    RUN = "run"
    ACTIVE_RUN = "active run"
    PANE = "pane"
    LOG = "log"
    METRICS = "several metrics"
    UNDOABLE = "change of the list or cleared selection"
    REDOABLE = "undone change"
    CATALOGUE = "catalogue"
    DOWNLOADABLE = "runs, and a folder for them"
    FORKS = "runs whose forks can be looked up"
    TREE = "tree or followed query"
    BRANCHABLE = "run that can be forked"
    CHOICE = "selection, filter or search"
    DOCTOR = "doctor"
    VIEWS = "saved views"
    SERVERS = "other servers"
    SETTINGS = "settings that can be changed"
    PLOTTABLE = "runs whose metrics can be plotted"


@dataclass(frozen=True, slots=True)
class Action:
    """An action of the user.

    Attributes:
        id: The name of its method, after ``action_``, unless `action` is given.
        keys: Its default keys, as Textual names them; the first is shown.
        label: Its name, in a word or two.
        help: Its effect, in one sentence.
        where: Its scope.
        needs: The condition for it.
        footer: Whether the key bar shows it, if there is room; for the logs, while a log is focused.
        priority: Whether it runs before the keys after it are dispatched, since they belong to the widget it opens.
            Inputs do not receive its keys.
        action: The action string for Textual, if it is not the id.
        in_dialogs: Whether it is available in every dialog as well.
        listed: Whether the help and the palette list it.
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
    listed: bool = True

    @property
    def full_id(self) -> str:
        """Its id in the settings."""
        return f"{self.where}.{self.id}"

    def overlaps(self, other: Action) -> bool:
        """Whether both are available on one screen, so that they need different keys."""
        return not self._screens.isdisjoint(other._screens)

    @property
    def _screens(self) -> set[Scope]:
        return {*Scope} if self.in_dialogs else _SCREENS.get(self.where, {self.where})

    @property
    def all_keys(self) -> str:
        """All its keys, as shown to the user."""
        return " ".join(display_key(key) for key in self.keys)

    @property
    def binding(self) -> BindingType:
        """Its binding, with the id for remapping."""
        return Binding(
            ",".join(self.keys),
            self.action or self.id,
            self.label,
            id=self.full_id,
            tooltip=self.help,
            priority=self.priority,
        )


DISPLAY_NAMES = {
    "question_mark": "?", "slash": "/", "enter": "Enter", "space": "Space", "delete": "Del", "escape": "Esc",
    "asterisk": "*", "left": "←", "right": "→", "up": "↑", "down": "↓", "shift+up": "Shift+↑", "shift+down": "Shift+↓",
    "less_than_sign": "<", "greater_than_sign": ">", "minus": "-", "plus": "+", "at": "@", "backslash": "\\",
    "equals_sign": "=", "underscore": "_", "colon": ":", "backspace": "Backspace", "insert": "Ins",
}  # fmt: skip


def display_key(key: str) -> str:
    """A key as shown to the user."""
    if key.startswith("ctrl+"):
        return f"^{display_key(key[5:])}"
    if key[:1] == "f" and key[1:].isdigit():
        return key.upper()
    return DISPLAY_NAMES.get(key) or key_to_character(key) or key


ACTIONS: tuple[Action, ...] = (
    Action("add", ("a",), "Add", "Add runs: paste addresses, or a query to follow.", priority=True),
    Action("pick", ("p",), "Pick", "Browse your projects and add runs, or a whole group or sweep.",
           needs=Requirement.CATALOGUE),
    Action("cancel", ("c",), "Cancel", "Stop monitoring this run; it stays on the list.", needs=Requirement.ACTIVE_RUN),
    Action("restart", ("r",), "Restart", "Stop any attempt, start a new one.", needs=Requirement.RUN),
    Action("visit", ("v",), "Visit", "Visit the run's page again now.", needs=Requirement.ACTIVE_RUN),
    Action("remove", ("d", "delete"), "Remove", "Remove this run from the list, or stop following this query.",
           needs=Requirement.RUN),
    Action("details", ("enter", "e"), "Details",
           "Show the run's metrics, summary, config, history versions and attempts.", needs=Requirement.RUN),
    Action("logs", ("l",), "Logs", "Pin a log pane for this run.", needs=Requirement.RUN),
    Action("close_pane", ("x",), "Close pane", "Close the focused log pane, or the newest one.",
           needs=Requirement.PANE, footer=False),
    Action("download", ("G",), "Get history", "Download the run's history as soon as it is there.",
           needs=Requirement.DOWNLOADABLE, footer=False),
    Action("branch", ("B",), "Fork", "Fork or rewind the run under the cursor; a preview says what to expect.",
           needs=Requirement.BRANCHABLE, footer=False),
    Action("goal", ("g",), "Goal", f"Change the goal: {goal_examples()}.", needs=Requirement.RUN),
    Action("compare", ("m",), "Metrics", "Plot a metric of the selected runs, up to eight of them, in one plot.",
           needs=Requirement.PLOTTABLE),
    Action("preview", ("P",), "Preview", "Below the table, show logs, details or a plot, which follow the cursor.",
           needs=Requirement.ROWS),
    Action("metric", ("M",), "Metric", "Choose the metric of the small curves in the table and of the plot below it.",
           needs=Requirement.PLOTTABLE, footer=False),
    Action("filter", ("slash",), "Filter",
           "Filter the runs: words, !not, state:failed, lr>=1e-3 and (tag:hero or is:running), /regex/.",
           needs=Requirement.ROWS, priority=True),
    Action("sort", ("o",), "Sort", "Cycle the sort column, then order added.", needs=Requirement.ROWS),
    Action("sort_reverse", ("O",), "Reverse", "Reverse the sort order.", needs=Requirement.ROWS, footer=False),
    Action("columns", ("h",), "Columns", "Choose the columns and the sort order.", footer=False),
    Action("compact", ("w",), "Compact", "Show only the main columns, or all that fit.", footer=False),
    Action("tree", ("T",), "Tree", "Show forks below their parents, or the plain list.", needs=Requirement.FORKS,
           footer=False),
    Action("fold_forks", ("left",), "Fold", "Hide a query's runs or a run's forks, or go to the query or the parent.",
           needs=Requirement.TREE, footer=False),
    Action("unfold_forks", ("right",), "Unfold", "Show a query's runs or a run's forks again, or go to the first one.",
           needs=Requirement.TREE, footer=False),
    Action("save_view", ("equals_sign",), "Save view", "Save filter, sort order and columns as a view.",
           needs=Requirement.SETTINGS, footer=False, priority=True),
    Action("view_1", ("1",), "View", "Show the first saved view, or return from it; 2 to 9 show the others.",
           needs=Requirement.VIEWS, footer=False, action="show_view(1)"),
    *(Action(f"view_{number}", (str(number),), f"View {number}", f"Show saved view {number}, or return from it.",
             needs=Requirement.VIEWS, footer=False, action=f"show_view({number})", listed=False)
      for number in range(2, 10)),
    Action("select", ("space",), "Select", "Select this run; actions then apply to all selected runs.",
           needs=Requirement.RUN),
    Action("select_down", ("shift+down",), "Select down", "Extend the selection to the next run.",
           needs=Requirement.RUN, footer=False),
    Action("select_up", ("shift+up",), "Select up", "Extend the selection to the previous run.",
           needs=Requirement.RUN, footer=False),
    Action("select_range", ("V",), "Select range", "Start a range that follows the cursor; press again to end it.",
           needs=Requirement.RUN, footer=False),
    Action("select_all", ("asterisk",), "Select all", "Select all runs shown, or none.",
           needs=Requirement.RUN, footer=False),
    Action("invert_selection", ("i",), "Invert", "Invert the selection.", needs=Requirement.RUN, footer=False),
    Action("clear", ("escape",), "Clear", "Close search, then clear selection, then filter.",
           needs=Requirement.CHOICE, footer=False),
    Action("undo", ("u",), "Undo", "Undo the last change of the list, or restore the selection just cleared.",
           needs=Requirement.UNDOABLE, footer=False),
    Action("redo", ("ctrl+r",), "Redo", "Redo the change undone last.", needs=Requirement.REDOABLE, footer=False),
    Action("down", ("j",), "Down", "Move down, like ↓.", where=Scope.RUNS, footer=False),
    Action("up", ("k",), "Up", "Move up, like ↑.", where=Scope.RUNS, footer=False),
    Action("copy", ("y",), "Copy", "Copy the run's id, page address, artifact name, or a wandb.init that forks it.",
           where=Scope.RUNS, needs=Requirement.RUN),
    Action("browse", ("b",), "Browser", "Open the run's page in your browser.", where=Scope.RUNS, needs=Requirement.RUN,
           footer=False),
    Action("sign_in", ("s",), "Sign in", "Enter an e-mail address and password, or an API key.", where=Scope.RUNS),
    Action("doctor", ("D",), "Doctor", "Check the installation, fix problems, or test this run from end to end.",
           needs=Requirement.DOCTOR, footer=False),
    Action("servers", ("colon",), "Servers", "Switch to another W&B server and its list of runs.",
           needs=Requirement.SERVERS, footer=False),
    Action("find", ("f",), "Find", "Search all logs; the focused one scrolls to the first match.", Scope.LOGS,
           Requirement.LOG),
    Action("find_next", ("n",), "Next", "Go to the next match in the focused log.", Scope.LOGS, Requirement.LOG),
    Action("find_previous", ("N",), "Previous", "Go to the previous match.", Scope.LOGS, Requirement.LOG),
    Action("follow", ("F",), "Follow", "Follow the newest line of a log, or pause.", Scope.LOGS, Requirement.LOG),
    Action("level", ("L",), "Level", "Show all lines, warnings and errors, or errors only.",
           Scope.LOGS, Requirement.LOG),
    Action("console", ("C",), "Console", "Show what the run wrote to its console, or wandb-tui's own log again.",
           Scope.LOGS, Requirement.LOG),
    Action("times", ("t",), "Times", "Show the time of day, or the time since the attempt started.", Scope.LOGS,
           Requirement.LOG),
    Action("fold", ("U",), "Unfold", "Show every line, or fold repeated lines into one with a count.",
           Scope.LOGS, Requirement.LOG),
    Action("wrap", ("W",), "Wrap", "Wrap long lines, or scroll sideways with ← and →.", Scope.LOGS, Requirement.LOG),
    Action("zoom", ("z",), "Full screen", "Toggle full screen for one log.", Scope.LOGS, Requirement.LOG),
    Action("grow_pane", ("greater_than_sign",), "Larger", "Enlarge the pane; dividers can also be dragged.",
           Scope.LOGS, Requirement.LOG),
    Action("shrink_pane", ("less_than_sign",), "Smaller", "Shrink the pane.", Scope.LOGS, Requirement.LOG),
    Action("grow_logs", ("plus",), "Larger logs", "Enlarge the logs, shrink the table; their border can be dragged.",
           Scope.LOGS, Requirement.LOG),
    Action("shrink_logs", ("minus",), "Smaller logs", "Enlarge the table, shrink the logs.", Scope.LOGS,
           Requirement.LOG),
    Action("save_log", ("S",), "Save log", "Save the log to a file in the current folder.",
           Scope.LOGS, Requirement.LOG),
    Action("copy_log", ("Y",), "Copy log", "Copy the log to the clipboard, also over SSH.", Scope.LOGS,
           Requirement.LOG),
    Action("leave", ("escape",), "Back", "Go back from the details to the table.", Scope.DETAILS),
    Action("next_metric", ("n", "right"), "Next metric", "In the details: plot the next metric.",
           Scope.DETAILS, Requirement.METRICS),
    Action("previous_metric", ("N", "left"), "Previous", "In the details: plot the previous metric.",
           Scope.DETAILS, Requirement.METRICS),
    Action("refresh", ("r", "f5"), "Refresh", "In the details: query the server again.", Scope.DETAILS),
    Action("close", ("escape",), "Back", "Go back from the plot to the table.", Scope.COMPARE),
    Action("metric_after", ("n",), "Next metric", "Plot the next metric.", Scope.COMPARE, Requirement.METRICS),
    Action("metric_before", ("N",), "Previous", "Plot the previous metric.", Scope.COMPARE, Requirement.METRICS),
    Action("choose_metric", ("m",), "Metric", "Choose the metric.", Scope.COMPARE),
    Action("next_across", ("x",), "X axis", "Plot over the step, the time since the start, or the time of day.",
           Scope.COMPARE),
    Action("choose_across", ("X",), "Over metric", "Plot over another metric.", Scope.COMPARE, footer=False),
    Action("log_up", ("l",), "Log y", "Switch the vertical axis between linear and logarithmic.", Scope.COMPARE),
    Action("log_across", ("L",), "Log x", "Switch the horizontal axis between linear and logarithmic.", Scope.COMPARE,
           footer=False),
    Action("smoother", ("s",), "Smooth", "Smooth the curves more.", Scope.COMPARE, action="smooth(1)"),
    Action("less_smooth", ("S",), "Less smooth", "Smooth the curves less.", Scope.COMPARE, footer=False,
           action="smooth(-1)"),
    Action("zoom_in", ("plus", "equals_sign"), "Zoom in", "Zoom in on the cursor, or the middle; so does the wheel.",
           Scope.COMPARE, action="magnify(1)"),
    Action("zoom_out", ("minus",), "Out", "Zoom out.", Scope.COMPARE, action="magnify(-1)"),
    Action("zoom_up", ("right_square_bracket",), "Zoom y", "Zoom in on the values; so does Shift with the wheel.",
           Scope.COMPARE, footer=False, action="magnify_up(1)"),
    Action("zoom_down", ("left_square_bracket",), "Y out", "Zoom out of the values.", Scope.COMPARE, footer=False,
           action="magnify_up(-1)"),
    Action("pan_left", ("left",), "Left", "Move to the left; the mouse drags the curves.", Scope.COMPARE, footer=False,
           action="pan(-1, 0)"),
    Action("pan_right", ("right",), "Right", "Move to the right.", Scope.COMPARE, footer=False, action="pan(1, 0)"),
    Action("pan_up", ("up",), "Up", "Move up.", Scope.COMPARE, footer=False, action="pan(0, 1)"),
    Action("pan_down", ("down",), "Down", "Move down.", Scope.COMPARE, footer=False, action="pan(0, -1)"),
    Action("fit", ("0",), "Fit", "Show everything; so does a double click.", Scope.COMPARE),
    Action("point_left", ("comma",), "Cursor left", "Move the cursor to the left: the legend has the values there.",
           Scope.COMPARE, footer=False, action="point(-1)"),
    Action("point_right", ("full_stop",), "Cursor", "Move the cursor to the right.", Scope.COMPARE,
           action="point(1)"),
    Action("toggle_1", ("1",), "Hide", "Show or hide the run with this sign; 2 to 8 likewise, and a click on it.",
           Scope.COMPARE, footer=False, action="show_or_hide(0)"),
    *(Action(f"toggle_{number}", (str(number),), f"Hide {number}", f"Show or hide run {number}.", Scope.COMPARE,
             footer=False, action=f"show_or_hide({number - 1})", listed=False) for number in range(2, 9)),
    Action("reload", ("r", "f5"), "Refresh", "Load the curves again.", Scope.COMPARE, footer=False),
    Action("help", ("question_mark", "f1"), "Help", "Explain the keys and symbols.", where=Scope.ANYWHERE,
           action="app.help", in_dialogs=True),
    Action("command_palette", ("ctrl+p",), "Palette", "Find an action by name; switch theme or ASCII look.",
           where=Scope.ANYWHERE),
    Action("suspend_process", ("ctrl+z",), "Suspend", "Return to the shell; fg resumes. Monitoring pauses meanwhile.",
           where=Scope.ANYWHERE, footer=False),
    Action("ask_quit", ("q", "ctrl+q"), "Quit", "Quit; asks first while monitors run.", where=Scope.ANYWHERE),
    # Most terminals send Ctrl+Enter as Ctrl+J.
    Action("submit", ("ctrl+s", "ctrl+enter", "ctrl+j"), "Add", "Add the valid addresses; the others stay in the box.",
           Scope.ADD, priority=True),
    Action("pick", ("ctrl+o",), "Pick", "Pick runs from the server instead.", Scope.ADD, priority=True),
    Action("close", ("escape",), "Close", "Close without adding; what you typed comes back next time.", Scope.ADD,
           priority=True),
    # The list itself handles Enter, like the keys that move the cursor; the other dialogs do the same.
    Action("open", ("enter",), "Open", "Open the item under the cursor, or select the run.", Scope.PICK),
    Action("select", ("space",), "Select", "Select or deselect the run under the cursor.", Scope.PICK),
    Action("select_all", ("asterisk",), "Select all", "Select all listed runs that are not watched yet, or none.",
           Scope.PICK),
    Action("group", ("g",), "Group", "Show only this run's group.", Scope.PICK),
    Action("sweep", ("s",), "Sweep", "Show only this run's sweep.", Scope.PICK),
    Action("search", ("slash",), "Search", "Search for words; narrow down with state:finished, group:a, sweep:b.",
           Scope.PICK, priority=True),
    Action("up", ("left", "backspace"), "Back", "Back to all runs, to the projects, or to the entities.", Scope.PICK),
    Action("submit", ("ctrl+s",), "Add", "Add the selected runs, or the one under the cursor.", Scope.PICK,
           priority=True),
    Action("add_all", ("ctrl+a",), "Add all", "Add all matching runs that are not watched yet.", Scope.PICK,
           priority=True),
    Action("follow", ("ctrl+f",), "Follow", "Follow all matching runs: those that come later are added by themselves.",
           Scope.PICK, priority=True),
    Action("refresh", ("ctrl+r",), "Refresh", "Query the server again.", Scope.PICK, priority=True),
    Action("leave", ("escape",), "Close", "Return from an input to the list; from the list, close.", Scope.PICK,
           priority=True),
    Action("submit", ("enter", "ctrl+s"), "Change", "Set the goal that is entered.", Scope.GOAL, priority=True),
    Action("close", ("escape",), "Cancel", "Close without changing the goal.", Scope.GOAL, priority=True,
           action="dismiss"),
    Action("submit", ("enter", "ctrl+s"), "Fork", "Fork or rewind the run as shown.", Scope.BRANCH, priority=True),
    Action("close", ("escape",), "Cancel", "Close without changing anything.", Scope.BRANCH, priority=True,
           action="dismiss"),
    Action("show_or_hide", ("space", "enter"), "Show or hide", "Show or hide the column under the cursor.",
           Scope.COLUMNS),
    Action("sort", ("o",), "Sort", "Sort by this column, then in reverse, then not at all.", Scope.COLUMNS),
    Action("as_added", ("a",), "Order added", "Sort the runs in the order they were added.", Scope.COLUMNS),
    Action("compact", ("w",), "Compact", "Show only the main columns, or all that fit.", Scope.COLUMNS),
    Action("close", ("escape", "h", "q"), "Close", "Return to the table.", Scope.COLUMNS, action="dismiss"),
    Action("submit", ("enter", "ctrl+s"), "Save", "Save what the table shows under this name.", Scope.VIEW,
           priority=True),
    Action("delete", ("ctrl+d",), "Delete", "Delete the view of this name.", Scope.VIEW, priority=True),
    Action("close", ("escape",), "Cancel", "Close without saving.", Scope.VIEW, priority=True, action="dismiss"),
    Action("submit", ("enter",), "Switch", "Switch to the server under the cursor.", Scope.SERVERS, priority=True),
    Action("close", ("escape",), "Cancel", "Stay with this server.", Scope.SERVERS, priority=True, action="dismiss"),
    Action("submit", ("enter", "ctrl+s"), "Choose", "Choose the metric under the cursor.", Scope.METRIC, priority=True),
    Action("close", ("escape",), "Cancel", "Close without choosing.", Scope.METRIC, priority=True, action="dismiss"),
    Action("id", ("i",), "Run id", "Copy the run ids.", Scope.COPY, action="copy('id')"),
    Action("path", ("p",), "Path", "Copy entity, project and id.", Scope.COPY, action="copy('path')"),
    Action("page", ("a",), "Address", "Copy the addresses of the run pages.", Scope.COPY, action="copy('page')"),
    Action("artifact", ("n",), "Name", "Copy the names of the history artifacts.", Scope.COPY,
           action="copy('artifact')"),
    Action("fork", ("f",), "Fork", "Copy a wandb.init that forks the run, one line for each.", Scope.COPY,
           action="copy('fork')"),
    Action("choose", ("enter",), "Copy", "Copy the item under the cursor.", Scope.COPY),
    Action("close", ("escape", "q", "y"), "Close", "Close without copying.", Scope.COPY, action="dismiss"),
    Action("fix", ("enter",), "Fix", "Fix the problem under the cursor, if that can be done here.", Scope.DOCTOR),
    Action("recheck", ("r",), "Check again", "Run all checks again.", Scope.DOCTOR),
    Action("try_run", ("w",), "Test run", "Test the run under the dashboard's cursor from end to end.", Scope.DOCTOR),
    Action("sign_in", ("s",), "Sign in", "Open the sign-in dialog.", Scope.DOCTOR),
    Action("copy", ("y",), "Copy", "Copy the report, suitable for a bug report.", Scope.DOCTOR),
    Action("close", ("escape", "q", "D"), "Close", "Return to the dashboard.", Scope.DOCTOR, action="dismiss"),
    Action("yes", ("y",), "Yes", "Confirm.", Scope.CONFIRM, action="answer(True)"),
    Action("no", ("n", "escape"), "No", "Cancel.", Scope.CONFIRM, action="answer(False)"),
    Action("enter", ("enter",), "Yes", "Confirm, unless that is risky; on a button, press it.", Scope.CONFIRM,
           footer=False),
    Action("enter", ("enter",), "Next", "Go to the next field, or sign in once there is a password.", Scope.SIGN_IN,
           priority=True),
    Action("leave", ("escape",), "Close", "Close; what you typed comes back next time.", Scope.SIGN_IN, priority=True),
    Action("close", ("escape", "q"), "Close", "Close the help; the keys of “Help” do so too.", Scope.HELP,
           action="dismiss"),
)  # fmt: skip
"""All actions, in the order in which the help and the key bar show them."""

BY_ID = {action.full_id: action for action in ACTIONS} | {a.id: a for a in ACTIONS if a.where in MAIN}
"""Actions by full id; those outside dialogs by short id as well, since only dialogs use the same short id again."""

RENAMED_IDS = {
    "dashboard.mark": "dashboard.select",
    "dashboard.mark_down": "dashboard.select_down",
    "dashboard.mark_up": "dashboard.select_up",
    "dashboard.mark_range": "dashboard.select_range",
    "dashboard.mark_all": "dashboard.select_all",
    "dashboard.mark_others": "dashboard.invert_selection",
    "details.ask_again": "details.refresh",
    "doctor.again": "doctor.recheck",
    "doctor.mend": "doctor.fix",
    "doctor.way": "doctor.try_run",
    "pick.again": "pick.refresh",
    "pick.mark": "pick.select",
    "pick.mark_all": "pick.select_all",
}
"""Ids of version 0.1.0 that a settings file may still hold, and their names now."""


def bindings(*places: Scope) -> list[BindingType]:
    """The bindings of all actions in these scopes."""
    return [action.binding for action in ACTIONS if action.where in places]
