"""Running GraphQL requests against ``schema.graphql``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from wandb_tui.sandbox.resolvers.context import RefusedError
from wandb_tui.sandbox.resolvers.mutation import MutationView
from wandb_tui.sandbox.resolvers.query import QueryView
from wandb_tui.sandbox.resolvers.query_shape import representative

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    from wandb_tui.sandbox.resolvers.context import ResolverContext

_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])|(?<=[A-Z])([A-Z])(?=[a-z])")
_MAX_TOKENS = 200_000
MEMBERSHIP = "artifactCollectionMembership"
"""The field that older servers lack."""


@dataclass(frozen=True)
class Operation:
    """A parsed request: its document and operation."""

    document: DocumentNode
    node: OperationDefinitionNode

    @property
    def name(self) -> str:
        """The operation's name in the document; empty if it has none."""
        return self.node.name.value if self.node.name else ""

    @property
    def fields(self) -> int:
        """The number of its top-level fields."""
        return len(self.node.selection_set.selections)


class NotUnderstoodError(Exception):
    """The request cannot be parsed, or does not fit the schema."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(frozen=True)
class GraphQLResult:
    """The response to a request."""

    status: int
    body: dict[str, Any]


@cache
def schema(lacking: str = "") -> GraphQLSchema:
    """The schema, or that of a server that lacks some fields (``a+b``) or arguments (``runs.after``)."""
    text = resources.files("wandb_tui.sandbox").joinpath("schema.graphql").read_text(encoding="utf-8")
    for field, _, argument in (name.partition(".") for name in lacking.split("+") if name):
        if argument:
            text = re.sub(rf"^(  {field}\(.*?)\b{argument}: \w+!?(, )?", r"\1", text, flags=re.MULTILINE)
        else:
            text = re.sub(rf"^  {field}\b.*\n", "", text, flags=re.MULTILINE)
    text = text.replace(", )", ")").replace("()", "")
    built = build_schema(text)
    collection = built.get_type("ArtifactCollection")
    if isinstance(collection, GraphQLInterfaceType):
        collection.resolve_type = lambda *_: "ArtifactSequence"
    for kind in built.type_map.values():
        _take_arguments_in_our_style(kind)
    return built


def _take_arguments_in_our_style(kind: GraphQLNamedType) -> None:
    """Let arguments and input fields reach the resolvers under their names in Python's style.

    Not those of introspection, which older SDKs use: graphql-core itself answers them.
    """
    if kind.name.startswith("__"):
        return
    if isinstance(kind, GraphQLInputObjectType):
        for name, given in kind.fields.items():
            given.out_name = _snake(name)
    elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for field in kind.fields.values():
            for name, argument in field.args.items():
                argument.out_name = _snake(name)


@lru_cache(maxsize=256)
def prepare(query: str, lacking: str = "") -> Operation:
    """Parse and check a request. The SDK sends no operation name, so the text alone decides.

    Raises:
        NotUnderstoodError: The text is not GraphQL, or does not fit the schema.
    """
    try:
        document = parse(query, no_location=True, max_tokens=_MAX_TOKENS)
    except GraphQLError as error:
        raise NotUnderstoodError([error]) from error
    if validate(schema(lacking), representative(document)):
        raise NotUnderstoodError(validate(schema(lacking), parse(query, max_tokens=_MAX_TOKENS)))
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if not operations:
        raise NotUnderstoodError([GraphQLError("there is no operation in the request")])
    return Operation(document, operations[0])


def run(operation: Operation, context: ResolverContext, variables: dict[str, Any], lacking: str = "") -> GraphQLResult:
    """Execute a request; a refusal inside decides the HTTP status of the whole."""
    root: Any = MutationView(context) if operation.node.operation is OperationType.MUTATION else QueryView(context)
    result = execute_sync(
        schema(lacking),
        operation.document,
        root,
        context,
        variables,
        operation.name or None,
        field_resolver=_resolve,
    )
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    refusals = [error.original_error for error in result.errors or [] if isinstance(error.original_error, RefusedError)]
    return GraphQLResult(refusals[0].status if refusals else 200, body)


def _resolve(source: Any, info: GraphQLResolveInfo[ResolverContext], **arguments: Any) -> Any:
    """Resolve a field from a view or mapping by its Python name."""
    name = _snake(info.field_name)
    value = source.get(name) if isinstance(source, dict) else getattr(source, name)
    return value(**arguments) if callable(value) else value


@cache
def _snake(name: str) -> str:
    return _HUMP.sub(lambda match: "_" + match.group(0), name).lower()
