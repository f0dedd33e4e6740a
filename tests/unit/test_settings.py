"""settings.toml, and the server's address."""

import subprocess
import sys
from dataclasses import fields, is_dataclass

import pytest
import wandb

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import UsageError
from wandb_tui.core.user_command import UserCommand
from wandb_tui.services.disk.settings import _VALIDATORS, HookCommands, Notify, Settings
from wandb_tui.services.server import CLOUD_APP_URL, Server, ServerAddresses, base_url

RUN = RunAddress("lab", "forks", "abc123")


def settings(tmp_path, text):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return Settings.load(path)


def test_each_setting_has_a_validator():
    names = set()
    for field in fields(Settings):
        below = fields(field.default) if is_dataclass(field.default) else []
        names |= {f"{field.name}.{one.name}" for one in below} or {field.name}
    # Sections that are read in a way of their own.
    assert set(_VALIDATORS) == names - {"keys", "commands", "views"}


def test_without_a_file_everything_has_its_default(tmp_path):
    assert Settings.load(tmp_path / "none.toml") == Settings()


def test_settings_are_read(tmp_path):
    found = settings(
        tmp_path, 'host = "http://localhost:8080"\ncheck_interval = 2\nallowed_origins = ["https://id.lab"]'
    )
    assert found.poll_policy.check_interval == 2.0
    assert found.allowed_origins == ("https://id.lab",)


def test_sections_are_read(tmp_path):
    found = settings(
        tmp_path,
        """
        [notify]
        bell = false
        [hooks]
        on_success = ["say", "done"]
        [keys]
        "dashboard.cancel" = "k"
        dashboard.visit = "ctrl+v, x"
        """,
    )
    assert found.notify == Notify(bell=False)
    assert found.hooks == HookCommands(on_success=("say", "done"))
    assert found.keys == (("dashboard.cancel", "k"), ("dashboard.visit", "ctrl+v, x"))


def test_own_commands_are_read(tmp_path):
    text = '[[commands]]\nkey = "E"\ntitle = "Try"\ncommand = ["ls", "{run_id}"]\nconfirm = true'
    assert settings(tmp_path, text).commands == (UserCommand("E", "Try", ("ls", "{run_id}"), confirm=True),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("notify = true", "must be a section"),
        ("[notify]\nbel = true", "notify.bell"),
        ('[notify]\nbell = "loud"', "“notify.bell” must be true or false"),
        (
            '[hooks]\non_success = "rm -rf $WANDB_TUI_RUN"',
            "a list of strings. Write the program and each argument",
        ),
        ("[hooks]\non_failure = [1]", "“hooks.on_failure” must be a list"),
        ('[keys]\n"dashboard.cancel" = 3', "“keys.dashboard.cancel” must be a string"),
        ("commands = 3", "“commands” must be sections. Write \\[\\[commands\\]\\]"),
        ('[[commands]]\nkey = "E"\ntitle = "Try"', "commands 1 has no command"),
        ('[[commands]]\nkey = "E"\ntitle = "Try"\ncommand = "ls"', "“commands 1: command” must be a list of strings"),
        ('[[commands]]\nkey = "E"\ntitle = "Try"\ncommand = ["ls", "{id}"]', "names a field {id}. There are: {run},"),
        ('[[commands]]\nkey = "E"\nname = "Try"', "has a setting “name”"),
        ("host = ", "not valid TOML"),
        ("chek_interval = 3", "chek_interval"),
        ('check_interval = "fast"', "a number"),
        ("check_interval = 0", "at least 0.5"),
        ("check_interval = nan", "at least 0.5"),
        ("check_interval = true", "a number"),
        ("look = 3", "emoji, ascii"),
        ("tabs = 0", "at least 1"),
        ("tabs = true", "whole number"),
        ('look = "fancy"', "emoji, ascii"),
        ("headless = 1", "true or false"),
    ],
)
def test_what_cannot_be_set_is_reported_with_the_files_name(tmp_path, text, says):
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
        ("https://api.acme.com:8443/prefix", "https://app.acme.com:8443/prefix"),
        ("https://host/api.v2", "https://host/api.v2"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://api.wandb.lab.example", "https://wandb.lab.example"),
    ],
)
def test_where_the_pages_are_is_the_sdks_to_say(base, pages):
    sdk = wandb.Settings(base_url=base).app_url
    # Older SDKs say where the cloud's pages were before they moved.
    assert sdk == pages or (pages == CLOUD_APP_URL and sdk in {"https://wandb.ai", "https://app.forge.coreweave.com"})
    assert Server(base, Settings(), {}).info.app_url == pages
    assert Server(None, Settings(), {"WANDB_BASE_URL": base}).info.app_url == pages


def test_a_server_that_is_named_is_known_without_importing_the_sdk():
    named = "['http://localhost:8080', 'https://api.acme.com', 'https://acme.wandb.io', 'https://api.wandb.ai']"
    program = (
        "import sys\nfrom wandb_tui.services.disk.settings import Settings\n"
        "from wandb_tui.services.server import Server\n"
        f"for base in {named}: assert Server(base, Settings(), {{}}).info.app_url\n"
        "assert 'wandb' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_app_url_of_the_environment_belongs_to_the_environments_server():
    environ = {"WANDB_BASE_URL": "http://a.example", "WANDB_APP_URL": "http://pages.example"}
    assert Server(None, Settings(), environ).info.app_url == "http://pages.example"
    assert Server("http://b.example", Settings(), environ).info.app_url == "http://b.example"


def test_option_before_environment_before_settings():
    environ, settings = {"WANDB_BASE_URL": "http://env.example"}, Settings(host="http://kept.example")
    assert Server("http://option.example", settings, environ).info.base_url == "http://option.example"
    assert Server(None, settings, environ).info.base_url == "http://env.example"
    assert Server(None, settings, {}).info.base_url == "http://kept.example"


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


@pytest.mark.parametrize("text", ["lab/forks/abc123 step:5", "step:5"])
def test_a_goal_in_place_of_a_run_is_named_as_one(text):
    server = Server("http://localhost:8080", Settings(), {})
    with pytest.raises(UsageError, match=r"step:5 is a goal, not a run. Write --until step:5"):
        ServerAddresses(server, Settings(), {}, lambda: pytest.fail("the server is asked")).parse(text)


@pytest.mark.parametrize(
    ("base", "offered"),
    [
        ("https://api.wandb.ai", True),
        ("https://api.forge.coreweave.com", True),
        ("https://acme.wandb.io", True),
        ("https://wandb.acme.com", False),
        ("https://notwandb.io", False),
        ("http://localhost:8080", None),
        ("http://127.0.0.1:8080", None),
    ],
)
def test_forking_is_offered_by_wandbs_own_clouds(base, offered):
    assert Server(base, Settings(), {}).offers_forks is offered
