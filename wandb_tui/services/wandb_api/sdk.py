"""The only module that uses the SDK's internals, for what its public API lacks."""

from __future__ import annotations

import contextlib
import inspect
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_FINISH_TIMEOUT_S = 5.0
_SERVICE_ERRORS = frozenset({"ServicePollForTokenError", "WandbCoreNotAvailableError"})
_LOST_SERVICE = frozenset({"MailboxClosedError", "HandleAbandonedError"})
"""Errors of a request to the service process: it had ended before, or ended before the answer."""


def free_run_id(run_id: str) -> bool:
    """Release the id of a run whose ``wandb.init`` was refused; returns whether that worked.

    The SDK's service process keeps a refused run's id “in use”; its only public way to release it ends the whole
    process, other runs included. So only the refused run is ended there, as `run.finish` would do it.
    """
    try:
        from wandb.sdk import wandb_setup
        from wandb.sdk.interface.interface_sock import InterfaceSock

        service = wandb_setup.singleton().ensure_service()
        interface = InterfaceSock(service._asyncer, service._client, stream_id=run_id)  # noqa: SLF001
        interface.deliver_exit(exit_code=1).wait_or(timeout=_FINISH_TIMEOUT_S)
        service.inform_finish(run_id)
    except Exception as error:  # noqa: BLE001 - the internals differ between versions
        log.warning("The SDK does not release the id of a refused run (%s)", type(error).__name__)
        return False
    return True


def new_run_id() -> str:
    """A run id as ``wandb.init`` chooses one."""
    from wandb.sdk.lib.runid import generate_id

    return generate_id()


def config_values(given: Any, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None) -> Any:
    """The values that ``wandb.init`` reads in its ``config``, which may also be a file's name or parsed arguments."""
    from wandb.sdk import wandb_helper

    return wandb_helper.parse_config(given or {}, include=include, exclude=exclude)  # type: ignore[no-untyped-call]


def branch_point(run_id: str, step: int) -> Any:
    """The value for ``fork_from``: an object, since a text cannot express every run id (such as ``a[b``)."""
    try:
        from wandb.sdk.lib.run_moment import RunMoment
    except ImportError:
        return f"{run_id}?_step={step}"
    return RunMoment(run=run_id, value=step)


def branch_point_text(run_id: str, step: int) -> str | None:
    """A branch point as ``WANDB_FORK_FROM`` and ``WANDB_RESUME_FROM`` carry it; None for an id that no text can."""
    text = f"{run_id}?_step={step}"
    try:
        from wandb.sdk.lib.run_moment import RunMoment

        moment = RunMoment.from_uri(text)
    except (ImportError, ValueError):
        return None
    return text if (moment.run, moment.value) == (run_id, step) else None


def end_service() -> None:
    """End the SDK's service process, which does not notice when another program takes the place of this one."""
    import wandb

    wandb.teardown()


def service_is_lost(error: BaseException) -> bool:
    """Whether an error of the SDK means that its service process has ended, as when the system was short of memory.

    Args:
        error: The error that the SDK has raised.
    """
    # The SDK has errors of its own for the network.
    return isinstance(error, ConnectionError) or any(type(one).__name__ in _LOST_SERVICE for one in causes(error))


def forget_lost_service() -> None:
    """Let the next call of the SDK start a service process in place of one that has ended."""
    # It says goodbye to the process first, and fails in that.
    with contextlib.suppress(Exception, SystemExit):
        end_service()


def process_settings() -> Any:
    """The settings that ``wandb.init`` starts from: the environment, the settings files, ``wandb.setup``.

    The SDK's service process is not started for that, since ``wandb.setup`` of SDK 0.31 may then never return.
    """
    import wandb

    try:
        from wandb.sdk import wandb_setup

        return wandb_setup._setup(start_service=False).settings  # noqa: SLF001
    except (ImportError, AttributeError, TypeError):
        return wandb.setup().settings


def local_problem(error: BaseException) -> str:
    """The reason why the SDK does not work on this machine, if its error says so, as the end of a sentence; else empty.

    Args:
        error: The error that ``wandb.init`` or ``wandb.Api`` has raised.
    """
    for one in causes(error):
        if type(one).__name__ in _SERVICE_ERRORS:
            return f"cannot start its service process here: {one}"
    if service_is_lost(error):
        return "has lost its service process, which may have been killed for want of memory"
    if isinstance(error, OSError) and error.errno and not isinstance(error, TimeoutError):
        return f"does not work here: {error}"
    return ""


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes; the SDK keeps them in `exc` or chains them.

    Args:
        error: The error.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = getattr(error, "exc", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__


def unknown_init_arguments(names: Iterable[str]) -> list[str]:
    """The names that are not arguments of ``wandb.init``."""
    import wandb

    return sorted(set(names) - inspect.signature(wandb.init).parameters.keys())


def active_run_ids() -> set[str]:
    """The ids of the SDK's active runs in this process, including those of ``reinit="create_new"``."""
    import wandb

    try:
        from wandb.sdk import wandb_setup

        runs = list(wandb_setup.singleton()._active_runs)  # noqa: SLF001
    except (ImportError, AttributeError):
        runs = [wandb.run] if wandb.run is not None else []
    return {run.id for run in runs}


def xxh128_digest(path: Path) -> str:
    """The digest of a file by XXH128 in base64, which newer artifacts may have in place of MD5; else empty."""
    try:
        from wandb.sdk.lib.hashutil import xxh128_file_b64
    except ImportError:
        return ""
    return str(xxh128_file_b64(path))
