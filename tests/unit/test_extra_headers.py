"""Extra headers: read as the SDK reads them, for the server's own origins only, and secret."""

from http.server import BaseHTTPRequestHandler
from threading import Thread

import pytest

from tests.integration.quiet_server import QuietServer
from wandb_tui.core.errors import UsageError
from wandb_tui.services.credentials.redaction import redact, without_secrets
from wandb_tui.services.extra_headers import ExtraHeaders, read_extra_headers
from wandb_tui.services.http_session import HttpSession
from wandb_tui.services.proxies import ProxySettings
from wandb_tui.services.sdk_environment import additions

OLDER, NEWER = "WANDB__EXTRA_HTTP_HEADERS", "WANDB_X_EXTRA_HTTP_HEADERS"


@pytest.mark.parametrize("names", [(OLDER, NEWER), (NEWER, OLDER)])
def test_the_variable_that_stands_later_counts_as_in_the_sdk(names):
    import wandb

    environ = {name: f'{{"X-Access": "{name}"}}' for name in names}
    sdk = wandb.Settings()
    sdk.update_from_env_vars(environ)
    assert read_extra_headers(environ) == sdk.x_extra_http_headers == {"X-Access": names[-1]}


def test_settings_precede_the_environment():
    import wandb

    environ = {NEWER: '{"X-Access": "environment"}'}
    wanted = {"X-Access": "settings"}
    assert read_extra_headers(environ, wandb.Settings(x_extra_http_headers=wanted)) == wanted
    assert read_extra_headers(environ, {"x_extra_http_headers": wanted}) == wanted
    assert read_extra_headers(environ, wandb.Settings()) == {"X-Access": "environment"}


@pytest.mark.parametrize(
    "text",
    ["", "X-Access: hidden1", '["hidden1"]', '{"X-Access": 7}', '{"X Access": "hidden1"}', '{"X-A": "hidden1\\n"}'],
)
def test_what_cannot_be_sent_is_refused_without_quoting_it(text):
    if text.endswith('\\n"}'):
        assert read_extra_headers({NEWER: text}) == {"X-A": "hidden1"}, "space around a value means nothing"
        text = text.replace("\\n", "\\ninjected")
    with pytest.raises(UsageError, match=NEWER) as caught:
        read_extra_headers({NEWER: text})
    assert "hidden1" not in str(caught.value)


def test_values_are_masked_and_kept_from_other_programs():
    environ = {NEWER: '{"X-Access": "Bearer t0ken-in-header"}', "PATH": "/bin"}
    read_extra_headers(environ)
    assert "t0ken" not in redact("sent t0ken-in-header") + redact("sent Bearer t0ken-in-header")
    assert without_secrets(environ) == {"PATH": "/bin"}


def test_older_sdks_get_both_spellings():
    environ = {NEWER: '{"X-Access": "hidden1"}'}
    assert additions(environ) == {OLDER: environ[NEWER]}


def test_a_redirect_to_another_origin_carries_none():
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.path, self.headers.get("X-Access")))
            self.send_response(302 if target.get(self.path) else 200)
            self.send_header("Location", target.get(self.path, "/"))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    servers = [QuietServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    own, other = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    target = {"/away": f"{other}/and-back", "/and-back": f"{own}/end"}
    for server in servers:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    with HttpSession(ProxySettings({}), ExtraHeaders({"X-Access": "hidden1"}, f"{own}/prefix")) as session:
        session.get(f"{own}/away", headers={"Accept": "text/plain"})
    for server in servers:
        server.shutdown()
        server.server_close()
    assert seen == [("/away", "hidden1"), ("/and-back", None), ("/end", "hidden1")]
