"""Finds the keyring backends of this machine that store secrets safely."""

from __future__ import annotations

import configparser
import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from wandb_tui.core.errors import KeyringError, KeyringProblem
from wandb_tui.services.credentials.keyring_child import ASKS_ON_TERMINAL
from wandb_tui.services.processes import terminate_process_group

__all__ = [
    "ASKS_ON_TERMINAL",
    "BackendError",
    "ChildBackend",
    "KeyringBackend",
    "NativeBackend",
    "alternatives",
    "clear_text_backends",
    "locked_error",
    "require_unlocked",
    "usable_backends",
]

log = logging.getLogger(__name__)

_NATIVE = tuple(f"keyring.backends.{name}" for name in ("SecretService", "libsecret", "kwallet", "macOS", "Windows"))
"""The backends that never ask for their password on the terminal."""

_CLEAR_TEXT = ("keyrings.alt.Google",)
_CLEAR_TEXT_CLASSES = ("plain", "cleartext", "unencrypted", "insecure")
"""In the names of classes that store in clear text, which several packages have beside better ones."""

_UNUSABLE = {"keyring.backends.null": "keeps nothing", "keyring.backends.fail": "refuses everything"}
_CHILD_TIMEOUT_S = 20.0
_TERMINATE_TIMEOUT_S = 0.5

_ALTERNATIVES = (
    "Either sign in in the dashboard for this session only (nothing is stored), or set WANDB_VIEWER_MAIL, "
    "WANDB_VIEWER_PW and WANDB_API_KEY in the environment, or {keyring}."
)
_LINUX_HINT = (
    "start a keyring: `dbus-run-session -- bash`, in it `gnome-keyring-daemon --unlock` (type a password, then "
    "Ctrl-D), then wandb-tui again"
)


class KeyringBackend(Protocol):
    """A keyring that stores secrets by service and entry. Each call may block and may raise any exception."""

    @property
    def name(self) -> str:
        """Its class, with the module."""

    def get(self, service: str, entry: str) -> str | None:
        """The secret, or None."""

    def set(self, service: str, entry: str, value: str) -> None:
        """Store a secret."""

    def delete(self, service: str, entry: str) -> None:
        """Delete an existing secret."""


@dataclass(frozen=True)
class NativeBackend:
    """The operating system's own keyring, called in this process."""

    backend: Any

    @property
    def name(self) -> str:
        """Its class, with the module."""
        return _class_name(self.backend)

    @property
    def is_secret_service(self) -> bool:
        """Whether it is the Secret Service, which can be locked."""
        return self.name.startswith("keyring.backends.SecretService")

    def get(self, service: str, entry: str) -> str | None:
        """The secret, or None."""
        value = self.backend.get_password(service, entry)
        return str(value) if value else None

    def set(self, service: str, entry: str, value: str) -> None:
        """Store a secret."""
        self.backend.set_password(service, entry, value)

    def delete(self, service: str, entry: str) -> None:
        """Delete an existing secret."""
        self.backend.delete_password(service, entry)


class BackendError(Exception):
    """A backend in a child process has failed; the text is the error's class, or the failure."""


