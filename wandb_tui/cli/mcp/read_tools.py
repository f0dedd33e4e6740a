"""The tools that only read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wandb_tui.cli.mcp.arguments import Run, Runs, check_api_key, checked_run
from wandb_tui.cli.mcp.history import newest_export, summarize
from wandb_tui.cli.mcp.results import ForkSnippet, HistorySummary, LineageAnswer, WatchedRuns
from wandb_tui.cli.options import runs_of
from wandb_tui.cli.tree import origin_object
from wandb_tui.cli.watch_list.output import row_object
from wandb_tui.cli.watch_list.selection import select
from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import RunOrigin
from wandb_tui.core.errors import UsageError
from wandb_tui.library.run_tree import RunTree, checked
from wandb_tui.text.snippets import fork_call, waiting_fork_call
from wandb_tui.wiring import Wiring

_MAX_TREE_RUNS = 500


class ReadTools:
    """Answers about runs and the watch list."""

    def __init__(self, wiring: Wiring) -> None:
        """Prepare.

        Args:
            wiring: The services.
        """
        self._wiring = wiring

    def status(
        self,
        runs: Annotated[
            str, Field(description="A run of the watch list, by its id or address, or a query; empty for all")
        ] = "",
    ) -> WatchedRuns:
        """Show the user's watch list of runs whose exports are waited for, as dashboards have saved it.

        It asks W&B nothing: history_summary does that. Without an open dashboard, nothing on the list changes.
        """
        listed = {row.run: row for row in self._wiring.store.load()}
        if not runs.strip():
            return WatchedRuns([row_object(row) for row in listed.values()])
        chosen, missing = select([runs], listed, self._wiring)
        return WatchedRuns([row_object(listed[one]) for one in chosen], missing)

    def history_summary(
        self,
        run: Run,
        metrics: Annotated[
            tuple[str, ...],
            Field(
                description="Columns whose figures are read from the export: names or glob patterns; none by default"
            ),
        ] = (),
        steps: Annotated[str, Field(description="The steps to read, A:B without B; all by default")] = "",
    ) -> HistorySummary:
        """Summarize a run: its state, its last step, its newest export and what that covers, and last values.

        For the metrics named, it also reads the export and returns count, first, last, minimum, maximum and mean.
        It does not start an export.
        """
        return summarize(checked_run(run, self._wiring), metrics, steps, self._wiring)

    def fork_snippet(
        self,
        run: Run,
        step: Annotated[int | None, Field(ge=0, description="The step to fork at; the last one by default")] = None,
    ) -> ForkSnippet:
        """Write Python code that forks a run at a step, and say whether the fork would work now. Nothing is run."""
        address = checked_run(run, self._wiring)
        last = self._wiring.inspector.facts(address).info.last_step
        if step is None:
            if last is None:
                raise UsageError(f"The last step of {address} is unknown.", "Name the step to fork at.")
            step = last
        if last is not None and step > last:
            raise UsageError(f"{address} has logged up to step {last:,}, so it cannot be forked at {step:,}.")
        export = newest_export(address, self._wiring)
        ready = False if export.artifact is None else None if export.last_step is None else export.last_step >= step
        return ForkSnippet(
            run=str(address),
            step=step,
            ready=ready,
            snippet=f"import wandb\n\nrun = {fork_call(address, step)}\n",
            waiting_snippet=f"from wandb_tui import fork_when_ready\n\nrun = {waiting_fork_call(address, step)}\n",
            note=self._note(ready, step),
        )

    def _note(self, ready: bool | None, step: int) -> str:
        if self._wiring.server.offers_forks is False:
            return "Self-managed servers do not fork runs."
        if ready:
            return ""
        state = "The export does not cover this step yet" if ready is False else "It is unknown what the export covers"
        return f"{state}: first use wait_for_export with the goal step:{step}, or run waiting_snippet."

    def tree(self, runs: Runs) -> LineageAnswer:
        """Show where runs came from, and the runs that were forked from them, with the steps they branched off at."""
        check_api_key(self._wiring)
        asked = runs_of([runs], self._wiring)
        known: dict[RunAddress, RunOrigin] = {}
        for entity, project in {(run.entity, run.project) for run in asked}:
            known |= self._wiring.run_origins.of_project(entity, project)
        found = [origin_object(origin) for origin in RunTree([checked(run, known) for run in asked], known)]
        return LineageAnswer(found[:_MAX_TREE_RUNS], max(0, len(found) - _MAX_TREE_RUNS))
