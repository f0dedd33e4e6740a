"""Probes of several runs that a poller meets in one request."""

import threading
from concurrent.futures import wait


def probe_together(poller, *runs, coverage=False, timeout=40):
    """The probes of these runs; the poller gathers only once all are queued, however slowly this thread comes to it."""
    queued, gather = threading.Event(), poller._gather

    def gather_all(first):
        queued.wait(timeout)
        return gather(first)

    poller._gather = gather_all
    try:
        futures = [poller.probe(run, coverage=coverage) for run in runs]
    finally:
        queued.set()
        poller._gather = gather
    assert not wait(futures, timeout).not_done
    return [future.result() for future in futures]
