"""Run a Python program under a kernel that refuses certain calls, as some file systems and clusters do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.stopwatch import HANG_S

ROOT = Path(__file__).resolve().parents[1]

# The program installs a seccomp filter for itself, then runs its argument. Only Linux on x86-64 and AArch64.
FILTER = r"""
import ctypes, platform, struct, sys
ARCH = {"x86_64": (0xC000003E, {"flock": 73, "fcntl": 72}), "aarch64": (0xC00000B7, {"flock": 32, "fcntl": 25})}
arch, numbers = ARCH[platform.machine()]
LOCK_COMMANDS = (5, 6, 7, 36, 37, 38)  # F_GETLK, F_SETLK, F_SETLKW and those for open file descriptions
LOAD, EQUALS, RETURN, ALLOW = 0x20, 0x15, 0x06, 0x7FFF0000
refuse = 0x00050000 | int(sys.argv[1])
code = [(LOAD, 0, 0, 4), (EQUALS, 1, 0, arch), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, 0)]
code += [(EQUALS, 0, 1, numbers["flock"]), (RETURN, 0, 0, refuse)]
code += [(EQUALS, 1, 0, numbers["fcntl"]), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, 24)]
for command in LOCK_COMMANDS:
    code += [(EQUALS, 0, 1, command), (RETURN, 0, 0, refuse)]
code.append((RETURN, 0, 0, ALLOW))
program = b"".join(struct.pack("HBBI", *line) for line in code)
kept = ctypes.create_string_buffer(program)
header = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(kept))
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0
assert prctl(22, 2, ctypes.c_char_p(header), 0, 0) == 0, ctypes.get_errno()
source = sys.argv[2]
sys.argv = ["-c", *sys.argv[3:]]
exec(compile(source, "<program>", "exec"))
"""


def without_locks(source: str, *arguments: object, error: int, timeout: float = HANG_S) -> str:
    """Run a program in which every lock on a file fails with `error`, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", FILTER, str(error), source, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
