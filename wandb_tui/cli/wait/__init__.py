"""``wandb-tui wait``: waits without a screen, and prints lines or JSON."""
