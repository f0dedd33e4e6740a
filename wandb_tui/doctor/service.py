"""The doctor as the dashboard has it; fulfils `ui.runtime.ports.Doctor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wandb_tui.core.checks import PendingCheck, TerminalFacts
from wandb_tui.doctor.export_trial import TrialTimeouts
from wandb_tui.doctor.local_checks import looks
from wandb_tui.doctor.run_trial import RunTrial
from wandb_tui.services.credentials.anonymizer import anonymize

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.wiring import Wiring


class DoctorService:
    """Looks, and mends what it can. Safe from any thread."""

    def __init__(self, wiring: Wiring, patience: TrialTimeouts | None = None) -> None:
        """Prepare; nothing is looked at yet.

        Args:
            wiring: The services.
            patience: How long to wait for exports.
        """
        self._wiring = wiring
        self._patience = patience

    def here(self, terminal: TerminalFacts) -> list[PendingCheck]:
        """What can be looked at without a run; a keyring that has been unlocked meanwhile is read again."""
        self._wiring.account.look_again()
        return looks(self._wiring, terminal)

    def way(self, run: RunAddress, *, watched: bool) -> RunTrial:
        """Try the whole way on one run."""
        return RunTrial(self._wiring, run, self._patience, watched=watched)

    def install_browser(self, say: Callable[[str], None]) -> None:
        """Install a browser."""
        from wandb_tui.services.browser.installation import install_browser

        install_browser(lambda line: say(anonymize(line)), self._wiring.environ)

    def forget_session(self) -> None:
        """Drop the kept browser session of whoever signs in here."""
        self._wiring.vault.forget_session(self._wiring.account.state().username)
