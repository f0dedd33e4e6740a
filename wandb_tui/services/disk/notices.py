"""Converts notices to and from the JSON that the watch list's file stores beside their text."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

from wandb_tui.core.errors import UsageError
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import EventKind, Notice, text_notice
from wandb_tui.core.verdict import GoalWarning, GoalWarningKind, Verdict, VerdictCode

_MAX_DETAIL_CHARS = 5000

_VARYING_NUMBER = re.compile(
    r"(?<![\w.])[0-9]+(?:[.,][0-9]+)*(?= ?(?:ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)(?!\w))"
    r"|(?<=, step )[0-9][0-9,]*(?=\))"
)
"""The numbers that differ between lines of version 0.1.0 that repeat one another: durations, and how far a run is."""


def storable(text: str) -> str:
    """A text of sensible length without what UTF-8 cannot encode."""
    text = text[:_MAX_DETAIL_CHARS]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def encode_notice(notice: Notice) -> str:
    """A notice as JSON without default values. The text of a remark is stored beside it."""
    values: dict[str, Any] = {"kind": notice.kind.value}
    for name in _PLAIN:
        if (value := getattr(notice, name)) != _DEFAULTS[name]:
            values[name] = storable(value) if isinstance(value, str) else value
    if notice.kind is EventKind.TEXT:
        values.pop("detail", None)
    if notice.goal is not None:
        values["goal"] = str(notice.goal)
    if notice.verdict is not None:
        values["verdict"] = _set_fields(notice.verdict)
    if notice.warning is not None:
        values["warning"] = _set_fields(notice.warning)
    return json.dumps(values)


def add_to_encoded(encoded: str, name: str, value: float) -> str:
    """The JSON of a notice with one more value, a number."""
    return f'{encoded[:-1]}, "{name}": {json.dumps(value)}}}'


def decode_notice(stored: str | None, message: str) -> Notice | None:
    """A notice from its JSON; from its text if there is no JSON, or a later version has written it.

    Args:
        stored: The JSON.
        message: The text.
    """
    if not stored:
        return text_notice(message) if message else None
    try:
        values = json.loads(stored)
        kind = EventKind(values["kind"])
        plain = {name: values[name] for name in _PLAIN if name in values}
        if kind is EventKind.TEXT:
            plain["detail"] = message
        return Notice(
            kind,
            goal=Goal.parse(values["goal"]) if "goal" in values else None,
            verdict=_verdict(values["verdict"]) if "verdict" in values else None,
            warning=_warning(values["warning"]) if "warning" in values else None,
            **plain,
        )
    except (ValueError, TypeError, KeyError, AttributeError, UsageError):
        return text_notice(message)


def notice_of_words(message: str) -> str | None:
    """The JSON for a line of version 0.1.0, which stored only text; None if the text has no varying numbers."""
    folds_as = _VARYING_NUMBER.sub("", message)
    return None if folds_as == message else json.dumps({"kind": EventKind.TEXT.value, "folds_as": folds_as})


_DEFAULTS = {field.name: field.default for field in fields(Notice)}
_PLAIN = tuple(name for name in _DEFAULTS if name not in {"kind", "goal", "verdict", "warning"})
"""The fields that JSON can hold as they are."""


def _set_fields(data: Verdict | GoalWarning) -> dict[str, Any]:
    return {field.name: value for field in fields(data) if (value := getattr(data, field.name)) != field.default}


def _verdict(values: dict[str, Any]) -> Verdict:
    return Verdict(**{**values, "code": VerdictCode(values["code"])})


def _warning(values: dict[str, Any]) -> GoalWarning:
    return GoalWarning(**{**values, "kind": GoalWarningKind(values["kind"])})
