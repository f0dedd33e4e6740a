"""A sign-in that leads to another host: the user is asked, a yes is remembered, a no types nothing."""

import contextlib
import json
import subprocess
import urllib.parse

import pytest
import requests

from tests.integration.browser_support import little_server
from tests.integration.secret_scan import record_cookies
from tests.integration.terminal import Terminal
from tests.integration.test_story import PROGRAM, account, assert_no_secrets, environment
from wandb_tui.sandbox import Sandbox, SandboxConfig


@contextlib.contextmanager
def identity_host(sandbox):
    """Another host, on which this server's users sign in: a form of its own, and a cookie from the server itself."""

    def answer(method, _path, _headers, body):
        if method == "GET":
            return 200, {}, IDENTITY_PAGE
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body).items()}
        response = requests.post(
            f"{sandbox.base_url}/oidc/login", json={"email": form["email"], "password": form["password"]}, timeout=20
        )
        if not response.ok:
            return 400, {}, IDENTITY_PAGE.replace("<form", "<p role=alert>Wrong e-mail or password.</p><form")
        return 303, {"location": sandbox.app_url, "set-cookie": response.headers["set-cookie"]}, ""

    with little_server(answer) as origin:
        sandbox.context.elsewhere = origin
        yield origin


IDENTITY_PAGE = """<!doctype html><title>Sign in</title><h1>Sign in</h1><form method=post>
<label>E-mail <input name=email type=email autocomplete=username></label>
<label>Password <input name=password type=password autocomplete=current-password></label>
<button>Sign in</button></form>"""


@pytest.fixture
def led_away():
    with Sandbox(SandboxConfig(export_delay=0, sign_in="look-alike")) as sandbox:
        record_cookies(sandbox)
        context = sandbox.context
        project, _ = context.state.ensure_project("lab", "forks")
        for run_id in ("abc", "def"):
            run = context.state.create_run(project, run_id, None)
            context.histories.append(run, "wandb-history.jsonl", 0, [json.dumps({"_step": 0})])
        yield sandbox


def test_a_yes_to_a_page_on_another_host_is_remembered(led_away, tmp_path):
    environ = environment(led_away, tmp_path, **account(led_away))
    with identity_host(led_away) as origin, Terminal(environ) as terminal:
        terminal.run(PROGRAM, "lab/forks/abc")
        terminal.until("signing-in", "Sign-in failed", "s Sign in")
        assert led_away.stats()["sign_ins"] == 0
        terminal.keys("s")
        terminal.until(f"Enter the password on {origin}?")
        terminal.keys("y")
        screen = terminal.until("✔ 1 ready")
        assert_no_secrets(led_away, tmp_path, screen)
        terminal.keys("q")
        terminal.until("shell-is-back$")
        terminal.keys("C-u")
        terminal.run(PROGRAM, "wait", "lab/forks/def")
        terminal.until("run-def-history:v0", "shell-is-back$")
    assert led_away.stats()["sign_ins"] == 2


def test_login_asks_on_a_terminal_and_names_the_setting_elsewhere(led_away, tmp_path):
    environ = environment(led_away, tmp_path, **account(led_away))
    with identity_host(led_away) as origin:
        response = subprocess.run(
            [PROGRAM, "login"], env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert (response.returncode, origin in response.stderr, "allowed_origins" in response.stderr) == (
            3,
            True,
            True,
        ), response
        with Terminal(environ) as terminal:
            for answer in ("", "y"):
                assert led_away.stats()["sign_ins"] == 0
                terminal.run(PROGRAM, "login")
                terminal.until(origin, "Type the password there")
                terminal.type(answer)
                terminal.keys("Enter")
                terminal.until("signed in to" if answer else "allowed_origins", "shell-is-back$")
            terminal.run(PROGRAM, "login")
            terminal.until("signed in to", "shell-is-back$")
    assert led_away.stats()["sign_ins"] == 2


def test_a_no_to_a_look_alike_types_nothing(led_away, tmp_path):
    with Terminal(environment(led_away, tmp_path, **account(led_away)), columns=80, lines=24) as terminal:
        terminal.run(PROGRAM, "lab/forks/abc")
        terminal.until("signing-in", "Sign-in failed")
        terminal.keys("s")
        terminal.until("Enter the password on http://127.0.0.1:")
        terminal.keys("n")
        terminal.until("Email or username", "is not known as a sign-in")
        terminal.keys("Escape")
        terminal.until("signing-in")
    stats = led_away.stats()
    assert (stats["sign_in_attempts"], stats["look_alike_submissions"]) == (0, 0)
    assert not list(tmp_path.rglob("*.sign-in.toml"))
