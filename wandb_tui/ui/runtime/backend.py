"""What the dashboard is given: objects that fulfil `runtime.ports`, built outside the UI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from wandb_tui.core.ports import Identity, Services
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.ui.runtime.ports import Account, Addresses, Catalogue, Doctor, Hooks, Inspector, WatchStore


@dataclass(frozen=True, slots=True)
class Backend:
    """The outside world, as the dashboard sees it.

    Attributes:
        server: Tells which server it is; may block, since the SDK is imported for it.
        host: What the header shows until `server` has answered.
        services: Builds what the monitors work with; may block.
        account: The secrets for this server.
        addresses: Reads what users type.
        store: The watch list on disk.
        poll_policy: How often to look, and for how long.
        close: Ends the browser and all the rest; may take up to a second.
        open_sign_in: Whether to start with the sign-in screen; None: where nothing is known for signing in.
        open_window: Lets the user sign in by hand in a visible browser, as `Visitor.sign_in_by_hand` does; may block
            for a moment. None: there is no display for one.
        redact: Takes secrets out of a text.
        catalogue: What looks up projects and runs for picking; may block. None: runs are added by their addresses only.
        inspector: What tells all about one run; may block. None: the details show only what is known here.
        doctor: What tells what works here; may block. None: nobody does.
        files: What the help names: a word for each file, and its path.
        hooks: Runs the user's commands when runs have ended; None: there are none.
        notify_channels: The names of the enabled notification channels, as in the settings.
        notify_desktop: Shows a title and a text as a notification of the desktop, and returns why it cannot, or an
            empty text; may block. None: not available.
        keys: The user's own keys for actions, by the ids of these; several are separated by commas.
        open_page: Opens a page in the user's browser, and says why that is not possible here, or nothing; may block.
            None: it never is.
        into_tmux: Gives a text to the clipboard of the tmux around us; whether it took it; may block. None: there is
            no tmux.
        kept: Whether the list is still there at the next start; that of the demo is not.
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
    doctor: Callable[[], Doctor] | None = None
    files: tuple[tuple[str, str], ...] = ()
    hooks: Hooks | None = None
    notify_channels: frozenset[str] = frozenset({"toast", "bell", "terminal"})
    notify_desktop: Callable[[str, str], str] | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    open_page: Callable[[str], str] | None = None
    into_tmux: Callable[[str], bool] | None = None
    kept: bool = True
