"""Stories of signing in, in a real terminal."""

import os
from pathlib import Path

from tests.integration.terminal import Terminal, alive, descendants
from tests.integration.test_story import PROGRAM, RUNS, account, assert_no_secrets, environment, sandbox
from tests.stopwatch import until

__all__ = ["sandbox"]


def test_forty_monitors_and_a_wrong_password(sandbox, tmp_path):
    wrong = account(sandbox) | {"WANDB_VIEWER_PW": "not-the-password"}
    with Terminal(environment(sandbox, tmp_path, **wrong), lines=100) as terminal:
        terminal.run(PROGRAM, *(f"lab/forks/{run_id}" for run_id in RUNS))
        terminal.when(lambda screen: screen.count("signing-in") >= 40, "forty rows that wait")
        until(lambda: sandbox.stats()["sign_in_attempts"] == 1)
        terminal.until("did not accept")
        terminal.keys("s")
        terminal.until("Sign in to 127.0.0.1", "did not accept")
        # The user name stands there already, so the password comes next.
        terminal.type(sandbox.password)
        shown = terminal.until("•" * len(sandbox.password))
        terminal.keys("Enter", "Enter")
        terminal.gone("Sign in to 127.0.0.1")
        assert sandbox.stats()["sign_in_attempts"] <= 2
        screen = terminal.until("✔ 40 ready")
        assert (sandbox.stats()["sign_in_attempts"], sandbox.stats()["sign_ins"]) == (2, 1)
        assert_no_secrets(sandbox, tmp_path, shown, screen)


def test_the_session_expires_while_ten_monitors_wait(sandbox, tmp_path):
    sandbox.set_faults("export-never")
    with Terminal(environment(sandbox, tmp_path, **account(sandbox))) as terminal:
        terminal.run(PROGRAM, *(f"lab/forks/{run_id}" for run_id in RUNS[:10]))
        until(lambda: sandbox.stats()["page_visits"] == 10)
        terminal.when(lambda screen: screen.count("◐ waiting") == 10, "ten that wait")
        assert sandbox.stats()["sign_ins"] == 1
        sandbox.expire_sessions()
        sandbox.set_faults()
        terminal.keys("*", "v")
        screen = terminal.until("✔ 10 ready", seconds=60)
        assert (sandbox.stats()["sign_in_attempts"], sandbox.stats()["sign_ins"]) == (2, 2)
        assert "✖ 0 failed" in screen
        assert_no_secrets(sandbox, tmp_path, screen)


def test_a_browser_killed_during_a_visit_needs_no_second_sign_in(sandbox, tmp_path):
    with Terminal(environment(sandbox, tmp_path, **account(sandbox))) as terminal:
        terminal.run(PROGRAM, "lab/forks/run00")
        terminal.until("✔ 1 ready")
        sandbox.set_faults("page-slow:seconds=4")
        terminal.keys("a")
        terminal.until("Add runs")
        terminal.type("lab/forks/run01")
        terminal.until("1 run")
        terminal.keys("C-j")
        terminal.until("visiting")
        [browser] = browsers(terminal)
        os.kill(browser, 9)
        sandbox.set_faults()
        terminal.until("✔ 2 ready")
        assert not alive(browser)
        assert browsers(terminal) != [browser]
        assert (sandbox.stats()["sign_in_attempts"], sandbox.stats()["sign_ins"]) == (1, 1)


def browsers(terminal):
    """The main processes of the browsers that the program has started."""
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in descendants(terminal.shell()) if alive(pid)}
    return [pid for pid, line in lines.items() if b"--headless" in line and b"--type=" not in line]
