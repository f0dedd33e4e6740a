"""The chosen server: its API, its pages, and the addresses of its runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wandb_tui.core.address import RunAddress, is_short
from wandb_tui.core.errors import UsageError
from wandb_tui.core.goal import Goal
from wandb_tui.core.home import home_folder
from wandb_tui.core.lookalikes import lookalike, strip_invisible
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.disk.settings import Settings

if TYPE_CHECKING:
    from wandb_tui.core.project_query import ProjectQuery

_API_OF_PAGES = {
    "wandb.ai": "https://api.wandb.ai",
    "www.wandb.ai": "https://api.wandb.ai",
    "app.wandb.ai": "https://api.wandb.ai",
    "forge.coreweave.com": "https://api.forge.coreweave.com",
}
CLOUD_KEY = "cloud"
"""Identifies the cloud in the files on disk."""
CLOUD_APP_URL = "https://forge.coreweave.com/wandb"
"""The address of the cloud's pages; older SDKs still give the one from before the move to Forge."""
_CLOUD_DOMAINS = ("wandb.ai", "forge.coreweave.com", "wandb.io")
"""Domains of the multi-tenant cloud, under both its names, and of dedicated clouds."""
_LOOPBACK_PREFIXES = ("localhost", "127.", "[::1]")


class Server:
    """The chosen server. Cheap to build; reading its URLs for the first time imports the SDK, which is slow."""

    def __init__(self, host: str | None, settings: Settings, environ: Mapping[str, str]) -> None:
        """Choose the server.

        Args:
            host: The value of ``--host``, if given: the address of the API or of the pages, with or without a scheme.
            settings: The user's settings.
            environ: The environment; ``WANDB_BASE_URL`` and ``WANDB_APP_URL`` mean what they mean to the SDK.

        Raises:
            UsageError: The address of the server is not valid.
        """
        self._settings = settings
        self._environ = environ
        from_environment = environ.get("WANDB_BASE_URL", "")
        chosen = host or from_environment or settings.host
        self._base_url = base_url(chosen) if chosen else ""
        is_environment_server = not host or (bool(from_environment) and base_url(from_environment) == self._base_url)
        # WANDB_APP_URL belongs to the environment's server; another one's pages are elsewhere.
        self._app_url = environ.get("WANDB_APP_URL", "") if is_environment_server else ""

    @cached_property
    def info(self) -> ServerInfo:
        """The addresses of the API and the pages, as the SDK has them.

        Where no address is given, the SDK's default is asked for; importing the SDK takes a second or more.
        """
        if self._base_url and (pages := self._app_url or pages_of(self._base_url)):
            return ServerInfo(base_url=self._base_url, app_url=pages.rstrip("/"))
        import wandb

        sdk = wandb.Settings(base_url=self._base_url) if self._base_url else wandb.Settings()
        if not self._base_url:
            sdk.update_from_system_settings()
        pages = self._app_url or (CLOUD_APP_URL if _is_cloud(sdk.base_url) else sdk.app_url)
        return ServerInfo(base_url=sdk.base_url.rstrip("/"), app_url=pages.rstrip("/"))

    @property
    def key(self) -> str:
        """Identifies the server in the files on disk; imports the SDK only if it must."""
        base = self._base_url
        if not base and _sdk_names_a_server(self._environ):
            base = self.info.base_url
        return server_key(base)

    @property
    def offers_forks(self) -> bool | None:
        """Whether the server can fork runs: W&B's clouds can, self-managed servers cannot; None on this machine.

        A server on this machine may be anything: a sandbox, or the near end of a tunnel.
        """
        host = urlsplit(self.info.base_url).hostname or ""
        if host in {"localhost", "::1"} or host.startswith("127."):
            return None
        return any(host == cloud or host.endswith(f".{cloud}") for cloud in _CLOUD_DOMAINS)

    @property
    def display_name(self) -> str:
        """The server's name as it is shown, without importing the SDK."""
        address = self._app_url or self._base_url
        return urlsplit(address).netloc if address else "the default W&B server"