@dataclass(frozen=True)
class ChildBackend:
    """A keyring from an installed package, called in a child process without a terminal."""

    name: str

    def get(self, service: str, entry: str) -> str | None:
        """The secret, or None."""
        value = self._call("get", service, entry).get("value")
        return str(value) if value else None

    def set(self, service: str, entry: str, value: str) -> None:
        """Store a secret."""
        self._call("set", service, entry, value)

    def delete(self, service: str, entry: str) -> None:
        """Delete an existing secret."""
        self._call("delete", service, entry)

    def _call(self, operation: str, service: str, entry: str, value: str = "") -> dict[str, Any]:
        request = {"backend": self.name, "operation": operation, "service": service, "entry": entry, "value": value}
        child = subprocess.Popen(
            [sys.executable, "-m", "wandb_tui.services.credentials.keyring_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # Without a controlling terminal the backend cannot prompt.
            start_new_session=True,
        )
        try:
            output, _ = child.communicate(json.dumps(request) + "\n", timeout=_CHILD_TIMEOUT_S)
            reply = json.loads(output)
        except subprocess.TimeoutExpired:
            raise BackendError("does not answer") from None
        except ValueError:
            raise BackendError(f"ended with status {child.returncode}") from None
        finally:
            terminate_process_group(child, _TERMINATE_TIMEOUT_S)
        if error := reply.get("error"):
            raise BackendError(str(error))
        return dict(reply)


def usable_backends() -> list[KeyringBackend]:
    """The backends that store secrets safely, in their order of use.

    Raises:
        KeyringError: There is none; the message says why.
    """
    candidates = _candidates()
    usable = [_wrapped(backend) for backend in candidates if _is_usable(_class_name(backend))]
    if not usable:
        raise _no_backend(candidates)
    return usable


def clear_text_backends() -> list[KeyringBackend]:
    """The backends that store in clear text: an early version used them, so they may still have its entries."""
    from keyring.backend import get_all_keyring

    try:
        installed = get_all_keyring()
    except Exception as error:  # noqa: BLE001 - whatever an installed module raises
        log.info("The keyring backends cannot be listed: %s", type(error).__name__)
        return []
    return [_wrapped(backend) for backend in installed if _in_clear_text(_class_name(backend))]


def alternatives() -> str:
    """The hint for machines without a usable keyring."""
    keyring = _LINUX_HINT if sys.platform.startswith("linux") else "unlock the keyring of your system"
    return _ALTERNATIVES.format(keyring=keyring)


def locked_error() -> KeyringError:
    """The error of a keyring that is locked."""
    return KeyringError("The keyring is locked.", f"Unlock it and try again. {alternatives()}", KeyringProblem.LOCKED)


def require_unlocked() -> None:
    """Raise unless the Secret Service's default collection exists and is unlocked; opens no dialog.

    Raises:
        KeyringError: It is locked.
    """
    import secretstorage
    from secretstorage.exceptions import SecretStorageException

    with contextlib.closing(secretstorage.dbus_init()) as bus:
        try:
            locked = secretstorage.Collection(bus, "/org/freedesktop/secrets/aliases/default").is_locked()
        except SecretStorageException:
            locked = True
    if locked:
        raise locked_error()


def _candidates() -> list[Any]:
    import keyring

    try:
        chosen = keyring.get_keyring()
        # With several backends, `get_keyring` returns a chain that uses only the first.
        return list(getattr(chosen, "backends", None) or [chosen])
    except Exception as error:  # noqa: BLE001 - whatever the chosen module raises
        log.info("No keyring backend can be loaded: %s", type(error).__name__)
        raise _not_loaded(error) from None


def _not_loaded(error: Exception) -> KeyringError:
    """The error where keyring has no backend to offer."""
    name = type(error).__name__
    choice = _users_choice(os.environ)
    if choice and isinstance(error, RuntimeError):
        # So a backend says that it is of no use here.
        reason = " ".join(str(error).split()) or name
        return KeyringError(f"{choice}, which cannot be used here ({reason}).", f"Remove that choice. {alternatives()}")
    if choice:
        return KeyringError(
            f"{choice}, which cannot be loaded ({name}).",
            f"Install its package, or remove that choice. {alternatives()}",
        )
    if isinstance(error, configparser.Error | UnicodeDecodeError) and (path := _config_file()):
        return KeyringError(f"{path} cannot be read ({name}).", "Correct or remove that file.")
    return KeyringError(f"No keyring can be used here ({name}).", alternatives())


def _wrapped(backend: Any) -> KeyringBackend:
    name = _class_name(backend)
    return NativeBackend(backend) if name.startswith(_NATIVE) else ChildBackend(name)


def _is_usable(name: str) -> bool:
    return not name.startswith(tuple(_UNUSABLE)) and not _in_clear_text(name)


def _in_clear_text(name: str) -> bool:
    words = name.rpartition(".")[2].lower()
    return name.startswith(_CLEAR_TEXT) or any(word in words for word in _CLEAR_TEXT_CLASSES)


def _class_name(backend: Any) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _no_backend(candidates: list[Any]) -> KeyringError:
    names = [_class_name(backend) for backend in candidates]
    defect = next((defect for name in names for module, defect in _UNUSABLE.items() if name.startswith(module)), "")
    choice = _users_choice(os.environ)
    if choice and defect:
        return KeyringError(f"{choice}, which {defect}.", f"Remove that choice. {alternatives()}")
    if any(_in_clear_text(name) for name in names):
        situation = "The only keyring here stores passwords in clear text"
    elif sys.platform.startswith("linux") and "DBUS_SESSION_BUS_ADDRESS" not in os.environ:
        situation = "No keyring is running here"
    else:
        situation = "No usable keyring is here"
    return KeyringError(f"{situation}, so a password cannot be stored safely.", alternatives())


def _users_choice(environ: Mapping[str, str]) -> str:
    """The source of the user's choice of a backend, as the beginning of a sentence; empty without a choice."""
    if named := environ.get("PYTHON_KEYRING_BACKEND"):
        return f"PYTHON_KEYRING_BACKEND names {named}"
    if (path := _config_file()) is None:
        return ""
    config = configparser.RawConfigParser()
    with contextlib.suppress(configparser.Error, OSError, UnicodeDecodeError):
        config.read(path, encoding="utf-8")
        if named := config.get("backend", "default-keyring", fallback="").strip():
            return f"{path} names {named}"
    return ""


def _config_file() -> Path | None:
    """The file in which keyring looks for its settings; None without a home folder."""
    from keyring.util.platform_ import config_root

    try:
        return Path(config_root()) / "keyringrc.cfg"
    except (OSError, RuntimeError):
        return None
