"""The keyring: what is taken for one, and what happens where it hangs."""

import threading
import time

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from wandb_tui.core.errors import KeyringError
from wandb_tui.services.credentials.keyring_store import KeyringStore, has_keyring


class Backend:
    def __init__(self):
        self.entries, self.answering = {}, threading.Event()
        self.asked = 0

    def get_password(self, service, entry):
        self.asked += 1
        self.answering.wait(100)
        return self.entries.get((service, entry))

    def set_password(self, service, entry, value):
        self.entries[service, entry] = value

    def delete_password(self, service, entry):
        del self.entries[service, entry]


def test_while_one_call_hangs_the_others_do_not_wait(monkeypatch):
    backend, store = Backend(), KeyringStore("ours", timeout=0.2)
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    with pytest.raises(KeyringError, match="does not answer"):
        store.get("a")
    store._timeout = 1000
    for work in (lambda: store.get("a"), lambda: store.set("a", "b"), lambda: store.delete("a")):
        with pytest.raises(KeyringError, match="does not answer"):
            work()
    assert backend.asked == 1
    backend.answering.set()
    deadline = time.monotonic() + 5
    while True:
        try:
            store.set("a", "b")
            break
        except KeyringError:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert store.get("a") == "b"
    store.delete("a")
    store.delete("a")
    assert store.get("a") is None


def test_a_backend_that_keeps_clear_text_is_none(monkeypatch):
    plain = type("PlaintextKeyring", (Backend,), {"__module__": "keyrings.alt.file"})()
    for backend in (plain, NoKeyring()):
        monkeypatch.setattr(keyring, "get_keyring", lambda backend=backend: backend)
        assert not has_keyring()
        with pytest.raises(KeyringError, match="cannot be kept safely"):
            KeyringStore("ours").set("a", "b")


def test_what_a_backend_says_of_a_lock_is_understood(monkeypatch):
    class LockedError(Exception):
        pass

    class Locked(Backend):
        def get_password(self, service, entry):
            raise LockedError

    monkeypatch.setattr(keyring, "get_keyring", Locked)
    with pytest.raises(KeyringError, match="locked") as raised:
        KeyringStore("ours").get("a")
    assert "WANDB_VIEWER_PW" in raised.value.hint
