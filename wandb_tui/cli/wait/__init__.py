"""``wandb-tui wait``: waits without a screen; lines or JSON on stdout, and an exit status that tells how it went."""
