"""The command line: a file for each command, which reads its options and leaves the work to the other packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from wandb_tui.cli.program import cli

__all__ = ["cli", "main"]


def main() -> NoReturn:
    """Run the command line, and end the process with its exit status (see `exit_codes`)."""
    from wandb_tui.cli.interruption import (
        end_as_first_process,
        end_at_once_on_interrupt,
        undo_inherited_signals,
    )

    undo_inherited_signals()
    end_as_first_process()
    # Python would end an import that Ctrl-C interrupts with a traceback.
    end_at_once_on_interrupt()
    from wandb_tui.cli.program import run_program

    run_program()


def __getattr__(name: str) -> Any:
    """Import the commands on first use."""
    if name != "cli":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wandb_tui.cli.program import cli

    return cli
