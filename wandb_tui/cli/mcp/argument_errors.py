"""Says in plain words what is wrong with the arguments of a tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list of texts",
}
_BOUNDS = {
    "exclusiveMinimum": "above",
    "minimum": "at least",
    "exclusiveMaximum": "below",
    "maximum": "at most",
}


def argument_problem(error: ValidationError, schema: Mapping[str, Any]) -> str:
    """The values that the refused arguments accept, a sentence for each. The refused values are not repeated.

    Args:
        error: Why they were refused.
        schema: The JSON schema of the tool's arguments.
    """
    found = {str(one["loc"][0]): one["type"] == "missing" for one in error.errors() if one["loc"]}
    return " ".join(_problem(name, schema["properties"].get(name, {}), missing=found[name]) for name in found)


def unknown_argument(tool: str, arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """The sentence about arguments that a tool does not have; empty if it has all."""
    known = schema.get("properties", {})
    unknown = ", ".join(name for name in arguments if name not in known)
    return f"{tool} has no argument {unknown[:100]}; it takes {', '.join(known) or 'none'}." if unknown else ""


def _problem(name: str, schema: Mapping[str, Any], *, missing: bool) -> str:
    takes = "is missing; it takes" if missing else "takes"
    about = f": {schema['description']}" if "description" in schema else ""
    return f"The argument {name} {takes} {_kind(schema)}{about}."


def _kind(schema: Mapping[str, Any]) -> str:
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    kind = _KINDS.get(options[0].get("type", ""), "another kind of value")
    bounds = " and ".join(f"{words} {options[0][bound]:g}" for bound, words in _BOUNDS.items() if bound in options[0])
    return f"{kind} {bounds}".strip()
