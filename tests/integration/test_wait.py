"""`wandb-tui wait` as users run it: a process of its own, the real SDK's run, the real browser, a sandbox over HTTP."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.sandbox_fixtures import log_run
from tests.integration.scripts import export_run
from tests.integration.terminal import alive, descendants
from tests.stopwatch import HANG_S, until
from wandb_tui.sandbox import Sandbox, SandboxConfig

COMMAND = [str(Path(sys.executable).with_name("wandb-tui")), "wait"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with Sandbox(SandboxConfig(export_delay=1)) as sandbox:
        log_run(sandbox, tmp_path_factory.mktemp("sdk"))
        for run_id in ("def", "ghi"):
            export_run(sandbox, run_id, exported=False)
        export_run(sandbox, "open", project="public-forks", steps=5, exported=False)
        yield sandbox


@pytest.fixture(autouse=True)
def in_good_order(sandbox):
    yield
    sandbox.set_faults()


def environment(sandbox, home, **more):
    """A user's environment with an account on the sandbox, and a home of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "XDG_", "DBUS_"))}
    account = {
        "WANDB_BASE_URL": sandbox.base_url,
        "WANDB_API_KEY": sandbox.api_key,
        "WANDB_VIEWER_MAIL": sandbox.username,
        "WANDB_VIEWER_PW": sandbox.password,
        "WANDB_ERROR_REPORTING": "false",
        "HOME": str(home),
    }
    return {name: value for name, value in (inherited | account | more).items() if value}


class Outcome:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        self.lines = out.splitlines()

    @property
    def events(self):
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def wait(sandbox, tmp_path):
    def run(*arguments, stdin="", timeout=HANG_S, **more):
        out, err = tmp_path / "out.txt", tmp_path / "err.txt"
        with out.open("w") as stdout, err.open("w") as stderr:
            done = subprocess.run(
                [*COMMAND, *arguments],
                env=environment(sandbox, tmp_path, **more),
                input=stdin,
                text=True,
                stdout=stdout,
                stderr=stderr,
                timeout=timeout,
                check=False,
            )
        outcome = Outcome(done.returncode, out.read_text(), err.read_text())
        assert "Traceback" not in outcome.out + outcome.err
        for secret in (sandbox.password, sandbox.api_key):
            assert secret not in outcome.out + outcome.err
            for file in tmp_path.rglob("*"):
                assert not file.is_file() or secret.encode() not in file.read_bytes(), file
        return outcome

    return run


def test_it_signs_in_visits_polls_and_names_the_version(sandbox, wait):
    before = sandbox.stats()
    done = wait("lab/forks/abc", "--json", "--interval", "1")
    after = sandbox.stats()
    assert done.status == 0, done.out + done.err
    states = [event["state"] for event in done.events]
    assert (
        states == sorted(states, key=["waiting", "signing-in", "visiting", "available"].index) or "visiting" in states
    )
    assert {"signing-in", "visiting", "waiting", "available"} == set(states)
    last = done.events[-1]
    assert last["artifact"] == "lab/forks/run-abc-history:v0"
    assert last["run"] == "lab/forks/abc"
    assert last["attempt"] == 1
    assert last["elapsed"] > 0
    assert last["time"].endswith("Z")
    assert set(last) == {"time", "run", "attempt", "state", "message", "artifact", "elapsed"}
    assert after["sign_ins"] - before["sign_ins"] == 1
    assert after["exports_started"] - before["exports_started"] == 1


def test_an_artifact_that_is_there_needs_neither_password_nor_browser(sandbox, wait):
    sandbox.context.exports.start(find(sandbox, "forks", "ghi"), delay=0)
    before = sandbox.stats()["sign_in_attempts"]
    done = wait("lab/forks/ghi", WANDB_VIEWER_PW="wrong", WANDB_TUI_BROWSER="/nowhere")
    assert done.status == 0
    assert sandbox.stats()["sign_in_attempts"] == before


def find(sandbox, project, run_id):
    state = sandbox.context.state
    return state.run(state.project("lab", project), run_id)


def test_in_an_encoding_without_our_signs_no_question_mark_stands_for_them(wait):
    done = wait("lab/forks/abc", "--until", "ended", PYTHONIOENCODING="latin-1")
    assert done.status == 0
    assert done.lines[0].endswith("  - Monitoring the run itself...")
    assert "?" not in done.out


def test_a_wrong_password_is_refused_and_submitted_once(sandbox, wait):
    before = sandbox.stats()["sign_in_attempts"]
    done = wait("lab/forks/def", WANDB_VIEWER_PW="wrong")
    assert done.status == 3
    assert "password" in done.lines[-1].lower()
    assert sandbox.stats()["sign_in_attempts"] - before == 1


