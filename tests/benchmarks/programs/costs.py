"""Runs a command and writes what it has cost into a file.

In a small process of its own: until a child has begun its program, the most memory it has used is that of its parent.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main(report: str, *command: str) -> int:
    """Run `command`; wall and processor time in seconds, the most memory in MB; the command's exit status."""
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    costs = {
        "wall_s": time.monotonic() - began,
        "processor_s": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
    }
    Path(report).write_text(json.dumps(costs))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
