"""Imports the screens that a key may open, off the UI thread."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def import_screens() -> tuple[type[Screen[Any]], ...]:
    """Import every screen, so that the first key press does not wait for it; takes a tenth of a second."""
    from wandb_tui.ui.add.screen import AddScreen
    from wandb_tui.ui.common.confirm import Confirm
    from wandb_tui.ui.common.copy_menu import CopyMenu
    from wandb_tui.ui.compare.screen import CompareScreen
    from wandb_tui.ui.dashboard.help import HelpScreen
    from wandb_tui.ui.dashboard.preview import Preview
    from wandb_tui.ui.dashboard.server_dialog import ServerDialog
    from wandb_tui.ui.dashboard.sign_in import SignInDialog
    from wandb_tui.ui.details.screen import DetailsScreen
    from wandb_tui.ui.doctor.screen import DoctorScreen
    from wandb_tui.ui.pick.screen import PickScreen
    from wandb_tui.ui.plots.metric_dialog import MetricDialog
    from wandb_tui.ui.table.branch_dialog import BranchDialog
    from wandb_tui.ui.table.column_picker import ColumnPicker
    from wandb_tui.ui.table.filter_grammar import parse
    from wandb_tui.ui.table.goal_dialog import GoalDialog
    from wandb_tui.ui.table.view_dialog import ViewDialog

    # No screen, but as slow to import.
    del Preview

    # Builds the parser of the filter, for which the first letter typed would wait.
    parse("a")

    return (
        AddScreen, BranchDialog, ColumnPicker, CompareScreen, Confirm, CopyMenu, DetailsScreen, DoctorScreen,
        GoalDialog, HelpScreen, MetricDialog, PickScreen, ServerDialog, SignInDialog, ViewDialog,
    )  # fmt: skip
