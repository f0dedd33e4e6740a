"""wandb-tui: wait until a Weights & Biases run's history is really there."""

__version__ = "0.1.0"
