"""Builds the services and hands them to the core; the only file that knows all of them.

Each service is built on first use, so that the dashboard starts without waiting for those it does not need yet.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from wandb_tui.core.account import Credentials
from wandb_tui.core.ports import Services
from wandb_tui.services.credentials.redaction import learn_from
from wandb_tui.services.disk.paths import Paths
from wandb_tui.services.disk.settings import Settings
from wandb_tui.services.extra_headers import ExtraHeaders, read_extra_headers
from wandb_tui.services.lazy_services import ClosableProperty, LazyProperty, LazyServices
from wandb_tui.services.proxies import ProxySettings
from wandb_tui.services.server import Server, ServerAddresses

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.errors import WandbTuiError
    from wandb_tui.core.export_profile import ExportProfile
    from wandb_tui.core.project_query import ProjectQuery
    from wandb_tui.core.schedule import PollPolicy
    from wandb_tui.services.browser.visitor import BrowserVisitor
    from wandb_tui.services.credentials.account import KeyringAccount
    from wandb_tui.services.credentials.vault import Vault
    from wandb_tui.services.disk.branch_notes import BranchNotes
    from wandb_tui.services.disk.export_profiles import ExportProfileFile
    from wandb_tui.services.disk.feed_records import FeedRecordFile
    from wandb_tui.services.disk.open_dashboards import OpenDashboards
    from wandb_tui.services.disk.store import SqliteWatchStore
    from wandb_tui.services.hooks import CommandHooks
    from wandb_tui.services.user_commands import UserCommandRunner
    from wandb_tui.services.wandb_api.catalogue import GraphQLCatalogue
    from wandb_tui.services.wandb_api.console import GraphQLConsole
    from wandb_tui.services.wandb_api.coverage import StepReader
    from wandb_tui.services.wandb_api.file_transfer import FileTransfer
    from wandb_tui.services.wandb_api.graphql import GraphQL
    from wandb_tui.services.wandb_api.history_files import HistoryFiles
    from wandb_tui.services.wandb_api.inspector import GraphQLInspector
    from wandb_tui.services.wandb_api.origins import RunOrigins
    from wandb_tui.services.wandb_api.poller import Poller
    from wandb_tui.services.wandb_api.schema_gaps import SchemaGaps
    from wandb_tui.services.wandb_api.sdk_prober import SdkProber
    from wandb_tui.services.wandb_api.step_files import StepFiles

log = logging.getLogger(__name__)


class Wiring(LazyServices):
    """The services for one server.

    Attributes:
        notify: Receives a sentence for the user while a service keeps everything waiting, such as a locked keyring;
            called from any thread. By default it is only logged.
    """

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
        sdk_settings: object = None,
    ) -> None:
        """Choose the server and the secrets; nothing is built yet.

        Args:
            host: The value of ``--host``.
            credentials: For the browser sign-in; they precede all other sources.
            api_key: The API key; it precedes all other sources.
            headless: Whether the browser works without a window; None leaves it to the settings.
            anonymous_ok: Whether pages are visited signed out if there are no credentials.
            environ: The environment.
            paths: The files and folders on disk.
            sdk_settings: Settings for ``wandb.init``, which may name extra headers.

        Raises:
            UsageError: The settings, the server's address or the extra headers cannot be read.
        """
        super().__init__()
        # First of all, so that no error message can contain a secret of the environment.
        learn_from(environ)
        self.notify: Callable[[str], object] = log.info
        self.environ = environ
        self.paths = paths or Paths.of_user()
        self.settings = Settings.load(self.paths.settings_file)
        self.proxies = ProxySettings(environ)
        self.server = Server(host, self.settings, environ)
        self._header_values = read_extra_headers(environ, sdk_settings)
        self._credentials = credentials
        self._api_key = api_key
        self._headless = self.settings.headless if headless is None else headless
        self._anonymous_ok = anonymous_ok

    @LazyProperty
    def extra_headers(self) -> ExtraHeaders:
        """The user's headers for this server."""
        return ExtraHeaders(self._header_values, self.server.info.base_url, self.server.info.app_url)

    @LazyProperty
    def vault(self) -> Vault:
        """The secrets in the keyring, and the encrypted browser session."""
        from wandb_tui.services.credentials.vault import Vault

        # Looked up when there is something to tell: the dashboard takes it over once it has a screen.
        return Vault(self.server.info, self.paths.state, notify=self._notify)

    @LazyProperty
    def account(self) -> KeyringAccount:
        """The credentials and the API key, and where they come from."""
        from wandb_tui.services.credentials.account import KeyringAccount
        from wandb_tui.services.credentials.trusted_origins import TrustedOrigins
        from wandb_tui.services.wandb_api.token_exchange import access_token_source

        return KeyringAccount(
            self.server.info,
            self.vault,
            self.environ,
            credentials=self._credentials,
            api_key=self._api_key,
            trusted=TrustedOrigins(self.paths.trusted, self.server.key),
            access_token=access_token_source(self.server.info.base_url, self.environ, self.proxies, self.extra_headers),
        )

    @ClosableProperty
    def visitor(self) -> BrowserVisitor:
        """The browser."""
        from wandb_tui.services.browser.visitor import BrowserVisitor

        return BrowserVisitor(
            self.server.info,
            self.account,
            self.vault,
            tabs=self.settings.tabs,
            headless=self._headless,
            environ=self.environ,
            allowed_origins=self.settings.allowed_origins,
            plain_http=self.settings.allow_plain_http,
            anonymous_ok=self._anonymous_ok,
            rate_limit_wait=self._rate_limit_wait,
            extra_headers=self.extra_headers,
        )

    @property
    def refusal(self) -> WandbTuiError | None:
        """The error of the last sign-in while it still holds; no new attempt is made."""
        visitor: BrowserVisitor | None = self.built("visitor")
        return visitor.refusal if visitor else None

    @ClosableProperty
    def prober(self) -> Poller:
        """The poller."""
        from wandb_tui.services.wandb_api.poller import Poller

        return Poller(
            self.client(),
            steps=self.step_reader,
            sdk=self.sdk,
            feed_record=self.feed_record,
            gaps=self.schema_gaps,
        )

    @LazyProperty
    def feed_record(self) -> FeedRecordFile:
        """The reason why the feeds of this server's projects are not used, if they are not."""
        from wandb_tui.services.disk.feed_records import FeedRecordFile

        return FeedRecordFile(self.paths.feed_records, self.server.key)

    @LazyProperty
    def schema_gaps(self) -> SchemaGaps:
        """The known gaps in this server's API."""
        from wandb_tui.services.disk.schema_gap_file import SchemaGapFile
        from wandb_tui.services.wandb_api.schema_gaps import SchemaGaps

        return SchemaGaps(SchemaGapFile(self.paths.schema_gaps, self.server.key))

    @LazyProperty
    def sdk(self) -> SdkProber:
        """The SDK, for servers that do not understand our own queries."""
        from wandb_tui.services.wandb_api.sdk_prober import SdkProber

        return SdkProber(self.server.info.base_url, self.account.authorization)

    @ClosableProperty
    def transfer(self) -> FileTransfer:
        """Fetches files."""
        from wandb_tui.services.wandb_api.file_transfer import FileTransfer

        return FileTransfer(self.server.info.base_url, self.account.authorization, self.proxies, self.extra_headers)

    @ClosableProperty
    def history_files(self) -> HistoryFiles:
        """Locates the files of exported histories."""
        from wandb_tui.services.wandb_api.history_files import HistoryFiles

        return HistoryFiles(
            self.client(),
            self.server.info.base_url,
            self.transfer.read_json,
            lambda: self.sdk,
            notes=self.branch_notes,
            gaps=self.schema_gaps,
        )

    @ClosableProperty
    def run_origins(self) -> RunOrigins:
        """Looks up where runs came from."""
        from wandb_tui.services.wandb_api.origins import RunOrigins

        return RunOrigins(self.client, self.branch_notes, self.schema_gaps)

    @LazyProperty
    def branch_notes(self) -> BranchNotes:
        """Our own notes of forks."""
        from wandb_tui.services.disk.branch_notes import BranchNotes

        return BranchNotes(self.paths.branch_notes, self.server.key)

    @ClosableProperty
    def step_files(self) -> StepFiles:
        """Reads which steps exported files hold."""
        from wandb_tui.services.wandb_api.step_files import StepFiles

        return StepFiles(self.server.info.base_url, self.account.authorization, self.proxies, self.extra_headers)

    @LazyProperty
    def step_reader(self) -> StepReader:
        """Finds out which steps exports cover."""
        from wandb_tui.services.wandb_api.coverage import StepReader

        return StepReader(self.step_files)

    @ClosableProperty
    def inspector(self) -> GraphQLInspector:
        """Looks up the details of one run."""
        from wandb_tui.services.wandb_api.inspector import GraphQLInspector

        return GraphQLInspector(self.client, self.step_files, self.schema_gaps)

    @ClosableProperty
    def console(self) -> GraphQLConsole:
        """Reads what runs wrote to their consoles."""
        from wandb_tui.services.wandb_api.console import GraphQLConsole

        return GraphQLConsole(self.client, self._rate_limit_wait)

    @ClosableProperty
    def catalogue(self) -> GraphQLCatalogue:
        """Looks up projects and runs."""
        from wandb_tui.services.wandb_api.catalogue import GraphQLCatalogue

        return GraphQLCatalogue(self.client, self.schema_gaps)

    def runs_of(self, query: ProjectQuery) -> list[RunAddress]:
        """The runs that a query stands for now, newest first; those that cannot be watched are left out.

        Raises:
            ApiKeyError: The server refuses the key.
            RunNotFoundError: There is no such project, or this key may not see it, or no run matches.
            ServerError: The server does not answer.
        """
        from wandb_tui.services.wandb_api.catalogue import GraphQLCatalogue

        with contextlib.closing(GraphQLCatalogue(self.client, self.schema_gaps, on_screen=False)) as catalogue:
            return catalogue.addresses(query)

    @LazyProperty
    def addresses(self) -> ServerAddresses:
        """Reads run addresses."""
        return ServerAddresses(self.server, self.settings, self.environ, self._key_entity)

    @LazyProperty
    def store(self) -> SqliteWatchStore:
        """The watch list on disk."""
        from wandb_tui.services.disk.store import SqliteWatchStore

        return SqliteWatchStore(self.paths.watch_list, self.server.key)

    @ClosableProperty
    def open_dashboards(self) -> OpenDashboards:
        """The dashboards that are open on this server's list."""
        from wandb_tui.services.disk.open_dashboards import OpenDashboards

        return OpenDashboards(self.paths.open_dashboards, self.server.key)

    @ClosableProperty
    def hooks(self) -> CommandHooks:
        """Runs the user's commands for runs that have ended."""
        from wandb_tui.services.hooks import CommandHooks

        return CommandHooks(self.settings.hooks, self.paths.hooks_lock, self.environ)

    @ClosableProperty
    def command_runner(self) -> UserCommandRunner:
        """Runs the user's own commands."""
        from wandb_tui.services.user_commands import UserCommandRunner

        return UserCommandRunner(self.environ)

    @LazyProperty
    def export_profiles(self) -> ExportProfileFile:
        """The file with the export profile of this server."""
        from wandb_tui.services.disk.export_profiles import ExportProfileFile

        return ExportProfileFile(self.paths.export_profiles, self.server.key)

    @LazyProperty
    def export_profile(self) -> ExportProfile | None:
        """The way in which this server exports runs, as known at the start; None if unknown."""
        return self.export_profiles.read()

    def adjusted(self, poll_policy: PollPolicy) -> PollPolicy:
        """The poll policy, adjusted to how this server exports runs."""
        return self.export_profile.adjust(poll_policy) if self.export_profile else poll_policy

    def client(self) -> GraphQL:
        """A new API client, for one thread at a time."""
        from wandb_tui.services.wandb_api.graphql import GraphQL

        return GraphQL(self.server.info.base_url, self.account.authorization, self.proxies, self.extra_headers)

    def services(self, *, visit: bool = True, user_can_fix: bool = False) -> Services:
        """The services that monitors use."""
        return Services(
            self.prober,
            self.visitor if visit else None,
            user_can_fix=user_can_fix,
            forks=self.server.offers_forks,
            feeds=self.prober,
            queries=self.prober,
        )

    def use(self, credentials: Credentials | None, api_key: str | None) -> None:
        """Sign in with these instead of the stored ones; call it before anything is built."""
        self._credentials = credentials or self._credentials
        self._api_key = api_key or self._api_key
        self.__dict__.pop("account", None)

    def take_over_secrets(self, earlier: Wiring) -> None:
        """Use the secrets that an earlier wiring of the same server holds in memory, if any."""
        account: KeyringAccount | None = earlier.built("account")
        if account is not None:
            self.account.take_over(account)

    def check_api_key(self) -> None:
        """Make sure that there is an API key; the first probe shows whether the server accepts it.

        Raises:
            ApiKeyError: There is none, or the one in the environment is not valid.
        """
        self.account.check_api_key()

    def _notify(self, text: str) -> None:
        self.notify(text)

    def _rate_limit_wait(self) -> float:
        poller: Poller | None = self.built("prober")
        return poller.limiting() if poller else 0.0

    def key_owner(self) -> str:
        """The owner of the API key.

        Raises:
            ApiKeyError: The server refuses the key.
            ServerError: It cannot be reached, or does not understand the query.
        """
        from wandb_tui.services.wandb_api.viewer import key_owner

        with contextlib.closing(self.client()) as client:
            return key_owner(client, self.server.info)

    def _key_entity(self) -> str:
        from wandb_tui.services.wandb_api.viewer import default_entity

        if not self.account.is_authorized:
            return ""
        with contextlib.closing(self.client()) as client:
            return default_entity(client, self.server.info)
