"""``wandb-tui download``: waits for histories, then brings them into a folder."""
