"""The outside world of the dashboard, built from the services of one server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from wandb_tui.core.account import AccountState, Credentials
from wandb_tui.core.ports import Identity, Services
from wandb_tui.library.background_branches import BackgroundBranches
from wandb_tui.library.background_downloads import BackgroundDownloads
from wandb_tui.services.browser.launch import has_display
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.services.desktop import into_tmux, open_page, show_notification
from wandb_tui.services.disk.paths import write_private
from wandb_tui.services.disk.settings_file import save_views
from wandb_tui.ui.runtime.backend import Backend, Send
from wandb_tui.wiring import Wiring

if TYPE_CHECKING:
    from wandb_tui.cli.server_switch import ServerSwitch
    from wandb_tui.doctor.service import DoctorService
    from wandb_tui.library.offline_rows import OfflineRows
    from wandb_tui.services.push import NotificationServices


def build_backend(
    wiring: Wiring, *, persistent: bool = True, offline: OfflineRows | None = None, servers: ServerSwitch | None = None
) -> Backend:
    """Build the dashboard's backend from the services.

    Args:
        wiring: The services.
        persistent: Whether the list is stored for the next start.
        offline: Offline runs on the list, which are synced meanwhile.
        servers: Switches to other servers; None: there is only this one.
    """

    def open_window() -> Future[Identity]:
        return wiring.visitor.sign_in_by_hand()

    def services() -> Services:
        found = wiring.services(user_can_fix=True)
        if persistent:
            # Without services nothing would wait here.
            wiring.open_dashboards.enter()
        return offline.services(found) if offline else found

    settings = wiring.settings
    # An offline run may wait long for its turn to be synced; the sync has limits of its own.
    policy = replace(settings.poll_policy, max_wait_time=0.0) if offline else settings.poll_policy
    commands = settings.hooks.on_success or settings.hooks.on_failure
    return Backend(
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


def _downloads_folder(wiring: Wiring, *, persistent: bool) -> Path:
    """The folder for downloaded histories: below the current one; for the demo, below its own."""
    folder = Path("wandb-history")
    return folder if persistent else wiring.paths.log_file.parent / folder


def senders(environ: Mapping[str, str], services: Sequence[str] = ()) -> dict[str, Send]:
    """The notification channels outside the terminal, by their names in the settings."""

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


class DeferredAccount:
    """The account of a wiring, built on first use: the dashboard starts before the SDK has been imported."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def state(self) -> AccountState:
        """The credentials and keys that are known, without the secrets."""
        return self._wiring.account.state()

    def save(self, credentials: Credentials | None, api_key: str | None, *, remember: bool) -> None:
        """Use these from now on, and store them if `remember`."""
        self._wiring.account.save(credentials, api_key, remember=remember)

    def allow(self, origin: str) -> None:
        """Let the password be typed into pages of this origin."""
        self._wiring.account.allow(origin)

    def continue_signed_out(self) -> None:
        """Visit signed out from now on."""
        self._wiring.account.continue_signed_out()
