"""`wandb-tui notify` and what the dashboard sends through it, with the real Apprise, a keyring and a webhook."""

import http.server
import json
import os
import subprocess
import threading
from types import SimpleNamespace

import pytest

from tests.integration.scripts import export_run
from tests.integration.secret_scan import leaks
from tests.integration.secret_service import secret_service
from tests.integration.terminal import Terminal
from tests.integration.test_story import PROGRAM, account, environment
from tests.stopwatch import HANG_S, until
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.credentials.redaction import redact, without_password, without_secrets, written_forms
from wandb_tui.services.push import service_name
from wandb_tui.wiring import Wiring

TOKEN = "Xoxb-T0ken-4711-secret"


@pytest.fixture
def hook():
    """A webhook that keeps what it is sent, and whose answer can be chosen."""
    found = SimpleNamespace(received=[], status=200)

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            found.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.status)
            if found.status == 301:
                self.send_header("Location", "/moved")
            self.end_headers()

        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.address = f"json://127.0.0.1:{server.server_address[1]}/{TOKEN}"
        yield found
        server.shutdown()


def test_an_address_is_stored_tried_and_used_and_never_shown(hook, tmp_path):
    with secret_service(tmp_path) as keyring, Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        export_run(sandbox, "abc")
        environ = environment(sandbox, tmp_path, **account(sandbox), **keyring.environ)
        told = []

        def program(*arguments, stdin="", status=0, **more):
            done = subprocess.run(
                [PROGRAM, *arguments],
                env=environ | more,
                input=stdin,
                capture_output=True,
                text=True,
                timeout=HANG_S,
                check=False,
            )
            told.extend((done.stdout, done.stderr))
            assert status in {None, done.returncode}, done
            assert "Traceback" not in done.stderr
            return done.stdout + done.stderr

        # An address in the wrong place is refused without being repeated.
        assert "is not the address of a notification service" in program(
            "notify", "add", "phone", stdin=f"jsn://host/{TOKEN}\n", status=2
        )
        assert "NAME is a name of your choice" in program("notify", "add", hook.address, status=2)
        settings = tmp_path / ".config" / "wandb-tui" / "settings.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f'[notify]\nservices = ["{hook.address}"]\n')
        assert "must be names, not addresses. Store the address with wandb-tui notify add NAME." in program(
            "list", status=2
        )
        settings.unlink()

        added = program("notify", "add", "phone", stdin=f"{hook.address}\n")
        assert "is an address of JSON" in added
        assert 'below [notify]: services = ["phone"]' in added
        assert keyring.entries()["wandb-tui notifications", "phone"] == hook.address
        assert program("notify", "test", "phone") == "phone  sent\n"
        assert hook.received.pop()["title"] == "wandb-tui: test"
        hook.status = 503
        assert "phone  JSON did not take it: Failed" in program("notify", "test", "phone", status=1)
        # A redirect would lose the message; that is no success.
        hook.status = 301
        assert "did not take it" in program("notify", "test", "phone", status=1)
        hook.status = 200
        assert "No address is stored. Run wandb-tui notify add mail." in program("notify", "test", "mail", status=1)
        assert program("notify", "test", "mail", WANDB_TUI_NOTIFY_MAIL=hook.address) == "mail  sent\n"

        hook.received.clear()
        settings.write_text('[notify]\nservices = ["phone"]\n')
        with Terminal(environ) as terminal:
            terminal.run(PROGRAM, "lab/forks/abc")
            terminal.until("available")
            until(lambda: hook.received, what=lambda: "the notification")
            told.append(terminal.screen())
            terminal.keys("q")
            terminal.until("shell-is-back$")
        [message] = hook.received
        assert (message["title"], "v0" in message["message"]) == ("wandb-tui: Available", True)
        assert "phone: try them with" in program("doctor", status=None)

        program("notify", "remove", "phone")
        assert ("wandb-tui notifications", "phone") not in keyring.entries()
    assert not leaks(written_forms(TOKEN), texts=told, folder=tmp_path)


# A dependency of Apprise looks for it.
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_an_address_is_withheld_from_other_programs_and_its_parts_are_masked():
    environ = {**os.environ, "WANDB_TUI_NOTIFY_PHONE": f"ntfy://{TOKEN}"}
    assert not {"WANDB_TUI_NOTIFY_PHONE"} & {*without_secrets(environ), *without_password(environ)}
    Wiring(environ=environ).close()
    assert TOKEN not in redact(f"An error at ntfy://{TOKEN}")
    for address, secret in {
        "mailto://me:pa%40ss@example.com": "pa@ss",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/": "TIiajkdnlazkcOXrIdevi7FQ",
        "tgram://123456789:abcdefg_hijklmnop/12315544/": "abcdefg_hijklmnop",
    }.items():
        assert service_name(address) in {"E-Mail", "Slack", "Telegram"}
        assert secret not in redact(f"An error with {secret}")
