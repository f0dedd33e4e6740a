"""Signing in by hand, in a browser window that is really shown: on a display of its own, driven from outside."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright

from tests.integration.browser_support import eventually
from tests.integration.sandbox_fixtures import sign_in
from tests.integration.secret_service import secret_service
from tests.integration.terminal import Terminal
from tests.stopwatch import HANG_S, Stopwatch
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.browser.discovery import find_browser

PROGRAM = str(Path(sys.executable).with_name("wandb-tui"))


@pytest.fixture(scope="module")
def display():
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as errors:
            number = errors.readline().strip()
        yield f":{number}"
        server.terminate()


def driveable(home, path):
    """A browser whose window can be driven from outside, too, and where; without a window it is as ever."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    browser = home / "browser"
    real = find_browser(os.environ | {"PATH": path})
    browser.write_text(
        f'#!/bin/sh\ncase "$*" in *--headless*) exec "{real}" "$@";; esac\n'
        f'exec "{real}" --remote-debugging-port={port} "$@"\n'
    )
    browser.chmod(0o755)
    return browser, f"http://127.0.0.1:{port}"


@pytest.fixture
def window(display, whole_path):
    return partial(opened_window, display=display, path=whole_path)


@contextmanager
def opened_window(sandbox, home, *arguments, display, path, **more):
    """``wandb-tui login --window`` at work, and the port at which its browser can be driven."""
    browser, address = driveable(home, path)
    environ = environment(sandbox, home, DISPLAY=display, WANDB_TUI_BROWSER=str(browser), **more)
    pipe = subprocess.PIPE
    command = [PROGRAM, "login", "--window", *arguments]
    with subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as program:
        try:
            yield program, address
        finally:
            program.terminate()


