"""A group of runs with one browser and one poller, awaited with asyncio."""

import asyncio
import sys

from wandb_tui import MonitorGroup


async def main() -> None:
    """Wait for all runs given, and tell how they stand meanwhile."""
    async with MonitorGroup(max_wait_time=600) as group:
        for run in sys.argv[1:]:
            await group.add(run, "exists")
        while (summary := group.summary()).active:
            print(", ".join(f"{number} {state}" for state, number in summary.counts.items()))
            await group.wait_all(timeout=2)
        for run, result in group.results.items():
            print(f"{run}: {result.artifact_name or result.error_message}")


if len(sys.argv) < 2:
    sys.exit("Usage: python many_runs.py RUN...")
asyncio.run(main())
