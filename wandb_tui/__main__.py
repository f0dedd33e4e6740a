"""``python -m wandb_tui`` is ``wandb-tui``."""

from wandb_tui.cli import main

if __name__ == "__main__":
    main()
