"""The dashboard: on the user's own server, or on a sandbox for ``wandb-tui demo``."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from wandb_tui.cli.options import HOST, UNTIL, build_wiring, provide_browser, read_runs
from wandb_tui.core.errors import UsageError

if TYPE_CHECKING:
    from wandb_tui.cli.server_switch import ServerSwitch
    from wandb_tui.core.goal import Goal
    from wandb_tui.library.offline_rows import OfflineRows
    from wandb_tui.ui.app.app import WandbTuiApp
    from wandb_tui.wiring import Wiring

    Given = str | tuple[str, Goal]
    """A run as typed, with its goal if one was given."""


@click.command(hidden=True)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@UNTIL
@HOST
@click.option("--page", nargs=2, type=int, hidden=True, help="The columns and rows of the page that serve shows it on.")
def dashboard(runs: tuple[str, ...], until: str, host: str | None, page: tuple[int, int] | None) -> int:
    """The dashboard."""
    from wandb_tui.cli.terminal import check_terminal
    from wandb_tui.core.goal import Goal

    goal = Goal.parse(until)
    wiring = build_wiring(host)
    texts = read_runs(runs)
    for text in texts:
        _check_address(text, wiring)
    check_terminal(page=page is not None)
    # A run that is on the list already keeps its goal unless another is given.
    source = click.get_current_context().get_parameter_source("until")
    given = source is not ParameterSource.DEFAULT
    return _open_dashboard(wiring, [(text, goal) for text in texts] if given else texts, page=page, host=host)


@click.command()
@click.option("--yes", is_flag=True, help="Install a missing browser without asking.")
def demo(yes: bool) -> int:
    """The dashboard on a sandbox: real runs, a real browser, no account.

    Everything happens on this machine, in a temporary folder that is removed at the end.

    \b
    Example:
      wandb-tui demo
    """
    from wandb_tui.cli.demo import open_demo
    from wandb_tui.cli.terminal import check_terminal

    check_terminal()
    return open_demo(lambda: provide_browser(yes=yes), partial(_open_dashboard, persistent=False))


def dashboard_app(
    wiring: Wiring,
    runs: Sequence[Given] = (),
    *,
    persistent: bool = True,
    offline: OfflineRows | None = None,
    servers: ServerSwitch | None = None,
) -> WandbTuiApp:
    """The dashboard on these services, with these runs added.

    Args:
        wiring: The services.
        runs: The runs.
        persistent: Whether the list is stored for the next start.
        offline: Offline runs among them, which are synced meanwhile.
        servers: Switches to other servers; None: there is only this one.
    """
    from wandb_tui.cli.backend import build_backend
    from wandb_tui.cli.terminal import is_ascii
    from wandb_tui.text.terminals import identify
    from wandb_tui.ui.app.app import WandbTuiApp

    settings = wiring.settings
    return WandbTuiApp(
        build_backend(wiring, persistent=persistent, offline=offline, servers=servers),
        runs=runs,
        ascii_look=is_ascii(settings.look, wiring.environ, sys.__stderr__),
        links=identify(wiring.environ).links,
        theme=settings.theme or None,
    )


def _open_dashboard(
    wiring: Wiring,
    runs: Sequence[Given],
    *,
    persistent: bool = True,
    page: tuple[int, int] | None = None,
    host: str | None = None,
) -> int:
    # The modules imported now are no garbage; the app turns collection on again once it has all of them.
    gc.disable()
    from wandb_tui.cli.process_end import leave_threads
    from wandb_tui.cli.server_switch import ServerSwitch
    from wandb_tui.ui.app.terminal import run_app, run_in_page

    # The sandbox of a demo is gone with its dashboard.
    servers = ServerSwitch(wiring, host) if persistent else None

    def following() -> WandbTuiApp | None:
        """The dashboard of the server that the user has switched to."""
        after = servers.switch() if servers is not None else None
        return dashboard_app(after, servers=servers) if after is not None else None

    leave_threads()
    try:
        app = dashboard_app(wiring, runs, persistent=persistent, servers=servers)
        log_file = wiring.paths.log_file
        return run_app(app, log_file, following) if page is None else run_in_page(app, log_file, page, following)
    finally:
        # After a crash the browser and the user's commands would still be there.
        (servers.wiring if servers is not None else wiring).close()


def _check_address(text: str, wiring: Wiring) -> None:
    """Refuse texts that cannot be addresses before the screen opens; only pasted or odd ones need the SDK."""
    from wandb_tui.core.address import RunAddress

    if "://" not in text:
        try:
            RunAddress.parse(text, entity="entity", project="project")
        except UsageError:
            pass
        else:
            return
    if wiring.addresses.parse_query(text) is None:
        wiring.addresses.parse(text)
