"""The outside world as the dashboard sees it: objects that implement `runtime.ports`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.core.ports import Identity, Services
from wandb_tui.core.saved_view import SavedView
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.core.user_command import UserCommand
from wandb_tui.ui.runtime.ports import (
    Account,
    Addresses,
    Branches,
    Catalogue,
    CommandRunner,
    Console,
    Doctor,
    Downloads,
    Hooks,
    Inspector,
    Lineage,
    Servers,
    WatchStore,
)

Send = Callable[[str, str], str]
"""Sends a title and a text as a notification, and returns why it cannot, or an empty text; may block."""

SaveViews = Callable[[Sequence[SavedView]], None]
"""Replaces the views in the settings; raises `UsageError`; may block."""


@dataclass(frozen=True, slots=True)
class Backend:
    """The services and settings of the dashboard.

    Attributes:
        server: Returns the server; may block, since it imports the SDK.
        host: Shown in the header until `server` has answered.
        services: Builds the services for the monitors; may block.
        account: The secrets for this server.
        addresses: Parses run addresses.
        store: The watch list on disk.
        poll_policy: How often to check, and for how long.
        close: Stops the browser and the other services; may take up to a second.
        open_sign_in: Whether to start with the sign-in dialog; None: if there are no credentials.
        open_window: Lets the user sign in with a visible browser, as `Visitor.sign_in_by_hand` does; may block for a
            moment. None: there is no display.
        redact: Removes secrets from a text.
        catalogue: Returns the catalogue of projects and runs; may block. None: not available.
        inspector: Returns the inspector, which queries the details of runs; may block. None: not available.
        console: Returns the reader of the runs' consoles; may block. None: not available.
        lineage: Returns the look-up of the runs' origins; may block. None: not available.
        doctor: Returns the doctor; may block. None: not available.
        downloads: Downloads histories. None: not available.
        servers: The servers to switch to. None: there is only this one.
        syncing: The current step of syncing an offline run, shown in place of its newest message; empty for other runs.
        branches: Forks and rewinds runs. None: not available.
        files: The files the help lists: a name and a path each.
        hooks: Runs the user's hooks; None: there are none.
        commands: The user's own commands.
        command_runner: Runs them; None: there are none.
        views: The user's views of the table.
        save_views: Replaces them in the settings. None: they cannot be stored.
        notify_channels: The names of the enabled notification channels, as in the settings.
        senders: The notification channels outside the terminal, by their names in the settings.
        keys: The user's keys by action id, several separated by commas.
        open_page: Opens a page in the user's browser; returns why that is not possible, or an empty text. May block.
            None: not available.
        into_tmux: Copies a text to the clipboard of the surrounding tmux; returns whether that worked. May block. None:
            there is no tmux.
        save_copy: Writes a text that cannot reach the clipboard to a file, and returns its path; raises OSError. May
            block. None: not available.
        persistent: Whether the list is stored for the next start; that of the demo is not.
        connect_notices: Hands over the receiver of sentences about what keeps the services waiting, such as a locked
            keyring; it is called from any thread.
    """

    server: Callable[[], ServerInfo]
    host: str
    services: Callable[[], Services]
    account: Account
    addresses: Addresses
    store: WatchStore
    poll_policy: PollPolicy
    close: Callable[[], None]
    open_sign_in: bool | None = None
    open_window: Callable[[], Future[Identity]] | None = None
    redact: Callable[[str], str] = str
    catalogue: Callable[[], Catalogue] | None = None
    inspector: Callable[[], Inspector] | None = None
    console: Callable[[], Console] | None = None
    lineage: Callable[[], Lineage] | None = None
    doctor: Callable[[], Doctor] | None = None
    downloads: Downloads | None = None
    servers: Servers | None = None
    syncing: Callable[[RunAddress], str] = lambda _: ""
    branches: Branches | None = None
    files: tuple[tuple[str, str], ...] = ()
    hooks: Hooks | None = None
    commands: tuple[UserCommand, ...] = ()
    command_runner: CommandRunner | None = None
    views: tuple[SavedView, ...] = ()
    save_views: SaveViews | None = None
    notify_channels: frozenset[str] = frozenset({"toast", "bell", "terminal"})
    senders: Mapping[str, Send] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    open_page: Callable[[str], str] | None = None
    into_tmux: Callable[[str], bool] | None = None
    save_copy: Callable[[str], Path] | None = None
    persistent: bool = True
    connect_notices: Callable[[Callable[[str], object]], None] = lambda _: None
