"""The probes that the poller gathers for one request, on a clock of the test's own."""

import queue

import pytest

from wandb_tui.core.address import RunAddress
from wandb_tui.services.wandb_api.graphql import GraphQL
from wandb_tui.services.wandb_api.pending_probe import PendingProbe
from wandb_tui.services.wandb_api.poller import Poller
from wandb_tui.services.wandb_api.probe_query import ProbeRequest

RUNS = [RunAddress("lab", "forks", f"run{number}") for number in range(4)]


class Arrivals:
    """A queue into which probes come at these times; the clock goes on while it is waited for one."""

    def __init__(self, *seconds):
        self.now = 0.0
        self.patience = []
        self._coming = [(at, pending(run)) for at, run in zip(seconds, RUNS[1:], strict=False)]

    def get(self, timeout):
        self.patience.append(round(timeout, 3))
        if not self._coming or self._coming[0][0] > self.now + timeout:
            self.now += timeout
            raise queue.Empty
        at, come = self._coming.pop(0)
        self.now = max(self.now, at)
        return come

    def empty(self):
        return not self._coming or self._coming[0][0] > self.now


def pending(run):
    return PendingProbe(ProbeRequest(run), [])


def gather(arrivals, *, turn):
    poller = Poller(GraphQL("http://127.0.0.1:9", lambda: None), clock=lambda: arrivals.now)
    poller._queue, poller._turn = arrivals, turn
    return len(poller._gather(pending(RUNS[0])))


@pytest.mark.parametrize(
    ("turn", "seconds", "gathered"),
    [
        (0, (), 1),
        (0, (0.004, 0.05, 0.09), 4),
        (0, (0.006,), 1),
        (1, (0.05, 0.09), 3),
        (1, (0.05, 0.11), 2),
        (1, (0.0, 0.0, 0.0), 4),
    ],
)
def test_all_that_come_within_the_window_go_out_as_one_request(turn, seconds, gathered):
    assert gather(Arrivals(*seconds), turn=turn) == gathered


def test_the_very_first_probe_hardly_waits_for_others():
    arrivals = Arrivals()
    gather(arrivals, turn=0)
    assert arrivals.patience == [0.005]
