"""A signal ends a command at any moment with status 130 and without a traceback."""

import json
import signal
import subprocess
import sys

import pytest

from tests.stopwatch import HANG_S
from wandb_tui.core.exit_codes import ExitCode

AT_AN_IMPORT = """
import os, signal, sys

module, name, *sys.argv[1:] = sys.argv[1:]

class Finder:
    def find_spec(self, sought, path=None, target=None):
        if sought == module:
            os.kill(os.getpid(), getattr(signal, name))

sys.meta_path.insert(0, Finder())
from wandb_tui.cli import main
main()
"""
AGAIN_AND_AGAIN = """
import os, signal
from wandb_tui.cli.interruption import Interruption

interruption = Interruption()
with interruption.caught(lambda _: os._exit(1)):
    interruption.begin()
    for count in range(1, 4):
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.event.is_set()
        print(count, interruption.name, flush=True)
"""


def run(program, *arguments):
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=HANG_S, check=False
    )


@pytest.mark.parametrize("module", ["click", "wandb_tui.cli.program", "wandb_tui.cli.wait.command"])
def test_while_the_program_is_loaded(module):
    done = run(AT_AN_IMPORT, module, "SIGINT", "wait", "lab/forks/abc")
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.INTERRUPTED, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
@pytest.mark.parametrize("module", ["wandb_tui.cli.wait.runner", "wandb_tui.wiring", "wandb_tui.services.server"])
def test_before_the_waiting_begins(module, number):
    runs = ["lab/forks/abc", "lab/forks/def"]
    done = run(AT_AN_IMPORT, module, number.name, "wait", *runs, "--host", "http://127.0.0.1:9")
    assert (done.returncode, done.stderr) == (ExitCode.INTERRUPTED, f"wandb-tui: Interrupted by {number.name}\n")
    done = run(AT_AN_IMPORT, module, number.name, "wait", *runs, "--json", "--host", "http://127.0.0.1:9")
    assert (done.returncode, done.stderr) == (ExitCode.INTERRUPTED, "")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["run"] for event in events] == runs
    assert {event["message"] for event in events} == {f"Interrupted by {number.name}"}


def test_the_second_signal_changes_nothing_and_the_third_ends_it_at_once():
    done = run(AGAIN_AND_AGAIN)
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.INTERRUPTED, "1 SIGINT\n2 SIGINT\n", "")
