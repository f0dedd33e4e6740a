"""The screens that a key may open, imported together off the UI thread."""

import importlib

_MODULES = (
    "wandb_tui.ui.add.screen",
    "wandb_tui.ui.common.confirm",
    "wandb_tui.ui.common.copy_menu",
    "wandb_tui.ui.dashboard.help",
    "wandb_tui.ui.dashboard.sign_in",
    "wandb_tui.ui.details.screen",
    "wandb_tui.ui.doctor.screen",
    "wandb_tui.ui.pick.screen",
    "wandb_tui.ui.table.column_picker",
    "wandb_tui.ui.table.goal_dialog",
)


def import_screens() -> None:
    """Import every screen; takes a tenth of a second."""
    for module in _MODULES:
        importlib.import_module(module)
