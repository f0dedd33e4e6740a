"""``wandb-tui mcp``: tools for coding agents, over the Model Context Protocol."""

from __future__ import annotations

import importlib.util
import sys

import click

from wandb_tui.cli.console import say
from wandb_tui.cli.interruption import end_at_once_on_interrupt
from wandb_tui.cli.options import HOST, build_wiring
from wandb_tui.core.errors import UsageError
from wandb_tui.core.exit_codes import ExitCode

_PACKAGES = ("mcp", "pydantic", "pyarrow")


@click.command(epilog="Exit status: 0 the client has closed the connection; 2 wrong usage; 130 interrupted.")
@click.option("--allow-changes", is_flag=True, help="Let agents visit pages and change the watch list.")
@HOST
def mcp(allow_changes: bool, host: str | None) -> ExitCode:
    """Give coding agents tools over the Model Context Protocol (MCP), on stdin and stdout; an agent starts this.

    The tools wait for exports, show the watch list, summarize histories, write the call that forks a run, and show
    where runs came from. They only read, and do not visit pages, which is what starts an export: --allow-changes
    permits visits, and adds the tools add, cancel, restart and remove. The sign-in and the API key are those of the
    other commands; no tool reveals them.

    \b
    Example (the command to enter in the agent's settings):
      wandb-tui mcp --allow-changes
    """
    if any(importlib.util.find_spec(name) is None for name in _PACKAGES):
        raise UsageError(
            "wandb-tui mcp needs packages that are not installed.",
            'Install them with pip install "wandb-run-monitor[mcp]".',
        )
    wiring = build_wiring(host, anonymous_ok=True)
    try:
        from wandb_tui.cli.mcp.server import build_server

        server = build_server(wiring, allow_changes=allow_changes)
        if sys.stdin is not None and sys.stdin.isatty():
            say("wandb-tui: Waiting for an MCP client on stdin; Ctrl-C quits.", err=True)
        # Reading stdin cannot be interrupted; a browser ends with this process.
        end_at_once_on_interrupt()
        server.run("stdio")
    finally:
        wiring.close()
    return ExitCode.DONE
