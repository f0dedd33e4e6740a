"""The folders and files of wandb-tui, from platformdirs and the XDG variables, and helpers to create them."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from wandb_tui.core.errors import UsageError

APP = "wandb-tui"


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of wandb-tui: settings, state (watch list, browser session) and log."""

    config: Path
    state: Path
    log: Path

    @classmethod
    def of_user(cls) -> Paths:
        """The folders of the user who runs the program.

        Raises:
            UsageError: There is no home folder, nor XDG variables in place of it.
        """
        from platformdirs import PlatformDirs

        dirs = PlatformDirs(APP, appauthor=False)
        try:
            return cls(dirs.user_config_path, dirs.user_state_path, dirs.user_log_path)
        except RuntimeError:
            raise UsageError(
                "There is no home folder: HOME is not set, and the system does not know this user.",
                "Set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME, to a folder that can be written.",
            ) from None

    @property
    def settings_file(self) -> Path:
        """The user's settings."""
        return self.config / "settings.toml"

    @property
    def export_profiles(self) -> Path:
        """The folder of the servers' export profiles."""
        return self.config / "servers"

    @property
    def feed_records(self) -> Path:
        """The folder of what is remembered of the servers' feeds."""
        return self.config / "servers"

    @property
    def trusted(self) -> Path:
        """The folder of each server's sign-in pages of other hosts that the user allows."""
        return self.config / "servers"

    @property
    def watch_list(self) -> Path:
        """The watch lists of all servers."""
        return self.state / "watchlist.sqlite3"

    @property
    def branch_notes(self) -> Path:
        """The folder of the notes of each server's forks."""
        return self.state / "forks"

    @property
    def schema_gaps(self) -> Path:
        """The folder of what the servers' APIs lack."""
        return self.state / "servers"

    @property
    def hooks_lock(self) -> Path:
        """The lock file of hooks: of several dashboards, the one that holds it runs the user's commands."""
        return self.state / "hooks.lock"

    @property
    def open_dashboards(self) -> Path:
        """The folder of the locks of open dashboards."""
        return self.state / "dashboards"

    @property
    def sync(self) -> Path:
        """The folder with the locks of runs that are being synced, and the runs of each server that failed."""
        return self.state / "sync"

    @property
    def copied_text(self) -> Path:
        """The last text that was copied where no clipboard can be reached."""
        return self.state / "copied.txt"

    @property
    def log_file(self) -> Path:
        """The log."""
        return self.log / "wandb-tui.log"


def server_file(folder: Path, server: str, suffix: str) -> Path:
    """The file of one server in a folder of such files.

    Args:
        folder: The folder.
        server: The server's key, as in the watch list.
        suffix: The end of the name.
    """
    import hashlib

    name = re.sub(r"[^a-z0-9.-]+", "_", server.split("://", 1)[-1].lower()).strip("_")
    return folder / f"{name}-{hashlib.sha256(server.encode()).hexdigest()[:8]}{suffix}"


class ServerFile:
    """The file of one server in a folder of such files."""

    SUFFIX: ClassVar[str]
    """The end of its name."""

    def __init__(self, folder: Path, server: str) -> None:
        """Prepare; nothing is read yet.

        Args:
            folder: The folder.
            server: The server's key, as in the watch list.
        """
        self._folder = folder
        self._server = server

    @property
    def path(self) -> Path:
        """The file."""
        return server_file(self._folder, self._server, self.SUFFIX)


def existing_parent(folder: Path) -> Path:
    """The folder itself, or the nearest of its parents that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def write_problem(folder: Path, size: int = 65_536) -> OSError | None:
    """The reason why no file of `size` bytes can be written to a folder; None if it can. Leaves no file."""
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * size)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    return None


def record_lock_problem(folder: Path) -> OSError | None:
    """The reason why files in a folder cannot be locked as SQLite does; None if they can. Leaves no file."""
    try:
        import fcntl
    except ImportError:
        # Windows has locks of another kind on every file system.
        return None
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error
    return None


def private_folder(folder: Path) -> Path:
    """Create `folder` and missing parents if needed, accessible only to their owner, regardless of the umask."""
    if not folder.parent.exists():
        private_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def private_file(path: Path) -> Path:
    """Create `path` if needed, readable only by its owner, regardless of the umask."""
    private_folder(path.parent)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return path


def write_private(path: Path, text: str) -> Path:
    """Replace the text of a file that only its owner can read; returns its path.

    Raises:
        OSError: The file cannot be written.
    """
    private_file(path).write_text(text, encoding="utf-8", errors="replace")
    return path


def new_private_file(path: Path) -> None:
    """Create `path` if needed, readable only by its owner, without opening an existing file."""
    if path.exists():
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        return
    private_folder(path.parent)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
