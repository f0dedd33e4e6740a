"""Places where the password, the API key and the session cookie must never be, in real commands and a real browser."""

import json
import os
import pickle
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.integration.browser_support import add_run, good, info, visitor_on
from tests.integration.secret_scan import (
    forms_of,
    leaks,
    leaks_of_process,
    open_to_others,
    ours,
    record_cookies,
    ways_to,
    without_xdg,
)
from tests.integration.terminal import Terminal, descendants
from tests.stopwatch import HANG_S
from wandb_tui.core.account import Credentials
from wandb_tui.core.errors import SignInError, WandbTuiError
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.browser.discovery import find_browser
from wandb_tui.services.signin.page_driver import PageGoneError, save_screenshot, type_into

PROGRAM = str(Path(sys.executable).with_name("wandb-tui"))
WRONG = "wrong&pass wörd"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.3)) as sandbox:
        record_cookies(sandbox)
        for run_id in ("one", "two", "three"):
            add_run(sandbox, run_id)
        yield sandbox


def environment(sandbox, home, **more):
    ours = {"HOME": str(home), "WANDB_BASE_URL": sandbox.base_url, "WANDB_ERROR_REPORTING": "false", "LANG": "C.UTF-8"}
    return without_xdg() | ours | more


def account(sandbox, **more):
    return {
        "WANDB_API_KEY": sandbox.api_key,
        "WANDB_VIEWER_MAIL": sandbox.username,
        "WANDB_VIEWER_PW": sandbox.password,
        **more,
    }


def watched(command, environ, folder, forms, stdin=""):
    """Run a command with umask 000; its output, and where a secret was seen in its children meanwhile."""
    out, found = folder / "output.txt", []
    with out.open("w") as file:
        program = subprocess.Popen(
            ["sh", "-c", 'umask 000; exec "$@"', "sh", *command],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            text=True,
        )
        program.stdin.write(stdin)
        program.stdin.close()
        seen = set()
        while program.poll() is None:
            for child in descendants(program.pid):
                seen.add(child)
                found += leaks_of_process(child, forms)
            time.sleep(0.05)
    return program.returncode, out.read_text(), found, seen


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["wait", "lab/forks/one", "--json"], 0),
        (["doctor", "lab/forks/one", "--json"], 0),
        (["login"], 0),
    ],
)
def test_commands_with_the_secrets_in_the_environment(sandbox, tmp_path, arguments, status):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    forms = forms_of(sandbox)
    environ = environment(sandbox, home, **account(sandbox))
    ended, output, found, children = watched([PROGRAM, *arguments], environ, tmp_path, forms)
    assert ended == status, output
    assert len(children) >= 3, "the browser and its driver were looked at, too"
    assert not found
    assert not leaks(forms_of(sandbox), texts=[output], folder=home)
    assert ours(home)
    assert not [
        line for folder in (*ours(home), *ways_to(home)) for line in open_to_others(folder) if folder in ours(home)
    ]
    assert not [folder for folder in ways_to(home) if folder.stat().st_mode & 0o077]


def test_a_refused_password(sandbox, tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    forms = forms_of(sandbox, WRONG)
    environ = environment(sandbox, home, **account(sandbox, WANDB_VIEWER_PW=WRONG))
    ended, output, found, _ = watched([PROGRAM, "wait", "lab/forks/two"], environ, tmp_path, forms)
    assert ended == 3, output
    assert "did not accept" in output
    assert not found
    assert not leaks(forms, texts=[output], folder=home)


KEYRING = """
printf 'pw' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
"$1" login --username "$USER_NAME" --password-stdin --api-key-stdin && "$1" doctor --json lab/forks/one && "$1" doctor
"""


def test_with_a_keyring_the_session_on_disk_is_closed_to_others(sandbox, tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    command = ["dbus-run-session", "--", "sh", "-c", KEYRING, "sh", PROGRAM]
    environ = environment(sandbox, home, USER_NAME=sandbox.username)
    stdin = f"{sandbox.password}\n{sandbox.api_key}\n"
    ended, output, found, _ = watched(command, environ, tmp_path, forms_of(sandbox), stdin)
    assert ended == 0, output
    assert "the stored session is still valid" in output
    assert "a session of r…@… is stored, encrypted" in output
    assert not found
    assert not leaks(forms_of(sandbox), texts=[output], folder=home)
    assert [path for folder in ours(home) for path in folder.rglob("*.session")]
    assert not [line for folder in ours(home) for line in open_to_others(folder)]


def test_the_dashboard_with_umask_000(sandbox, tmp_path):
    with Terminal(environment(sandbox, tmp_path)) as terminal:
        terminal.keys("umask 000", "Enter")
        terminal.run(PROGRAM)
        terminal.until("Sign in to 127.0.0.1")
        terminal.type(sandbox.username)
        terminal.next_field()
        terminal.type(sandbox.password)
        terminal.next_field()
        terminal.type(sandbox.api_key)
        terminal.until("•" * len(sandbox.api_key))
        terminal.keys("Enter")
        terminal.gone("Store in the system keyring")
        terminal.keys("a")
        terminal.until("Add runs")
        terminal.type("lab/forks/three")
        terminal.keys("Enter")
        terminal.keys("C-j")
        screen = terminal.until("✔ 1 ready", seconds=60)
        forms = forms_of(sandbox)
        assert sandbox.cookies
        assert not [line for pid in descendants(terminal.shell()) for line in leaks_of_process(pid, forms)]
        assert not leaks(forms, texts=[screen], folder=tmp_path)
        terminal.keys("q")
        terminal.until("shell-is-back$")
    assert list(tmp_path.rglob("watchlist.sqlite3"))
    assert not [line for folder in ours(tmp_path) for line in open_to_others(folder)]
    assert not [folder for folder in ways_to(tmp_path) if folder.stat().st_mode & 0o077]
    assert not leaks(forms_of(sandbox), folder=tmp_path)


# Exceptions


def everything_of(error):
    """All that an exception, and those it came from, may show; local variables of all its frames included."""
    seen, texts, errors = set(), [], [error]
    while errors:
        one = errors.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        shown = traceback.TracebackException.from_exception(one, capture_locals=True)
        texts += [repr(one), str(one), repr(vars(one)), repr(one.args), "".join(shown.format())]
        errors += [one.__cause__, one.__context__]
    return texts


@pytest.mark.parametrize("kind", ["one-page", "second-factor", "blocked", "look-alike"])
def test_errors_of_a_real_refused_sign_in(tmp_path, kind):
    with Sandbox(SandboxConfig(sign_in=kind)) as sandbox:
        record_cookies(sandbox)
        credentials = Credentials(sandbox.username, WRONG) if kind == "one-page" else good(sandbox)
        with visitor_on(info(sandbox), tmp_path, credentials) as visitor:
            error = visitor.sign_in().exception(60)
        forms = forms_of(sandbox, WRONG)
    assert isinstance(error, SignInError)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(again), str(again), again.problem) == (type(error), str(error), error.problem)
    assert not leaks(
        forms, texts=[*everything_of(error), repr(pickle.dumps(error)), repr(credentials)], folder=tmp_path
    )


def classes(base=WandbTuiError):
    return [base, *(each for below in base.__subclasses__() for each in classes(below))]


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_every_error_survives_pickling(kind):
    problem = ["blocked"] if issubclass(kind, SignInError) else []
    error = kind(*problem, "It is so.", "Do that.")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(again), again.message, again.hint, str(again)) == (kind, "It is so.", "Do that.", "It is so. Do that.")
    assert vars(again) == vars(error)


