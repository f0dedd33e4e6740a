"""Asks the server who owns the API key."""

from __future__ import annotations

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
    reply = client.execute("query Viewer { viewer { id username email } }", {})
    if reply.problem is ProbeOutcome.UNAUTHORIZED:
        raise ApiKeyError(f"{reply.message}.", f"Get a new one at {server.app_url}/authorize.")
    viewer = (reply.data or {}).get("viewer")
    if reply.problem is not None:
        raise ServerError(f"{reply.message}.")
    if not isinstance(viewer, dict):
        raise ApiKeyError(
            f"{server.host} does not recognise this API key.", f"Get a new one at {server.app_url}/authorize."
        )
    return str(viewer.get("username") or viewer.get("email") or "an unnamed user")


def default_entity(client: GraphQL) -> str:
    """The entity that the API key writes to by default; empty if the server does not report one."""
    reply = client.execute("query Viewer { viewer { id entity username } }", {})
    viewer = (reply.data or {}).get("viewer") or {}
    return str(viewer.get("entity") or viewer.get("username") or "")
