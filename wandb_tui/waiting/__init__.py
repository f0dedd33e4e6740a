"""``wandb-tui wait``: no screen, lines on stdout, an exit status that says how it went."""

from wandb_tui.waiting.loop import wait
from wandb_tui.waiting.wish import Wish

__all__ = ["Wish", "wait"]
