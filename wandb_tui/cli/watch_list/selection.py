"""Finds the runs of the watch list that the arguments of a command mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from wandb_tui.cli.console import say
from wandb_tui.cli.options import expand_queries
from wandb_tui.core.address import RunAddress, is_short
from wandb_tui.core.errors import UsageError
from wandb_tui.core.exit_codes import ExitCode

if TYPE_CHECKING:
    from wandb_tui.wiring import Wiring


def select(typed: Sequence[str], listed: Collection[RunAddress], wiring: Wiring) -> tuple[list[RunAddress], list[str]]:
    """The runs that are meant, each once, and the arguments that are not on the list; a query means its listed runs.

    Args:
        typed: Addresses, the ends of addresses on the list, or queries.
        listed: The addresses on the list.
        wiring: Parses addresses.

    Raises:
        UsageError: One is not valid, or may be several runs of the list.
    """
    if not typed:
        raise UsageError("No run is given.", "Give entity/project/run_id, or the run's id if it is on the list.")
    by_end: dict[str, list[RunAddress]] = defaultdict(list)
    for run in listed:
        for end in (str(run), f"{run.project}/{run.run_id}", run.run_id):
            by_end[end].append(run)
    queried, single = expand_queries(typed, wiring)
    chosen = [run for run in queried if run in listed]
    if len(chosen) != len(queried):
        say(f"wandb-tui: {len(chosen):,} of these {'is' if len(chosen) == 1 else 'are'} on the list", err=True)
    found = [_find(text.strip(), by_end, wiring) for text in single]
    chosen += [run for run in found if isinstance(run, RunAddress) and run in listed]
    return list(dict.fromkeys(chosen)), [str(run) for run in found if run not in listed]


def _find(text: str, by_end: Mapping[str, Sequence[RunAddress]], wiring: Wiring) -> RunAddress | str:
    found = by_end.get(text, ())
    if len(found) > 1:
        raise UsageError(
            f"“{text}” may be {' or '.join(map(str, found))}.", "Give the whole address, entity/project/run_id."
        )
    if found:
        return found[0]
    # The server need not be asked for the rest of a short address: no run of the list ends like this.
    return text if text and is_short(text) and "://" not in text else wiring.addresses.parse(text)


def report_missing(runs: Iterable[object]) -> ExitCode:
    """Report runs that are not on the list; returns the exit status."""
    code = ExitCode.DONE
    for run in runs:
        code = ExitCode.FAILED
        say(f"wandb-tui: {run} is not on the list. See wandb-tui list.", err=True)
    return code
