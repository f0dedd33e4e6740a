"""`wandb-tui wait` where people run it: a terminal, a pipe, nohup, a batch job; and what a shell completes."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.scripts import export_run, script_environment
from tests.integration.terminal import Terminal, alive, descendants, ended
from tests.stopwatch import HANG_S, until
from wandb_tui.core.exit_codes import ExitCode
from wandb_tui.sandbox import Sandbox, SandboxConfig

PROGRAM = Path(sys.executable).with_name("wandb-tui")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=1)) as sandbox:
        export_run(sandbox, "ready")
        for name in ("slow", "late"):
            export_run(sandbox, name, exported=False)
        yield sandbox


@pytest.fixture
def shell(sandbox, tmp_path):
    """Runs a line of bash with the program on its path and an account on the sandbox."""

    def run(line, timeout=HANG_S, shell=("bash", "-c"), environ=None):
        own = script_environment(sandbox, tmp_path) if environ is None else environ
        path = f"{PROGRAM.parent}:{os.environ['PATH']}"
        out = tmp_path / "out.txt"
        with out.open("w") as file:
            done = subprocess.run(
                [*shell, line],
                env={**own, "PATH": path},
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                timeout=timeout,
                check=False,
            )
        done.stdout = out.read_text()
        assert "Traceback" not in done.stdout
        return done

    yield run
    sandbox.set_faults()


def test_in_a_pipe_with_jq(shell):
    done = shell(
        "set -o pipefail; wandb-tui wait lab/forks/ready lab/forks/slow --json --interval 1 2>log | jq -r .state"
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.split().count("available") == 2
    assert set(done.stdout.split()) <= {"waiting", "signing-in", "visiting", "available"}


def test_a_reader_that_goes_ends_it(shell):
    done = shell("wandb-tui wait lab/forks/nobody-knows lab/forks/ready --timeout 30 --no-visit 2>log | head -n 1")
    assert done.stdout.count("\n") == 1, done.stdout


def test_under_nohup(shell, tmp_path):
    done = shell("nohup wandb-tui wait lab/forks/ready > nohup.txt 2>&1 & wait $!")
    assert done.returncode == 0, done.stdout
    assert "🎉 Artifact is now available" in (tmp_path / "nohup.txt").read_text()


def test_in_a_batch_job_without_terminal_display_or_stdin(shell, sandbox, tmp_path):
    account = {
        name: value for name, value in script_environment(sandbox, tmp_path).items() if name.startswith("WANDB_")
    }
    done = shell(
        # A home in which nothing can be made, for root neither.
        "setsid wandb-tui wait lab/forks/late --interval 1 <&-",
        environ={**account, "HOME": "/proc/self/nowhere"},
        timeout=HANG_S,
    )
    assert done.returncode == 0, done.stdout
    assert "Artifact is now available: run-late-history:v0" in done.stdout
    assert "\x1b" not in done.stdout
    none = shell("wandb-tui wait - <&-")
    assert none.returncode == 2
    assert "stdin, but it is closed" in none.stdout


@pytest.fixture
def environ(sandbox, tmp_path):
    return script_environment(sandbox, tmp_path) | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "LANG": "C.UTF-8"}


def test_on_a_terminal_a_table_lives_and_lines_stay(sandbox, environ):
    sandbox.set_faults("export-never")
    export_run(sandbox, "never", exported=False)
    with Terminal(environ, columns=100, lines=20) as terminal:
        line = "wandb-tui wait lab/forks/ready lab/forks/never lab/nope/x --timeout 8 --interval 1 --no-visit"
        terminal.keys(f"clear; {line}; echo status-$?", "Enter")
        screen = terminal.until("✔ lab/forks/ready", "✖ lab/nope/x", "waiting", "not available yet")
        assert screen.index("✔ lab/forks/ready") < screen.index("waiting ")
        screen = terminal.until("status-1")
        assert "3 runs:" in screen
        assert "lab/forks/never" in screen
        assert "Timeout reached" in screen
        assert "next check" not in screen, "the table is gone, its lines are not"
    sandbox.set_faults()


def test_a_narrow_terminal_without_colours(sandbox, environ):
    sandbox.set_faults("export-never")
    with Terminal(environ | {"NO_COLOR": "1"}, columns=40, lines=10) as terminal:
        runs = " ".join(f"lab/forks/never{i}" for i in range(12))
        for i in range(12):
            export_run(sandbox, f"never{i}", exported=False)
        terminal.keys(f"clear; wandb-tui wait {runs} --no-visit; echo status-$?", "Enter")
        screen = terminal.until("lab/forks/never0", "and 5 more")
        assert not re.search(r"\x1b\[[39]\dm(?<!39m)", terminal._tmux("capture-pane", "-p", "-e"))
        assert max(map(len, screen.splitlines())) <= 40
        terminal.keys("C-c")
        terminal.until("status-130")
        assert "cancelled" in terminal.screen()
    sandbox.set_faults()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_under_way_ends_with_it(sandbox, tmp_path, number):
    out = tmp_path / "out.txt"
    with out.open("w") as file:
        process = subprocess.Popen(
            [PROGRAM, "wait", "lab/forks/ready", "--exec", "echo began; sleep 1000 & wait"],
            env=script_environment(sandbox, tmp_path),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    with ended(process):
        until(lambda: "began" in out.read_text())
        below = descendants(process.pid)
        process.send_signal(number)
        assert process.wait(60) == 130
    assert below
    until(lambda: not any(map(alive, below)))


def test_a_failing_command_has_a_status_of_its_own(shell):
    done = shell("wandb-tui wait lab/forks/ready --json --exec 'echo for-$WANDB_TUI_RUN_ID; exit 7'")
    assert done.returncode == ExitCode.COMMAND_FAILED
    assert "for-ready" in done.stdout
    assert "ended with status 7" in done.stdout
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            json.loads(line)


def test_a_command_gets_the_key_but_not_the_password(shell, sandbox):
    done = shell("wandb-tui wait lab/forks/ready --exec 'echo key=$WANDB_API_KEY; echo password=$WANDB_VIEWER_PW.'")
    assert done.returncode == 0, done.stdout
    assert f"key={sandbox.api_key}\n" in done.stdout
    assert "password=.\n" in done.stdout


def test_in_a_pipe_a_line_is_not_repeated_and_quiet_leaves_only_the_ends(shell, sandbox):
    export_run(sandbox, "never-comes", exported=False)
    line = "wandb-tui wait lab/forks/ready lab/forks/never-comes --no-visit --interval 0.2 --timeout 3"
    lines = [text for text in shell(line).stdout.splitlines() if "never-comes  ⏳" in text]
    assert len(lines) == 1, lines
    quiet = shell(f"{line} --quiet")
    assert quiet.returncode == ExitCode.TIMED_OUT
    assert [text.split()[1] for text in quiet.stdout.splitlines()] == ["lab/forks/ready", "lab/forks/never-comes"]
    assert len(shell(f"{line} --quiet --json").stdout.splitlines()) == 2


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU, signal.SIGTERM, signal.SIGINT])
def test_the_last_json_line_names_the_signal(sandbox, tmp_path, number):
    never = f"never-comes-{number.name}"
    export_run(sandbox, never, exported=False)
    out, runs = tmp_path / "out.txt", ["lab/forks/ready", f"lab/forks/{never}"]
    with out.open("w") as file:
        process = subprocess.Popen(
            [PROGRAM, "wait", *runs, "--json", "--no-visit"],
            env=script_environment(sandbox, tmp_path),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    with ended(process):
        until(lambda: "not available yet" in out.read_text() and '"available"' in out.read_text())
        process.send_signal(number)
        assert process.wait(30) == ExitCode.INTERRUPTED
    last = json.loads(out.read_text().splitlines()[-1])
    assert (last["run"], last["state"]) == (runs[1], "cancelled")
    assert last["message"] == f"Interrupted by {number.name}"
    assert last["elapsed"] > 0


COMPLETE = """
eval "$(wandb-tui completion bash)"
complete -p wandb-tui
try() {
  COMP_WORDS=("$@") COMP_CWORD=$(( $# - 1 )) COMPREPLY=()
  _wandb_tui_completion wandb-tui
  echo "[${COMPREPLY[*]}]"
}
try wandb-tui wa
try wandb-tui wait --ti
try wandb-tui wait lab/forks/a --until ne
try wandb-tui --host http://x do
try wandb-tui lab/forks/a --un
"""


def test_bash_completes_commands_options_and_goals(shell):
    done = shell(COMPLETE)
    found = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert found == ["[wait]", "[--timeout]", "[newer]", "[doctor download]", "[--until]"], done.stdout


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_the_other_shells_get_a_script_of_their_own(shell, name):
    text = shell(f"wandb-tui completion {name}").stdout
    assert "_WANDB_TUI_COMPLETE" in text
    assert {"zsh": "#compdef wandb-tui", "fish": "complete --no-files --command wandb-tui"}[name] in text
