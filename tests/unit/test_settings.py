"""settings.toml, the server's address, the watch list on disk."""

import os
import sqlite3
import stat

import pytest

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError
from wandb_tui.core.goal import Goal
from wandb_tui.core.ports import KeptRun
from wandb_tui.core.state import State
from wandb_tui.services.server import Server, ServerAddresses, base_url
from wandb_tui.services.settings import Settings
from wandb_tui.services.store import SqliteWatchStore

RUN = RunAddress("lab", "forks", "abc123")


def settings(tmp_path, text):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return Settings.load(path)


def test_without_a_file_everything_has_its_default(tmp_path):
    assert Settings.load(tmp_path / "none.toml") == Settings()


def test_settings_are_read(tmp_path):
    found = settings(
        tmp_path, 'host = "http://localhost:8080"\ncheck_interval = 2\nallowed_origins = ["https://id.lab"]'
    )
    assert found.pace.check_interval == 2.0
    assert found.allowed_origins == ("https://id.lab",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("host = ", "not valid TOML"),
        ("chek_interval = 3", "chek_interval"),
        ('check_interval = "fast"', "a number"),
        ("check_interval = 0", "at least 0.5"),
        ("tabs = 0", "at least 1"),
        ("tabs = true", "whole number"),
        ('look = "fancy"', "emoji, ascii"),
        ("headless = 1", "true or false"),
    ],
)
def test_what_cannot_be_set_is_said_with_the_files_name(tmp_path, text, says):
    with pytest.raises(UsageError, match=says) as error:
        settings(tmp_path, text)
    assert "settings.toml" in str(error.value)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.wandb.ai", "https://api.wandb.ai"),
        ("wandb.ai", "https://api.wandb.ai"),
        ("https://forge.coreweave.com/wandb", "https://api.forge.coreweave.com"),
        ("localhost:8080/", "http://localhost:8080"),
        ("acme.wandb.io", "https://acme.wandb.io"),
        ("http://host/prefix/", "http://host/prefix"),
    ],
)
def test_a_servers_address_as_people_write_it(text, url):
    assert base_url(text) == url


@pytest.mark.parametrize("text", ["ftp://x", "http://", "https://u:p@host", "http://h:99999", "a b"])
def test_what_is_no_server_is_refused(text):
    with pytest.raises(UsageError):
        base_url(text)


@pytest.mark.parametrize(
    ("base", "pages"),
    [
        ("https://api.wandb.ai", "https://forge.coreweave.com/wandb"),
        ("https://api.forge.coreweave.com", "https://forge.coreweave.com/wandb"),
        ("https://acme.wandb.io", "https://acme.wandb.io"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://host/prefix", "http://host/prefix"),
        ("https://api.acme.com", "https://app.acme.com"),
    ],
)
def test_where_the_pages_are_is_the_sdks_to_say(base, pages):
    assert Server(base, Settings(), {}).info.app_url == pages
    assert Server(None, Settings(), {"WANDB_BASE_URL": base}).info.app_url == pages


def test_the_app_url_of_the_environment_belongs_to_the_environments_server():
    environ = {"WANDB_BASE_URL": "http://a.example", "WANDB_APP_URL": "http://pages.example"}
    assert Server(None, Settings(), environ).info.app_url == "http://pages.example"
    assert Server("http://b.example", Settings(), environ).info.app_url == "http://b.example"


def test_option_before_environment_before_settings():
    environ, kept = {"WANDB_BASE_URL": "http://env.example"}, Settings(host="http://kept.example")
    assert Server("http://option.example", kept, environ).info.base_url == "http://option.example"
    assert Server(None, kept, environ).info.base_url == "http://env.example"
    assert Server(None, kept, {}).info.base_url == "http://kept.example"


def test_the_cloud_has_one_watch_list_under_all_its_names(tmp_path):
    environ = {"WANDB_CONFIG_DIR": str(tmp_path)}
    keys = {Server(host, Settings(), environ).key for host in (None, "wandb.ai", "https://api.forge.coreweave.com")}
    assert len(keys) == 1
    assert Server("http://localhost:8080", Settings(), environ).key not in keys


def test_short_addresses_are_completed_by_the_environment_then_the_key():
    server = Server("http://localhost:8080", Settings(), {})
    asked = []

    def key_entity():
        asked.append(1)
        return "key-lab"

    by_key = ServerAddresses(server, Settings(project="forks"), {}, key_entity)
    assert by_key.parse("abc123") == RunAddress("key-lab", "forks", "abc123")
    by_environ = ServerAddresses(server, Settings(), {"WANDB_ENTITY": "lab", "WANDB_PROJECT": "forks"}, key_entity)
    assert by_environ.parse("abc123") == RUN
    assert len(asked) == 1


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def test_the_watch_list_comes_back_and_keeps_servers_apart(tmp_path, open_umask):
    path = tmp_path / "state" / "watchlist.sqlite3"
    store, other = SqliteWatchStore(path, "cloud"), SqliteWatchStore(path, "http://localhost:8080")
    row = KeptRun(RUN, Goal.parse("step:200"), 2, State.WAITING, "…", None, 12.5)
    store.save(KeptRun(RunAddress("lab", "forks", "first"), Goal()))
    store.save(row)
    store.save(row)
    assert [kept.run.run_id for kept in store.load()] == ["first", "abc123"]
    assert store.load()[1] == row
    assert other.load() == []
    store.remove(RUN)
    assert len(store.load()) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_damaged_watch_list_is_put_aside(tmp_path):
    path = tmp_path / "watchlist.sqlite3"
    path.write_bytes(b"this is no database" * 100)
    store = SqliteWatchStore(path, "cloud")
    assert store.load() == []
    assert path.with_suffix(".damaged").exists()
    store.save(KeptRun(RUN, Goal()))
    assert len(store.load()) == 1


def test_a_row_that_cannot_be_read_does_not_hide_the_others(tmp_path):
    path = tmp_path / "watchlist.sqlite3"
    store = SqliteWatchStore(path, "cloud")
    store.save(KeptRun(RUN, Goal()))
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO run VALUES (NULL, 'cloud', 'lab', 'forks', 'x', 'nonsense', 1, 'waiting', '', NULL, 0)")
    db.close()
    assert [kept.run for kept in store.load()] == [RUN]
