"""``wandb-tui wait``: no screen, lines on stdout, an exit status that says how it went."""

from wandb_tui.cli.wait.options import WaitOptions
from wandb_tui.cli.wait.runner import wait

__all__ = ["WaitOptions", "wait"]
