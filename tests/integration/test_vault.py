"""Secrets with the real Secret Service, with a locked one, and with none."""

import os
import subprocess
import sys

import pytest

from tests.stopwatch import HANG_S
from wandb_tui.core.account import Credentials
from wandb_tui.core.errors import KeyringError
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.credentials.vault import Vault

SERVER = ServerInfo("http://127.0.0.1:1", "http://127.0.0.1:1")

STORE = """
import sys
from pathlib import Path
from wandb_tui.core.account import Credentials
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.credentials.vault import Vault
server = ServerInfo("http://127.0.0.1:1", "http://127.0.0.1:1")
folder = Path(sys.argv[1])
Vault(server, folder).save_credentials(Credentials("me", "secret-password"))
Vault(server, folder).save_api_key("k" * 40)
assert Vault(server, folder).save_session("me", {"cookies": [], "origins": []})
again = Vault(server, folder)
assert again.credentials() == Credentials("me", "secret-password")
assert again.api_key() == "k" * 40
assert again.load_session("me") == {"cookies": [], "origins": []}
[path] = folder.iterdir()
assert path.stat().st_mode & 0o777 == 0o600 and folder.stat().st_mode & 0o777 == 0o700
assert b"cookies" not in path.read_bytes()
again.forget()
assert again.credentials() is again.api_key() is Vault(server, folder).load_session("me") is None
assert not list(folder.iterdir())
print("fine")
"""
LOCKED = """
import sys
from pathlib import Path
from wandb_tui.core.errors import KeyringError
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.credentials.vault import Vault
try:
    Vault(ServerInfo("http://127.0.0.1:1", "http://127.0.0.1:1"), Path(sys.argv[1]), timeout=2).credentials()
except KeyringError as error:
    assert "WANDB_VIEWER_MAIL" in error.hint, error
    print("fine")
"""


def in_session(shell, script, home):
    environ = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    command = ["dbus-run-session", "--", "sh", "-c", f'umask 000; {shell}; exec "$0" "$@"']
    ended = subprocess.run(
        [*command, sys.executable, "-c", script, str(home / "state")],
        capture_output=True, text=True, timeout=HANG_S, env=environ, check=False,
    )  # fmt: skip
    return ended.stdout.splitlines()[-1:], ended.stderr


def test_with_a_keyring_everything_is_stored_and_deleted(tmp_path):
    shell = "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1"
    lines, errors = in_session(shell, STORE, tmp_path)
    assert lines == ["fine"], errors


def test_a_locked_keyring_is_reported_in_time(tmp_path):
    shell = "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1"
    lines, errors = in_session(shell, LOCKED, tmp_path)
    assert lines == ["fine"], errors


def test_without_a_keyring_the_three_ways_are_reported(tmp_path, monkeypatch):
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    vault = Vault(SERVER, tmp_path)
    with pytest.raises(KeyringError) as raised:
        vault.save_credentials(Credentials("me", "secret-password"))
    for way in ("this session only", "WANDB_VIEWER_PW", "gnome-keyring-daemon --unlock"):
        assert way in raised.value.hint
    assert not vault.save_session("me", {"cookies": []})
    assert vault.load_session("me") == {"cookies": []}
    assert not list(tmp_path.iterdir())
