"""Python with the SDK imported, from which scripts are forked: that import takes longer than most of them run.

Each script is a process of its own, with an environment, a folder and an output of its own. A script that is about the
import itself, or about signals and leftovers, starts a new Python.
"""

import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys

# Prefixes of variables that only count when Python starts, or when libraries are loaded.
_AT_START = ("PYTHON", "LD_", "OPENBLAS_", "OMP_", "LC_", "LANG", "TZ", "TMPDIR")
# A test may change these for its scripts.
_ELSE = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"WANDB_ERROR_REPORTING": "false"}
_SERVER = """
import gc, os, signal, socket, sys, tempfile

def reach_script(control):
    # Here, in the process of a script, comes back what that is to run; nowhere else.
    while True:
        _, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not descriptors:
            return ""
        if os.fork() == 0:
            return prepare(control, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)

def prepare(control, link, out):
    import json
    control.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    link = socket.socket(fileno=link)
    given = json.loads(link.makefile("r").readline())
    pid = os.fork()
    if pid:
        try:
            link.sendall(f"{pid}\\n".encode())
            _, status = os.waitpid(pid, 0)
            link.sendall(f"{os.waitstatus_to_exitcode(status)}\\n".encode())
        finally:
            # Even where the test listens no longer.
            os._exit(0)
    link.close()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(ours, theirs)
    os.close(nothing)
    os.close(out)
    os.chdir(given["cwd"])
    os.environ.clear()
    os.environ.update(given["environ"])
    for folder in folders:
        folder._finalizer.detach()
        folder.__init__()
    return given["source"]

def run(source):
    main = sys.modules["__main__"] = type(sys)("__main__")
    exec(compile(source, "<string>", "exec"), main.__dict__)

control = socket.socket(fileno=int(sys.argv.pop()))
import requests, wandb
wandb.Api
# Made by the SDK's import for media; each process has its own, and removes it.
folders = [one for one in gc.get_objects() if type(one) is tempfile.TemporaryDirectory]
# The processes that wait for the scripts are reaped by the kernel.
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
run(reach_script(control))
"""


class WarmPython:
    """One such Python."""

    def __init__(self, flags, environ):
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *flags, "-c", _SERVER, str(theirs.fileno())],
                env=environ,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self.close)

    def close(self):
        self._control.close()
        self._process.wait()

    @property
    def ended(self):
        return self._process.poll() is not None

    def run(self, source, environ, cwd, out, timeout):
        """Run a script whose output goes to a file; returns its status as `subprocess` gives it."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            socket.send_fds(self._control, [b"x"], [theirs.fileno(), out.fileno()])
            theirs.close()
            ours.settimeout(timeout)
            ours.sendall(json.dumps({"source": source, "environ": environ, "cwd": str(cwd)}).encode() + b"\n")
            with ours.makefile("r") as told:
                pid = int(told.readline())
                try:
                    return int(told.readline())
                except BaseException:
                    # Too late, or the test itself was ended.
                    os.kill(pid, signal.SIGKILL)
                    raise


@functools.cache
def _warm_python(flags, environ):
    return WarmPython(flags, dict(environ))


def run_script(source, *, environ, cwd, out, timeout, flags=()):
    """Run a Python program that uses the SDK, with this environment only; returns its status.

    The SDK's service process keeps its parent's pipes open for longer than the parent lives, so output goes to a file.
    """
    at_start = {name: value for name, value in environ.items() if name.startswith(_AT_START)}
    key = (tuple(flags), tuple(sorted({**_ELSE, **at_start}.items())))
    if _warm_python(*key).ended:
        _warm_python.cache_clear()
    return _warm_python(*key).run(source, environ, cwd, out, timeout)
