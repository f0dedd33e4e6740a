"""Several keyrings on one machine: some only read, some ask on the terminal, some are chosen by name."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Each keyring is a module of its own, since keyring takes every class that has been defined. The files lie in KEYRINGS.
COMMON = """
import getpass, os
from pathlib import Path
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

def path(folder, service, entry):
    place = Path(os.environ["KEYRINGS"]) / folder
    place.mkdir(exist_ok=True)
    return place / f"{service}-{entry}".encode().hex()

def read(*where):
    return path(*where).read_text() if path(*where).exists() else None
"""
KEYRINGS = {
    "files": """
class Keyring(KeyringBackend):
    priority = 8
    def get_password(self, service, entry):
        return read("files", service, entry)
    def set_password(self, service, entry, value):
        path("files", service, entry).write_text(value)
    def delete_password(self, service, entry):
        path("files", service, entry).unlink()
""",
    "read_only": """
class Keyring(KeyringBackend):
    priority = 9
    def get_password(self, service, entry):
        return read("read-only", service, entry)
    def set_password(self, service, entry, value):
        raise NotImplementedError
    def delete_password(self, service, entry):
        raise PasswordDeleteError("cannot")
""",
    "forgetful": """
class Keyring(KeyringBackend):
    priority = 9.5
    def get_password(self, service, entry):
        return None
    def set_password(self, service, entry, value):
        pass
    def delete_password(self, service, entry):
        pass
""",
    "shortens": """
class Keyring(KeyringBackend):
    priority = 9.6
    def get_password(self, service, entry):
        return read("shortened", service, entry)
    def set_password(self, service, entry, value):
        path("shortened", service, entry).write_text(value.strip())
    def delete_password(self, service, entry):
        path("shortened", service, entry).unlink()
""",
    "asks": """
class Keyring(KeyringBackend):
    priority = 9.7
    def get_password(self, service, entry):
        getpass.getpass("Password of the keyring: ")
    def set_password(self, service, entry, value):
        getpass.getpass("Password of the keyring: ")
    def delete_password(self, service, entry):
        getpass.getpass("Password of the keyring: ")
""",
    "plain": """
class PlaintextKeyring(KeyringBackend):
    priority = 0.5
    def get_password(self, service, entry):
        return read("plain", service, entry)
    def set_password(self, service, entry, value):
        path("plain", service, entry).write_text(value)
    def delete_password(self, service, entry):
        path("plain", service, entry).unlink()
""",
    "locked": """
import time
class Keyring(KeyringBackend):
    priority = 9.8
    def get_password(self, service, entry):
        while not (Path(os.environ["KEYRINGS"]) / "unlocked").exists():
            time.sleep(0.05)
    def set_password(self, service, entry, value):
        pass
    def delete_password(self, service, entry):
        pass
""",
}
STORE = """
import sys
from wandb_tui.core.errors import KeyringError
from wandb_tui.services.credentials.keyring_store import KeyringStore

store = KeyringStore("ours", timeout=60)
for call in sys.argv[1:]:
    operation, *arguments = call.split(",")
    try:
        print(getattr(store, operation)(*arguments))
    except KeyringError as error:
        print("KeyringError:", error.message)
