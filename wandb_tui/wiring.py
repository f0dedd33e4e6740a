"""Builds the services and hands them to the core; the only file that knows all of them.

Everything is built when first asked for: a start of the dashboard pays for nothing that it does not show yet.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from wandb_tui.core.account import AccountState, Credentials
from wandb_tui.core.errors import ApiKeyError
from wandb_tui.core.ports import Services
from wandb_tui.services.credentials.redaction import learn_from
from wandb_tui.services.disk.paths import Paths
from wandb_tui.services.disk.settings import Settings
from wandb_tui.services.proxies import ProxySettings
from wandb_tui.services.server import Server, ServerAddresses

if TYPE_CHECKING:
    from wandb_tui.core.errors import WandbTuiError
    from wandb_tui.core.export_profile import ExportProfile
    from wandb_tui.core.schedule import PollPolicy
    from wandb_tui.services.browser.visitor import BrowserVisitor
    from wandb_tui.services.credentials.account import KeyringAccount
    from wandb_tui.services.credentials.vault import Vault
    from wandb_tui.services.disk.export_profiles import ExportProfileFile
    from wandb_tui.services.disk.store import SqliteWatchStore
    from wandb_tui.services.hooks import CommandHooks
    from wandb_tui.services.wandb_api.catalogue import GraphQLCatalogue
    from wandb_tui.services.wandb_api.graphql import GraphQL
    from wandb_tui.services.wandb_api.inspector import GraphQLInspector
    from wandb_tui.services.wandb_api.poller import Poller
    from wandb_tui.services.wandb_api.step_files import StepFiles


T = TypeVar("T")

_LOCK_WITHIN = 1.0


class _Once(Generic[T]):
    """A property that is built once, when first asked for, even if two threads ask together."""

    def __init__(self, build: Callable[[Wiring], T]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def __set_name__(self, owner: type[Wiring], name: str) -> None:
        self._name = name

    def __get__(self, wiring: Wiring, owner: type[Wiring]) -> T:
        with wiring.lock:
            if self._name not in wiring.__dict__:
                wiring.__dict__[self._name] = self._build(wiring)
        return cast("T", wiring.__dict__[self._name])


class Wiring:
    """The services for one server."""

    def __init__(
        self,
        *,
        host: str | None = None,
        credentials: Credentials | None = None,
        api_key: str | None = None,
        headless: bool | None = None,
        anonymous_ok: bool = False,
        environ: Mapping[str, str] = os.environ,
        paths: Paths | None = None,
    ) -> None:
        """Say which server and which secrets; nothing is built yet.

        Args:
            host: What ``--host`` says.
            credentials: For the browser sign-in, before all other sources.
            api_key: The API key, before all other sources.
            headless: Whether the browser works without a window; None leaves it to the settings.
            anonymous_ok: Visit signed out where nothing is known to sign in with.
            environ: The environment.
            paths: Where things lie on disk.

        Raises:
            UsageError: The settings or the server's address cannot be read.
        """
        # Before anything can fail: what is said of a failure goes without them.
        learn_from(environ)
        self.environ = environ
        self.paths = paths or Paths.of_user()
        self.settings = Settings.load(self.paths.settings_file)
        self.proxies = ProxySettings(environ)
        self.server = Server(host, self.settings, environ)
        self._credentials = credentials
        self._api_key = api_key
        self._headless = self.settings.headless if headless is None else headless
        self._anonymous_ok = anonymous_ok
        self.lock = threading.RLock()
        self._closers: list[GraphQL | GraphQLCatalogue | GraphQLInspector | Poller | BrowserVisitor | CommandHooks] = []

    @_Once
    def vault(self) -> Vault:
        """The secrets in the keyring, and the encrypted browser session."""
        from wandb_tui.services.credentials.vault import Vault

        return Vault(self.server.info, self.paths.state)

    @_Once
    def account(self) -> KeyringAccount:
        """What is known to sign in with."""
        from wandb_tui.services.credentials.account import KeyringAccount
        from wandb_tui.services.credentials.trusted_origins import TrustedOrigins

        return KeyringAccount(
            self.server.info,
            self.vault,
            self.environ,
            credentials=self._credentials,
            api_key=self._api_key,
            trusted=TrustedOrigins(self.paths.trusted, self.server.key),
        )

    @_Once
    def visitor(self) -> BrowserVisitor:
        """The browser."""
        from wandb_tui.services.browser.visitor import BrowserVisitor

        visitor = BrowserVisitor(
            self.server.info,
            self.account,
            self.vault,
            tabs=self.settings.tabs,
            headless=self._headless,
            environ=self.environ,
            allowed_origins=self.settings.allowed_origins,
            plain_http=self.settings.allow_plain_http,
            anonymous_ok=self._anonymous_ok,
            rate_limit_wait=self._limiting,
        )
        self._closers.append(visitor)
        return visitor

    @property
    def refusal(self) -> WandbTuiError | None:
        """The error of the last sign-in while it still holds; no new attempt is made."""
        visitor: BrowserVisitor | None = self.__dict__.get("visitor")
        return visitor.refusal if visitor else None

    @_Once
    def prober(self) -> Poller:
        """The poller."""
        from wandb_tui.services.wandb_api.coverage import StepReader
        from wandb_tui.services.wandb_api.poller import Poller
        from wandb_tui.services.wandb_api.sdk_prober import SdkProber

        base_url, api_key = self.server.info.base_url, self.account.api_key
        poller = Poller(
            self.client(),
            steps=StepReader(self.step_files),
            sdk=SdkProber(base_url, api_key),
        )
        self._closers.append(poller)
        return poller

    @_Once
    def step_files(self) -> StepFiles:
        """Reads which steps exported files hold."""
        from wandb_tui.services.wandb_api.step_files import StepFiles

        return StepFiles(self.server.info.base_url, self.account.api_key, self.proxies)

    @_Once
    def inspector(self) -> GraphQLInspector:
        """Tells all about one run."""
        from wandb_tui.services.wandb_api.inspector import GraphQLInspector

        inspector = GraphQLInspector(self.client, self.step_files)
        self._closers.append(inspector)
        return inspector

    @_Once
    def catalogue(self) -> GraphQLCatalogue:
        """Looks up projects and runs."""
        from wandb_tui.services.wandb_api.catalogue import GraphQLCatalogue

        catalogue = GraphQLCatalogue(self.client)
        self._closers.append(catalogue)
        return catalogue

    @_Once
    def addresses(self) -> ServerAddresses:
        """Reads run addresses."""
        return ServerAddresses(self.server, self.settings, self.environ, self._key_entity)

    @_Once
    def store(self) -> SqliteWatchStore:
        """The watch list on disk."""
        from wandb_tui.services.disk.store import SqliteWatchStore

        return SqliteWatchStore(self.paths.watch_list, self.server.key)

    @_Once
    def hooks(self) -> CommandHooks:
        """Runs the user's commands for runs that have ended."""
        from wandb_tui.services.hooks import CommandHooks

        hooks = CommandHooks(self.settings.hooks, self.paths.hooks_lock, self.environ)
        self._closers.append(hooks)
        return hooks

    @_Once
    def export_profiles(self) -> ExportProfileFile:
        """The file that holds how this server exports runs."""
        from wandb_tui.services.disk.export_profiles import ExportProfileFile

        return ExportProfileFile(self.paths.export_profiles, self.server.key)

    @_Once
    def export_profile(self) -> ExportProfile | None:
        """How this server exports runs, as it was known at the start; None where it is unknown."""
        return self.export_profiles.read()

    def adjusted(self, poll_policy: PollPolicy) -> PollPolicy:
        """The poll policy, adjusted to how this server exports runs."""
        return self.export_profile.adjust(poll_policy) if self.export_profile else poll_policy

    def client(self) -> GraphQL:
        """A new way to the API, for one thread at a time."""
        from wandb_tui.services.wandb_api.graphql import GraphQL

        return GraphQL(self.server.info.base_url, self.account.api_key, self.proxies)

    def services(self, *, visit: bool = True, user_can_fix: bool = False) -> Services:
        """What monitors work with."""
        return Services(
            self.prober, self.visitor if visit else None, user_can_fix=user_can_fix, forks=self.server.offers_forks
        )

    def use(self, credentials: Credentials | None, api_key: str | None) -> None:
        """Sign in with these rather than with what is kept; to be said before anything is built."""
        self._credentials = credentials or self._credentials
        self._api_key = api_key or self._api_key
        self.__dict__.pop("account", None)

    def check_api_key(self) -> None:
        """Make sure that there is an API key at all; whether the server takes it, the first probe will tell.

        Raises:
            ApiKeyError: There is none, or what the environment has cannot be one.
        """
        if self.account.api_key() is None:
            pages = self.server.info.app_url
            missing = f"There is no API key for {self.server.info.host}"
            if problem := self.account.api_key_problem or self.account.keyring_problem:
                raise ApiKeyError(f"{missing} that can be used. {problem}")
            raise ApiKeyError(
                f"{missing}.",
                f"Get one at {pages}/authorize, then run wandb-tui login, wandb login, or set WANDB_API_KEY.",
            )

    def close(self) -> None:
        """End the browser and the poller, as far as they were ever built."""
        # Whoever builds something may hang in an import (seen once); leaving must not.
        locked = self.lock.acquire(timeout=_LOCK_WITHIN)
        closers, self._closers = self._closers, []
        if locked:
            self.lock.release()
        for closer in closers:
            closer.close()

    def _limiting(self) -> float:
        poller: Poller | None = self.__dict__.get("prober")
        return poller.limiting() if poller else 0.0

    def key_owner(self) -> str:
        """Whom the API key belongs to.

        Raises:
            ApiKeyError: The server refuses the key.
            ServerError: It cannot be reached or does not understand us.
        """
        from wandb_tui.services.wandb_api.viewer import key_owner

        with contextlib.closing(self.client()) as client:
            return key_owner(client, self.server.info)

    def _key_entity(self) -> str:
        from wandb_tui.services.wandb_api.viewer import default_entity

        with contextlib.closing(self.client()) as client:
            return default_entity(client)


class DeferredAccount:
    """The account of a wiring, built when first asked: the dashboard starts before the SDK has been imported."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def state(self) -> AccountState:
        """What is there."""
        return self._wiring.account.state()

    def save(self, credentials: Credentials | None, api_key: str | None, *, remember: bool) -> None:
        """Use these from now on, and keep them if `remember`."""
        self._wiring.account.save(credentials, api_key, remember=remember)

    def allow(self, origin: str) -> None:
        """Let the password be typed into pages of this origin."""
        self._wiring.account.allow(origin)

    def continue_signed_out(self) -> None:
        """Visit signed out from now on."""
        self._wiring.account.continue_signed_out()

    def forget(self) -> None:
        """Remove everything that is kept for this server."""
        self._wiring.account.forget()
