"""The doctor as the dashboard has it; fulfils `core.ports.Doctor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wandb_tui.core.checks import Look, TerminalFacts
from wandb_tui.doctor.exports import Patience
from wandb_tui.doctor.here import looks
from wandb_tui.doctor.way import Way
from wandb_tui.services.credentials.scrub import scrub

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.wiring import Wiring


class Clinic:
    """Looks, and mends what it can. Safe from any thread."""

    def __init__(self, wiring: Wiring, patience: Patience | None = None) -> None:
        """Prepare; nothing is looked at yet.

        Args:
            wiring: The services.
            patience: How long to wait for exports.
        """
        self._wiring = wiring
        self._patience = patience

    def here(self, terminal: TerminalFacts) -> list[Look]:
        """What can be looked at without a run; a keyring that has been unlocked meanwhile is read again."""
        self._wiring.account.look_again()
        return looks(self._wiring, terminal)

    def way(self, run: RunAddress, *, watched: bool) -> Way:
        """Try the whole way on one run."""
        return Way(self._wiring, run, self._patience, watched=watched)

    def install_browser(self, say: Callable[[str], None]) -> None:
        """Install a browser."""
        from wandb_tui.services.browser.install import install_browser

        install_browser(lambda line: say(scrub(line)), self._wiring.environ)

    def forget_session(self) -> None:
        """Drop the kept browser session of whoever signs in here."""
        self._wiring.vault.forget_session(self._wiring.account.state().username)
