"""Every kind of sign-in page, to its end in the dashboard, in `login` and in `wait`: all three say the same."""

import contextlib
import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.secret_service import secret_service
from tests.integration.terminal import Terminal
from tests.integration.test_story import PROGRAM, account, environment
from tests.stopwatch import HANG_S
from wandb_tui.sandbox import SIGN_INS, Sandbox, SandboxConfig

LETS_IN = {"one-page", "two-step", "late-script", "sign-up-beside", "slow"}
# The message to the user, the next step included, and how often the password may reach the server.
TURNS_AWAY = {
    "second-factor": ("asks for a code", "wandb-tui login --window", 1),
    "challenge": ("a challenge that a person must solve", "wandb-tui login --window", 0),
    "blocked": ("blocks the sign-in after too many attempts", "reset the password", 1),
    "unverified": ("e-mail address of this account is not verified", "Follow the link", 1),
    "sso": ("signs in elsewhere (single sign-on)", "wandb-tui login --window", 0),
    "look-alike": ("is not known as a sign-in page", "allowed_origins", 0),
}


@pytest.fixture(scope="module")
def keyring(tmp_path_factory):
    with secret_service(tmp_path_factory.mktemp("keyring")) as service:
        yield service


SHORT = {"one-page", "sso"}
"""A page that lets the user in and one that does not; other tests show all of them in the browser alone."""
KINDS = [pytest.param(kind, marks=[] if kind in SHORT else [pytest.mark.long]) for kind in sorted(SIGN_INS)]


@pytest.fixture(params=KINDS)
def sandbox(request):
    with Sandbox(SandboxConfig(export_delay=0, sign_in=request.param)) as sandbox:
        context = sandbox.context
        project, _ = context.state.ensure_project("lab", "forks")
        # One each: what the export of one is started by is none of the other's business.
        for run_id in ("abc", "def"):
            run = context.state.create_run(project, run_id, None)
            context.histories.append(run, "wandb-history.jsonl", 0, [json.dumps({"_step": 0})])
        yield sandbox


@contextlib.contextmanager
def started(environ, *arguments, stdin=""):
    output = Path(environ["HOME"], f"{arguments[0]}.txt")
    with output.open("w") as out:
        program = subprocess.Popen(
            [PROGRAM, *arguments], env=environ, stdin=subprocess.PIPE, stdout=out, stderr=out, text=True
        )
    program.stdin.write(stdin)
    program.stdin.close()
    try:
        yield program, output
    finally:
        program.kill()
        program.wait()


def ended(program, output):
    return program.wait(HANG_S), " ".join(output.read_text().split())


def test_all_three_end_alike(sandbox, keyring, tmp_path):
    kind = sandbox.config.sign_in
    homes = [tmp_path / name for name in ("dashboard", "login", "wait")]
    for home in homes:
        home.mkdir()
    given = ["login", "--username", sandbox.username, "--password-stdin"]
    waiting = ["wait", "lab/forks/abc", "--timeout", f"{HANG_S:.0f}"]
    with (
        started(environment(sandbox, homes[1], **keyring.environ), *given, stdin=sandbox.password + "\n") as login,
        started(environment(sandbox, homes[2], **account(sandbox)), *waiting) as wait,
        Terminal(environment(sandbox, homes[0], **account(sandbox))) as terminal,
    ):
        terminal.run(PROGRAM, "lab/forks/def")
        if kind in LETS_IN:
            terminal.until("available", "✔ 1 ready", seconds=60)
        else:
            stays_and_says_why(terminal, *TURNS_AWAY[kind][:2])
        said_login, said_wait = ended(*login), ended(*wait)
    if kind in LETS_IN:
        assert (said_login[0], said_wait[0]) == (0, 0), (said_login, said_wait)
        assert "signed in to" in said_login[1]
        assert "run-abc-history:v0" in said_wait[1]
        attempts = 1
    else:
        what, step, attempts = TURNS_AWAY[kind]
        assert (said_login[0], said_wait[0]) == (3, 3), (said_login, said_wait)
        for output in (said_login[1], said_wait[1]):
            assert what in output
            assert step in output
    stats = sandbox.stats()
    assert stats["sign_in_attempts"] == 3 * attempts
    assert stats["sign_ins"] == (3 if kind in LETS_IN else 0)
    assert stats["look_alike_submissions"] == stats["sso_submissions"] == stats["sign_ups"] == 0
    assert ((f"wandb-tui {sandbox.app_url}", "password") in keyring.entries()) is (kind in LETS_IN)


def stays_and_says_why(terminal, what, step):
    """The row waits for the user with its clock stopped; the reason stands there, and the next step with it."""
    terminal.until("signing-in", "Sign-in failed", "s Sign in", seconds=60)
    [row] = [line for line in terminal.screen().splitlines() if " exists " in line and "signing-in" in line]
    clock = re.search(r"\d+:\d\d", row).group()
    terminal.keys("s")
    screen = terminal.when(
        lambda screen: "Email or username" in screen or "Enter the password on" in screen, "a dialog"
    )
    if "Enter the password on" in screen:
        # A page on another host is asked about first.
        terminal.keys("n")
    terminal.until("Email or username")
    terminal.when(lambda screen: all(text in flat(screen) for text in (what, step)), (what, step))
    time.sleep(2.2)
    terminal.keys("Escape")
    terminal.gone("Email or username")
    [row] = [line for line in terminal.screen().splitlines() if " exists " in line and "signing-in" in line]
    assert clock in row


def flat(screen):
    """The text on the screen in one line, without frames."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", screen).split())
