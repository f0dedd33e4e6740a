"""Selects the credentials and the API key for one server.

Explicit ones win over the environment, the environment over ~/.netrc, and ~/.netrc over the keyring. An identity token
in the environment stands in for the API key, as in the SDK.
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
from wandb_tui.services.credentials.api_keys import netrc_path, read_netrc, validated
from wandb_tui.services.credentials.authorization import AccessToken, ApiKey, Authorization
from wandb_tui.services.credentials.redaction import learn
from wandb_tui.services.credentials.trusted_origins import TrustedOrigins
from wandb_tui.services.credentials.vault import Vault

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _ResolvedSecrets:
    """The selected secrets and their sources."""

    credentials: Credentials | None = None
    password_from: Source = Source.NONE
    api_key: str | None = None
    key_from: Source = Source.NONE
    keyring_problem: str = ""
    api_key_problem: str = ""


class KeyringAccount:
    """The account on one server; implements `ui.runtime.ports.Account`. Safe from any thread.

    Attributes:
        vault: Stores the secrets and the session.
        anonymous: Whether the user chose to continue signed out.
        sign_in_requests: The number of the user's requests to sign in; each may submit the password once.
    """

    def __init__(  # noqa: PLR0917 - in the order of precedence
        self,
        server: ServerInfo,
        vault: Vault,
        environ: Mapping[str, str],
        netrc_path: Path | None = None,
        credentials: Credentials | None = None,
        api_key: str | None = None,
        trusted: TrustedOrigins | None = None,
        access_token: Callable[[], AccessToken] | None = None,
    ) -> None:
        """Prepare; nothing is read yet, and the keyring only if no other source has the secret.

        Args:
            server: The server that the secrets are for.
            vault: Stores the secrets and the session.
            environ: The environment with ``WANDB_VIEWER_MAIL``, ``WANDB_VIEWER_PW``, ``WANDB_API_KEY``, ``NETRC``.
            netrc_path: The file of API keys; by default the SDK's.
            credentials: Used in place of all others.
            api_key: Used in place of all others.
            trusted: The sign-in pages of other hosts that the user allows; by default none, and none is stored.
            access_token: Gives access tokens if the environment names an identity token; else None.
        """
        self.vault = vault
        self.anonymous = False
        self.sign_in_requests = 0
        self._server = server
        self._environ = environ
        self._netrc_path = netrc_path
        self._explicit = credentials
        self._explicit_key = api_key
        self._access_token = access_token
        self._trusted = trusted or TrustedOrigins()
        self._reported_origin = ("", 0)
        self._remember = True
        self._resolved: _ResolvedSecrets | None = None
        self._keyring_failed = False
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        learn(api_key, credentials.password if credentials else None)

    @property
    def keyring_problem(self) -> str:
        """The keyring's problem and its remedy, or empty; known after the first reading."""
        return self._resolved.keyring_problem if self._resolved else ""

    @property
    def api_key_problem(self) -> str:
        """The problem with the API key of the environment or the netrc file and its remedy, or empty."""
        return self._resolved.api_key_problem if self._resolved else ""

    @property
    def session_on_disk(self) -> bool:
        """Whether the browser session may be saved on disk: not if the user chose not to be remembered."""
        return self._remember

    @property
    def avoid_keyring_dialogs(self) -> bool:
        """Whether the keyring must not open a dialog, because the environment has the credentials."""
        return self._resolve().password_from is Source.ENVIRONMENT

    @property
    def unknown_origin(self) -> str:
        """The origin of the unknown page that the current sign-in request led to, or empty."""
        origin, sign_in_requests = self._reported_origin
        return origin if sign_in_requests == self.sign_in_requests else ""

    def report_unknown_origin(self, origin: str) -> None:
        """Record that a sign-in led to a page of this origin; the user must decide whether to allow it."""
        self._reported_origin = (origin, self.sign_in_requests)

    def allowed_origins(self) -> tuple[str, ...]:
        """The origins of other hosts' sign-in pages that the user allows. Reads a file."""
        return self._trusted.read()

    def allow(self, origin: str) -> None:
        """Let the password be typed into pages of this origin, now and at later starts, and sign in again."""
        self._trusted.add(origin)
        with self._lock:
            self.sign_in_requests += 1
        self._notify()

    def credentials(self) -> Credentials | None:
        """The user name and password, if there are any. May block for the keyring the first time."""
        resolved = self._resolve().credentials
        # An imported session has a user name but no password.
        return resolved if resolved and resolved.password else None

    def api_key(self) -> str | None:
        """The API key, if there is one. May block for the keyring the first time."""
        return self._resolve().api_key

    def authorization(self) -> Authorization | None:
        """The API key, or an access token in its place; None without either. May block for keyring and network.

        Raises:
            ApiKeyError: The server refuses the identity token, or there is none in its file.
            ServerError: The server does not answer.
        """
        resolved = self._resolve()
        if resolved.key_from is Source.IDENTITY and self._access_token is not None:
            return self._access_token()
        return ApiKey(resolved.api_key) if resolved.api_key else None

    @property
    def is_authorized(self) -> bool:
        """Whether there is an API key, or an identity token in its place. May block for the keyring the first time."""
        return self._resolve().key_from is not Source.NONE

    def check_api_key(self) -> None:
        """Make sure that there is an API key; only the server knows whether it is accepted.

        Raises:
            ApiKeyError: There is none, or the one in the environment is not valid.
        """
        if self.is_authorized:
            return
        missing = f"There is no API key for {self._server.host}"
        if problem := self.api_key_problem or self.keyring_problem:
            raise ApiKeyError(f"{missing} that can be used. {problem}")
        pages = self._server.app_url
        raise ApiKeyError(
            f"{missing}.",
            f"Get one at {pages}/authorize, then run wandb-tui login, wandb login, or set WANDB_API_KEY.",
        )

    def state(self) -> AccountState:
        """The state of the account, without any secret."""
        resolved = self._resolve()
        username = resolved.credentials.username if resolved.credentials else ""
        return AccountState(
            username=username,
            password=resolved.password_from if resolved.credentials and resolved.credentials.password else Source.NONE,
            api_key=resolved.key_from,
            saved_session=self.vault.has_session(username),
            keyring_problem=resolved.keyring_problem,
            api_key_problem=resolved.api_key_problem,
            unknown_origin=self.unknown_origin,
        )

    def retry_keyring(self) -> None:
        """After a failed reading of the keyring, read it again at the next use. Does not block for long.

        If that succeeds, waiting sign-ins are retried.
        """
        with self._lock:
            if self._resolved is not None and self._resolved.keyring_problem:
                self._resolved, self._keyring_failed = None, True

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call back after each change by the user, from the thread that makes it."""
        self._listeners.append(callback)

    def save(self, credentials: Credentials | None, api_key: str | None, *, remember: bool) -> None:
        """Use these from now on, and store them in the keyring if `remember`; None changes nothing.

        Raises:
            KeyringError: They cannot be stored; they are still used until the program ends.
            ApiKeyError: The API key is invalid; nothing is changed.
        """
        key = validated(api_key) if api_key is not None else None
        learn(key, credentials.password if credentials else None)
        with self._lock:
            self._explicit = credentials or self._explicit
            self._explicit_key = key or self._explicit_key
            self._remember = remember if credentials else self._remember
            self._resolved = None
            self.anonymous = self.anonymous and credentials is None
            if credentials is not None or key is None:
                self.sign_in_requests += 1
        try:
            if remember:
                self._store(credentials, key)
        finally:
            self._notify()

    def take_over(self, earlier: KeyringAccount) -> None:
        """Use what an earlier account of the same server was given until the program ends."""
        with self._lock:
            self._explicit, self._explicit_key = earlier._explicit, earlier._explicit_key
            self._remember, self.anonymous = earlier._remember, earlier.anonymous
            self._resolved = None

    def adopt(self, username: str) -> None:
        """Use this user's imported session, without a password, from now on.

        Raises:
            KeyringError: The user name cannot be stored; it is still used until the program ends.
        """
        resolved = self._resolve().credentials
        with self._lock:
            if resolved is None or resolved.username != username:
                self._explicit = Credentials(username, "")
            self._resolved = None
            self.anonymous = False
            self.sign_in_requests += 1
        try:
            if self._remember and (resolved is None or resolved.username != username):
                self.vault.save_session_user(username)
        finally:
            self._notify()

    def continue_signed_out(self) -> None:
        """Visit signed out from now on: public runs only."""
        with self._lock:
            self.anonymous = True
            self.sign_in_requests += 1
        self._notify()

    def forget(self) -> list[str]:
        """Delete everything stored for this server; secrets from the environment stay.

        Returns:
            As for `Vault.forget`.

        Raises:
            KeyringError: The keyring does not delete its entries.
        """
        with self._lock:
            self._explicit = self._explicit_key = self._resolved = None
            self.anonymous = False
            self.sign_in_requests += 1
        try:
            return self.vault.forget()
        finally:
            self._notify()

    def _store(self, credentials: Credentials | None, key: str | None) -> None:
        if credentials is not None:
            self.vault.save_credentials(credentials)
        if key is not None:
            self.vault.save_api_key(key)

    def _notify(self) -> None:
        for callback in list(self._listeners):
            callback()

    def _resolve(self) -> _ResolvedSecrets:
        recovered = False
        with self._lock:
            resolved = self._resolved
            if resolved is None:
                resolved = self._resolved = self._look_up()
                learn(resolved.api_key, resolved.credentials.password if resolved.credentials else None)
                recovered = self._keyring_failed and not resolved.keyring_problem
                self._keyring_failed = False
                self.sign_in_requests += recovered
        if recovered:
            self._notify()
        return resolved

    def _look_up(self) -> _ResolvedSecrets:
        credentials, password_from = self._credentials_outside_keyring()
        key, key_from, key_problem = self._key_outside_keyring()
        keyring_problem = ""
        # Credentials in the environment, as on a cluster, are used without waiting for a keyring.
        has_key = key_from is not Source.NONE
        if credentials is None or not (has_key or password_from is Source.ENVIRONMENT):
            try:
                if credentials is None and (stored := self._stored_credentials()):
                    credentials, password_from = stored, Source.KEYRING
                if not has_key and (stored_key := self.vault.api_key()):
                    key, key_from = stored_key, Source.KEYRING
            except KeyringError as error:
                log.info("Without a keyring: %s", error.message)
                keyring_problem = str(error)
        return _ResolvedSecrets(credentials, password_from, key, key_from, keyring_problem, "" if key else key_problem)

    def _stored_credentials(self) -> Credentials | None:
        stored, user = self.vault.credentials(), self.vault.session_user()
        return Credentials(user, "") if user and (stored is None or stored.username != user) else stored

    def _credentials_outside_keyring(self) -> tuple[Credentials | None, Source]:
        if self._explicit is not None:
            return self._explicit, Source.MEMORY
        email, password = self._environ.get("WANDB_VIEWER_MAIL", ""), self._environ.get("WANDB_VIEWER_PW", "")
        if email and password:
            return Credentials(email, password), Source.ENVIRONMENT
        return None, Source.NONE

    def _key_outside_keyring(self) -> tuple[str | None, Source, str]:
        """The API key, its source, and the reason why a key from that source cannot be used."""
        if self._explicit_key:
            return self._explicit_key, Source.MEMORY, ""
        in_environment = self._environ.get("WANDB_API_KEY", "").strip()
        if self._access_token is not None:
            if in_environment:
                # The SDK refuses this as well.
                return None, Source.NONE, "WANDB_API_KEY and WANDB_IDENTITY_TOKEN_FILE are both set. Unset one of them."
            return None, Source.IDENTITY, ""
        source = Source.ENVIRONMENT if in_environment else Source.NETRC
        path = self._netrc_path or netrc_path(self._environ)
        where = "WANDB_API_KEY: " if in_environment else ""
        try:
            found = in_environment or (read_netrc(path, self._server.base_url) if path else None)
            if found:
                where = where or f"{path}: "
                return validated(found), source, ""
        except ApiKeyError as error:
            log.warning("The API key from %s is not used: %s", source, error.message)
            return None, Source.NONE, f"{where}{error}"
        return None, Source.NONE, ""
