"""The options of a sandbox."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wandb_tui.sandbox.faults import parse_fault
from wandb_tui.sandbox.signin.kinds import SIGN_INS

if TYPE_CHECKING:
    from pathlib import Path

HIGHEST_PORT = 65535


@dataclass(frozen=True)
class SandboxConfig:
    """The options of a sandbox. Wrong values raise ``ValueError`` with a sentence for the user.

    Attributes:
        bind: The loopback address to listen on.
        port: The port to listen on; 0 lets the system choose a free one.
        data_dir: Where the state is kept; None means a temporary folder that is removed at the end.
        export_delay: Seconds between the visit that starts an export and the artifact version's appearance.
        sign_in: The kind of sign-in pages, a key of ``SIGN_INS``.
        faults: Faults in force from the start, each written ``name:option=value,option=value``.
        session_hours: How long a session cookie is good for, in hours.
        traffic_log: A file to which every API request and its answer is written, one JSON object per line.
    """

    bind: str = "127.0.0.1"
    port: int = 0
    data_dir: Path | None = None
    export_delay: float = 3.0
    sign_in: str = "one-page"
    faults: tuple[str, ...] = ()
    session_hours: float = 720.0
    traffic_log: Path | None = None

    def __post_init__(self) -> None:
        """Reject invalid options before anything starts."""
        _check_loopback(self.bind)
        if not 0 <= self.port <= HIGHEST_PORT:
            raise ValueError(f"The port has to be between 0 and {HIGHEST_PORT}, not {self.port}.")
        if self.export_delay < 0:
            raise ValueError(f"The export delay has to be 0 or more seconds, not {self.export_delay}.")
        if self.session_hours <= 0:
            raise ValueError(f"Sessions have to last more than 0 hours, not {self.session_hours}.")
        if self.sign_in not in SIGN_INS:
            known = ", ".join(SIGN_INS)
            raise ValueError(f"There is no sign-in called “{self.sign_in}”. Known ones: {known}.")
        for fault in self.faults:
            parse_fault(fault)


def _check_loopback(bind: str) -> None:
    """Raise unless only this machine can reach the address."""
    if bind == "localhost":
        return
    try:
        if ipaddress.ip_address(bind).is_loopback:
            return
    except ValueError:
        pass
    raise ValueError(
        f"The sandbox has no real protection, so it listens on this machine only: "
        f"use 127.0.0.1, ::1 or localhost, not “{bind}”.",
    )
