"""The server of the Model Context Protocol, through which coding agents use wandb-tui."""
