"""Reads a GraphQL server's reply: objects that may lack fields, and the error to raise if there is no answer."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from wandb_tui.core.errors import ApiKeyError, ServerError
from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.services.wandb_api.graphql import Reply, one_line


def json_object(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def nodes(connection: object) -> list[dict[str, Any]]:
    """The nodes of a connection's edges."""
    edges = json_object(connection).get("edges")
    return [json_object(json_object(edge).get("node")) for edge in edges] if isinstance(edges, list) else []


def next_cursor(connection: dict[str, Any]) -> str:
    """The cursor of the next page; empty on the last one."""
    info = json_object(connection.get("pageInfo"))
    return str(info.get("endCursor") or "") if info.get("hasNextPage") else ""


def parse_time(text: object) -> datetime | None:
    """A time as the API writes it, with its time zone; None for anything else."""
    try:
        found = datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else None


def json_scalar(value: object) -> Any:
    """A JSON value, which some servers send as text; None if that text is not JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def error_from(reply: Reply, *, retry_key: str = "", sign_in_keys: str = "s") -> ServerError | ApiKeyError:
    """The error to show for a reply without a usable answer.

    Args:
        reply: The reply.
        retry_key: The key that sends the query again; empty where there is no screen.
        sign_in_keys: The keys that lead to the sign-in, where there is one.
    """
    if reply.problem is ProbeOutcome.UNAUTHORIZED:
        where = sign_in_keys if retry_key else "wandb-tui login"
        return ApiKeyError(f"{reply.message}.", f"Enter another API key: {where}.")
    if reply.limited:
        wait = reply.limits.retry_after
        return ServerError(
            "The server is limiting requests.", f"Try again in {wait:.0f} s." if wait else "Try again in a minute."
        )
    message = reply.message or f"The server says: {one_line(reply.errors[0].get('message') if reply.errors else '')}"
    return ServerError(f"{message}.", f"Press {retry_key} to try again." if retry_key else "Try again.")


def error_text(error: dict[str, Any]) -> str:
    """The text of a GraphQL error, its extensions included."""
    return f"{error.get('message', '')} {error.get('extensions') or ''}"


def error_path(error: dict[str, Any]) -> list[str]:
    """The names from the query's root to what a GraphQL error is about; empty for an error of the whole query."""
    path = error.get("path")
    return [str(part) for part in path] if isinstance(path, list) else []
