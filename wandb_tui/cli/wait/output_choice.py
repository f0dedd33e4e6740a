"""Chooses the output of `wait`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from wandb_tui.cli.wait.output import JsonLines, Output

if TYPE_CHECKING:
    from wandb_tui.cli.wait.first_answer import FirstAnswerNotice
    from wandb_tui.cli.wait.options import WaitOptions


def output_for(options: WaitOptions, notice: FirstAnswerNotice, *, ascii_look: bool) -> Output:
    """JSON with --json; on a terminal a live table, unless --quiet; otherwise lines."""
    if options.as_json:
        return JsonLines(options, notice)
    stream = sys.stderr if options.to_stderr else sys.stdout
    if (
        not options.quiet
        and stream is not None
        and stream.isatty()
        and os.environ.get("TERM", "dumb") not in {"", "dumb"}
    ):
        from wandb_tui.cli.wait.live_table import LiveTable

        return LiveTable(options, notice, ascii_look=ascii_look)
    return Output(options, notice)
