"""Shortens queries for validation: what is asked of many runs alike has to be validated for one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from graphql import DocumentNode, FieldNode, Node, OperationDefinitionNode, VariableNode

_Node = TypeVar("_Node", bound=Node)
_NUMBER = re.compile(r"\d+$")


def representative(document: DocumentNode) -> DocumentNode:
    """A document that is valid just if the given one is.

    Of the top-level fields that differ only in the number at the end of their aliases and variables, as clients number
    the parts of a query for many runs, it has the first.
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1:
        return document
    (operation,) = operations
    selections = operation.selection_set.selections
    fields = {field.alias.value: field for field in selections if isinstance(field, FieldNode) and field.alias}
    if len(fields) < len(selections):
        return document
    declared = operation.variable_definitions or ()
    definitions = {one.variable.name.value: one for one in declared}
    if len(definitions) < len(declared):
        return document
    types = {
        name: _shape((one.type, one.default_value, one.directives), "", {}, set()) for name, one in definitions.items()
    }
    shapes: dict[Any, tuple[Any, set[str]]] = {}
    used: set[str] = set()
    for alias, field in fields.items():
        number = _NUMBER.search(alias)
        names: set[str] = set()
        parts = (field.name, field.arguments, field.directives, field.selection_set)
        shape = _shape(parts, number[0] if number else "", types, names)
        shapes.setdefault(shape, (field, names))
        used |= names
    kept = {name for _, names in shapes.values() for name in names}
    selection_set = _changed(operation.selection_set, selections=tuple(field for field, _ in shapes.values()))
    # One that no field uses is an error, unless a fragment does.
    variables = tuple(one for name, one in definitions.items() if name in kept or name not in used)
    short = _changed(operation, selection_set=selection_set, variable_definitions=variables)
    return _changed(document, definitions=tuple(short if node is operation else node for node in document.definitions))


def _changed(node: _Node, **changes: Any) -> _Node:
    return type(node)(**{key: getattr(node, key) for key in node.keys} | changes)


def _shape(part: Any, number: str, types: Mapping[str, Any], used: set[str]) -> Any:
    """A part of a document without this number in the names of its variables, and with the types of these.

    Args:
        part: A node, several nodes, or a value.
        number: The number.
        types: The types of the variables that are defined.
        used: Receives the names of the variables.
    """
    if isinstance(part, VariableNode):
        name = part.name.value
        used.add(name)
        return "$", name.removesuffix(number), types.get(name)
    if isinstance(part, Node):
        return part.kind, *[_shape(getattr(part, key), number, types, used) for key in part.keys if key != "loc"]
    return tuple([_shape(one, number, types, used) for one in part]) if isinstance(part, list | tuple) else part
