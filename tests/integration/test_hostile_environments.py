"""The real program in environments that hold something back: one sentence names it, and the exit status is right."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.browser_support import add_run
from tests.integration.scripts import export_run
from tests.integration.test_wait import environment
from tests.kernel_errors import FILTER
from wandb_tui.core.errors import internal_error
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.browser.driver import driver_environment, driver_problem
from wandb_tui.services.browser.start_problem import start_problem

PROGRAM = str(Path(sys.executable).with_name("wandb-tui"))
WAIT = [PROGRAM, "wait", "lab/forks/abc", "--no-visit", "--timeout", "20"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits, signals and descriptors of POSIX")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.2)) as sandbox:
        export_run(sandbox, "abc", steps=5)
        yield sandbox


class Outcome:
    def __init__(self, done):
        self.status = done.returncode
        self.out, self.err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        assert "Traceback" not in self.err, self.err
        assert "Logging error" not in self.err, self.err


@pytest.fixture
def shell(sandbox, tmp_path):
    """Runs a line of shell as a user of the sandbox would."""

    def run(line, stdin=subprocess.DEVNULL, **more):
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        done = subprocess.run(
            ["bash", "-c", line],
            env=environment(sandbox, home, **more),
            cwd=tmp_path,
            stdin=stdin,
            capture_output=True,
            timeout=150,
            check=False,
        )
        return Outcome(done)

    return run


def check_of(outcome, name):
    """One check of ``doctor --json``."""
    return next(check for check in map(json.loads, outcome.out.splitlines()) if check["name"] == name)


@pytest.fixture
def small_disk(tmp_path):
    """A full folder, on a file system of its own; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=64k", "wandb-tui-test", str(folder)]
    if not shutil.which("mount") or subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    filling = folder / "filling"
    with pytest.raises(OSError, match="space"):
        filling.write_bytes(b"x" * 100_000)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


# The browser and its driver


def test_options_of_node_do_not_reach_the_driver(monkeypatch, shell):
    monkeypatch.setenv("NODE_OPTIONS", "--require /no/such/file")
    assert driver_problem() is None
    hostile = {"NODE_OPTIONS": "-r x", "NODE_PATH": "/x", "NODE_CHANNEL_FD": "9", "OPENSSL_CONF": "/x", "DEBUG": "pw:*"}
    kept = {
        "NODE_EXTRA_CA_CERTS": "/lab.pem",
        "NODE_COMPILE_CACHE": "/c",
        "PATH": "/bin",
        "PLAYWRIGHT_BROWSERS_PATH": "/b",
    }
    assert driver_environment({**hostile, **kept, "WANDB_API_KEY": "k"}) == kept
    done = shell(shlex.join([PROGRAM, "doctor", "--json"]), NODE_OPTIONS="--require /no/such/file")
    assert check_of(done, "browser")["mark"] == "good", done.out


@pytest.mark.parametrize(
    ("hostile", "environ", "says", "hint"),
    [
        ("ulimit -n 16", {}, "it may not open enough files (ulimit -n is 16)", "ulimit -n 1024"),
        ("ulimit -v 6000000", {}, "virtual memory than is allowed here (ulimit -v is 6,000,000 KB)", "ulimit -v"),
        ("", {"TMPDIR": "/no/such/folder"}, "nothing can be written to /no/such/folder", "Set TMPDIR"),
        ("", {"PLAYWRIGHT_NODEJS_PATH": "/no/node"}, "PLAYWRIGHT_NODEJS_PATH names /no/node", "unset it"),
        ("", {"PLAYWRIGHT_NODEJS_PATH": "/bin/true"}, "names /bin/true, which is no Node.js that works", "unset it"),
    ],
    ids=["open files", "address space", "temporary folder", "no Node.js", "another program"],
)
def test_a_browser_that_cannot_start_is_explained(shell, hostile, environ, says, hint):
    done = shell(f"{hostile}\n{shlex.join([PROGRAM, 'doctor', '--json'])}", **environ)
    browser = check_of(done, "browser")
    assert browser["mark"] == "bad"
    assert says in browser["message"]
    assert hint in browser["hint"]
    assert done.status == 1


