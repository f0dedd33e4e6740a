"""Reading what a GraphQL server answers: objects that may have holes, and the errors that callers raise."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from wandb_tui.core.errors import ApiKeyError, ServerError
from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.services.wandb_api.graphql import Reply, one_line


def json_object(value: object) -> dict[str, Any]:
    """An object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def nodes(connection: object) -> list[dict[str, Any]]:
    """The nodes of a connection's edges."""
    edges = json_object(connection).get("edges")
    return [json_object(json_object(edge).get("node")) for edge in edges] if isinstance(edges, list) else []


def next_page(connection: dict[str, Any]) -> str:
    """What to ask for the next page with; empty where there is none."""
    info = json_object(connection.get("pageInfo"))
    return str(info.get("endCursor") or "") if info.get("hasNextPage") else ""


def moment(text: object) -> datetime | None:
    """A moment as the API writes it; None where it is none."""
    try:
        found = datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else None


def json_scalar(value: object) -> Any:
    """A JSON value, which some servers send as text; None where that cannot be read."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def error_of(reply: Reply, *, again: str, sign_in: str = "s") -> ServerError | ApiKeyError:
    """The error that a reply without a usable answer means to a user.

    Args:
        reply: What came.
        again: The key that asks again.
        sign_in: The keys that lead to the sign-in.
    """
    if reply.problem is ProbeOutcome.UNAUTHORIZED:
        return ApiKeyError(f"{reply.message}.", f"Give another API key: {sign_in}.")
    if reply.limited:
        wait = reply.limits.retry_after
        return ServerError("The server is limiting us.", f"Try again in {wait:.0f} s." if wait else "Try again soon.")
    message = reply.message or f"The server says: {one_line(reply.errors[0].get('message') if reply.errors else '')}"
    return ServerError(f"{message}.", f"Try again with {again}.")
