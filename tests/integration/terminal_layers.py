"""Real terminals between the dashboard and tmux, which shows what the user would see: GNU screen and mosh."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

from tests.integration.terminal import Terminal

_SHELL = ("bash", "--norc", "--noprofile")


class ScreenTerminal(Terminal):
    """GNU screen with its own defaults, in tmux."""

    def __enter__(self):
        super().__enter__()
        # The path of its socket must be short.
        self._folder = tempfile.mkdtemp(prefix="screen-")
        self._session = uuid.uuid4().hex[:8]
        (Path(self._folder) / "screenrc").write_text("startup_message off\n")
        command = ["screen", "-c", f"{self._folder}/screenrc", "-S", self._session, *_SHELL]
        self._begin(f"SCREENDIR={self._folder} {shlex.join(command)}")
        return self

    def __exit__(self, *exception):
        environ = os.environ | {"SCREENDIR": self._folder}
        subprocess.run(
            ["screen", "-S", self._session, "-X", "quit"], env=environ, capture_output=True, check=False, timeout=20
        )
        super().__exit__(*exception)
        for path in (*Path(self._folder).iterdir(), Path(self._folder)):
            with contextlib.suppress(OSError):
                path.unlink() if not path.is_dir() else path.rmdir()


class MoshTerminal(Terminal):
    """A mosh session on loopback, in tmux."""

    def __enter__(self):
        command = ["mosh-server", "new", "-i", "127.0.0.1", "-c", "256", "--", *_SHELL]
        # Away from here there would be no tmux.
        environ = {name: value for name, value in self._environ.items() if name not in {"TMUX", "TMUX_PANE", "STY"}}
        started = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=20)
        port, key = re.search(r"MOSH CONNECT (\d+) (\S+)", started.stdout).groups()
        self._server = int(re.search(r"pid = (\d+)", started.stderr + started.stdout)[1])
        self._environ = self._environ | {"MOSH_KEY": key}
        super().__enter__()
        # As terminals do that give their programs the clipboard.
        self._tmux("set-option", "-s", "set-clipboard", "on")
        self._begin(f"mosh-client 127.0.0.1 {port}")
        return self

    def __exit__(self, *exception):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._server, signal.SIGTERM)
        super().__exit__(*exception)

    def copied(self):
        """The text that has reached the clipboard of the user's terminal."""
        return self._tmux("show-buffer", check=False)
