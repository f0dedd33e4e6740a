"""Stories of signing in, in a real terminal."""

from terminal import Terminal, until
from test_story import PROGRAM, RUNS, account, environment, hunt, sandbox

__all__ = ["sandbox"]


def test_forty_monitors_and_a_wrong_password(sandbox, tmp_path):
    wrong = account(sandbox) | {"WANDB_VIEWER_PW": "not-the-password"}
    with Terminal(environment(sandbox, tmp_path, **wrong), lines=100) as terminal:
        terminal.run(PROGRAM, *(f"lab/forks/{run_id}" for run_id in RUNS))
        terminal.when(lambda screen: screen.count("signing-in") >= 40, "forty rows that wait", seconds=30)
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
        screen = terminal.until("✔ 40 ready", seconds=45)
        assert (sandbox.stats()["sign_in_attempts"], sandbox.stats()["sign_ins"]) == (2, 1)
        hunt(sandbox, tmp_path, shown, screen)
