"""Keys and servers with characters that look like others: named, or dropped where they stand at an end."""

import pytest

from wandb_tui.core.errors import ApiKeyError, UsageError
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.credentials.account import KeyringAccount
from wandb_tui.services.credentials.api_keys import read_netrc, validated
from wandb_tui.services.credentials.vault import Vault
from wandb_tui.services.server import base_url

KEY = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize("around", ["\ufeff{}", "{}\u200b\n", "\u00ad {} "])
def test_invisible_characters_around_a_key_are_dropped(around):
    assert validated(around.format(KEY)) == KEY
    assert base_url(around.format("https://api.example.org")) == "https://api.example.org"


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (KEY.replace("a", "\u0430"), "cyrillic small letter a"),
        (KEY.replace("0", "\uff10"), "full-width character"),
        (KEY[:9] + "\u00ad" + KEY[9:], "soft hyphen"),
    ],
)
def test_a_misleading_character_in_a_key_is_named(key, says):
    with pytest.raises(ApiKeyError) as caught:
        validated(key)
    assert says in str(caught.value)
    assert KEY[-8:] not in str(caught.value), "the key itself is never shown"


def test_a_misleading_character_in_a_host_is_named():
    with pytest.raises(UsageError, match="cyrillic small letter a"):
        base_url("https://\u0430pi.wandb.ai")


SERVER = "https://api.example.org"


@pytest.fixture
def netrc(tmp_path):
    """Writes a netrc file, and gives its path."""

    def write(content):
        path = tmp_path / "netrc"
        path.write_text(content, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("machine", ["api.example.org\u200b", "\ufeffapi.example.org", "\u00adapi.example.org\u200e"])
def test_invisible_characters_around_a_machine_of_netrc_are_dropped(netrc, machine):
    path = netrc(f"machine {machine} login user password {KEY}\n")
    assert read_netrc(path, SERVER) == KEY


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "machine \u0430pi.example.org login user password {}",
            "machine's name in {} contains “\u0430” (U+0430 cyrillic small",
        ),
        (
            "machine api.ex\u00adample.org login user password {}",
            "machine's name in {} contains an invisible character (U+00AD",
        ),
        ("machine ap\uff49.example.org login user password {}", "machine's name in {} contains a full-width character"),
        (
            "\ufeffmachine api.example.org login user password {}",
            "{} cannot be read (syntax error in line 1: an invisible",
        ),
        (
            "m\u0430chine api.example.org login user password {}",
            "{} cannot be read (syntax error in line 1: “\u0430” (U+0430",
        ),
        (
            "machine api.example.org login user p\u0430ssword {}",
            "{} cannot be read (syntax error in line 1: “\u0430” (U+0430",
        ),
        (
            "machine api.example.org login user password\u00a0{}",
            "{} cannot be read (syntax error in line 2: a space that",
        ),
    ],
)
def test_a_misleading_character_in_netrc_is_named(netrc, content, says):
    path = netrc(content.replace("{}", KEY) + "\n")
    with pytest.raises(ApiKeyError) as caught:
        read_netrc(path, SERVER)
    assert says.replace("{}", str(path)) in caught.value.message
    assert KEY[-8:] not in str(caught.value)


@pytest.mark.parametrize("key", [KEY[:9] + "\u200b" + KEY[9:], KEY.replace("0", "\uff10"), KEY.replace("a", "\u0430")])
def test_a_misleading_character_in_the_key_of_netrc_is_named_with_the_file(netrc, tmp_path, key):
    path = netrc(f"machine api.example.org login user password {key}\n")
    info = ServerInfo(SERVER, SERVER)
    account = KeyringAccount(info, Vault(info, tmp_path, timeout=0.1), {}, netrc_path=path)
    assert account.api_key() is None
    assert account.api_key_problem.startswith(f"{path}: The API key contains ")


def test_a_machine_with_a_name_of_its_own_is_nobodys_look_alike(netrc):
    path = netrc(f"machine \u0430pi.other.org login user password {KEY}\n")
    assert read_netrc(path, SERVER) is None
