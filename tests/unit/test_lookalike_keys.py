"""Keys and servers with characters that look like others: named, or dropped where they stand at an end."""

import pytest

from wandb_tui.core.errors import ApiKeyError, UsageError
from wandb_tui.services.credentials.api_keys import validated
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
