"""The other commands as processes of their own: help, bad usage, the sandbox, login, doctor."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stopwatch import HANG_S
from wandb_tui.sandbox import Sandbox, SandboxConfig

PROGRAM = str(Path(sys.executable).with_name("wandb-tui"))
COMMANDS = ["demo", "sandbox", "wait", "login", "logout", "doctor", "list", "add", "restart"]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        context = sandbox.context
        project, _ = context.state.ensure_project("lab", "forks")
        context.histories.append(
            context.state.create_run(project, "abc", None), "wandb-history.jsonl", 0, ['{"_step": 0}']
        )
        yield sandbox


def environment(home, **more):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "XDG_", "DBUS_"))}
    return inherited | {"HOME": str(home), "WANDB_ERROR_REPORTING": "false"} | more


@pytest.fixture
def program(tmp_path):
    def run(*arguments, stdin="", timeout=HANG_S, **more):
        return subprocess.run(
            [PROGRAM, *arguments],
            env=environment(tmp_path, **more),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


BAD = {
    ("lab/forks/a:b",): "cannot contain",
    ("https://wandb.ai/lab/forks/reports",): "is a report",
    ("--until", "soon", "lab/forks/a"): "not a goal",
    ("wait",): "Missing argument",
    ("--host", "ftp://x", "wait", "lab/forks/a"): "not the address of a server",
    ("sandbox", "--bind", "0.0.0.0"): "this machine only",  # noqa: S104 - it must be refused
    ("sandbox", "--fault", "nonsense"): "no fault called",
    ("sandbox", "--sign-in", "nonsense"): "one-page",
    ("wait", "lab/forks/a", "--timeout", "nan"): "numbers of seconds",
    ("wait", "lab/forks/a", "--timeout", "inf"): "numbers of seconds",
    ("doctor", ""): "empty",
    ("login", "--password-stdin"): "--username",
    ("login", "--session-stdin"): "not a browser session",
    ("wat", "lab/forks/a"): "did you mean “wait”?",
    ("--host", "http://127.0.0.1:9", "dcotor"): "did you mean “doctor”?",
    ("logn", "--username", "me"): "did you mean “login”?",
}
HELP = [(command, "--help") for command in COMMANDS] + [("--help",)]
ALL_OF_THEM = """
import contextlib, io, json, sys
from wandb_tui.cli import main
answers = []
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["wandb-tui", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            answers.append([end.code, out.getvalue(), err.getvalue()])
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Status, output and errors of each call for help and of each bad usage, all of them in one process."""
    given = [*HELP, *BAD]
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_THEM, json.dumps(given)],
        env=environment(tmp_path_factory.mktemp("home")),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )
    return dict(zip(given, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_screen_and_has_an_example(answers, command):
    status, out, _ = answers[command, "--help"]
    assert status == 0
    assert "Example" in out
    lines = out.splitlines()
    assert len(lines) <= (42 if command == "sandbox" else 24)
    assert max(map(len, lines)) <= 90


def test_the_programs_own_help_names_every_command(answers):
    _, text, _ = answers["--help",]
    assert all(command in text for command in COMMANDS)
    assert "--until" in text
    assert "--host" in text


def test_a_script_is_referred_to_wait(program):
    for arguments in ([], ["lab/forks/abc"], ["demo"]):
        done = program(*arguments)
        assert done.returncode == 2
        assert "needs a terminal" in done.stderr
        assert not done.stdout


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_bad_usage(answers, arguments):
    status, _, errors = answers[arguments]
    assert status == 2
    assert BAD[arguments] in errors
    assert "Traceback" not in errors


def test_bad_settings_are_named(program, tmp_path):
    (tmp_path / ".config" / "wandb-tui").mkdir(parents=True)
    (tmp_path / ".config" / "wandb-tui" / "settings.toml").write_text("tabs = 0")
    done = program("wait", "lab/forks/a")
    assert done.returncode == 2
    assert "tabs" in done.stderr


def test_the_sandbox_says_where_it_listens_and_ends_in_good_order(tmp_path):
    process = subprocess.Popen(
        [PROGRAM, "sandbox", "--data-dir", str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    info = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=HANG_S)
    assert list(info) == ["base_url", "app_url", "username", "password", "api_key"]
    assert process.returncode in {0, 130}
    assert "Traceback" not in errors


def test_a_taken_port_is_one_sentence(program, sandbox):
    done = program("sandbox", "--port", sandbox.base_url.rsplit(":", 1)[1])
    assert done.returncode == 1
    assert "cannot listen" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_that_cannot_be_one_is_not_called_missing(program, sandbox):
    done = program("wait", "lab/forks/abc", WANDB_BASE_URL=sandbox.base_url, WANDB_API_KEY="short")
    assert done.returncode == 3
    assert "at least 40 characters" in done.stderr


def test_doctor_tells_the_truth_without_an_account(program, sandbox):
    done = program("doctor", "--json", WANDB_BASE_URL=sandbox.base_url)
    checks = {check["name"]: check for check in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0
    assert checks["browser"]["mark"] == "good"
    assert checks["server"]["mark"] == "good"
    assert checks["API key"]["mark"] == "warning"
    assert checks["keyring"]["hint"]


def test_doctor_tries_the_whole_way_on_a_run(program, sandbox, tmp_path):
    account = {
        "WANDB_BASE_URL": sandbox.base_url,
        "WANDB_API_KEY": sandbox.api_key,
        "WANDB_VIEWER_MAIL": sandbox.username,
        "WANDB_VIEWER_PW": sandbox.password,
    }
    done = program("doctor", "lab/forks/abc", **account)
    assert done.returncode == 0, done.stdout
    assert "did not exist" in done.stdout
    assert "signed in as" in done.stdout
    assert "no export within 15 s after" in done.stdout
    assert "queried RunPage" in done.stdout
    assert "v0 appeared" in done.stdout
    assert "a visit to the run's page; " in done.stdout
    assert sandbox.username not in done.stdout
    assert str(tmp_path) not in done.stdout
    [profile_file] = (tmp_path / ".config" / "wandb-tui" / "servers").iterdir()
    assert 'export_starts_by = "visit"' in profile_file.read_text()
    assert sandbox.password not in done.stdout + done.stderr
    assert sandbox.api_key not in done.stdout + done.stderr


def test_doctor_names_what_is_refused_or_missing(program, sandbox):
    refused = program("doctor", WANDB_BASE_URL=sandbox.base_url, WANDB_API_KEY="x" * 40)
    assert refused.returncode == 3
    no_browser = program("doctor", WANDB_BASE_URL=sandbox.base_url, WANDB_TUI_BROWSER="/nowhere")
    assert no_browser.returncode == 1
    assert "/nowhere" in no_browser.stdout
    assert re.search(r"^Summary: 1 failed \(browser\), \d warnings \(.*API key.*\)\.$", no_browser.stdout, re.MULTILINE)
    down = program("doctor", WANDB_BASE_URL="http://127.0.0.1:9")
    assert down.returncode == 1
    assert "Nothing listens" in down.stdout


KEYRING = """
printf 'pw' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
set -x
printf '%s\\n%s\\n' "$SECRET_PW" "$SECRET_KEY" | "$1" login --username "$USER_NAME" --password-stdin \\
  --api-key-stdin || exit 11
"$1" login --print-session > session.json || exit 12
"$1" wait lab/forks/abc --timeout 30 || exit 13
"$1" logout || exit 14
"$1" wait lab/forks/abc; test $? = 3 || exit 15
"$1" login --session-stdin < session.json || exit 16
"$1" doctor | grep 'session of' || exit 17
"""


def test_login_is_stored_in_a_real_keyring_and_logout_deletes_it(sandbox, tmp_path):
    environ = environment(
        tmp_path,
        WANDB_BASE_URL=sandbox.base_url,
        USER_NAME=sandbox.username,
        SECRET_PW=sandbox.password,
        SECRET_KEY=sandbox.api_key,
    )
    before = sandbox.stats()["sign_ins"]
    out = tmp_path / "out.txt"
    with out.open("w") as file:
        done = subprocess.run(
            ["dbus-run-session", "--", "sh", "-c", KEYRING, "sh", PROGRAM],
            env=environ,
            cwd=tmp_path,
            stdout=file,
            stderr=file,
            timeout=HANG_S,
            check=False,
        )
    assert done.returncode == 0, out.read_text()
    assert sandbox.stats()["sign_ins"] - before == 1, "login signs in, and nothing after it does again"
    for path in [path for path in tmp_path.rglob("*") if path.is_file() and "wandb-tui" in str(path)]:
        content = path.read_bytes()
        assert sandbox.password.encode() not in content, path
        assert sandbox.api_key.encode() not in content, path
