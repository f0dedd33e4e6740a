"""A real terminal for the dashboard: tmux on a socket of its own."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
import uuid
from pathlib import Path

from tests.stopwatch import HANG_S, Stopwatch, until


class Terminal:
    """One tmux window with a shell in it; leaving the block ends it and all that runs there."""

    def __init__(self, environ, *, columns=160, lines=45):
        self._socket = f"wandb-tui-test-{uuid.uuid4().hex[:8]}"
        self._environ = environ
        self._size = ["-x", str(columns), "-y", str(lines)]

    def __enter__(self):
        environ = {**self._environ, "TERM": "screen-256color"}
        self._tmux("-f", "/dev/null", "new-session", "-d", *self._size, "bash --norc --noprofile", env=environ)
        self._prepare()
        return self

    def _prepare(self):
        """Have the shell say when it is back, with a prompt that no program of ours prints."""
        # Not the command of that name, which would for a moment be taken for the program that is run next.
        self.keys(r"clear() { printf '\e[H\e[2J'; }; PS1='shell-is''-back$ '; clear", "Enter")
        self.when(lambda screen: screen.split() == ["shell-is-back$"], "the prompt")

    def _begin(self, line):
        """Enter a shell in another terminal inside this one."""
        # Its prompt comes before it is asked for the one by which it is known.
        self.type(f"clear; {line}\n")
        self.when(lambda screen: "bash" in screen and "shell-is-back$" not in screen, "the shell inside")
        self._prepare()

    def __exit__(self, *_):
        self._tmux("kill-server", check=False)

    def run(self, *command):
        # The output of the previous command must not be taken for that of this one.
        self.keys("clear", "Enter")
        self.when(lambda screen: screen.split() == ["shell-is-back$"], "an empty screen")
        self.keys("clear; " + shlex.join(command), "Enter")

    def type(self, text):
        self._tmux("send-keys", "-l", "--", text)

    def keys(self, *keys):
        self._tmux("send-keys", *keys)

    def screen(self):
        return self._tmux("capture-pane", "-p")

    def until(self, *texts, seconds=60.0):
        """The screen, once all texts are on it."""
        return self.when(lambda screen: all(text in screen for text in texts), texts, seconds)

    def gone(self, text, seconds=60.0):
        """The screen, once the text is on it no more."""
        return self.when(lambda screen: text not in screen, f"not {text}", seconds)

    def when(self, condition, what, seconds=60.0):
        watch = Stopwatch()
        screen = ""
        try:
            while not condition(screen := self.screen()):
                assert watch.seconds < seconds, f"{what} never came"
                # Each look starts a process, and the program that is looked at needs the same two cores.
                time.sleep(0.1)
        except BaseException:
            # The time-out of the whole test tells as much as ours: the last screen stands in the report.
            print(f"waiting for {what}:\n{screen}")
            raise
        return screen

    def next_field(self):
        """Go on to the next field of a form, and be there: keys typed at once might still reach the last one."""
        before = self._cursor_line()
        self.keys("Tab")
        self.when(lambda _: self._cursor_line() != before, "the next field")

    def _cursor_line(self):
        return self._tmux("display-message", "-p", "#{cursor_y}")

    def modes(self):
        """Whether the alternate screen, the mouse and the cursor are on."""
        return self._tmux("display-message", "-p", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}").strip()

    def shell(self):
        """The process id of the shell."""
        return int(self._tmux("list-panes", "-F", "#{pane_pid}"))

    def program(self):
        """The process id of what is run, once it is there."""
        shell = self.shell()
        until(lambda: descendants(shell), what=lambda: "the program's process")
        return descendants(shell)[0]

    def _tmux(self, *arguments, check=True, env=None):
        command = ["tmux", "-L", self._socket, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=check, env=env, timeout=HANG_S)
        return done.stdout


def descendants(pid):
    """The ids of all processes below one."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        # A thread may end between being listed and being read.
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *descendants(child)]
    return found


@contextlib.contextmanager
def ended(process):
    """End a process and all its descendants on leaving the block, even after a failure."""
    try:
        yield
    finally:
        if process.poll() is None:
            for pid in [process.pid, *descendants(process.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()


def alive(pid):
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def command_lines():
    """The command lines of all processes on this machine."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:
            continue
    return lines