@pytest.fixture
def container():
    """Makes the beginning of a line of shell that runs the rest under a limit of a control group."""
    made = []

    def limited(controller, limit, value):
        for folder in (Path("/sys/fs/cgroup") / controller, Path("/sys/fs/cgroup")):
            group = folder / f"wandb-tui-test-{os.getpid()}"
            with contextlib.suppress(OSError):
                group.mkdir()
                made.append(group)
                (group / limit[folder.name == "cgroup"]).write_text(str(value))
                return f"echo $$ > {group}/cgroup.procs && exec "
        pytest.skip("no control group can be made here")

    yield limited
    for group in made:
        # The processes started in it may take a moment to end.
        for _ in range(100):
            with contextlib.suppress(OSError):
                group.rmdir()
            if not group.exists():
                break
            time.sleep(0.1)


VISIT = [PROGRAM, "wait", "lab/forks/unseen", "--timeout", "60"]


@pytest.fixture
def unseen(sandbox):
    """A run that only a visit gets exported."""
    context = sandbox.context
    run = context.state.create_run(context.state.ensure_project("lab", "forks")[0], "unseen", None)
    context.histories.append(run, "wandb-history.jsonl", 0, ['{"_step": 0}'])
    yield
    context.state.delete_run(run)


@pytest.mark.parametrize(
    ("most", "says"),
    [
        (1, "wandb-tui: The system allows no more threads. Raise the limit"),
        (8, "the system allows no more processes or threads (the container's limit is 8). Raise the limit"),
        # Playwright's driver runs, and no browser beside it. With 30 a visit may now and then be made.
        (18, "the system allows no more processes or threads (the container's limit is 18). Raise the limit"),
    ],
)
def test_a_containers_limit_of_processes_is_named(shell, container, unseen, most, says):
    done = shell(container("pids", ("pids.max", "pids.max"), most) + shlex.join(VISIT))
    assert done.status == 1
    assert says in done.out + done.err


def test_a_browser_that_the_containers_limit_of_memory_kills_is_no_matter_of_the_network(shell, container, unseen):
    line = container("memory", ("memory.limit_in_bytes", "memory.max"), 150_000_000) + shlex.join(VISIT)
    done = shell(line)
    # 3 where the password had been sent by then.
    assert done.status in {1, 3}
    assert "it was killed because this container may use only 150 MB of memory" in done.out


def test_a_mask_that_takes_all_rights_away_is_not_the_browsers(shell):
    done = shell(f"umask 0777; {shlex.join([PROGRAM, 'doctor', '--json'])}")
    assert check_of(done, "browser")["mark"] == "good", done.out


def test_a_missing_proc_is_named(shell):
    without = "unshare --mount bash -c 'umount --lazy /proc; exec {}'"
    if shell(without.format("true")).status:
        pytest.skip("no namespace of mounts can be made here")
    browser = check_of(shell(without.format(shlex.join([PROGRAM, "doctor", "--json"]))), "browser")
    assert browser["mark"] == "bad"
    assert browser["message"].endswith("does not start: it needs /proc, which is not mounted here.")


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("error while loading shared libraries: libnss3.so: cannot open", "the system library libnss3.so is missing"),
        ("EROFS: read-only file system, mkdtemp '/tmp/playwright-1'", "nothing can be written to /tmp (read-only"),
        ("ENOSPC: no space left on device, mkdtemp '/scratch/playwright-1'", "the disk of /scratch is full"),
        ("spawn /usr/bin/chromium EMFILE", "it may not open enough files"),
        ("spawn /usr/bin/chromium EAGAIN", "the system allows no more processes or threads"),
        ("FATAL ERROR: Failed to reserve virtual memory for CodeRange", "there is not enough memory"),
    ],
)
def test_the_cause_is_read_from_what_a_program_printed(output, says):
    assert start_problem(output).reason.startswith(says)
    assert start_problem("exit code 7") is None


def test_memory_that_ends_is_no_failure_of_ours():
    assert str(internal_error(MemoryError())).startswith("There is not enough memory. Free some, or raise the limit")


