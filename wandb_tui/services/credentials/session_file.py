"""The browser session on disk: encrypted, for its owner only, written in one piece."""

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
    """A fresh key for session files, as text."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


class SessionFile:
    """The session files of one server, one a user."""

    def __init__(self, folder: Path, app_url: str) -> None:
        self._folder = folder
        host = re.sub(r"[^a-z0-9.-]+", "_", app_url.split("://", 1)[-1].split("/", 1)[0].lower())
        self._server = f"{host}-{_digest(app_url.rstrip('/'))}"
        self.problem = ""
        """What was wrong with a file that was read, or empty."""

    def path(self, username: str) -> Path:
        """Where the session of this user is; the name does not tell who it is."""
        return self._folder / f"{self._server}-{_digest(username)}{_SUFFIX}"

    def lock(self, username: str) -> Path:
        """The file that is locked while this user signs in."""
        return self.path(username).with_suffix(".lock")

    def stamp(self, username: str) -> tuple[int, int]:
        """Tells one writing of the file from another; zeros where there is no file."""
        try:
            found = self.path(username).stat()
        except OSError:
            return (0, 0)
        return (found.st_ino, found.st_mtime_ns)

    def opens(self, username: str, key: str | None) -> bool:
        """Whether the session can be read with this key; nothing is changed."""
        try:
            return _opened(self.path(username).read_bytes(), key) is not None
        except OSError:
            return False

    def read(self, username: str, key: str | None) -> str | None:
        """The session as it was written, or None.

        A file that is damaged, or was written with another key, is renamed; `problem` says so.
        """
        path = self.path(username)
        try:
            sealed = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("The saved browser session %s cannot be read: %s", path, error)
            return None
        text = _opened(sealed, key)
        if text is None:
            self._put_aside(path)
        return text

    def write(self, username: str, key: str, text: str) -> None:
        """Replace the session of this user.

        Raises:
            OSError: The disk does not take it.
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
        """Drop the session of this user."""
        with contextlib.suppress(OSError):
            self.path(username).unlink(missing_ok=True)

    def remove_all(self) -> None:
        """Drop the sessions of all users of this server, those put aside included."""
        for path in (*self._folder.glob(f"{self._server}-*{_SUFFIX}*"), *self._folder.glob(f"{self._server}-*.lock")):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _put_aside(self, path: Path) -> None:
        aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
        try:
            path.replace(aside)
        except OSError as error:
            log.warning("The saved browser session %s cannot be used, nor put aside: %s", path, error)
        else:
            self.problem = f"The saved browser session is damaged or not ours; it was put aside as {aside}"
            log.warning("%s", self.problem)


def _opened(sealed: bytes, key: str | None) -> str | None:
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet((key or "").encode()).decrypt(sealed).decode()
    except (InvalidToken, ValueError):
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
