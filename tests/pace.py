"""A stop-watch for promises in seconds: it allows for what else the machine is doing while it runs."""

import time

_SAMPLE = 0.02


def crowding():
    """How many times as long as alone on the machine a piece of work takes now; 1 on an idle one."""
    began, worked = time.monotonic(), time.thread_time()
    while time.thread_time() - worked < _SAMPLE:
        pass
    return max(1.0, (time.monotonic() - began) / _SAMPLE)


class Stopwatch:
    """Measures what happens inside its ``with``.

    Attributes:
        seconds: The time it took, divided by the crowding before or after, whichever was worse.
    """

    def __enter__(self):
        self._crowding = crowding()
        self._began = time.monotonic()
        return self

    def __exit__(self, *_):
        elapsed = time.monotonic() - self._began
        self.seconds = elapsed / max(self._crowding, crowding())
