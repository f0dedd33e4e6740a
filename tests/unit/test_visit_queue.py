"""The order of visits, and how long they will take."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import VisitError
from wandb_tui.core.ports import Visit, VisitBacklog
from wandb_tui.services.browser.visit_queue import PROJECT_HEAD_START_S, VisitQueue
from wandb_tui.text.durations import format_estimate


class Browser:
    """Visits that end when the test says so."""

    def __init__(self, tabs: int) -> None:
        self.now = 0.0
        self.started: list[str] = []
        self.open: dict[str, Future[Visit]] = {}
        self.error: Exception | None = None
        self.queue = VisitQueue(tabs, self._start, lambda: self.now)

    def _start(self, run: RunAddress, opened) -> Future[Visit]:
        future: Future[Visit] = Future()
        self.started.append(f"{run.project}/{run.run_id}")
        if isinstance(self.error, OSError):
            raise self.error
        if self.error:
            future.set_exception(self.error)
        else:
            self.open[f"{run.project}/{run.run_id}"] = future
        return future

    def add(self, *names: str) -> list[Future[Visit]]:
        return [self.queue.add(RunAddress("lab", *name.split("/")), lambda: None) for name in names]

    def end(self, name: str) -> None:
        self.open.pop(name).set_result(Visit(1.0))


def test_visits_go_by_who_waits_longest_and_by_project():
    browser = Browser(2)
    futures = browser.add("p/1", "q/1", "p/2", "q/2", "p/3")
    assert browser.started == ["p/1", "q/1"]
    browser.end("p/1")
    browser.end("q/1")
    assert browser.started[2:] == ["q/2", "p/2"]
    assert futures[0].result(0).seconds == 1.0
    browser.now = PROJECT_HEAD_START_S + 1
    browser.add("q/late", "p/late")
    browser.end("p/2")
    browser.end("q/2")
    # Of the same project as the last one, but too late to go before the oldest.
    assert browser.started[4:] == ["p/3", "p/late"]


def test_a_visit_given_up_in_line_is_not_made_and_one_that_runs_is_abandoned():
    browser = Browser(1)
    running, waiting, last = browser.add("p/1", "p/2", "p/3")
    assert waiting.cancel()
    assert browser.queue.backlog == VisitBacklog(1)
    assert running.cancel()
    assert browser.open["p/1"].cancelled()
    assert browser.started == ["p/1", "p/3"]
    browser.add("p/4")
    browser.queue.close()
    browser.end("p/3")
    assert last.result(0)
    assert browser.started == ["p/1", "p/3"]
    assert browser.queue.backlog.waiting == 0


def test_a_visit_that_cannot_be_started_does_not_hold_up_the_next():
    browser = Browser(1)
    browser.error = OSError("Too many open files")
    [failed] = browser.add("p/1")
    assert failed.exception(0) is browser.error
    browser.error = None
    [made] = browser.add("p/2")
    browser.end("p/2")
    assert made.result(0)


def test_ten_thousand_visits_that_fail_at_once_all_hear_of_it():
    browser = Browser(3)
    browser.add("p/a", "p/b", "p/c")
    futures = browser.add(*(f"p/{number}" for number in range(10_000)))
    browser.error = VisitError("no browser")
    browser.end("p/a")
    assert all(isinstance(future.exception(0), VisitError) for future in futures)


def test_the_pace_of_the_last_visits_tells_how_long_the_others_take():
    browser = Browser(1)
    browser.add(*(f"p/{number}" for number in range(100)))
    assert browser.queue.backlog == VisitBacklog(99)
    for number in range(10):
        browser.now += 4.0
        browser.end(f"p/{number}")
    waiting, seconds = browser.queue.backlog
    assert waiting == 89
    assert seconds == pytest.approx(89 * 4.0)
    # While the next one takes long, they are known to take longer.
    browser.now += 100.0
    assert browser.queue.backlog.seconds > 89 * 10


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(20, "1 min"), (2100, "35 min"), (3590, "1 h"), (9530, "2 h 40 min"), (86_300, "1 d"), (2.55e5, "2 d 22 h")],
)
def test_an_estimate_is_as_exact_as_it_can_be(seconds, shown):
    assert format_estimate(seconds) == shown
