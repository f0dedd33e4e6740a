"""The W&B servers that this machine knows: those with a watch list, a kept sign-in, or a place in the settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from wandb_tui.core.errors import StoreError, UsageError
from wandb_tui.core.server_info import KnownServer, ServerInfo
from wandb_tui.services.credentials.redaction import HEADER_VARIABLES
from wandb_tui.services.credentials.session_file import signed_in_at
from wandb_tui.services.disk.store import SqliteWatchStore
from wandb_tui.services.server import CLOUD_APP_URL, CLOUD_KEY, Server, base_url, pages_of, server_key

_CLOUD_URL = "https://api.wandb.ai"

_OF_ONE_SERVER: Final = (
    "WANDB_BASE_URL", "WANDB_APP_URL", "WANDB_API_KEY", "WANDB_VIEWER_MAIL", "WANDB_VIEWER_PW", "WANDB_ENTITY",
    "WANDB_PROJECT", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_CREDENTIALS_FILE", *HEADER_VARIABLES,
)  # fmt: skip
"""The environment variables that hold for the server that they were set for alone."""


def environment_of(address: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for another server than the one that it was set for: without its keys, passwords and names."""
    kept = {name: value for name, value in environ.items() if name not in _OF_ONE_SERVER}
    return {**kept, "WANDB_BASE_URL": address}


def known_servers(store: SqliteWatchStore, state: Path, hosts: Iterable[str], here: Server) -> list[KnownServer]:
    """The servers that are known, the current one first, then those with the most runs. Blocks.

    Args:
        store: The watch list; it holds those of all servers.
        state: The folder with the sessions of kept sign-ins.
        hosts: Addresses from the settings and the environment; invalid ones are left out.
        here: The current server.
    """
    try:
        counts = store.run_counts()
    except StoreError:
        # The dashboard reports it.
        counts = {}
    listed = (_CLOUD_URL if key == CLOUD_KEY else key for key in counts)
    named = _valid([*hosts, *signed_in_at(state, (CLOUD_APP_URL,))])
    addresses = {server_key(address): address for address in (*named, *listed, _CLOUD_URL)}
    names = {key: ServerInfo(address, pages_of(address) or address).host for key, address in addresses.items()}
    addresses[here.key], names[here.key] = here.info.base_url, here.info.host
    servers = [
        KnownServer(address, names[key], counts.get(key, 0), here=key == here.key) for key, address in addresses.items()
    ]
    return sorted(servers, key=lambda server: (not server.here, -server.runs, server.name))


def _valid(addresses: Iterable[str]) -> Iterator[str]:
    for address in addresses:
        try:
            yield base_url(address)
        except UsageError:
            continue
