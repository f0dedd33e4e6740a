"""Stories of the stored sign-in, in a real terminal with a real Secret Service: found, deleted, locked, or none."""

import subprocess

import pytest

from tests.integration.secret_service import secret_service
from tests.integration.terminal import Terminal
from tests.integration.test_story import PROGRAM, account, assert_no_secrets, environment, sandbox
from tests.stopwatch import HANG_S, until

__all__ = ["sandbox"]

LONGEST_ON_WINDOWS = 1280


@pytest.fixture(scope="module")
def keyring(tmp_path_factory):
    with secret_service(tmp_path_factory.mktemp("keyring")) as service:
        yield service


def type_the_account(terminal, sandbox):
    """All in one burst, as a password manager would."""
    terminal.type(f"{sandbox.username}\t{sandbox.password}\t{sandbox.api_key}")
    terminal.keys("Enter")
    terminal.gone("Store in the system keyring")


def leave(terminal):
    terminal.keys("q")
    terminal.when(lambda screen: "Quit" in screen or "shell-is-back$" in screen, "the end")
    terminal.keys("y")
    terminal.until("shell-is-back$")
    terminal.keys("C-u")


def command(environ, *arguments, stdin=""):
    done = subprocess.run(
        [PROGRAM, *arguments], env=environ, input=stdin, capture_output=True, text=True, timeout=HANG_S, check=False
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def session_files(home):
    return [path.name for path in home.rglob("*.session*")]


def ours(keyring, sandbox):
    """Our entries for this server, by their names."""
    service = f"wandb-tui {sandbox.app_url}"
    return {name: secret for (whose, name), secret in keyring.entries().items() if whose == service}


def test_stored_found_again_and_deleted(sandbox, keyring, tmp_path):
    environ = environment(sandbox, tmp_path, **keyring.environ)
    with Terminal(environ) as terminal:
        terminal.run(PROGRAM, "lab/forks/run00")
        terminal.until("Sign in to 127.0.0.1", "Store in the system keyring")
        type_the_account(terminal, sandbox)
        terminal.until("✔ 1 ready")
        leave(terminal)
        assert set(ours(keyring, sandbox)) == {"password", "api-key", "session-key"}
        terminal.run(PROGRAM, "lab/forks/run01")
        screen = terminal.until("✔ 2 ready", sandbox.username)
        assert "Sign in to" not in screen
        leave(terminal)
        assert (sandbox.stats()["sign_in_attempts"], sandbox.stats()["sign_ins"]) == (1, 1)
        assert_no_secrets(sandbox, tmp_path, screen)
        assert max(len(secret) for secret in ours(keyring, sandbox).values()) < LONGEST_ON_WINDOWS
        assert len(session_files(tmp_path)) == 1
    status, output = command(environ, "logout")
    assert (status, "Deleted" in output) == (0, True), output
    assert ours(keyring, sandbox) == {}
    assert session_files(tmp_path) == []
    with Terminal(environ) as terminal:
        terminal.run(PROGRAM)
        terminal.until("Sign in to 127.0.0.1", "Store in the system keyring")
    assert command(environ, "wait", "lab/forks/run03")[0] == 3


@pytest.mark.long
def test_a_session_file_that_is_damaged_is_put_aside_with_a_word(sandbox, keyring, tmp_path):
    environ = environment(sandbox, tmp_path, **keyring.environ)
    given = ["login", "--username", sandbox.username, "--password-stdin", "--api-key-stdin"]
    assert command(environ, *given, stdin=f"{sandbox.password}\n{sandbox.api_key}\n")[0] == 0
    [path] = tmp_path.rglob("*.session")
    path.write_bytes(path.read_bytes()[:200] + b"!")
    with Terminal(environ) as terminal:
        terminal.run(PROGRAM, "lab/forks/run00")
        screen = terminal.until("✔ 1 ready", "was renamed to")
        assert_no_secrets(sandbox, tmp_path, screen)
    assert sandbox.stats()["sign_ins"] == 2
    aside = [name for name in session_files(tmp_path) if "damaged" in name]
    assert len(aside) == 1
    assert path.exists()


@pytest.fixture
def keyring_to_lock(tmp_path_factory):
    with secret_service(tmp_path_factory.mktemp("keyring")) as service:
        yield service


def test_a_locked_collection_is_reported_in_time_and_the_dashboard_lives(sandbox, keyring_to_lock, tmp_path):
    keyring = keyring_to_lock
    environ = environment(sandbox, tmp_path, **keyring.environ)
    given = ["login", "--username", sandbox.username, "--password-stdin", "--api-key-stdin"]
    secrets = f"{sandbox.password}\n{sandbox.api_key}\n"
    assert command(environ, *given, stdin=secrets)[0] == 0
    keyring.lock()
    with Terminal(environ) as terminal:
        terminal.run(PROGRAM, "lab/forks/run00")
        terminal.until(" 1 run ")
        terminal.until("Sign in to 127.0.0.1", "keyring is locked", "WANDB_VIEWER_PW")
        terminal.keys("Escape")
        terminal.gone("Sign in to 127.0.0.1")
        terminal.keys("?")
        terminal.until("Stop monitoring this run")
    for arguments, status in ((given, 1), (["logout"], 1), (["wait", "lab/forks/run00"], 3)):
        ended, output = command(environ, *arguments, stdin=secrets)
        assert (ended, "keyring is locked" in output) == (status, True), output
        assert "Traceback" not in output
    assert sandbox.stats()["sign_ins"] == 1


def test_without_a_keyring_the_three_ways_are_offered(sandbox, tmp_path):
    environ = environment(sandbox, tmp_path)
    ways = ("for this session only", "WANDB_VIEWER_PW", "gnome-keyring-daemon --unlock")
    with Terminal(environ, columns=80, lines=24) as terminal:
        terminal.run(PROGRAM, "lab/forks/run00")
        terminal.when(lambda screen: all(way in flat(screen) for way in ways), ways)
        terminal.type(f"{sandbox.username}\t{sandbox.password}\t{sandbox.api_key}")
        terminal.keys("Enter")
        screen = terminal.until("1 ready")
        assert_no_secrets(sandbox, tmp_path, screen)
        leave(terminal)
        terminal.run(PROGRAM, "login")
        screen = terminal.until("shell-is-back$", "No keyring is running here")
        assert "Password" not in screen
        assert all(way in flat(screen) for way in ways)
    assert session_files(tmp_path) == []
    status, output = command(environ | account(sandbox), "login")
    assert status == 0
    assert "comes from the environment" in output
    assert session_files(tmp_path) == []


def flat(screen):
    """The text on the screen in one line, without frames."""
    return " ".join("".join(" " if char in "│╭╮╰╯─▁▔▎▊" else char for char in screen).split())


def test_three_dashboards_at_the_same_moment_sign_in_once(sandbox, keyring, tmp_path):
    environ = environment(sandbox, tmp_path, **keyring.environ)
    given = ["login", "--username", sandbox.username, "--password-stdin", "--api-key-stdin", "--no-verify"]
    assert command(environ, *given, stdin=f"{sandbox.password}\n{sandbox.api_key}\n")[0] == 0
    with Terminal(environ) as one, Terminal(environ) as two, Terminal(environ) as three:
        for number, terminal in enumerate((one, two, three)):
            terminal.run(PROGRAM, f"lab/forks/run0{number}")
        until(lambda: sandbox.stats()["exports_started"] == 3, seconds=90)
    assert (sandbox.stats()["sign_in_attempts"], sandbox.stats()["sign_ins"]) == (1, 1)
