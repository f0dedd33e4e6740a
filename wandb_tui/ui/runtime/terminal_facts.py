"""The properties of the terminal that the app draws on."""

from __future__ import annotations

import os
import sys
from typing import Any

from textual.app import App

from wandb_tui.text.terminals import TerminalFacts


def terminal_facts(app: App[Any]) -> TerminalFacts:
    """The known properties of the terminal that the app draws on."""
    encoding = getattr(sys.__stderr__, "encoding", None) or ""
    return TerminalFacts(*app.size, encoding, app.console.color_system or "", os.environ)