def environment(sandbox, home, **more):
    unwanted = ("WANDB_", "XDG_", "DBUS_", "DISPLAY", "WAYLAND_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    ours = {"HOME": str(home), "WANDB_BASE_URL": sandbox.base_url, "WANDB_ERROR_REPORTING": "false"}
    return inherited | ours | more


@contextmanager
def driven(address, app_url):
    """The page in the window, as the user sees it."""
    with sync_playwright() as playwright:
        watch = Stopwatch()
        while True:
            try:
                browser = playwright.chromium.connect_over_cdp(address)
                [page] = [page for context in browser.contexts for page in context.pages if app_url in page.url]
                break
            except (Error, ValueError):
                assert watch.seconds < 90, "the window never came"
                time.sleep(0.2)
        yield page


def by_hand(page, sandbox, kind):
    if kind == "second-factor":
        sign_in(page, sandbox)
        page.get_by_label("Enter your one-time code").fill(sandbox.second_factor)
        page.get_by_role("button", name="Continue").click()
    else:
        page.get_by_label("Email").press_sequentially(sandbox.username)
        page.get_by_role("button", name="Continue with single sign-on").click()
        page.get_by_label("Staff e-mail").fill(sandbox.username)
        page.get_by_label("Password").fill(sandbox.password)
        page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("kind", ["second-factor", "sso"])
def test_the_user_signs_in_and_only_the_session_is_on_stdout(tmp_path, window, kind):
    with Sandbox(SandboxConfig(sign_in=kind)) as sandbox:
        with window(sandbox, tmp_path, "--print-session") as (program, address):
            with driven(address, sandbox.app_url) as page:
                by_hand(page, sandbox, kind)
            printed, errors = program.communicate(timeout=HANG_S)
        assert program.returncode == 0, errors
        session = json.loads(printed)
        assert printed.count("\n") == 1
        assert (session["server"], session["username"]) == (sandbox.app_url, "researcher")
        assert "Signed in to" in errors
        assert "Nothing was stored on this machine" in errors
        cookies = {cookie["name"]: cookie["value"] for cookie in session["session"]["cookies"]}
        assert cookies["wandb"] not in errors
        assert sandbox.stats()["sign_ins"] == 1
        assert not list(tmp_path.rglob("*.session*"))
        refused = subprocess.run(
            [PROGRAM, "login", "--session-stdin"],
            env=environment(sandbox, tmp_path),
            input=printed,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
        assert refused.returncode == 1
        assert "The session cannot be stored on this machine" in refused.stderr


# Signs in as a page does that never loads another one.
WITHIN_THE_PAGE = """async form => {
    const body = new URLSearchParams(new FormData(form));
    await fetch(form.action, {method: "POST", body});
    document.body.innerHTML = "<h1>Home</h1><button>Log out</button>";
}"""


def test_an_answer_from_before_the_sign_in_does_not_make_the_user_unknown(tmp_path, window):
    held = []

    def hold_first(route):
        if held or "viewer { id username }" not in (route.request.post_data or ""):
            route.continue_()
        else:
            held.append((route, route.fetch()))

    with Sandbox(SandboxConfig()) as sandbox:
        with window(sandbox, tmp_path, "--print-session") as (program, address):
            with driven(address, sandbox.app_url) as page:
                page.route("**/graphql", hold_first)
                page.get_by_label("E-mail or username").fill(sandbox.username)
                page.get_by_label("Password").fill(sandbox.password)
                while not held:
                    page.wait_for_timeout(20)
                page.locator("form").evaluate(WITHIN_THE_PAGE)
                [(route, nobody)] = held
                route.fulfill(response=nobody)
                # Later queries pass through here for as long as the page is there.
                with suppress(Error):
                    while program.poll() is None:
                        page.wait_for_timeout(20)
            printed, errors = program.communicate(timeout=HANG_S)
        assert program.returncode == 0, errors
        assert json.loads(printed)["username"] == "researcher"


def test_a_window_that_is_closed_again(tmp_path, window):
    with Sandbox(SandboxConfig()) as sandbox:
        with window(sandbox, tmp_path, "--print-session") as (program, address):
            with driven(address, sandbox.app_url) as page:
                page.close()
            printed, errors = program.communicate(timeout=HANG_S)
        assert program.returncode == 3
        assert not printed
        assert "closed before the sign-in" in errors
        assert eventually(lambda: str(tmp_path) not in subprocess.check_output(["ps", "-eo", "args"], text=True))


def run(environ, *arguments, stdin=""):
    """A command to its end; its status and all its output."""
    done = subprocess.run(
        [PROGRAM, *arguments], env=environ, input=stdin, capture_output=True, text=True, timeout=HANG_S, check=False
    )
    return done.returncode, done.stdout, done.stderr


def with_run(sandbox):
    """The sandbox, with runs to wait for."""
    context = sandbox.context
    project, _ = context.state.ensure_project("lab", "forks")
    for run_id in ("abc", "def"):
        made = context.state.create_run(project, run_id, None)
        context.histories.append(made, "wandb-history.jsonl", 0, [json.dumps({"_step": 0})])
    return sandbox


def test_single_sign_on_once_and_wait_goes_on_with_it_here_and_elsewhere(tmp_path, window):
    with Sandbox(SandboxConfig(export_delay=0, sign_in="sso")) as sandbox, secret_service(tmp_path) as keyring:
        with_run(sandbox)
        laptop, cluster = tmp_path / "laptop", tmp_path / "cluster"
        for home in (laptop, cluster):
            home.mkdir()
        with window(sandbox, laptop, **keyring.environ) as (program, address):
            with driven(address, sandbox.app_url) as page:
                by_hand(page, sandbox, "sso")
            printed, errors = program.communicate(timeout=HANG_S)
        assert program.returncode == 0, errors
        assert "Nothing was stored" not in printed
        [session_file] = laptop.rglob("*.session")
        here = environment(sandbox, laptop, WANDB_API_KEY=sandbox.api_key, **keyring.environ)
        assert run(here, "wait", "lab/forks/abc", "--timeout", "60")[0] == 0
        # From one machine to the other as one pipeline; the shell tells of both ends.
        pipeline = (
            f"set -o pipefail; '{PROGRAM}' login --print-session | HOME='{cluster}' '{PROGRAM}' login --session-stdin"
        )
        done = subprocess.run(
            ["bash", "-c", pipeline], env=here, capture_output=True, text=True, timeout=HANG_S, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "Stored the session of researcher" in done.stdout
        assert [path.name for path in cluster.rglob("*.session")] == [session_file.name]
        there = here | {"HOME": str(cluster)}
        assert run(there, "wait", "lab/forks/def", "--timeout", "60")[0] == 0
        assert sandbox.stats()["sign_ins"] == 1


def test_a_server_that_never_names_anybody(tmp_path, window):
    with (
        Sandbox(SandboxConfig(export_delay=0, faults=("viewer-null",))) as sandbox,
        secret_service(tmp_path) as keyring,
    ):
        with_run(sandbox)
        with window(sandbox, tmp_path, **keyring.environ) as (program, address):
            with driven(address, sandbox.app_url) as page:
                sign_in(page, sandbox)
            _, errors = program.communicate(timeout=HANG_S)
        assert program.returncode == 0, errors
        environ = environment(sandbox, tmp_path, WANDB_API_KEY=sandbox.api_key, **keyring.environ)
        status, out, errors = run(environ, "wait", "lab/forks/abc", "--timeout", "60")
        assert (status, "signed out" in errors, "Not signed in" in out) == (0, False, False), (out, errors)
        assert sandbox.stats()["sign_ins"] == 1


def test_a_password_hands_a_session_on_without_a_keyring(tmp_path):
    with Sandbox(SandboxConfig()) as sandbox:
        environ = environment(sandbox, tmp_path)
        given = ["login", "--username", sandbox.username, "--password-stdin", "--print-session"]
        status, printed, errors = run(environ, *given, stdin=sandbox.password + "\n")
        assert status == 0, errors
        assert json.loads(printed)["username"] == sandbox.username
        assert sandbox.password not in printed + errors
        assert sandbox.stats()["sign_ins"] == 1
        assert not list(tmp_path.rglob("*.session"))
        with Terminal(environ) as terminal:
            for option in ("--print-session", "--session-stdin"):
                terminal.run(PROGRAM, "login", option)
                terminal.until("terminal.", "Pipe it", "shell-is-back$")


def test_the_button_of_the_sign_in_screen_opens_the_window(tmp_path, display, whole_path):
    with Sandbox(SandboxConfig(export_delay=0, sign_in="second-factor")) as sandbox:
        with_run(sandbox)
        browser, address = driveable(tmp_path, whole_path)
        environ = environment(
            sandbox, tmp_path, DISPLAY=display, WANDB_TUI_BROWSER=str(browser), WANDB_API_KEY=sandbox.api_key,
            WANDB_VIEWER_MAIL=sandbox.username, WANDB_VIEWER_PW=sandbox.password, LANG="C.UTF-8",
        )  # fmt: skip
        with Terminal(environ, columns=80, lines=24) as terminal:
            terminal.run(PROGRAM, "lab/forks/abc")
            terminal.until("signing-in", "Sign-in failed")
            terminal.keys("s")
            terminal.until("In a browser window", "asks for a code")
            terminal.keys("BTab", "BTab", "BTab", "Enter")
            with driven(address, sandbox.app_url) as page:
                page.close()
            terminal.until("window was closed", "In a browser window", "Public runs only")
            terminal.keys("BTab", "BTab", "Enter")
            with driven(address, sandbox.app_url) as page:
                by_hand(page, sandbox, "second-factor")
            terminal.until("✔ 1 ready", seconds=60)
        assert sandbox.stats()["sign_ins"] == 1


def test_without_a_display_the_way_for_clusters_is_reported(tmp_path):
    with Sandbox(SandboxConfig()) as sandbox:
        done = subprocess.run(
            [PROGRAM, "login", "--window"],
            env=environment(sandbox, tmp_path),
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
    assert done.returncode == 1
    assert "no display" in done.stderr
    assert "--print-session | ssh" in done.stderr


def test_without_a_keyring_logout_ends_well(tmp_path):
    with Sandbox(SandboxConfig()) as sandbox:
        done = subprocess.run(
            [PROGRAM, "logout"],
            env=environment(sandbox, tmp_path),
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "Nothing is stored" in done.stdout
