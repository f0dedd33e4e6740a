"""COUNT threads that wait and do nothing else: ``python -m tests.benchmarks.programs.threads COUNT``."""

from __future__ import annotations

import sys
import threading


def main() -> None:
    never = threading.Event()
    for _ in range(int(sys.argv[1])):
        threading.Thread(target=never.wait, daemon=True).start()
    never.wait()


if __name__ == "__main__":
    main()
