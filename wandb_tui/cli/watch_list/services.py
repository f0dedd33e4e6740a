"""The services of the commands on the watch list."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from wandb_tui.cli.console import say
from wandb_tui.cli.options import build_wiring

if TYPE_CHECKING:
    from wandb_tui.wiring import Wiring


@contextlib.contextmanager
def list_services(host: str | None) -> Iterator[Wiring]:
    """The services for one command; what is wrong with the list's file is said on stderr as soon as it is found.

    Args:
        host: The value of ``--host``.
    """
    wiring = build_wiring(host)
    wiring.store.warn = wiring.notify
    try:
        yield wiring
    finally:
        wiring.close()


def tell_if_nothing_waits(wiring: Wiring) -> None:
    """Say on stderr that added or restarted runs have to wait for a dashboard, if none is open."""
    if wiring.open_dashboards.any is False:
        say("wandb-tui: no dashboard is open, so nothing waits until you open one with wandb-tui.", err=True)