"""


@pytest.fixture
def run(tmp_path):
    """Makes some of the keyrings above the only ones, and runs calls on the store there."""
    packages = tmp_path / "packages"
    information = packages / "some_keyrings-1.dist-info"
    information.mkdir(parents=True)
    for name, source in KEYRINGS.items():
        (packages / f"keyring_{name}.py").write_text(COMMON + source)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: some-keyrings\nVersion: 1\n")

    def run(names, *calls, environ=(), terminal=False, command=None):
        entries = "".join(f"{name} = keyring_{name}\n" for name in names)
        (information / "entry_points.txt").write_text(f"[keyring.backends]\n{entries}")
        environment = {
            **{name: value for name, value in os.environ.items() if name != "DBUS_SESSION_BUS_ADDRESS"},
            "PYTHONPATH": f"{packages}:{ROOT}",
            "HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "KEYRINGS": str(tmp_path),
            **dict(environ),
        }
        if command is not None:
            pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            return subprocess.Popen(command, env=environment, text=True, **pipes)
        command = [sys.executable, "-c", STORE, *calls]
        if terminal:
            return on_terminal(command, environment)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout.splitlines()

    return run


def on_terminal(command, environment):
    """Run a program that has a controlling terminal, and return all that appears on it."""
    pid, screen = pty.fork()
    if pid == 0:
        os.execve(command[0], command, environment)  # noqa: S606
    shown = b""
    while select.select([screen], [], [], 60)[0]:
        try:
            shown += os.read(screen, 65536)
        except OSError:
            break
    os.waitpid(pid, 0)
    os.close(screen)
    return shown.decode().splitlines()


def test_a_helper_that_only_reads_hides_nothing(run):
    assert run(["files"], "set,a,the secret") == ["None"]
    both = ["files", "read_only"]
    assert run(both, "get,a") == ["the secret"], "what an earlier version stored is found behind it"
    assert run(both, "set,b,another", "get,b", "delete,a", "get,a") == ["None", "another", "None", "None"]
    assert run(both, "check") == ["keyring_files.Keyring"]


def test_what_a_keyring_does_not_keep_goes_into_the_next(run):
    assert run(["files", "forgetful"], "set,a,the secret", "get,a", "check") == [
        "None",
        "the secret",
        "keyring_files.Keyring",
    ]
    [line] = run(["forgetful"], "set,a,the secret")
    assert line == "KeyringError: The keyring keyring_forgetful.Keyring does not store entries."


def test_a_secret_that_a_keyring_shortens_is_not_left_there(run):
    shortened = "set,a,ends with a space "
    assert run(["shortens"], "set,a,older", shortened, "get,a", "set,a,plain", "get,a") == [
        "None",
        "KeyringError: The keyring keyring_shortens.Keyring does not store this value unchanged.",
        "None",
        "None",
        "plain",
    ]
    assert run(["files", "shortens"], shortened, "get,a") == ["None", "ends with a space "]


def test_a_secret_that_stays_is_never_called_deleted(run, tmp_path):
    run(["files"], "set,a,the secret")
    (tmp_path / "files").rename(tmp_path / "read-only")
    assert run(["read_only", "files"], "get,a", "delete,a") == [
        "the secret",
        "KeyringError: The keyring keyring_read_only.Keyring failed (PasswordDeleteError).",
    ]


def test_a_keyring_that_asks_on_the_terminal_never_gets_it(run):
    [line] = run(["asks"], "get,a", terminal=True)
    assert line.startswith("KeyringError: The keyring keyring_asks.Keyring asks for its password on the terminal")
    [line] = run(["read_only", "asks"], "set,a,the secret")
    assert line.startswith("KeyringError: The keyring keyring_asks.Keyring asks for its password on the terminal")
    both = ["asks", "files"]
    assert run(both, "set,a,the secret", "get,a", "delete,a", terminal=True) == ["None", "the secret", "None"]


@pytest.mark.parametrize("names", [["plain"], ["plain", "files"]], ids=" ".join)
def test_logout_deletes_what_an_early_version_stored_in_clear_text(run, tmp_path, names):
    url, entries = "http://127.0.0.1:9", ("password", "api-key")
    for folder in names:
        (tmp_path / folder).mkdir()
        for entry in entries:
            (tmp_path / folder / f"wandb-tui {url}-{entry}".encode().hex()).write_text("a secret")
    program = str(Path(sys.executable).with_name("wandb-tui"))
    process = run(names, environ={"WANDB_BASE_URL": url}, command=[program, "logout"])
    out, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    said = " ".join(out.split())
    assert "keyring_plain.PlaintextKeyring had some of it in clear text; that is deleted, too." in said
    assert ("Deleted: the password" in said) == ("files" in names)
    assert not [path for folder in names for path in (tmp_path / folder).iterdir()]
    assert run(["plain"], "set,a,the secret")[0].startswith("KeyringError: The only keyring here stores passwords in")


def test_a_keyring_that_was_chosen_by_name_is_named(run, tmp_path):
    null = "keyring.backends.null.Keyring"
    [line] = run(["files"], "get,a", environ={"PYTHON_KEYRING_BACKEND": null})
    assert line == f"KeyringError: PYTHON_KEYRING_BACKEND names {null}, which keeps nothing."
    [line] = run(["files"], "get,a", environ={"PYTHON_KEYRING_BACKEND": "not_installed.Keyring"})
    assert line.startswith("KeyringError: PYTHON_KEYRING_BACKEND names not_installed.Keyring, which cannot be loaded")
    config = tmp_path / "config" / "python_keyring" / "keyringrc.cfg"
    config.parent.mkdir(parents=True)
    config.write_text(f"[backend]\ndefault-keyring={null}\n")
    [line] = run(["files"], "get,a")
    assert line == f"KeyringError: {config} names {null}, which keeps nothing."
    config.write_text("no section\n")
    [line] = run(["files"], "get,a")
    assert line == f"KeyringError: {config} cannot be read (MissingSectionHeaderError)."
    secret_service = "keyring.backends.SecretService.Keyring"
    [line] = run([], "get,a", environ={"PYTHON_KEYRING_BACKEND": secret_service})
    assert line.startswith(f"KeyringError: PYTHON_KEYRING_BACKEND names {secret_service}, which cannot be used here (")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["wait", "lab/forks/abc", "--no-visit", "--json"], 3),
        (["login", "--username", "me@lab.example", "--password-stdin"], 1),
        (["doctor", "--json"], None),
    ],
    ids=["wait", "login", "doctor"],
)
def test_a_keyring_that_is_to_be_unlocked_is_named_on_stderr(run, tmp_path, arguments, status):
    cleared = dict.fromkeys(("WANDB_API_KEY", "WANDB_VIEWER_MAIL", "WANDB_VIEWER_PW"), "")
    environ = {**cleared, "DISPLAY": ":99", "WANDB_BASE_URL": "http://127.0.0.1:9", "NETRC": str(tmp_path / "none")}
    program = Path(sys.executable).with_name("wandb-tui")
    process = run(["locked"], environ=environ, command=[str(program), *arguments])
    with process:
        told = process.stderr.readline()
        (tmp_path / "unlocked").touch()
        out, rest = process.communicate(timeout=120)
    assert re.fullmatch(r"wandb-tui: Waiting up to \d+ s for the keyring to be unlocked\n", told)
    assert "Traceback" not in rest
    assert all(line.startswith("{") for line in out.splitlines())
    assert status is None or process.returncode == status
