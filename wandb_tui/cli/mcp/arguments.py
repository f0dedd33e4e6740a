"""The arguments that several tools have, with their descriptions for the agent."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wandb_tui.core.address import RunAddress
from wandb_tui.library.arguments import address_of
from wandb_tui.wiring import Wiring

# Exactly `str`: of another type, the SDK would read the text "null" as no run.
Run = Annotated[str, Field(description="entity/project/run_id, or the address of the run's page")]
Runs = Annotated[
    str, Field(description="entity/project/run_id, the address of a page, or a query such as entity/project/*")
]


def checked_run(run: str, wiring: Wiring) -> RunAddress:
    """The run's address, once there is an API key.

    Raises:
        UsageError: It is no address.
        ApiKeyError: There is no API key.
    """
    check_api_key(wiring)
    return address_of(run, wiring)


def check_api_key(wiring: Wiring) -> None:
    """Make sure that there is an API key.

    Raises:
        ApiKeyError: There is none.
    """
    if not wiring.account.is_authorized:
        # The user may have signed in since the server started.
        wiring.use(None, None)
    wiring.check_api_key()