async def on_page(html, work):
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_browser(os.environ), args=arguments)
        try:
            page = await browser.new_page(viewport={"width": 400, "height": 300})
            await page.set_content(html)
            return await work(page)
        finally:
            await browser.close()


async def test_a_field_that_goes_away_does_not_tell_what_was_typed():
    async def fill_in_vain(page):
        field = await page.query_selector("input")
        await page.close()
        with pytest.raises(PageGoneError) as raised:
            await type_into(field, WRONG, ("null",), None)
        return raised.value

    error = await on_page("<input type=password>", fill_in_vain)
    shown = "".join(traceback.format_exception(error))
    assert not [
        form for form in (WRONG, "wörd") if form in shown + repr(error) + str(error) + repr(pickle.dumps(error))
    ]


PAGE = """<style>span, input {{ display: inline-block; width: 300px; height: 20px; overflow: hidden }}</style>
<input value="{name}"><input type=password value="{password}"><input type=text value="{password}"><div id=deep></div>
<p>Hello <span>{name}</span></p><p><span>We do not know “{password}”.</span></p>
<script>deep.attachShadow({{mode: "open"}}).innerHTML = '<input value="{name}">'</script>"""


async def test_the_stored_screenshot_shows_neither_name_nor_password(tmp_path):
    """Two pages that differ only in these look the same."""
    pictures, bare = [], []
    for name, password in (("ada@lab.org", "correct horse"), ("bob@example.com", "hunter2")):

        async def take(page, name=name, password=password):
            bare.append(await page.screenshot())
            return await save_screenshot(page, tmp_path / "pictures", hide=(name, password))

        path = await on_page(PAGE.format(name=name, password=password), take)
        pictures.append(path.read_bytes())
    assert bare[0] != bare[1]
    assert pictures[0] == pictures[1]
    assert not open_to_others(path.parent)


async def test_a_screenshot_for_which_there_is_no_place_is_let_go(tmp_path):
    (tmp_path / "home").write_text("no folder")
    assert await on_page("<p>Hello</p>", lambda page: save_screenshot(page, tmp_path / "home" / "pictures")) is None


# Crashes

CRASH = """
import sys
sys.argv = ["wandb-tui", "doctor", "lab/forks/one"]
import wandb_tui.doctor
def crash(*_):
    secrets = __import__("os").environ
    raise RuntimeError("filled " + secrets["WANDB_VIEWER_PW"] + " beside " + secrets["WANDB_API_KEY"])
wandb_tui.doctor.check_machine = crash
from wandb_tui.cli import main
main()
"""


def test_a_crash_of_a_command(sandbox, tmp_path):
    environ = environment(sandbox, tmp_path, **account(sandbox))
    ended, output, _, _ = watched([sys.executable, "-c", CRASH], environ, tmp_path, forms_of(sandbox))
    assert ended == 1
    assert "RuntimeError: filled ●●●● beside ●●●●" in output
    assert not leaks(forms_of(sandbox), texts=[output], folder=tmp_path)


def test_the_report_in_json_is_json_without_secrets(sandbox, tmp_path):
    environ = environment(sandbox, tmp_path, **account(sandbox))
    done = subprocess.run(
        [PROGRAM, "doctor", "--json"], env=environ, capture_output=True, text=True, timeout=HANG_S, check=False
    )
    checks = [json.loads(line) for line in done.stdout.splitlines()]
    assert {check["name"] for check in checks} >= {"server", "API key", "export trigger"}
    assert not leaks(forms_of(sandbox, sandbox.username, str(tmp_path)), texts=[done.stdout, done.stderr])
