"""The one place that reaches into the SDK's inside, where its public face offers no way."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

_END_WITHIN = 5.0


def free_run_id(run_id: str) -> bool:
    """Let a run id be used again whose ``wandb.init`` was refused; whether that worked.

    The SDK's service process keeps the id of a refused run as “in use” and offers no public way to give it up but
    ending the whole process, other runs included. So the refused run alone is ended there, as `run.finish` would.
    """
    try:
        from wandb.sdk import wandb_setup
        from wandb.sdk.interface.interface_sock import InterfaceSock

        service = wandb_setup.singleton().ensure_service()
        interface = InterfaceSock(service._asyncer, service._client, stream_id=run_id)  # noqa: SLF001
        interface.deliver_exit(exit_code=1).wait_or(timeout=_END_WITHIN)
        service.inform_finish(run_id)
    except Exception as error:  # noqa: BLE001 - another version of the SDK may look otherwise inside
        log.warning("The SDK does not give up the id of a refused run (%s)", type(error).__name__)
        return False
    return True


def another_run_is_active() -> bool:
    """Whether a run of the SDK is active in this process, also one begun beside others (``reinit="create_new"``)."""
    import wandb

    try:
        from wandb.sdk import wandb_setup

        return wandb_setup.singleton().most_recent_active_run is not None
    except (ImportError, AttributeError):
        return wandb.run is not None
