"""The keyring: what is taken for one, and what happens where it hangs."""

import threading
import time

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from wandb_tui.core.errors import KeyringError
from wandb_tui.services.credentials import keyring_backends
from wandb_tui.services.credentials.keyring_store import KeyringStore, default_timeout, has_keyring


@pytest.fixture(autouse=True)
def _called_in_this_process(monkeypatch):
    monkeypatch.setattr(keyring_backends, "_NATIVE", (__name__,))


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
    with pytest.raises(KeyringError, match="did not answer"):
        store.get("a")
    store._timeout = 1000
    for work in (lambda: store.get("a"), lambda: store.set("a", "b"), lambda: store.delete("a")):
        with pytest.raises(KeyringError, match="did not answer"):
            work()
    assert backend.asked == 1
    backend.answering.set()
    deadline = time.monotonic() + 60
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


def test_each_of_several_keyrings_has_the_whole_time_limit(monkeypatch):
    began = []

    class Empty(Backend):
        def get_password(self, service, entry):
            began.append(store._asked_at)

    chain = type("Chain", (), {"backends": [Empty(), Empty(), Empty()]})()
    monkeypatch.setattr(keyring, "get_keyring", lambda: chain)
    store = KeyringStore("ours", timeout=60)
    assert store.get("a") is None
    assert len(set(began)) == 3, "the time of each begins when it is asked"


def test_a_backend_that_keeps_clear_text_is_none(monkeypatch):
    packages = ("keyrings.alt.file", "keyrings.cryptfile.file")
    plain = [type("PlaintextKeyring", (Backend,), {"__module__": package})() for package in packages]
    for backend in (*plain, NoKeyring()):
        monkeypatch.setattr(keyring, "get_keyring", lambda backend=backend: backend)
        assert not has_keyring()
        with pytest.raises(KeyringError, match="cannot be stored safely"):
            KeyringStore("ours").set("a", "b")


def test_an_entry_that_cannot_be_deleted_leaves_no_other_behind(monkeypatch):
    class Stubborn(Backend):
        def delete_password(self, service, entry):
            if entry == "a":
                raise PermissionError
            super().delete_password(service, entry)

    backend, store = Stubborn(), KeyringStore("ours")
    backend.answering.set()
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    for entry in ("a", "b"):
        store.set(entry, "secret")
    with pytest.raises(KeyringError):
        store.delete("a", "b")
    assert list(backend.entries) == [("ours", "a")]


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


def test_an_answer_that_takes_long_is_announced_and_still_comes(monkeypatch):
    backend, notices = Backend(), []
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    monkeypatch.setattr("wandb_tui.services.credentials.keyring_store._NOTICE_AFTER_S", 0.05)

    def unlock(notice):
        notices.append(notice)
        backend.answering.set()

    backend.entries["ours", "a"] = "the secret"
    assert KeyringStore("ours", timeout=60, notify=unlock).get("a") == "the secret"
    assert notices == ["Waiting up to 60 s for the keyring to be unlocked"]


def test_there_is_more_time_where_a_window_can_ask(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    assert default_timeout({}) == 4
    assert default_timeout({"DISPLAY": ":0"}) == default_timeout({"WAYLAND_DISPLAY": "wayland-0"}) == 60