class ServerAddresses:
    """Parses run addresses for one server; implements `ui.runtime.ports.Addresses`."""

    def __init__(
        self, server: Server, settings: Settings, environ: Mapping[str, str], key_entity: Callable[[], str]
    ) -> None:
        """Take the sources of what a short address leaves out.

        Args:
            server: The server of the runs.
            settings: The user's settings.
            environ: The environment, for ``WANDB_ENTITY`` and ``WANDB_PROJECT``.
            key_entity: Asks the server for the API key's own entity; called only if no entity is set.
        """
        self._server = server
        self._entity, self._entity_from = _default(environ, "WANDB_ENTITY", settings.entity)
        self._project, self._project_from = _default(environ, "WANDB_PROJECT", settings.project)
        self._key_entity = key_entity

    def parse(self, text: str) -> RunAddress:
        """Parse an address, completed from the environment, the settings and the key's own entity.

        Raises:
            UsageError: It is not valid, or belongs to another server.
            ApiKeyError: It has no entity, and the server refuses the key whose own it would be.
            ServerError: It has no entity, and the server could not be asked for the key's own.
        """
        if not self._entity and is_short(text) and ":" not in text:
            self._entity, self._entity_from = self._key_entity(), "the API key"
        pages = self._server.info.app_url
        try:
            return RunAddress.parse(text, entity=self._entity, project=self._project, app_url=pages)
        except UsageError:
            if goal := _goal_in(text):
                raise UsageError(f"{goal} is a goal, not a run.", f"Write --until {goal}; in Python until=…") from None
            raise

    def parse_query(self, text: str) -> ProjectQuery | None:
        """Parse a query for runs of a project; None where the text is something else, such as an address.

        Raises:
            UsageError: It is a query, but not a valid one, or belongs to another server.
        """
        # Only the SDK knows the address of some servers' pages, and importing it takes a second or more.
        if "/*" not in text and "://" not in text:
            return None
        from wandb_tui.core.project_query import ProjectQuery

        return ProjectQuery.parse(text, app_url=self._server.info.app_url)

    def completion(self, text: str) -> str:
        """The sources of the parts that a short address lacks, as a clause; empty for a full address."""
        if not is_short(text):
            return ""
        entity = f"entity from {self._entity_from}"
        return entity if "/" in text.strip().strip("/") else f"{entity}, project from {self._project_from}"


def _default(environ: Mapping[str, str], variable: str, setting: str) -> tuple[str, str]:
    """The default for a missing part of an address, and the name of its source."""
    if named := environ.get(variable):
        return named, variable
    return setting, "settings.toml"


def server_key(api: str) -> str:
    """Identifies a server in the files on disk, given the address of its API; empty for the SDK's default."""
    # wandb.ai and Forge are one server under two names.
    return CLOUD_KEY if not api or _is_cloud(api) else api


def pages_of(api: str) -> str:
    """The address of a server's pages, by the SDK's own rule (a test compares the two); empty if only the SDK can tell.

    The SDK refuses some addresses that look like one of its clouds, so those are left to it.

    Args:
        api: The API's address.
    """
    if _is_cloud(api):
        return CLOUD_APP_URL
    host = urlsplit(api).hostname or ""
    if "wandb.ai" in host or host.startswith("api.wandb.") or host.endswith("coreweave.com"):
        return ""
    return api.replace("://api.", "://app.", 1)


def _goal_in(text: str) -> str:
    """A goal that was given instead of a run or after it; empty if there is none."""
    try:
        return str(Goal.parse(text.rsplit(maxsplit=1)[-1])) if text.strip() else ""
    except UsageError:
        return ""


def _is_cloud(api: str) -> bool:
    return api.rstrip("/") in _API_OF_PAGES.values()


def _sdk_names_a_server(environ: Mapping[str, str]) -> bool:
    """Whether the SDK's own settings file exists, which may name a server."""
    home = home_folder(environ)
    folder = environ.get("WANDB_CONFIG_DIR") or (home / ".config" / "wandb" if home else None)
    return folder is not None and (Path(folder) / "settings").exists()


def base_url(text: str) -> str:
    """The API's URL, given the address of the API or of the pages, with or without a scheme.

    Raises:
        UsageError: It is not the address of a server.
    """
    text = strip_invisible(text)
    if found := lookalike(text):
        raise UsageError(f"The server's address contains {found}.", "Type it instead of pasting it.")
    if "://" not in text:
        text = f"{'http' if text.startswith(_LOOPBACK_PREFIXES) else 'https'}://{text}"
    text = text.rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in {"http", "https"} or any(c.isspace() for c in text):
        raise UsageError(f"“{text[:60]}” is not the address of a server.", "An example: https://api.wandb.ai.")
    if parts.username or parts.password:
        raise UsageError("The server's address contains a user name or password.", "Sign in with wandb-tui login.")
    return _API_OF_PAGES.get(host, text)
