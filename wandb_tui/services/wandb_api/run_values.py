"""A run's summary and its config as names and plain values, sorted and bounded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from wandb_tui.core.details import Scalar, Values
from wandb_tui.services.wandb_api.response import json_scalar

_DEEPEST = 5
_MOST = 1000
_SHORT_LIST = 8
_WRAPPING = {"value", "desc"}
_OWN = "_wandb"
"""What begins so is the SDK's own; other names with an underscore are the user's, in a config."""


def read_summary(run: Mapping[str, Any]) -> Values | None:
    """The summary; what the SDK keeps there for itself is left out. None where the server does not tell."""
    found = json_scalar(run.get("summaryMetrics"))
    if not isinstance(found, dict):
        return None
    return _bounded((name, value) for name, value in _flat(found) if not name.startswith("_"))


def read_config(run: Mapping[str, Any]) -> Values | None:
    """The config, each value out of what the API wraps it in. None where the server does not tell."""
    if run.get("config", "") is None:
        return ()
    found = json_scalar(run.get("config"))
    if not isinstance(found, dict):
        return None
    return _bounded(_flat({name: _unwrapped(value) for name, value in found.items() if not name.startswith(_OWN)}))


def _unwrapped(value: object) -> object:
    if isinstance(value, dict) and "value" in value and value.keys() <= _WRAPPING:
        return value["value"]
    return value


def _bounded(values: Iterator[tuple[str, Scalar]]) -> Values:
    return tuple(sorted(values, key=lambda item: item[0])[:_MOST])


def _flat(values: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Scalar]]:
    """Names and values, what is nested under names with dots."""
    for name, value in values.items():
        if value and isinstance(value, dict) and "_type" not in value and depth < _DEEPEST:
            yield from _flat(value, f"{prefix}{name}.", depth + 1)
        else:
            yield f"{prefix}{name}", _scalar(value)


def _scalar(value: object) -> Scalar:
    if isinstance(value, bool | int | float | str | None):
        return value
    if isinstance(value, dict):
        return str(value.get("_type") or ("an object" if value else "an empty object"))
    return _list(value) if isinstance(value, list) else ""


def _list(values: list[Any]) -> str:
    """A short list as it is, such as the betas of an optimiser; of others how long they are."""
    short = len(values) <= _SHORT_LIST and all(isinstance(value, bool | int | float | str | None) for value in values)
    return json.dumps(values, ensure_ascii=False) if short else f"a list of {len(values)}"
