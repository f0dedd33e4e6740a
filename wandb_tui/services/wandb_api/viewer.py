"""Asks the server who owns the API key."""

from __future__ import annotations

from typing import Any

from wandb_tui.core.errors import ApiKeyError, ServerError
from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.wandb_api.graphql import GraphQL


def key_owner(client: GraphQL, server: ServerInfo) -> str:
    """The user name of the API key's owner, or else the e-mail address.

    Raises:
        ApiKeyError: The server refuses the key.
        ServerError: It cannot be reached, or does not understand the query.
    """
    viewer = _viewer(client, server, "username email")
    if viewer is None:
        raise ApiKeyError(
            f"{server.host} does not recognise this API key.", f"Get a new one at {server.app_url}/authorize."
        )
    return str(viewer.get("username") or viewer.get("email") or "an unnamed user")


def default_entity(client: GraphQL, server: ServerInfo) -> str:
    """The entity that the API key writes to by default; empty if the server does not report one.

    Raises:
        ApiKeyError: The server refuses the key.
        ServerError: It cannot be reached, or does not understand the query.
    """
    viewer = (
        _viewer(
            client,
            server,
            "entity username",
            "An address without an entity needs the API key's own; write it in full, or set WANDB_ENTITY.",
        )
        or {}
    )
    return str(viewer.get("entity") or viewer.get("username") or "")


def _viewer(client: GraphQL, server: ServerInfo, fields: str, hint: str = "") -> dict[str, Any] | None:
    """Fields of the API key's owner; None if the server does not recognise the key."""
    reply = client.execute(f"query Viewer {{ viewer {{ id {fields} }} }}", {})
    if reply.problem is ProbeOutcome.UNAUTHORIZED:
        raise ApiKeyError(f"{reply.message}.", f"Get a new one at {server.app_url}/authorize.")
    if reply.problem is not None:
        raise ServerError(f"{reply.message}.", hint)
    viewer = (reply.data or {}).get("viewer")
    return viewer if isinstance(viewer, dict) else None
