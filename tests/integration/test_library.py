"""The library as experiments use it: a script of its own, the real SDK, the real browser, a sandbox over HTTP."""

import subprocess
import sys

import pytest

from wandb_tui.sandbox import Sandbox, SandboxConfig


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=1)) as sandbox:
        yield sandbox


BASIC = """
from wandb_tui import SimpleWandBMonitor, WandBCredentials
logged(id="{id}")
credentials = WandBCredentials(username=os.environ["WANDB_VIEWER_MAIL"], password=os.environ["WANDB_VIEWER_PW"])
monitor = SimpleWandBMonitor(credentials, headless=True)
assert monitor.login()
assert monitor.visit_run_page(ENTITY, PROJECT, "{id}")
assert monitor.monitor_artifact_availability(ENTITY, PROJECT, "{id}")
monitor.cleanup()
"""

THREADED = """
from wandb_tui import SimpleWandBMonitor, WandBCredentials
run1 = logged()
credentials = WandBCredentials(username=os.environ["WANDB_VIEWER_MAIL"], password=os.environ["WANDB_VIEWER_PW"])
monitor = SimpleWandBMonitor(credentials, headless=True)
if monitor.login():
    thread = monitor.run_threaded_monitor(
        entity=ENTITY, project=PROJECT, run_id=run1.id, check_interval=5.0, max_wait_time=300.0
    )
    # At once: the SDK tries again by itself while the server says that it is not ready, and the monitor sees to that.
    run2 = wandb.init(entity=ENTITY, project=PROJECT, fork_from=f"{run1.id}?_step=200")
    run2.log({"metric": -1})
    run2.finish()
    print("forked", run2.id != run1.id)
    thread.join(timeout=60)
    assert not thread.is_alive()
    monitor.cleanup()
"""


def test_the_basic_example(script):
    text = script(BASIC.replace("{id}", "basic"))
    for sign in "🔐🌐🔍🎉":
        assert sign in text


def test_logging_monitoring_and_forking_in_one_script(script):
    assert "forked True" in script(THREADED)


def test_a_wrong_password_is_false_and_never_a_traceback(script, sandbox):
    before = sandbox.stats()["sign_in_attempts"]
    text = script(
        """
from wandb_tui import SimpleWandBMonitor, WandBCredentials
monitor = SimpleWandBMonitor(WandBCredentials(username=os.environ["WANDB_VIEWER_MAIL"], password="wrong"))
print("first", monitor.login())
print("second", monitor.login())
monitor.cleanup()
"""
    )
    assert "first False" in text
    assert "second False" in text
    assert sandbox.stats()["sign_in_attempts"] - before == 1


def test_callbacks_context_and_several_runs_with_one_monitor(script, sandbox):
    before = sandbox.stats()["sign_ins"]
    text = script(
        """
from wandb_tui import MonitorStatus, RunMonitor
ids = [logged(5, id=f"several{i}").id for i in range(3)]
seen = []
with RunMonitor(callback=lambda status, data: seen.append((status, data["run"], data["message"]))) as monitor:
    futures = [monitor.watch(f"lab/forks/{id}", check_interval=1.0) for id in ids]
    results = [future.result(60) for future in futures]
for result, id in zip(results, ids):
    assert result.success and result.artifact_available and result.error_message is None, result
    assert result.artifact_name == f"lab/forks/run-{id}-history:v0"
    assert result.wait_time > 0
assert {status for status, run, _ in seen if run} >= set(MonitorStatus) - {MonitorStatus.TIMEOUT}
assert all(message.startswith(status.emoji) for status, _, message in seen)
print("done")
"""
    )
    assert "done" in text
    assert sandbox.stats()["sign_ins"] - before == 1


def test_the_one_call_forms(script):
    text = script(
        """
import pyarrow.parquet as pq
from wandb_tui import download_history, fork_when_ready, wait_for_history
run = logged(id="onecall")
assert wait_for_history(run, timeout=60).artifact_name.endswith(":v0")
child = fork_when_ready("lab/forks/onecall", step=200, timeout=60)
child.log({"metric": -1})
child.finish()
files = download_history("lab/forks/onecall", "history", timeout=60)
table = pq.read_table(files[0])
assert table.num_rows == 300 and table["_step"].to_pylist() == list(range(300))
print("done", files[0].name)
"""
    )
    assert "done 0000.parquet" in text


def test_errors_are_typed(script):
    text = script(
        """
from wandb_tui import *
from wandb_tui import wait_for_history
logged(1, id="errors")
for kind, run, options in [
    (RunNotFoundError, "lab/nope/x", {}),
    (ApiKeyError, "lab/forks/errors", {"api_key": "x" * 40}),
    (SignInError, "lab/forks/errors", {"credentials": WandBCredentials(os.environ["WANDB_VIEWER_MAIL"], "wrong")}),
    (NoBrowserError, "lab/forks/errors", {}),
    (WaitTimeoutError, "lab/forks/errors", {"timeout": 1.0, "visit": False}),
]:
    os.environ["WANDB_TUI_BROWSER"] = "/nowhere" if kind is NoBrowserError else ""
    try:
        wait_for_history(run, **options)
    except WandbTuiError as error:
        assert type(error) is kind, error
        assert kind is not SignInError or error.problem is SignInProblem.WRONG_PASSWORD, error.problem
        assert kind is not WaitTimeoutError or error.__cause__ is None, error.__cause__
        assert "wrong" not in repr(error) or kind is SignInError
        print(kind.__name__)
"""
    )
    assert text.split() == [
        "RunNotFoundError",
        "ApiKeyError",
        "SignInError",
        "NoBrowserError",
        "WaitTimeoutError",
    ]


def test_a_group_waits_for_any_and_for_all(script):
    text = script(
        """
from wandb_tui import MonitorGroup
for i in range(2):
    logged(5, id=f"group{i}")
with MonitorGroup(check_interval=1.0) as group:
    group.add("lab/forks/group0")
    group.add("lab/forks/group1")
    group.add("lab/forks/never", max_wait_time=2)
    assert any(result.success for result in group.wait_any(60).values()) or group.results
    results = group.wait_all(60)
print(sorted((run.run_id, result.success) for run, result in results.items()))
"""
    )
    assert "[('group0', True), ('group1', True), ('never', False)]" in text


def test_importing_the_package_is_cheap():
    heavy = "('wandb', 'textual', 'playwright', 'keyring', 'requests', 'click')"
    code = f"import sys, wandb_tui; dir(wandb_tui); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there():
    import wandb_tui

    assert all(hasattr(wandb_tui, name) for name in wandb_tui.__all__)


def test_credentials_never_show_the_password():
    from wandb_tui import WandBCredentials

    credentials = WandBCredentials(username="me", password="s3cret-word")
    assert "s3cret-word" not in repr(credentials) + str(credentials)


def test_waiting_is_interruptible(script):
    script(
        """
import _thread, signal
from wandb_tui import wait_for_history
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background hands it down ignored
logged(1, id="interrupted")
threading.Timer(3, _thread.interrupt_main).start()
try:
    wait_for_history("lab/forks/interrupted", until="v9", timeout=1000)
except KeyboardInterrupt:
    print("interrupted")
"""
    )
