"""The terminal that the dashboard is started on: whether it can show it, and how."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

from wandb_tui.cli.console import say, takes_symbols
from wandb_tui.core.errors import UsageError
from wandb_tui.text.terminals import COLOUR_SYSTEMS, identify


def check_terminal(*, page: bool = False) -> None:
    """Make sure that there is a terminal to draw on, before anything starts.

    Args:
        page: Whether a page in a browser takes its place.

    Raises:
        UsageError: There is none, or it cannot move its cursor.
    """
    if not page and not (sys.stdin.isatty() and sys.stderr.isatty()):
        error = UsageError("The dashboard needs a terminal.", "In a script or a pipe, use wandb-tui wait RUN… instead.")
        if sys.stdin.isatty() and sys.stdout.isatty():
            error = UsageError("The dashboard draws on stderr, which is redirected.", "It keeps a log itself.")
            # stderr is redirected, so the error would not be seen on the terminal.
            say(str(error))
        raise error
    if not identify(os.environ).full_screen:
        raise UsageError(
            f"This terminal cannot show a dashboard (TERM={os.environ['TERM']}).",
            "Use wandb-tui wait RUN… instead, or set TERM to the terminal's name.",
        )
    colours = os.environ.get("TEXTUAL_COLOR_SYSTEM", "")
    if colours and colours not in COLOUR_SYSTEMS:
        raise UsageError(f"TEXTUAL_COLOR_SYSTEM={colours} is unknown.", f"It is one of {', '.join(COLOUR_SYSTEMS)}.")
    if not os.environ.get("NO_COLOR"):
        # An empty value means colours, everywhere but in Textual.
        os.environ.pop("NO_COLOR", None)
    # The dashboard has a driver of its own, and another one might not be there.
    os.environ.pop("TEXTUAL_DRIVER", None)


def is_ascii(look: str, environ: Mapping[str, str], stream: TextIO | None = None) -> bool:
    """Whether to write plain ASCII: if set in the settings, or if terminal or stream have no other symbols.

    Args:
        look: The look of the settings.
        environ: The environment.
        stream: The stream to write to; by default standard output.
    """
    return look == "ascii" or not identify(environ).symbols or not takes_symbols(stream or sys.stdout)
