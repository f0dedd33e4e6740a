"""The commands, nothing else: each reads its options, and lets somebody else do the work.

Exit statuses: 0 done, 1 not, 2 bad usage, 3 refused; `wait` also knows 4 (timed out) and 130 (interrupted).
"""

from wandb_tui.cli.program import cli, main

__all__ = ["cli", "main"]
