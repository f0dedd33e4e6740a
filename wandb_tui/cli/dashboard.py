"""The dashboard: on the user's own server, or on a sandbox for ``wandb-tui demo``."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from wandb_tui.cli.options import HOST, UNTIL, build_wiring, provide_browser, read_runs
from wandb_tui.core.errors import UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from wandb_tui.cli.server_switch import ServerSwitch
    from wandb_tui.core.goal import Goal
    from wandb_tui.core.ports import Identity, Services
    from wandb_tui.doctor.service import DoctorService
    from wandb_tui.library.offline_rows import OfflineRows
    from wandb_tui.services.push import NotificationServices
    from wandb_tui.ui.app.app import WandbTuiApp
    from wandb_tui.ui.runtime.backend import Send
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
    from wandb_tui.cli.terminal import is_ascii
    from wandb_tui.library.background_branches import BackgroundBranches
    from wandb_tui.library.background_downloads import BackgroundDownloads
    from wandb_tui.services.browser.launch import has_display
    from wandb_tui.services.credentials.redaction import redact
    from wandb_tui.services.desktop import into_tmux, open_page
    from wandb_tui.services.disk.paths import write_private
    from wandb_tui.services.disk.settings_file import save_views
    from wandb_tui.text.terminals import identify
    from wandb_tui.ui.app.app import WandbTuiApp
    from wandb_tui.ui.runtime.backend import Backend
    from wandb_tui.wiring import DeferredAccount

    def open_window() -> Future[Identity]:
        return wiring.visitor.sign_in_by_hand()

    def services() -> Services:
        found = wiring.services(user_can_fix=True)
        return offline.services(found) if offline else found

    settings = wiring.settings
    # How long the turn of an offline run may take is not known; its sync has its own limits.
    policy = replace(settings.poll_policy, max_wait_time=0.0) if offline else settings.poll_policy
    commands = settings.hooks.on_success or settings.hooks.on_failure
    backend = Backend(
        server=lambda: wiring.server.info,
        host=wiring.server.display_name,
        services=services,
        account=DeferredAccount(wiring),
        addresses=wiring.addresses,
        store=wiring.store,
        poll_policy=wiring.adjusted(policy),
        redact=redact,
        close=wiring.close,
        catalogue=lambda: wiring.catalogue,
        inspector=lambda: wiring.inspector,
        console=lambda: wiring.console,
        lineage=lambda: wiring.run_origins,
        doctor=lambda: _doctor(wiring),
        downloads=BackgroundDownloads(wiring, _downloads_folder(wiring, persistent=persistent)),
        servers=servers,
        syncing=offline.doing if offline else lambda _: "",
        branches=BackgroundBranches(wiring),
        open_window=open_window if has_display(wiring.environ) else None,
        hooks=wiring.hooks if commands else None,
        commands=settings.commands,
        command_runner=wiring.command_runner if settings.commands else None,
        views=settings.views,
        save_views=partial(save_views, wiring.paths.settings_file),
        notify_channels=settings.notify.channels,
        senders=senders(wiring.environ, settings.notify.services),
        keys=dict(settings.keys),
        open_page=lambda url: open_page(url, wiring.environ),
        save_copy=lambda text: write_private(wiring.paths.copied_text, text),
        into_tmux=(lambda text: into_tmux(text, wiring.environ)) if wiring.environ.get("TMUX") else None,
        persistent=persistent,
        connect_notices=lambda receive: setattr(wiring, "notify", receive),
    )
    return WandbTuiApp(
        backend,
        runs=runs,
        ascii_look=is_ascii(settings.look, wiring.environ, sys.__stderr__),
        links=identify(wiring.environ).links,
        theme=settings.theme or None,
    )


def _downloads_folder(wiring: Wiring, *, persistent: bool) -> Path:
    """Where histories are downloaded to: below the current folder; for the demo, below its own."""
    folder = Path("wandb-history")
    return folder if persistent else wiring.paths.log_file.parent / folder


def senders(environ: Mapping[str, str], services: Sequence[str] = ()) -> dict[str, Send]:
    """The notification channels outside the terminal, by their names in the settings."""
    from wandb_tui.services.desktop import show_notification

    @cache
    def push() -> NotificationServices:
        # Imported for the first notification: the start does not wait for the keyring's modules.
        from wandb_tui.services.push import NotificationServices

        return NotificationServices(services, environ)

    return {
        "desktop": lambda title, text: show_notification(title, text, environ),
        "services": lambda title, text: push().send(title, text),
    }


def _doctor(wiring: Wiring) -> DoctorService:
    from wandb_tui.doctor.service import DoctorService

    return DoctorService(wiring)


def _open_dashboard(
    wiring: Wiring,
    runs: Sequence[Given],
    *,
    persistent: bool = True,
    page: tuple[int, int] | None = None,
    host: str | None = None,
) -> int:
    # Nothing of what is imported now is garbage; the app collects again once all its modules are there.
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
    """Refuse what cannot be an address before the screen opens; only what is pasted or looks wrong needs the SDK."""
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
