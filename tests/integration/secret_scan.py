"""Searches for secrets: in texts, in files, on command lines and in the environments of child processes."""

import contextlib
import os
from pathlib import Path

from tests.integration.terminal import command_lines
from wandb_tui.services.credentials.redaction import written_forms


def record_cookies(sandbox):
    """Remember the session cookies that the sandbox gives out; it keeps only their hashes itself."""
    begin, sandbox.cookies = sandbox.context.sessions.begin, []

    def begin_and_tell():
        sandbox.cookies.append(begin())
        return sandbox.cookies[-1]

    sandbox.context.sessions.begin = begin_and_tell


def forms_of(sandbox, *more):
    """Every secret of a sandbox's user, in every way in which it may be written."""
    return {
        form
        for secret in (sandbox.password, sandbox.api_key, *sandbox.cookies, *more)
        for form in written_forms(secret)
    }


def leaks(forms, *, texts=(), folder=None):
    """The places where a secret is found."""
    found = [f"text {number}" for number, text in enumerate(texts) for form in forms if form in text]
    encoded = [form.encode() for form in forms]
    found += [f"command line {line!r}" for line in command_lines() for form in encoded if form in line]
    for path in folder.rglob("*") if folder else ():
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                found += [str(path) for form in encoded if form in content]
    return found


# Python's own `ctypes.util.find_library` starts these for imported libraries; their environment cannot be chosen.
_OF_PYTHON = ("gcc", "collect2", "ld", "ldconfig", "objdump", "cc")


def leaks_of_process(pid, forms):
    """The command line, or the environment, of a process in which a secret stands.

    The variables that the user's shell gave to the program stand in the program's own environment, and in that of a
    child between its fork and its start: that cannot be otherwise.
    """
    held = {}
    before = command_of(pid)
    for name in ("cmdline", "environ"):
        with contextlib.suppress(OSError):
            held[name] = Path(f"/proc/{pid}/{name}").read_bytes()
    # A child may have been started as something else meanwhile.
    if _unavoidable(before) or _unavoidable(command_of(pid)):
        held.pop("environ", None)
    return [
        f"{name} of {pid}: {before}" for name, content in held.items() for form in forms if form.encode() in content
    ]


def _unavoidable(command):
    words = command.split() or [""]
    return Path(words[0]).name in _OF_PYTHON or any(word.endswith("/wandb-tui") for word in words[:2])


def command_of(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:300]
    return ""


def open_to_others(folder):
    """The files and folders below a folder that others may read or write."""
    found = []
    for path in [folder, *folder.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        if not path.is_symlink() and path.stat().st_mode & 0o777 & ~wanted:
            found.append(f"{oct(path.stat().st_mode & 0o777)} {path.relative_to(folder)}")
    return found


def ours(home):
    """The folders below a home that are ours, and those made on the way to them."""
    return [path for path in home.rglob("wandb-tui") if path.is_dir()]


def ways_to(home):
    return {above for path in ours(home) for above in path.parents if home in above.parents}


def without_xdg():
    unwanted = ("WANDB_", "XDG_", "DBUS_", "TMUX", "DISPLAY", "WAYLAND_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
