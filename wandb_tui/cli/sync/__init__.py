"""``wandb-tui sync``: uploads offline runs and their forks in order."""