def test_an_unknown_project_ends_at_once(wait):
    done = wait("lab/nope/abc", "--timeout", "0")
    assert done.status == 1
    assert "no project lab/nope" in done.lines[-1]


def test_a_path_with_spaces_and_commas_is_read_from_stdin_as_it_is_printed(wait):
    done = wait("-", stdin="lab/my project, v2/abc\n", WANDB_ENTITY="lab", WANDB_PROJECT="forks")
    assert done.status == 1
    assert "no project lab/my project, v2" in done.lines[-1]


@pytest.mark.parametrize(
    ("typed", "meant"), [("lab/my+forks/abc", "lab/my forks"), ("see lab/forks/abc please", "lab/forks/abc")]
)
def test_what_was_probably_meant_is_suggested(wait, typed, meant):
    done = wait(typed)
    assert done.status == 1
    assert f"Did you mean {meant}?" in done.lines[-1]


def test_an_entity_that_was_filled_in_is_shown(wait):
    done = wait("lorem/ipsum", WANDB_ENTITY="lab")
    assert done.status == 1
    assert "lorem/ipsum is read as lab/lorem/ipsum (entity from WANDB_ENTITY)" in done.err
    done = wait("ipsum", WANDB_PROJECT="lorem")
    assert "ipsum is read as lab/lorem/ipsum (entity from the API key, project from WANDB_PROJECT)" in done.err


@pytest.mark.parametrize(
    ("fault", "status", "says"), [("reset", 1, "The connection to "), ("key-refused", 3, "refused the API key")]
)
def test_where_the_keys_entity_cannot_be_asked_for_the_cause_is_named(sandbox, wait, fault, status, says):
    sandbox.set_faults(fault)
    done = wait("abc", WANDB_PROJECT="forks")
    assert done.status == status
    assert says in done.err
    assert "no entity" not in done.err


def test_a_sentence_on_stdin_is_refused_as_a_whole(wait):
    done = wait("-", stdin="lorem ipsum dolor sit amet\n", WANDB_ENTITY="lab", WANDB_PROJECT="forks")
    assert done.status == 2
    assert "“lorem ipsum dolor sit amet” does not look like a run's address." in done.err


def test_a_run_that_is_never_exported_times_out(sandbox, wait):
    sandbox.set_faults("export-never")
    done = wait("lab/forks/def", "--timeout", "3", "--interval", "1")
    assert done.status == 4
    assert "Timeout reached after 3 s" in done.lines[-1]


def test_a_refused_key_is_distinguished(wait):
    done = wait("lab/forks/def", WANDB_API_KEY="x" * 40)
    assert done.status == 3
    assert "refused the API key" in done.lines[-1]


def test_a_server_that_is_down_times_out(wait):
    done = wait("lab/forks/def", "--timeout", "3", WANDB_BASE_URL="http://127.0.0.1:9")
    assert done.status == 4
    assert "Nothing listens" in done.out


def test_a_server_that_says_nothing_is_named_meanwhile(wait):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = wait("lab/forks/def", "--json", "--timeout", "3", WANDB_BASE_URL=server)
    assert done.status == 4
    assert f"Asking {server}: no answer yet\n" in done.err
    assert [event["state"] for event in done.events] == ["waiting", "timed-out"]
    assert done.events[-1]["message"].endswith("the server has not answered")


def test_no_browser_is_one_clear_sentence(wait):
    done = wait("lab/forks/def", WANDB_TUI_BROWSER="/nowhere/chromium")
    assert done.status in {1, 3}
    assert "/nowhere/chromium" in done.lines[-1]


def test_with_a_key_alone_it_warns_and_visits_signed_out(sandbox, wait):
    done = wait("lab/public-forks/open", "--interval", "1", WANDB_VIEWER_MAIL="", WANDB_VIEWER_PW="")
    assert done.status == 0, done.out + done.err
    assert "signed out" in done.err


def test_a_private_run_seen_signed_out_ends_with_what_is_missing(sandbox, wait):
    sandbox.set_faults("export-never")
    done = wait("lab/forks/def", "--json", "--timeout", "0", WANDB_VIEWER_MAIL="", WANDB_VIEWER_PW="")
    assert done.status == 3
    last = done.events[-1]
    assert "cannot be seen without signing in. Run wandb-tui login" in last["message"]
    assert sum("Visiting run page" in event["message"] for event in done.events) == 1


def test_with_nothing_at_all_it_is_refused(wait):
    done = wait("lab/forks/def", WANDB_VIEWER_MAIL="", WANDB_VIEWER_PW="", WANDB_API_KEY="")
    assert done.status == 3
    assert "no API key" in done.err


