"""The summary of a run's history: what the server reports, and figures read from the export."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from wandb_tui.cli.mcp.results import ColumnSummary, Export, HistorySummary, Value
from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import RunNotFoundError
from wandb_tui.core.step_range import STEP, StepRange
from wandb_tui.library.history_table import read_export
from wandb_tui.wiring import Wiring

_MAX_METRICS = 200
_MAX_COLUMNS = 50
_MAX_TEXT_CHARS = 200


def summarize(run: RunAddress, metrics: Sequence[str], steps: str, wiring: Wiring) -> HistorySummary:
    """A run and its history.

    Args:
        run: The run.
        metrics: Names or glob patterns of the columns to read from the export.
        steps: The steps to read, as ``A:B``; empty for all.
        wiring: The services.

    Raises:
        UsageError: No column has such a name, or the steps are no range.
        RunNotFoundError: There is no such run, or it has not been exported.
        WandbTuiError: The server cannot be asked.
    """
    wanted = StepRange.of(steps.strip() or None)
    facts = wiring.inspector.facts(run)
    export = newest_export(run, wiring)
    values = facts.summary or ()
    columns: dict[str, ColumnSummary] = {}
    rows = more = None
    if metrics:
        if export.artifact is None:
            raise RunNotFoundError(f"{run} has not been exported yet.", "Use wait_for_export first.")
        table = read_export(wiring, run, export.artifact, metrics, wanted)
        names = [name for name in table.schema.names if name != STEP]
        columns = {name: _figures(table, name) for name in names[:_MAX_COLUMNS]}
        rows, more = table.num_rows, len(names) - len(columns)
    return HistorySummary(
        run=str(run),
        page=run.page(wiring.server.info.app_url),
        name=facts.info.name or None,
        state=facts.info.state or None,
        last_step=facts.info.last_step,
        created=_time(facts.created),
        export=export,
        last_values={name: _plain(value) for name, value in islice(values, _MAX_METRICS)},
        left_out=max(0, len(values) - _MAX_METRICS) + (more or 0),
        columns=columns,
        rows=rows,
    )


def newest_export(run: RunAddress, wiring: Wiring) -> Export:
    """The newest export of a run, and what it covers.

    Raises:
        WandbTuiError: The server cannot be asked.
    """
    newest = next(iter(wiring.inspector.versions(run).newest), None)
    if newest is None:
        return Export()
    number = newest.version.version
    covered = wiring.inspector.covered(run, [number])[number]
    return Export(
        artifact=f"{run.history_artifact}:v{number}",
        created=_time(newest.version.created),
        size_bytes=newest.version.size,
        last_step=covered.last,
        complete=covered.complete,
        note=covered.why_not,
    )


def _figures(table: Any, name: str) -> ColumnSummary:
    """The figures of a column, over the rows that have a value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    there = table.filter(pc.is_valid(table.column(name))).select([STEP, name])
    kind = there.column(name).type
    count = there.num_rows
    if pa.types.is_floating(kind):
        there = there.filter(pc.is_finite(there.column(name)))
    values, steps = there.column(name), there.column(STEP)
    not_finite = count - len(values)
    if not len(values):
        return ColumnSummary(str(kind), count, not_finite)
    ends = {"first": _plain(values[0].as_py()), "last": _plain(values[-1].as_py()), "last_step": steps[-1].as_py()}
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return ColumnSummary(str(kind), count, not_finite, **ends)
    bounds = pc.min_max(values).as_py()
    return ColumnSummary(
        str(kind),
        count,
        not_finite,
        **ends,
        minimum=bounds["min"],
        minimum_step=steps[pc.index(values, bounds["min"]).as_py()].as_py(),
        maximum=bounds["max"],
        maximum_step=steps[pc.index(values, bounds["max"]).as_py()].as_py(),
        mean=_plain(pc.mean(values).as_py()),
    )


def _plain(value: Any) -> Value:
    """A value as JSON can hold it; a long text is cut."""
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    text = str(value)
    return text if len(text) <= _MAX_TEXT_CHARS else f"{text[:_MAX_TEXT_CHARS]}…"


def _time(when: datetime | None) -> str | None:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if when else None