def test_a_thread_that_finds_no_room_for_its_stack_names_both_limits(shell):
    source = "from wandb_tui.services.browser.start_problem import start_problem; print(start_problem('EAGAIN').reason)"
    done = shell(f"ulimit -u 50000; ulimit -v 900000; {shlex.join([sys.executable, '-c', source])}")
    assert "(ulimit -u is 50000, ulimit -v is 900,000 KB)" in done.out


# Folders and files


def test_a_full_disk_under_the_home_costs_only_what_is_kept(shell, small_disk):
    done = shell(shlex.join(WAIT), HOME=str(small_disk))
    assert done.status == 0, done.err
    files = check_of(shell(shlex.join([PROGRAM, "doctor", "--json"]), HOME=str(small_disk)), "files")
    assert files["mark"] == "warning"
    assert "nothing can be saved in" in files["message"]
    assert "(No space left on device)" in files["message"]


FORK_WITHOUT_SERVICE = """
from wandb.sdk.lib.service import service_process
from wandb_tui import fork_when_ready
service_process.get_core_path = lambda: "/bin/false"
try:
    fork_when_ready("lab/forks/abc", 2, timeout=100)
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="seccomp is Linux's")
def test_waiting_says_once_that_two_sign_ins_cannot_wait_for_each_other(shell, sandbox):
    add_run(sandbox, "unlocked")
    source = "from wandb_tui.cli import cli; cli.main(prog_name='wandb-tui')"
    refusing = [sys.executable, "-c", FILTER, str(errno.ENOLCK), source]
    done = shell(shlex.join([*refusing, "wait", "lab/forks/unlocked", "--json", "--timeout", "100"]))
    assert (done.status, json.loads(done.out.splitlines()[-1])["state"]) == (0, "available")
    [warning] = done.err.splitlines()
    assert "cannot lock files (No locks available): run one wandb-tui at a time, or set XDG_STATE_HOME" in warning


def test_a_service_of_the_sdk_that_cannot_start_is_named_at_once(shell):
    done = shell(shlex.join([sys.executable, "-c", FORK_WITHOUT_SERVICE]))
    assert "WandbTuiError The W&B SDK cannot start its service process here: wandb-core exited with code 1." in done.out


FORKS_WITH_SERVICE_KILLED = """
import os, signal
from pathlib import Path
from wandb_tui import fork_when_ready
for name in ("first", "second"):
    with fork_when_ready("lab/forks/abc", 2, id=name, timeout=100) as run:
        run.log({"metric": 1})
    for task in Path("/proc/self/task").glob("*/children"):
        for pid in task.read_text().split():
            if "wandb-core" in Path("/proc", pid, "cmdline").read_text():
                os.kill(int(pid), signal.SIGKILL)
    print("forked", run.id, flush=True)