BAD = {
    ("",): "empty",
    ("lab/forks/a:b",): "cannot contain “:”",
    ("lab/forks/*", "tag:hero"): "Write 'lab/forks/* tag:hero' for",
    ("https://wandb.ai/lab/forks/runs/abc",): "127.0.0.1",
    ("lab/forks/" + "x" * 300,): "no history artifact",
    ("lab/forks/workspace/x",): "a workspace",
    ("lab/forks/def", "--until", "soon"): "not a goal",
    ("lab/forks/def", "--timeout", "-1"): "--timeout",
    ("lab/forks/def", "--interval", "x"): "--interval",
    ("lab/forks/def", "--nonsense"): "--nonsense",
}
ALL_OF_THEM = """
import json, sys
from wandb_tui.cli import main
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["wandb-tui", "wait", *arguments]
    try:
        main()
    except SystemExit as end:
        print("status", end.code, file=sys.stderr, flush=True)
"""


@pytest.fixture(scope="module")
def refused(sandbox, tmp_path_factory):
    """The text on stderr for each bad usage, all of them in one process."""
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_THEM, json.dumps(list(BAD))],
        env=environment(sandbox, tmp_path_factory.mktemp("bad")),
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )
    assert not done.stdout
    parts = re.split(r"(?<=^status \d)\n", done.stderr, flags=re.MULTILINE)
    return dict(zip(BAD, parts, strict=False))


@pytest.mark.parametrize("arguments", BAD, ids=lambda arguments: " ".join(arguments)[:40] or "empty")
def test_bad_usage(refused, arguments):
    assert BAD[arguments] in refused[arguments]
    assert refused[arguments].endswith("status 2")


def test_runs_from_stdin_any_and_exec(sandbox, wait, tmp_path):
    sandbox.context.exports.start(find(sandbox, "forks", "ghi"), delay=0)
    sandbox.set_faults("export-never")
    command = f'echo "$WANDB_TUI_RUN_ID $WANDB_TUI_ARTIFACT" >> {tmp_path}/ran.txt'
    done = wait("-", "--any", "--no-visit", "--exec", command, stdin="lab/forks/def\nforks/ghi\n")
    assert done.status == 0, done.out + done.err
    assert (tmp_path / "ran.txt").read_text().split() == ["ghi", "lab/forks/run-ghi-history:v0"]


def test_of_several_the_gravest(wait):
    done = wait("lab/forks/def", "lab/nope/x", "--no-visit", "--timeout", "2")
    assert done.status == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it(sandbox, tmp_path, number):
    sandbox.set_faults("export-never")
    out = tmp_path / "out.txt"
    with out.open("w") as file:
        process = subprocess.Popen(
            [*COMMAND, "lab/forks/def", "--json"],
            env=environment(sandbox, tmp_path),
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
        )
        until(lambda: "loaded" in out.read_text())
        children = descendants(process.pid)
        process.send_signal(number)
        assert process.wait(HANG_S) == 130
    assert "Traceback" not in out.read_text()
    assert children
    until(lambda: not [pid for pid in children if alive(pid)])


def test_the_third_signal_leaves_no_command_behind(sandbox, tmp_path):
    """Not even one that ignores SIGTERM; what has left for a session of its own is not ours any more."""
    out, pids = tmp_path / "out.txt", tmp_path / "pids"
    command = f"trap '' TERM INT; setsid sleep 60 & echo $! > {pids}; sleep 61 & echo $! $$ >> {pids}; wait"
    with out.open("w") as file:
        process = subprocess.Popen(
            [*COMMAND, export_run(sandbox, "ready"), "--no-visit", "--exec", command],
            env=environment(sandbox, tmp_path),
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
        )
        until(lambda: pids.exists() and len(pids.read_text().split()) == 3)
        detached, *ours = map(int, pids.read_text().split())
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        assert process.wait(60) == 130
    until(lambda: not [pid for pid in ours if alive(pid)])
    assert alive(detached)
    os.kill(detached, signal.SIGKILL)
    assert "Traceback" not in out.read_text()


def test_kill_9_leaves_no_browser_behind(sandbox, tmp_path):
    sandbox.set_faults("export-never")
    out = tmp_path / "out.txt"
    with out.open("w") as file:
        process = subprocess.Popen(
            [*COMMAND, "lab/forks/def"],
            env=environment(sandbox, tmp_path),
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
        )
        until(lambda: "loaded" in out.read_text())
        children = descendants(process.pid)
        process.kill()
        process.wait(HANG_S)
    assert children
    until(lambda: not [pid for pid in children if alive(pid)])
