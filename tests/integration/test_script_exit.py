"""A script that uses the library is ended from outside: no browser, no service process, no complaint is left."""

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from tests.integration.browser_support import children
from tests.integration.scripts import LOG, export_run, script_environment
from tests.integration.terminal import alive, ended
from tests.stopwatch import HANG_S, until
from wandb_tui.sandbox import Sandbox, SandboxConfig

SCRIPT = """
import asyncio, multiprocessing, sys
from wandb_tui import MonitorGroup, RunMonitor, wait_for_history
def worker():
    time.sleep(3600)
def say(*words):
    # As a line of its own, in one piece: the monitor's thread writes, too.
    sys.stdout.write("\\n" + " ".join(map(str, words)) + "\\n")
    sys.stdout.flush()
def main():
    logged(1)
    monitor = RunMonitor()
    thread = monitor.run_threaded_monitor("lab", "forks", "never", max_wait_time=0)
    while not monitor._wiring.visitor.signed_in():
        time.sleep(0.05)
    if "fork" in sys.argv:
        child = multiprocessing.get_context("fork").Process(target=worker)
        child.start()
        say("child", child.pid)
    say("up")
    WAIT
"""
THREADED = "thread.join()"
AWAITED = """
    async def awaited():
        async with MonitorGroup(max_wait_time=0) as group:
            await group.add("lab/forks/never")
            await group.wait_all()
    asyncio.run(awaited())
"""
ONE_CALL = 'wait_for_history("lab/forks/never", timeout=0)'
END = """
try:
    main()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise SystemExit(130)
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.3)) as sandbox:
        export_run(sandbox, "never", exported=False)
        sandbox.set_faults("export-never")
        yield sandbox


@pytest.fixture
def running(sandbox, tmp_path):
    """Starts the script; gives its process, its output file and the worker it forked; both are ended afterwards."""
    workers, started = [], contextlib.ExitStack()

    def start(waiting, *, fork):
        out = tmp_path / "out.txt"
        # A shell in the background hands Ctrl-C down ignored; the script is to be as in the foreground.
        source = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        source += LOG + SCRIPT.replace("WAIT", waiting.strip("\n").lstrip() if "\n" not in waiting else waiting.strip())
        with out.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-X", "dev", "-W", "ignore::ResourceWarning", "-c", source + END, *(["fork"] * fork)],
                env=script_environment(sandbox, tmp_path),
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        started.enter_context(ended(process))
        until(lambda: "up" in out.read_text().splitlines() or process.poll() is not None, seconds=60)
        text = out.read_text()
        assert "up" in text.splitlines(), text
        if fork:
            workers.append(int(text.split("child ")[1].split()[0]))
        return process, out, workers[-1] if fork else None

    with started:
        yield start
    for pid in workers:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("number", "waiting", "fork"),
    [
        (signal.SIGINT, THREADED, False),
        (signal.SIGINT, AWAITED, False),
        (signal.SIGINT, ONE_CALL, True),
        (signal.SIGTERM, THREADED, True),
        # With a forked child, which has to live on as well, below.
        pytest.param(signal.SIGKILL, THREADED, False, marks=pytest.mark.long),
        (signal.SIGKILL, ONE_CALL, True),
    ],
)
def test_nothing_lives_on(running, number, waiting, fork):
    process, out, worker = running(waiting, fork=fork)
    below = {pid: line for pid, line in children(process.pid).items() if pid != worker}
    assert any("chrom" in line for line in below.values()), below
    assert any("wandb-core" in line for line in below.values()), below
    process.send_signal(number)
    if number == signal.SIGINT and fork:
        # Python joins what multiprocessing started, so a script that is interrupted ends its workers.
        os.kill(worker, signal.SIGKILL)
    process.wait(HANG_S)
    # While a forked child holds the SDK's socket, the SDK's service finds out by itself, with time, that we are gone.
    services = {pid for pid, line in below.items() if "wandb-core" in line and fork}
    until(lambda: not any(map(alive, below.keys() - services)))
    until(lambda: not any(map(alive, services)))
    assert number == signal.SIGINT or worker is None or alive(worker), "the worker lived on meanwhile"
    text = out.read_text()
    assert "never retrieved" not in text
    assert "was destroyed but it is pending" not in text
    assert "Traceback" not in text, text
    assert number != signal.SIGINT or "interrupted" in text
