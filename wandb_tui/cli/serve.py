"""``wandb-tui serve``: the dashboard in a browser, for its owner alone."""

from __future__ import annotations

import sys

import click

from wandb_tui.cli.console import say
from wandb_tui.cli.options import HOST, build_wiring
from wandb_tui.core.errors import WandbTuiError


@click.command()
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option(
    "--sessions", default=4, show_default=True, type=click.IntRange(1, 64), metavar="N", help="Pages open at a time."
)
@HOST
def serve(port: int, sessions: int, host: str | None) -> None:
    """The dashboard in a browser on this machine.

    It prints the address to open, which contains a secret. All pages show the same list; Ctrl-C ends the server and
    its dashboards. If this machine is reached by SSH, forward the port: ssh -L 8765:127.0.0.1:8765 HOST

    \b
    Example:
      wandb-tui serve --port 8765
    """
    from wandb_tui.services.credentials.redaction import learn

    try:
        from wandb_tui.web.server import DashboardServer
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("wandb_tui"):
            raise
        raise WandbTuiError(
            f"serve needs {error.name}, which is not installed: pip install 'wandb-run-monitor[web]'"
        ) from None
    # A wrong server is reported here, not on each page.
    build_wiring(host).close()
    command = [sys.executable, "-P", "-m", "wandb_tui", "dashboard", *(["--host", host] if host else [])]
    server = DashboardServer(command, port=port, max_sessions=sessions)
    learn(server.access.token)
    server.run(_announce)


def _announce(address: str) -> None:
    say("Keep this address to yourself: any user of this machine who has it can use your dashboard.", err=True)
    say("Ctrl-C ends the server.", err=True)
    say(address)
    sys.stdout.flush()
