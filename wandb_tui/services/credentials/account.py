"""Which secrets are used for one server, and where they come from.

What is passed explicitly wins over the environment, the environment over ~/.netrc, that over the keyring.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wandb_tui.core.account import AccountState, Credentials, Source
from wandb_tui.core.errors import ApiKeyError, KeyringError
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.credentials.api_keys import checked, from_netrc, netrc_path
from wandb_tui.services.credentials.redaction import learn
from wandb_tui.services.credentials.trusted_origins import TrustedOrigins
from wandb_tui.services.credentials.vault import Vault

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _ResolvedSecrets:
    """What has been found out so far."""

    credentials: Credentials | None = None
    password_from: Source = Source.NONE
    api_key: str | None = None
    key_from: Source = Source.NONE
    keyring_problem: str = ""
    api_key_problem: str = ""


class KeyringAccount:
    """The account on one server; fulfils `ui.runtime.ports.Account`. Safe from any thread.

    Attributes:
        vault: Where things are kept.
        keyring_problem: What is wrong with the keyring and what to do, or empty; known after the first reading.
        anonymous: Whether the user chose to go on without signing in.
        wish: Counts the user's wishes to sign in: each may submit the password once.
    """

    def __init__(  # noqa: PLR0917 - the order in which they win
        self,
        server: ServerInfo,
        vault: Vault,
        environ: Mapping[str, str],
        netrc_path: Path | None = None,
        credentials: Credentials | None = None,
        api_key: str | None = None,
        trusted: TrustedOrigins | None = None,
    ) -> None:
        """Know where to look; the keyring is touched only when nothing before it has an answer.

        Args:
            server: The server that the secrets are for.
            vault: Where they are kept.
            environ: ``WANDB_VIEWER_MAIL``, ``WANDB_VIEWER_PW``, ``WANDB_API_KEY`` and ``NETRC`` are read from it.
            netrc_path: The file of API keys; by default where the SDK looks.
            credentials: Used in place of all others.
            api_key: Used in place of all others.
            trusted: The foreign sign-in pages that the user has said yes to; by default none, and none is kept.
        """
        self.vault = vault
        self.anonymous = False
        self.wish = 0
        self._server = server
        self._environ = environ
        self._netrc = netrc_path
        self._given = credentials
        self._given_key = api_key
        self._trusted = trusted or TrustedOrigins()
        self._question = ("", 0)
        self._remembered = True
        self._known: _ResolvedSecrets | None = None
        self._troubled = False
        self._reading = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        learn(api_key, credentials.password if credentials else None)

    @property
    def keyring_problem(self) -> str:
        """What is wrong with the keyring and what to do, or empty."""
        return self._known.keyring_problem if self._known else ""

    @property
    def api_key_problem(self) -> str:
        """Why the API key of the environment or of the netrc file cannot be used and what to do, or empty."""
        return self._known.api_key_problem if self._known else ""

    @property
    def session_on_disk(self) -> bool:
        """Whether the browser session may be kept on disk: not where the user wants to be forgotten."""
        return self._remembered

    @property
    def ask_keyring_quietly(self) -> bool:
        """Whether the keyring must not open a dialog, because the environment has all that is needed."""
        return self._read().password_from is Source.ENVIRONMENT

    @property
    def unknown_origin(self) -> str:
        """The foreign page that the last sign-in led to, or empty; a new wish may lead elsewhere."""
        origin, wish = self._question
        return origin if wish == self.wish else ""

    def ask_about(self, origin: str) -> None:
        """A sign-in led to a page of this origin; the user has to say whether the password may be typed there."""
        self._question = (origin, self.wish)

    def allowed_origins(self) -> tuple[str, ...]:
        """The foreign sign-in pages that the user has said yes to. Reads a file."""
        return self._trusted.read()

    def allow(self, origin: str) -> None:
        """Let the password be typed into pages of this origin, now and at later starts, and sign in again."""
        self._trusted.add(origin)
        with self._reading:
            self.wish += 1
        self._tell()

    def credentials(self) -> Credentials | None:
        """The user name and password to sign in with, if there are any. Blocks for some seconds the first time."""
        known = self._read().credentials
        # A session that was handed over comes with a name alone.
        return known if known and known.password else None

    def api_key(self) -> str | None:
        """The API key, if there is one. Blocks for some seconds the first time."""
        return self._read().api_key

    def state(self) -> AccountState:
        """What is there, without any secret."""
        known = self._read()
        username = known.credentials.username if known.credentials else ""
        return AccountState(
            username=username,
            password=known.password_from if known.credentials and known.credentials.password else Source.NONE,
            api_key=known.key_from,
            saved_session=self.vault.has_session(username),
            keyring_problem=known.keyring_problem,
            api_key_problem=known.api_key_problem,
            unknown_origin=self.unknown_origin,
        )

    def look_again(self) -> None:
        """Where the keyring could not be read, read it once more when next asked. Does not block for long.

        If it can be read then, whoever waits for a mended sign-in goes on.
        """
        with self._reading:
            if self._known is not None and self._known.keyring_problem:
                self._known, self._troubled = None, True

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call back, from the changing thread, whenever the user has changed something."""
        self._listeners.append(callback)

    def save(self, credentials: Credentials | None, api_key: str | None, *, remember: bool) -> None:
        """Use these from now on, and keep them in the keyring if `remember`; None leaves what is there.

        Raises:
            KeyringError: They cannot be kept; they are used for this session all the same.
            ApiKeyError: The API key cannot be one; then nothing is changed.
        """
        key = checked(api_key) if api_key is not None else None
        learn(key, credentials.password if credentials else None)
        with self._reading:
            self._given = credentials or self._given
            self._given_key = key or self._given_key
            self._remembered = remember if credentials else self._remembered
            self._known = None
            self.anonymous = self.anonymous and credentials is None
            if credentials is not None or key is None:
                self.wish += 1
        try:
            if remember:
                self._keep(credentials, key)
        finally:
            self._tell()

    def adopt(self, username: str) -> None:
        """Work as this user from now on, from a session that was handed over, without a password.

        Raises:
            KeyringError: That cannot be kept; it holds for this session all the same.
        """
        known = self._read().credentials
        with self._reading:
            if known is None or known.username != username:
                self._given = Credentials(username, "")
            self._known = None
            self.anonymous = False
            self.wish += 1
        try:
            if self._remembered and (known is None or known.username != username):
                self.vault.save_session_user(username)
        finally:
            self._tell()

    def go_on_without(self) -> None:
        """Visit signed out from now on: public runs only."""
        with self._reading:
            self.anonymous = True
            self.wish += 1
        self._tell()

    def forget(self) -> None:
        """Remove everything that is kept for this server; what the environment gives stays.

        Raises:
            KeyringError: The keyring does not let us.
        """
        with self._reading:
            self._given = self._given_key = self._known = None
            self.anonymous = False
            self.wish += 1
        try:
            self.vault.forget()
        finally:
            self._tell()

    def _keep(self, credentials: Credentials | None, key: str | None) -> None:
        if credentials is not None:
            self.vault.save_credentials(credentials)
        if key is not None:
            self.vault.save_api_key(key)

    def _tell(self) -> None:
        for callback in list(self._listeners):
            callback()

    def _read(self) -> _ResolvedSecrets:
        recovered = False
        with self._reading:
            known = self._known
            if known is None:
                known = self._known = self._find()
                learn(known.api_key, known.credentials.password if known.credentials else None)
                recovered = self._troubled and not known.keyring_problem
                self._troubled = False
                self.wish += recovered
        if recovered:
            self._tell()
        return known

    def _find(self) -> _ResolvedSecrets:
        credentials, password_from = self._credentials_outside_keyring()
        key, key_from, key_problem = self._key_outside_keyring()
        keyring_problem = ""
        # Credentials in the environment (on a cluster, say) are used without waiting for a keyring.
        if credentials is None or (key is None and password_from is not Source.ENVIRONMENT):
            try:
                if credentials is None and (stored := self._kept()):
                    credentials, password_from = stored, Source.KEYRING
                if key is None and (stored_key := self.vault.api_key()):
                    key, key_from = stored_key, Source.KEYRING
            except KeyringError as error:
                log.info("Without a keyring: %s", error.message)
                keyring_problem = str(error)
        return _ResolvedSecrets(
            credentials, password_from, key, key_from, keyring_problem, key_problem if key is None else ""
        )

    def _kept(self) -> Credentials | None:
        kept, user = self.vault.credentials(), self.vault.session_user()
        return Credentials(user, "") if user and (kept is None or kept.username != user) else kept

    def _credentials_outside_keyring(self) -> tuple[Credentials | None, Source]:
        if self._given is not None:
            return self._given, Source.MEMORY
        mail, password = self._environ.get("WANDB_VIEWER_MAIL", ""), self._environ.get("WANDB_VIEWER_PW", "")
        if mail and password:
            return Credentials(mail, password), Source.ENVIRONMENT
        return None, Source.NONE

    def _key_outside_keyring(self) -> tuple[str | None, Source, str]:
        """The API key, its source, and why a key from that source cannot be used."""
        if self._given_key:
            return self._given_key, Source.MEMORY, ""
        in_environment = self._environ.get("WANDB_API_KEY", "").strip()
        source = Source.ENVIRONMENT if in_environment else Source.NETRC
        path = self._netrc or netrc_path(self._environ)
        try:
            found = in_environment or (from_netrc(path, self._server.base_url) if path else None)
            if found:
                return checked(found), source, ""
        except ApiKeyError as error:
            where = "WANDB_API_KEY: " if in_environment else ""
            log.warning("The API key from %s is not used: %s", source, error.message)
            return None, Source.NONE, f"{where}{error}"
        return None, Source.NONE, ""
