"""Runs that are watched together, without a screen: one browser, one poller, a thread for each run."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

from wandb_tui.core.account import WandBCredentials
from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.core.errors import RunNotFoundError
from wandb_tui.core.events import AttemptEnded, MonitorMessage
from wandb_tui.core.goal import Goal
from wandb_tui.core.live_query import QueryNews
from wandb_tui.core.query_list import FollowedQuery, QueryList
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchedRun, WatchList
from wandb_tui.library.arguments import address_of, parse_query, poll_policy_of
from wandb_tui.library.event import Callback, Event, callback_data
from wandb_tui.library.results import GroupSummary, MonitorResult, RunSummary
from wandb_tui.wiring import Wiring

log = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 2.0
QUERY_CHECK_INTERVAL_S = 1.0
"""Seconds between two checks whether the time of a followed query is over."""


class BaseMonitorGroup:
    """Watches runs and reports on them: all that a `MonitorGroup` does but to wait for them."""

    def __init__(
        self,
        credentials: WandBCredentials | None = None,
        *,
        api_key: str | None = None,
        host: str | None = None,
        headless: bool | None = None,
        visit: bool = True,
        callback: Callback | None = None,
        on_event: Callable[[Event], object] | None = None,
        check_interval: float = 5.0,
        max_wait_time: float = 300.0,
        wiring: Wiring | None = None,
    ) -> None:
        """Prepare; the browser starts with the first visit.

        Args:
            credentials: For the browser sign-in; without them, the environment or the keyring.
            api_key: The API key; without one, the environment, ``~/.netrc`` or the keyring.
            host: The W&B server; without one, as the SDK chooses it.
            headless: Whether the browser works without a window; None leaves it to the settings.
            visit: Whether to visit pages at all, or only poll.
            callback: Receives the status lines; see `Callback`.
            on_event: Receives every event.
            check_interval: Seconds between two probes of a run.
            max_wait_time: Seconds until a monitor gives up; 0 waits for ever.
            wiring: For internal use: services built elsewhere, which stay open when the group closes.

        Raises:
            UsageError: The settings or the server's address cannot be read, or a time is not valid.
        """
        self._owns_wiring = wiring is None
        self._wiring = wiring or Wiring(
            host=host, credentials=credentials, api_key=api_key, headless=headless, anonymous_ok=True
        )
        self._poll_policy = poll_policy_of(check_interval, max_wait_time)
        self._callback = callback
        self._on_event = on_event
        services = self._wiring.services(visit=visit)
        self._watch_list = WatchList(services, self._spawn, self._publish)
        self._queries = QueryList(services.queries, self._query_news)
        self._threads: dict[RunAddress, threading.Thread] = {}
        self._listeners: set[Callable[[], None]] = set()
        self._lock = threading.Lock()

    @property
    def results(self) -> dict[RunAddress, MonitorResult]:
        """The result of each run that has ended."""
        return {row.run: self._result(row) for row in self._watch_list if not row.active}

    def summary(self) -> GroupSummary:
        """The state of every run at this moment, and the number of runs in each state."""
        now = time.monotonic()
        return GroupSummary(tuple(RunSummary.of(row, now) for row in self._watch_list))

    def add(
        self,
        run: object,
        until: str | Goal = "exists",
        *,
        check_interval: float | None = None,
        max_wait_time: float | None = None,
    ) -> RunAddress:
        """Start watching a run. If it has ended, a new attempt starts; if not, its goal changes.

        Args:
            run: An address, a run object of the SDK, or an `Api` run.
            until: The goal: ``exists``, ``v3``, ``newer``, ``step:200``, ``complete`` or ``ended``.
            check_interval: Seconds between two probes, if other than the group's.
            max_wait_time: Seconds until this monitor gives up, if other than the group's; 0 waits for ever.

        Raises:
            UsageError: The address, the goal or a time is not valid.
        """
        address = self._address(run)
        goal = until if isinstance(until, Goal) else Goal.parse(until)
        poll_policy = self._times(check_interval, max_wait_time)
        with self._lock:
            row = self._watch_list.get(address)
            if row is not None and not row.active:
                row.goal, row.poll_policy = goal, poll_policy
                self._watch_list.restart(address)
            else:
                self._watch_list.add(address, goal, poll_policy)
        return address

    def follow(
        self,
        query: object,
        until: str | Goal = "exists",
        *,
        forever: bool = False,
        check_interval: float | None = None,
        max_wait_time: float | None = None,
    ) -> FollowedQuery:
        """Watch all runs that match a query, now and later: each is added by itself as soon as it matches.

        `wait_all` then also waits until the query has ended: until no matching run is running any more, and, of a
        sweep or a group, at least one has run. A query that the server refuses ends at once, with an `error`.

        Args:
            query: ``entity/project/*``, with conditions after a space, or the address of a project's, a sweep's or a
                group's page; also the ``query`` of one that is followed.
            until: The goal of each run.
            forever: Whether it never ends, so that further runs are waited for.
            check_interval: Seconds between two looks, and between two probes, if other than the group's.
            max_wait_time: Seconds until each monitor gives up, and until the query does after its last run has joined,
                if other than the group's; 0 waits for ever.

        Returns:
            The query, with the runs that have joined so far, which the group keeps up to date.

        Raises:
            UsageError: The query, the goal or a time is not valid.
        """
        goal = until if isinstance(until, Goal) else Goal.parse(until)
        times = self._times(check_interval, max_wait_time)
        with self._lock:
            return self._queries.follow(
                parse_query(query, self._wiring), goal, times, forever=forever, now=time.monotonic()
            )

    def unfollow(self, query: object) -> None:
        """Stop following a query; its runs are still watched.

        Args:
            query: The query, given as to `follow`.

        Raises:
            UsageError: The query is not valid.
        """
        with self._lock:
            self._queries.unfollow(parse_query(query, self._wiring))
        self._tell_listeners()

    @property
    def queries(self) -> list[FollowedQuery]:
        """The followed queries, in the order in which they were added."""
        # Without the lock, which those who wait must not need: they hold that of the watch list.
        return list(self._queries)

    @property
    def is_over(self) -> bool:
        """Whether nothing is waited for any more: all runs have ended, and all queries."""
        # The queries first: a run that has joined meanwhile is active.
        return self._queries.all_over(time.monotonic()) and not self._watch_list.active

    def cancel(self, run: object) -> None:
        """Cancel a run's current attempt.

        Args:
            run: The run, given as to `add`.

        Raises:
            RunNotFoundError: This group does not watch that run.
        """
        self._watch_list.cancel(self._row(run).run)
        self._tell_listeners()

    def restart(self, run: object) -> None:
        """Stop a run's current attempt, if any, and start a new one.

        Args:
            run: The run, given as to `add`.

        Raises:
            RunNotFoundError: This group does not watch that run.
        """
        self._watch_list.restart(self._row(run).run)

    def thread(self, run: object) -> threading.Thread:
        """The thread in which a run is watched.

        Args:
            run: The run, given as to `add`.

        Raises:
            RunNotFoundError: This group does not watch that run.
        """
        return self._threads[self._row(run).run]

    def close(self) -> None:
        """Cancel all attempts and close the browser; no thread is left. A second call does nothing."""
        with self._lock:
            for query in self._queries:
                self._queries.unfollow(query.query)
        self._watch_list.cancel_all()
        self._watch_list.wait(lambda: not self._watch_list.active, timeout=_CLOSE_TIMEOUT_S)
        self._tell_listeners()
        until = time.monotonic() + _CLOSE_TIMEOUT_S
        for thread in list(self._threads.values()):
            # A callback may close the group that calls it.
            if thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))
        if self._owns_wiring:
            self._wiring.close()

    def _address(self, run: object) -> RunAddress:
        return address_of(run, self._wiring)

    def _row(self, run: object) -> WatchedRun:
        address = self._address(run)
        row = self._watch_list.get(address)
        if row is None:
            raise RunNotFoundError(f"{address} is not watched.", "Add it first.")
        return row

    def _times(self, check_interval: float | None, max_wait_time: float | None) -> PollPolicy:
        """The group's times, or those that are given."""
        return self._wiring.adjusted(
            poll_policy_of(
                self._poll_policy.check_interval if check_interval is None else check_interval,
                self._poll_policy.max_wait_time if max_wait_time is None else max_wait_time,
            )
        )

    def _query_news(self, news: QueryNews) -> None:
        """Add the runs that have joined a query; called from the poller's thread."""
        with self._lock:
            joined = self._queries.apply(news, time.monotonic())
            row = self._queries.get(news.query)
            for run in joined if row is not None else ():
                # One that was added before keeps its own goal.
                if row is not None and run not in self._watch_list:
                    self._watch_list.add(run, row.goal, row.poll_policy)
        self._watch_list.wake()
        self._tell_listeners()

    def _any_met_or_all_ended(self) -> bool:
        return self.is_over or any(row.state is State.AVAILABLE for row in self._watch_list)

    @staticmethod
    def _result(row: WatchedRun) -> MonitorResult:
        return MonitorResult.of(row, time.monotonic())

    def _spawn(self, run: RunAddress, work: Callable[[], None]) -> None:
        # A daemon thread, so that a script can end while a monitor is running.
        self._threads[run] = start_daemon(work, f"wandb-tui {run}")

    def _publish(self, message: MonitorMessage) -> None:
        row = self._watch_list.apply(message)
        self._tell_listeners()
        if row is None or isinstance(message, AttemptEnded):
            return
        try:
            if self._on_event is not None:
                self._on_event(Event.of(message))
            if self._callback is not None and message.status is not None:
                self._callback(message.status, callback_data(message))
        except Exception:
            # An error in the user's callback must not end the monitor.
            log.exception("The callback for %s failed", message.run)

    @contextlib.contextmanager
    def _listening(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener`, from any thread, after each change."""
        with self._lock:
            self._listeners.add(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def _tell_listeners(self) -> None:
        # Without the lock: `add` holds it while it starts threads, which report immediately.
        for listener in tuple(self._listeners):
            listener()
