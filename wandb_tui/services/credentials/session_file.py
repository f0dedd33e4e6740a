"""The browser session on disk: encrypted, readable by its owner only, written atomically."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import secrets
import time
from pathlib import Path

from wandb_tui.services.disk.paths import private_folder

log = logging.getLogger(__name__)

_SUFFIX = ".session"


def new_key() -> str:
    """A new key for session files, as text."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


class SessionFile:
    """The session files of one server, one per user."""

    def __init__(self, folder: Path, app_url: str) -> None:
        self._folder = folder
        host = re.sub(r"[^a-z0-9.-]+", "_", app_url.split("://", 1)[-1].split("/", 1)[0].lower())
        self._server = f"{host}-{_digest(app_url.rstrip('/'))}"
        self.problem = ""
        """The problem with the last file that was read, or empty."""

    def path(self, username: str) -> Path:
        """The file of this user's session; its name does not reveal the user."""
        return self._folder / f"{self._server}-{_digest(username)}{_SUFFIX}"

    def lock(self, username: str) -> Path:
        """The lock file for this user's sign-in."""
        return self.path(username).with_suffix(".lock")

    def stamp(self, username: str) -> tuple[int, int]:
        """The inode and modification time, which change with each write; zeros if there is no file."""
        try:
            status = self.path(username).stat()
        except OSError:
            return (0, 0)
        return (status.st_ino, status.st_mtime_ns)

    def can_decrypt(self, username: str, key: str | None) -> bool:
        """Whether this key decrypts the session; nothing is changed."""
        try:
            return _decrypted(self.path(username).read_bytes(), key) is not None
        except OSError:
            return False

    def read(self, username: str, key: str | None) -> str | None:
        """The decrypted session, or None.

        A file that is damaged or was encrypted with another key is renamed, and `problem` says so.
        """
        path = self.path(username)
        try:
            encrypted = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("The saved browser session %s cannot be read: %s", path, error)
            return None
        text = _decrypted(encrypted, key)
        if text is None:
            self._set_aside(path)
        return text

    def write(self, username: str, key: str, text: str) -> None:
        """Replace the session of this user.

        Raises:
            OSError: The file cannot be written.
        """
        from cryptography.fernet import Fernet

        path = self.path(username)
        private_folder(path.parent)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet(key.encode()).encrypt(text.encode()))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def remove(self, username: str) -> None:
        """Delete the session of this user."""
        with contextlib.suppress(OSError):
            self.path(username).unlink(missing_ok=True)

    def remove_all(self) -> None:
        """Delete the sessions of all users of this server, renamed ones included."""
        for path in (*self._folder.glob(f"{self._server}-*{_SUFFIX}*"), *self._folder.glob(f"{self._server}-*.lock")):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _set_aside(self, path: Path) -> None:
        aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
        try:
            path.replace(aside)
        except OSError as error:
            log.warning("The saved browser session %s cannot be used, nor renamed: %s", path, error)
        else:
            self.problem = f"The saved browser session is damaged or not ours; it was renamed to {aside}"
            log.warning("%s", self.problem)


def signed_in_at(folder: Path, pages: tuple[str, ...] = ()) -> set[str]:
    """The addresses of the pages of servers with a kept session, as far as the names of the files tell.

    Args:
        folder: The folder of the session files.
        pages: Further addresses that may be among them, such as one with a path.
    """
    digests = {
        match["digest"]: match["host"]
        for path in folder.glob(f"*{_SUFFIX}")
        if (match := re.fullmatch(r"(?P<host>.+)-(?P<digest>[0-9a-f]{12})-[0-9a-f]{12}", path.stem))
    }
    guessed = {f"{scheme}://{host.replace('_', ':')}" for host in digests.values() for scheme in ("https", "http")}
    return {page for page in {*guessed, *pages} if _digest(page) in digests}


def _decrypted(encrypted: bytes, key: str | None) -> str | None:
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet((key or "").encode()).decrypt(encrypted).decode()
    except (InvalidToken, ValueError):
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
