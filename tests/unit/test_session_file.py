"""The browser session on disk: whole or not at all, for one server and user, put aside where it is not ours."""

import logging

import pytest

from wandb_tui.services.credentials.session_file import SessionFile, new_key

APP = "https://forge.coreweave.com/wandb"


@pytest.fixture
def file(tmp_path):
    return SessionFile(tmp_path / "state", APP)


def test_what_was_written_is_read_and_is_private(file):
    key = new_key()
    file.write("me@lab.org", key, "the session")
    path = file.path("me@lab.org")
    assert file.read("me@lab.org", key) == "the session"
    assert b"the session" not in path.read_bytes()
    assert "me@lab.org" not in path.name
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("damage", ["cut", "foreign", "other key", "no key", "empty", "not ours"])
def test_what_cannot_be_opened_is_put_aside(file, damage, caplog):
    key = new_key()
    file.write("me", key, "the session")
    path = file.path("me")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "foreign":
        SessionFile(path.parent, "https://elsewhere.example").write("me", new_key(), "theirs")
        SessionFile(path.parent, "https://elsewhere.example").path("me").replace(path)
    elif damage in {"empty", "not ours"}:
        path.write_bytes(b"" if damage == "empty" else b"\xff\x00 anything")
    used = {"other key": new_key(), "no key": None}.get(damage, key)
    with caplog.at_level(logging.WARNING):
        assert file.read("me", used) is None
    [aside] = path.parent.iterdir()
    assert aside.name.startswith(path.name + ".damaged-")
    assert str(aside) in caplog.text
    assert file.read("me", key) is None
    file.write("me", key, "again")
    assert file.read("me", key) == "again"
    file.remove_all()
    assert not [*path.parent.iterdir()]


def test_servers_and_users_are_kept_apart(file, tmp_path):
    key = new_key()
    file.write("me", key, "mine")
    file.write("you", key, "yours")
    other = SessionFile(tmp_path / "state", "https://acme.wandb.io")
    other.write("me", key, "elsewhere")
    assert (file.read("me", key), file.read("you", key), other.read("me", key)) == ("mine", "yours", "elsewhere")
    file.remove("me")
    assert (file.read("me", key), file.read("you", key)) == (None, "yours")
    file.remove_all()
    assert other.read("me", key) == "elsewhere"


def test_a_disk_that_is_full_leaves_the_old_one(file, monkeypatch):
    key = new_key()
    file.write("me", key, "old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        file.write("me", key, "new")
    assert file.read("me", key) == "old"
    assert len([*file.path("me").parent.iterdir()]) == 1
