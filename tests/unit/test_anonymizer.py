"""Texts are made fit for a bug report."""

from pathlib import Path

import pytest

from wandb_tui.services.credentials.anonymizer import anonymize
from wandb_tui.services.credentials.redaction import learn

HOME = Path("/home/ada")


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("of ada.lovelace+x@lab.example.org, here", "of a…@…, here"),
        ("of ada%40lab.org", "of a…@…"),
        ("(/home/ada/.config/x, /home/ada)", "(~/.config/x, ~)"),
        ("/home/adam/x", "/home/adam/x"),
        ("“https://id.acme.com/u/login?state=abc&hint=x” HTTP 200", "“https://id.acme.com/u/login?…” HTTP 200"),
        ("http://127.0.0.1:80/a#access_token=1 then", "http://127.0.0.1:80/a?… then"),
        ("proxy http://ada:pw@proxy:3128 fails", "proxy http://proxy:3128 fails"),
        ("v0 of run-abc-history (HTTP 200) there?", "v0 of run-abc-history (HTTP 200) there?"),
    ],
)
def test_private_things_go_and_the_rest_stays(text, scrubbed):
    assert anonymize(text, HOME) == scrubbed


def test_secrets_go_first():
    learn("a-password@that.looks-like-mail")
    assert anonymize("typed a-password@that.looks-like-mail", HOME) == "typed ●●●●"
