"""A run's summary and config as sorted names and plain values, limited in number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from wandb_tui.core.details import BranchPoint, RunRecord, Scalar, Values
from wandb_tui.services.wandb_api.response import json_object, json_scalar

_MAX_DEPTH = 5
_MAX_VALUES = 1000
_MAX_LIST_ITEMS = 8
_WRAPPER_KEYS = {"value", "desc"}
FORKED_FROM = "forked_from"
"""The name in the config of a fork under which we repeat where it was forked: the SDK drops its own when it resumes."""
REPLAYED_FROM = "replayed_from"
"""The name in the config of a run that was made by a replay that says where its history is from."""
_SDK_PREFIX = "_wandb"
"""Config names that begin with this are the SDK's own; others with an underscore are the user's."""


def read_summary(run: Mapping[str, Any]) -> Values | None:
    """The summary without the SDK's own values; None if the server does not report it."""
    found = json_scalar(run.get("summaryMetrics"))
    if not isinstance(found, dict):
        return None
    return _bounded((name, value) for name, value in _flattened(found) if not name.startswith("_"))


def read_config(run: Mapping[str, Any]) -> Values | None:
    """The config, each value unwrapped from the API's ``{"value": …}``; None if the server does not report it."""
    if run.get("config", "") is None:
        return ()
    found = json_scalar(run.get("config"))
    return _bounded(_flattened(_users_config(found))) if isinstance(found, dict) else None


def read_branch_point(run: Mapping[str, Any], run_id: str) -> BranchPoint | None:
    """The point at which a run was forked, as its config has it; None for no fork, or where the server does not tell.

    Args:
        run: The run, as the API gives it.
        run_id: Its id. A run that was rewound names itself, which is no fork.
    """
    config = json_object(json_scalar(run.get("config")))
    own = json_object(_unwrapped(config.get(_SDK_PREFIX)))
    for found in (own.get("branch_point"), _unwrapped(config.get(FORKED_FROM))):
        point = json_object(found)
        parent, step = point.get("run_id"), point.get("step")
        if parent and str(parent) != run_id and isinstance(step, int | float):
            return BranchPoint(str(parent), int(step))
    return None


def read_replay(run: Mapping[str, Any]) -> tuple[str, int] | None:
    """The run, ``entity/project/run_id``, that a run was replayed from, and the last step; None for no replay."""
    point = json_object(_unwrapped(json_object(json_scalar(run.get("config"))).get(REPLAYED_FROM)))
    parent, step = point.get("run"), point.get("step")
    return (parent, step) if isinstance(parent, str) and isinstance(step, int) else None


def read_record(run: Mapping[str, Any]) -> RunRecord:
    """A run's config and summary as they are stored."""
    config, summary = _stored(run, "config"), _stored(run, "summaryMetrics")
    return RunRecord(
        None if config is None else _users_config(config),
        None if summary is None else {name: value for name, value in summary.items() if not name.startswith("_")},
    )


def _stored(run: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """The values under this name, of which there may be none; None if the server does not report them."""
    found = {} if run.get(name, "") is None else json_scalar(run.get(name))
    return found if isinstance(found, dict) else None


def _users_config(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _unwrapped(value) for name, value in config.items() if not name.startswith(_SDK_PREFIX)}


def _unwrapped(value: object) -> object:
    if isinstance(value, dict) and "value" in value and value.keys() <= _WRAPPER_KEYS:
        return value["value"]
    return value


def _bounded(values: Iterator[tuple[str, Scalar]]) -> Values:
    return tuple(sorted(values, key=lambda item: item[0])[:_MAX_VALUES])


def _flattened(values: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Scalar]]:
    """Names and values; nested ones get dotted names."""
    for name, value in values.items():
        if value and isinstance(value, dict) and "_type" not in value and depth < _MAX_DEPTH:
            yield from _flattened(value, f"{prefix}{name}.", depth + 1)
        else:
            yield f"{prefix}{name}", _scalar(value)


def _scalar(value: object) -> Scalar:
    if isinstance(value, bool | int | float | str | None):
        return value
    if isinstance(value, dict):
        return str(value.get("_type") or ("an object" if value else "an empty object"))
    return _list(value) if isinstance(value, list) else ""


def _list(values: list[Any]) -> str:
    """A short list, such as an optimiser's betas, in full; for a longer one its length."""
    short = len(values) <= _MAX_LIST_ITEMS and all(
        isinstance(value, bool | int | float | str | None) for value in values
    )
    return json.dumps(values, ensure_ascii=False) if short else f"a list of {len(values)}"
