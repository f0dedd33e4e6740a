"""Which server: its API, its pages, and the addresses of its runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from wandb_tui.core.address import RunAddress, is_short
from wandb_tui.core.errors import UsageError
from wandb_tui.core.goal import Goal
from wandb_tui.core.home import home_folder
from wandb_tui.core.lookalikes import lookalike, strip_invisible
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.disk.settings import Settings

_PAGES_TO_API = {
    "wandb.ai": "https://api.wandb.ai",
    "www.wandb.ai": "https://api.wandb.ai",
    "app.wandb.ai": "https://api.wandb.ai",
    "forge.coreweave.com": "https://api.forge.coreweave.com",
}
CLOUD_PAGES = "https://forge.coreweave.com/wandb"
"""Where the cloud's pages are, under both its names; older SDKs say where they were before they moved."""
_CLOUDS = ("wandb.ai", "forge.coreweave.com", "wandb.io")
"""The multi-tenant cloud under both its names, and dedicated clouds."""
_LOOPBACK = ("localhost", "127.", "[::1]")


class Server:
    """The chosen server. Building one is cheap; its addresses ask the SDK, which is slow to import, when first read."""

    def __init__(self, host: str | None, settings: Settings, environ: Mapping[str, str]) -> None:
        """Choose the server.

        Args:
            host: What ``--host`` says, if anything: the address of the API or of the pages, with or without a scheme.
            settings: The user's settings.
            environ: ``WANDB_BASE_URL`` and ``WANDB_APP_URL`` are read from it, as the SDK reads them.

        Raises:
            UsageError: The address of the server is none.
        """
        self._settings = settings
        self._environ = environ
        from_environment = environ.get("WANDB_BASE_URL", "")
        chosen = host or from_environment or settings.host
        self._base_url = base_url(chosen) if chosen else ""
        same = not host or (bool(from_environment) and base_url(from_environment) == self._base_url)
        # Where the pages of another server are says nothing about this one's.
        self._app_url = environ.get("WANDB_APP_URL", "") if same else ""

    @cached_property
    def info(self) -> ServerInfo:
        """Where the API and the pages are, as the SDK says. The first call may take a second."""
        import wandb

        sdk = wandb.Settings(base_url=self._base_url) if self._base_url else wandb.Settings()
        if not self._base_url:
            sdk.update_from_system_settings()
        pages = self._app_url or (CLOUD_PAGES if _is_cloud(sdk.base_url) else sdk.app_url)
        return ServerInfo(base_url=sdk.base_url.rstrip("/"), app_url=pages.rstrip("/"))

    @property
    def key(self) -> str:
        """Tells servers apart in the watch list, without asking the SDK wherever that can be avoided."""
        base = self._base_url
        if not base and _sdk_names_a_server(self._environ):
            base = self.info.base_url
        # wandb.ai and Forge are one server under two names.
        return "cloud" if not base or base in _PAGES_TO_API.values() else base

    @property
    def offers_forks(self) -> bool | None:
        """Whether forking is offered: W&B's own clouds do, self-managed servers do not; None for one on this machine.

        What listens on this machine may be anything: a sandbox, or the near end of a tunnel.
        """
        host = urlsplit(self.info.base_url).hostname or ""
        if host in {"localhost", "::1"} or host.startswith("127."):
            return None
        return any(host == cloud or host.endswith(f".{cloud}") for cloud in _CLOUDS)

    @property
    def shown(self) -> str:
        """The server's name for people, without asking the SDK."""
        address = self._app_url or self._base_url
        return urlsplit(address).netloc if address else "the default W&B server"


class ServerAddresses:
    """Reads run addresses for one server; fulfils `ui.runtime.ports.Addresses`."""

    def __init__(
        self, server: Server, settings: Settings, environ: Mapping[str, str], key_entity: Callable[[], str]
    ) -> None:
        """Know what completes a short address.

        Args:
            server: The server whose addresses are read.
            settings: The user's settings.
            environ: ``WANDB_ENTITY`` and ``WANDB_PROJECT`` are read from it.
            key_entity: Asks the server for the API key's own entity; called only when nothing else names one.
        """
        self._server = server
        self._entity = environ.get("WANDB_ENTITY") or settings.entity
        self._project = environ.get("WANDB_PROJECT") or settings.project
        self._key_entity = key_entity

    def parse(self, text: str) -> RunAddress:
        """Understand an address, completed from the environment, the settings and the key's own entity.

        Raises:
            UsageError: It is none, or it belongs to another server.
        """
        if not self._entity and is_short(text) and ":" not in text:
            self._entity = self._key_entity()
        pages = self._server.info.app_url
        try:
            return RunAddress.parse(text, entity=self._entity, project=self._project, app_url=pages)
        except UsageError:
            if goal := _goal_in(text):
                raise UsageError(f"{goal} is a goal, not a run.", f"Write --until {goal}; in Python until=…") from None
            raise


def _goal_in(text: str) -> str:
    """A goal that was given in place of a run, or behind it; empty where there is none."""
    try:
        return str(Goal.parse(text.rsplit(maxsplit=1)[-1])) if text.strip() else ""
    except UsageError:
        return ""


def _is_cloud(api: str) -> bool:
    return api.rstrip("/") in _PAGES_TO_API.values()


def _sdk_names_a_server(environ: Mapping[str, str]) -> bool:
    """Whether the SDK's own settings file, which may name a server, is there."""
    home = home_folder(environ)
    folder = environ.get("WANDB_CONFIG_DIR") or (home / ".config" / "wandb" if home else None)
    return folder is not None and (Path(folder) / "settings").exists()


def base_url(text: str) -> str:
    """The API's address from what a user gave: the API's or the pages' address, with or without a scheme.

    Raises:
        UsageError: It is no address of a server.
    """
    text = strip_invisible(text)
    if found := lookalike(text):
        raise UsageError(f"The address of the server holds {found}.", "Type it rather than copying it.")
    if "://" not in text:
        text = f"{'http' if text.startswith(_LOOPBACK) else 'https'}://{text}"
    text = text.rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in {"http", "https"} or any(c.isspace() for c in text):
        raise UsageError(f"“{text[:60]}” is not the address of a server.", "Give one like https://api.wandb.ai.")
    if parts.username or parts.password:
        raise UsageError("The address of the server holds a user name or password.", "Sign in with wandb-tui login.")
    return _PAGES_TO_API.get(host, text)