"""


def test_a_service_of_the_sdk_that_was_killed_is_replaced(shell):
    done = shell(shlex.join([sys.executable, "-c", FORKS_WITH_SERVICE_KILLED + "os._exit(0)"]), WANDB_SILENT="true")
    assert done.out.split() == ["forked", "first", "forked", "second"], done.out + done.err


def test_a_pyarrow_that_cannot_be_loaded_is_as_good_as_none(shell, sandbox, tmp_path):
    package = tmp_path / "broken" / "pyarrow"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('libarrow.so: failed to map segment')")
    sandbox.set_faults("no-parquet-history")
    try:
        wait = shell(shlex.join([*WAIT[:-1], "3", "--until", "step:2"]), PYTHONPATH=str(package.parent))
    finally:
        sandbox.set_faults()
    assert wait.status == 4
    assert "(pyarrow cannot be loaded (libarrow.so: failed to map segment))" in wait.out
    line = [PROGRAM, "download", "lab/forks/abc", "--to", str(tmp_path), "--format", "csv"]
    hindered = {"PYTHONPATH": str(package.parent)}
    assert "needs pyarrow, which cannot be loaded (libarrow.so" in shell(shlex.join(line), **hindered).err
    as_they_are = shell(shlex.join(line[:-2]), **hindered)
    assert as_they_are.status == 0
    assert "index.parquet is not written, as that needs pyarrow, which cannot be loaded (libarrow" in as_they_are.err


def test_waiting_needs_no_current_folder(shell):
    assert shell(f"mkdir gone; cd gone; rmdir ../gone; {shlex.join(WAIT)}").status == 0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        ("mkdir {}", "is not a file. Move it away"),
        ("mkfifo {}", "is not a file. Move it away"),
        (r"printf 't\0\377' > {}", "is not UTF-8 (at byte 2). Save it as UTF-8."),
        ("ln -s {} {}", "cannot be read: Too many levels of symbolic links."),
    ],
    ids=["folder", "pipe", "bytes", "loop"],
)
def test_settings_that_are_no_text(shell, tmp_path, make, says):
    folder = tmp_path / "home" / ".config" / "wandb-tui"
    folder.mkdir(parents=True)
    done = shell(f"{make.replace('{}', str(folder / 'settings.toml'))}; {shlex.join(WAIT)}")
    assert done.status == 2
    assert f"{folder / 'settings.toml'} {says}" in done.err


def test_settings_with_a_byte_order_mark_are_read(shell, tmp_path):
    folder = tmp_path / "home" / ".config" / "wandb-tui"
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_text("\ufeffentity = 'lab'\nproject = 'forks'\n", encoding="utf-8")
    done = shell(shlex.join([PROGRAM, "wait", "abc", "--no-visit", "--timeout", "20"]))
    assert done.status == 0, done.err
    assert "abc is read as lab/forks/abc (entity from settings.toml, project from settings.toml)" in done.err


# Descriptors and signals


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors(shell, closed):
    assert shell(f"{shlex.join(WAIT)} {closed}").status == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("buffered", ["", "PYTHONUNBUFFERED=1 "])
@pytest.mark.parametrize("arguments", [WAIT, [*WAIT, "--json"], [PROGRAM, "--help"], [PROGRAM, "doctor", "--json"]])
def test_a_full_disk_under_the_output(shell, arguments, buffered):
    done = shell(f"{buffered}{shlex.join(arguments)} > /dev/full")
    assert done.status == 1
    assert "wandb-tui: The output cannot be written: No space left on device." in done.err
    assert shell(f"{buffered}{shlex.join(arguments)} > /dev/full 2> /dev/full").status == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize(
    ("arguments", "status"), [(["wait", "--no-such-option"], 2), (["tree", "lab/no-such-project"], 1)]
)
def test_an_error_that_cannot_be_written_still_has_its_status(shell, arguments, status):
    command = shlex.join([PROGRAM, *arguments])
    assert shell(command).status == status
    assert shell(f"{command} 2> /dev/full").status == status


def test_an_ignored_sigchld_hides_no_status(shell):
    done = shell(f"trap '' CHLD; exec {shlex.join([*WAIT, '--exec', 'exit 7'])}")
    assert done.status == 5
    assert "The command for lab/forks/abc ended with status 7." in done.err


def test_a_blocked_signal_still_ends_the_waiting(shell):
    blocked = """
import os, sys
from signal import SIG_BLOCK, SIGTERM, pthread_sigmask
pthread_sigmask(SIG_BLOCK, [SIGTERM])
os.execv(sys.argv[1], sys.argv[1:])
"""
    command = [sys.executable, "-c", blocked, PROGRAM, "wait", "lab/forks/nowhere", "--until", "v7", "--timeout", "0"]
    done = shell(f"{shlex.join([*command, '--no-visit', '--host', 'http://127.0.0.1:9'])} & sleep 5; kill $!; wait $!")
    assert done.status == 130


# The interpreter and the language


@pytest.mark.parametrize(
    "environ",
    [
        {"PYTHONOPTIMIZE": "2"},
        {"PYTHONWARNINGS": "error"},
        {"PYTHONSAFEPATH": "1"},
        {"PYTHONDEVMODE": "1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "xx_YY.UTF-9", "TZ": "Nowhere/None"},
        {"TERM": "dumb", "COLUMNS": "abc", "LINES": "-3"},
        {"XDG_RUNTIME_DIR": "/no/such", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/no/such"},
    ],
    ids=" ".join,
)
def test_variables_that_change_how_programs_run(shell, environ):
    done = shell(shlex.join(WAIT), **environ)
    assert done.status == 0, done.err
    assert "Warning" not in done.err
