"""Filters and orders runs, in the part of MongoDB's language that users of the SDK write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.resolvers.context import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from wandb_tui.sandbox.state import Run

_MISSING = object()

_COLUMNS: dict[str, Callable[[Run], Any]] = {
    "name": lambda run: run.name,
    "displayname": lambda run: run.display_name,
    "state": lambda run: run.live_state,
    "group": lambda run: run.run_group,
    "sweep": lambda run: run.sweep,
    "jobtype": lambda run: run.job_type,
    "tags": lambda run: run.tags,
    "createdat": lambda run: timestamp(run.created_at),
    "heartbeatat": lambda run: timestamp(run.heartbeat_at),
    "host": lambda run: run.host,
    "notes": lambda run: run.notes,
    "description": lambda run: run.description,
}


def matches(run: Run, wanted: dict[str, Any]) -> bool:
    """Whether a run meets a MongoDB-style filter. Unknown operators raise ``ValueError``."""
    return all(_meets(run, name, condition) for name, condition in wanted.items())


def ordered(runs: list[Run], order: str | None) -> list[Run]:
    """The runs by ``+field`` or ``-field``; runs without the field come last."""
    text = order or "+created_at"
    field, descending = text.lstrip("+-"), text.startswith("-")
    present = [run for run in runs if _value(run, field) not in (_MISSING, None)]
    absent = [run for run in runs if _value(run, field) in (_MISSING, None)]
    present.sort(key=lambda run: (_rank(_value(run, field)), run.key), reverse=descending)
    return present + absent


def _meets(run: Run, name: str, condition: Any) -> bool:
    if name in ("$and", "$or", "$nor"):
        results = [matches(run, part) for part in condition]
        return {"$and": all(results), "$or": any(results), "$nor": not any(results)}[name]
    return fits(_value(run, name), condition)


def fits(value: Any, condition: Any) -> bool:
    """Whether a value is another one, or meets all of some operators with their operands."""
    if isinstance(condition, dict) and any(key.startswith("$") for key in condition):
        return all(_compare(value, operator, operand) for operator, operand in condition.items())
    return _compare(value, "$eq", condition)


def _value(run: Run, name: str) -> Any:
    """A run's value under ``state``, ``config.lr``, ``config.lr.value``, ``summary_metrics.loss`` and so on."""
    head, _, rest = name.partition(".")
    if head == "config" and rest:
        return _inside(run.config, rest.removesuffix(".value"), unwrap=True)
    if head in ("summary_metrics", "summaryMetrics", "summary") and rest:
        return _inside(run.summary, rest, unwrap=False)
    column = _COLUMNS.get(name.replace("_", "").lower())
    return column(run) if column else _MISSING


def _inside(mapping: dict[str, Any], path: str, *, unwrap: bool) -> Any:
    head, _, rest = path.partition(".")
    value = mapping.get(head, _MISSING)
    if unwrap and isinstance(value, dict) and "value" in value:
        value = value["value"]
    if rest and isinstance(value, dict):
        return _inside(value, rest, unwrap=False)
    return _MISSING if rest else value


def _compare(value: Any, operator: str, operand: Any) -> bool:
    if operator in ("$gt", "$gte", "$lt", "$lte"):
        return value is not _MISSING and value is not None and _ordered(value, operator, operand)
    listed = value if isinstance(value, list) else [value]
    tests: dict[str, Callable[[], bool]] = {
        "$eq": lambda: value == operand or operand in listed or (operand is None and value is _MISSING),
        "$ne": lambda: not _compare(value, "$eq", operand),
        "$in": lambda: any(_compare(value, "$eq", one) for one in operand),
        "$nin": lambda: not _compare(value, "$in", operand),
        "$exists": lambda: (value is not _MISSING) == bool(operand),
        "$regex": lambda: any(isinstance(one, str) and re.search(operand, one) is not None for one in listed),
        "$not": lambda: not all(_compare(value, inner, one) for inner, one in operand.items()),
    }
    if operator not in tests:
        raise ValueError(f"unknown filter operator {operator}")
    return tests[operator]()


def _ordered(value: Any, operator: str, operand: Any) -> bool:
    try:
        return bool(
            {
                "$gt": lambda: value > operand,
                "$gte": lambda: value >= operand,
                "$lt": lambda: value < operand,
                "$lte": lambda: value <= operand,
            }[operator](),
        )
    except TypeError:
        return False


def _rank(value: Any) -> tuple[int, Any]:
    """A sort key for numbers and other values together."""
    return (0, value) if isinstance(value, int | float) else (1, str(value))
