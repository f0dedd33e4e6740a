"""The doctor for the dashboard; implements `ui.runtime.ports.Doctor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wandb_tui.core.checks import PendingCheck
from wandb_tui.doctor.export_trial import TrialTimeouts
from wandb_tui.doctor.local_checks import pending_checks
from wandb_tui.doctor.run_trial import RunTrial
from wandb_tui.services.credentials.anonymizer import anonymize
from wandb_tui.text.terminals import TerminalFacts

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.wiring import Wiring


class DoctorService:
    """Runs checks, and fixes what it can. Safe to use from any thread."""

    def __init__(self, wiring: Wiring, timeouts: TrialTimeouts | None = None) -> None:
        """Prepare; nothing is checked yet.

        Args:
            wiring: The services.
            timeouts: How long the end-to-end check waits for exports.
        """
        self._wiring = wiring
        self._timeouts = timeouts

    def local_checks(self, terminal: TerminalFacts) -> list[PendingCheck]:
        """The checks that need no run; first retries a keyring that may have been unlocked since."""
        self._wiring.account.retry_keyring()
        return pending_checks(self._wiring, terminal)

    def run_trial(self, run: RunAddress, *, watched: bool) -> RunTrial:
        """The end-to-end check of one run."""
        return RunTrial(self._wiring, run, self._timeouts, watched=watched)

    def install_browser(self, on_line: Callable[[str], None]) -> None:
        """Install a browser."""
        from wandb_tui.services.browser.installation import install_browser

        install_browser(lambda line: on_line(anonymize(line)), self._wiring.environ)

    def forget_session(self) -> None:
        """Delete the stored browser session of the current user."""
        self._wiring.vault.forget_session(self._wiring.account.state().username)
