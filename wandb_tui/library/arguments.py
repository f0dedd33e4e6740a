"""The arguments of the library's functions: runs, queries and times."""

from __future__ import annotations

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError
from wandb_tui.core.project_query import ProjectQuery
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.validation import MIN_INTERVAL_S, checked_seconds
from wandb_tui.wiring import Wiring


def poll_policy_of(check_interval: float, max_wait_time: float) -> PollPolicy:
    """The times of a monitor, in seconds.

    Raises:
        UsageError: One is not valid.
    """
    return PollPolicy(
        check_interval=checked_seconds("check_interval", check_interval, MIN_INTERVAL_S),
        max_wait_time=checked_seconds("max_wait_time", max_wait_time),
    )


def address_of(run: object, wiring: Wiring) -> RunAddress:
    """The address of a run, given as text, as an address, or as an object of the SDK.

    Raises:
        UsageError: It is neither an address nor a run object.
    """
    if isinstance(run, RunAddress):
        return run
    if isinstance(run, str):
        return wiring.addresses.parse(run)
    entity, project = getattr(run, "entity", None), getattr(run, "project", None)
    run_id = getattr(run, "id", None)
    if entity and project and run_id:
        return RunAddress(str(entity), str(project), str(run_id))
    return wiring.addresses.parse(str(run))


def parse_query(query: object, wiring: Wiring) -> ProjectQuery:
    """A query, given as text or as such.

    Raises:
        UsageError: It is no query, or not a valid one.
    """
    if isinstance(query, ProjectQuery):
        return query
    if (found := wiring.addresses.parse_query(str(query))) is None:
        raise UsageError(f"“{query}” is not a query.", "Write entity/project/*, or give the address of a sweep's page.")
    return found
