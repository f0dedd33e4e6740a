"""The feeds of projects on the sandbox: monitors, the poller and HTTP, with true feeds and with each lie."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.core.feed_watch import FeedWatch
from wandb_tui.core.goal import Goal
from wandb_tui.core.ports import Services
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.state import State
from wandb_tui.core.watch_list import WatchList
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.credentials.authorization import ApiKey
from wandb_tui.services.wandb_api.graphql import GraphQL
from wandb_tui.services.wandb_api.poller import Poller

RUNS = [RunAddress("lab", f"p{number % 2}", f"r{number}") for number in range(160)]
EARLY = RUNS[156:]
"""Exported before."""
POLICY = PollPolicy(check_interval=1.0, max_wait_time=0.0)


class Record:
    """The record of why a server's feeds are not used, in memory."""

    def __init__(self) -> None:
        self.reason = ""

    def read(self) -> str:
        return self.reason

    def write(self, reason: str) -> None:
        self.reason = reason


class Watching:
    """All runs, watched through the poller, with the feeds' bounds so low that so few runs are enough."""

    def __init__(self, sandbox: Sandbox, goal: str = "exists") -> None:
        self.sandbox = sandbox
        self.record = Record()
        self.feeds = FeedWatch(min_runs=20, min_runs_of_project=5, first_period=3.0)
        self.poller = Poller(
            GraphQL(sandbox.base_url, lambda: ApiKey(sandbox.api_key)), feed_record=self.record, feed_watch=self.feeds
        )
        services = Services(self.poller, None, feeds=self.poller)
        self.watch_list = WatchList(
            services,
            lambda _, work: start_daemon(work, "monitor") and None,
            self._apply,
        )
        for run in RUNS:
            self.watch_list.add(run, Goal.parse(goal), POLICY)

    def _apply(self, message) -> None:
        self.watch_list.apply(message)

    def until(self, condition) -> None:
        # The feeds change without any row.
        for _ in range(300):
            if self.watch_list.wait(condition, timeout=0.2):
                return
        raise AssertionError("it did not come about")

    def all_followed(self) -> bool:
        return all(row.feed is not None for row in self.watch_list if row.active)

    def available(self) -> set[RunAddress]:
        return {row.run for row in self.watch_list if row.state is State.AVAILABLE} - set(EARLY)

    def close(self) -> None:
        self.watch_list.cancel_all()
        self.watch_list.wait(lambda: not any(row.running for row in self.watch_list), timeout=60)
        self.poller.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxConfig(export_delay=0)) as made:
        state = made.context.state
        with state.db:
            for run in RUNS:
                project, _ = state.ensure_project(run.entity, run.project)
                log_steps(made, state.create_run(project, run.run_id, None), 0, 10)
            state.db.run("UPDATE runs SET created_at = created_at - 1000")
            for run in EARLY:
                made.export_now(str(run))
                state.update_run(found(made, run), created_at=time.time() - 500)
            state.db.run("UPDATE versions SET visible_at = visible_at - 100")
        yield made


@pytest.fixture
def watching(sandbox) -> Iterator[Watching]:
    made = Watching(sandbox)
    yield made
    made.close()


def log_steps(sandbox, run, start, end):
    lines = [json.dumps({"_step": step}) for step in range(start, end)]
    sandbox.context.histories.append(run, "wandb-history.jsonl", start, lines)
    sandbox.context.state.update_run(run)


def found(sandbox, address):
    state = sandbox.context.state
    return state.run(state.ensure_project(address.entity, address.project)[0], address.run_id)


def export(sandbox, runs):
    for run in runs:
        assert sandbox.export_now(str(run))


def test_runs_are_left_to_the_feeds_which_report_their_exports_and_their_progress(sandbox, watching):
    watching.until(watching.all_followed)
    export(sandbox, RUNS[:60])
    watching.until(lambda: watching.available() == set(RUNS[:60]))
    log_steps(sandbox, found(sandbox, RUNS[70]), 10, 20)
    watching.until(lambda: watching.watch_list[RUNS[70]].run_info.last_step == 19)
    sandbox.context.state.update_run(found(sandbox, RUNS[71]), state="finished")
    watching.until(lambda: watching.watch_list[RUNS[71]].run_info.state == "finished")
    assert watching.feeds.off == ""
    watching.until(watching.all_followed)
    row = watching.watch_list[RUNS[72]]
    before = row.feed.read_at
    watching.until(lambda: row.feed.read_at > before)
    assert row.age(row.feed.read_at) == 0
    assert row.until_probe(row.feed.read_at) > 0


def test_a_goal_that_needs_coverage_is_asked_about_again_when_steps_were_logged(sandbox):
    watching = Watching(sandbox, "step:15")
    watching.until(watching.all_followed)
    log_steps(sandbox, found(sandbox, RUNS[0]), 10, 20)
    export(sandbox, RUNS[:1])
    watching.until(lambda: watching.available() == {RUNS[0]})
    watching.close()


@pytest.mark.long
def test_a_server_without_the_feature_is_asked_for_it_once(sandbox):
    sandbox.set_faults("no-feed")
    watching = Watching(sandbox)
    watching.until(lambda: bool(watching.feeds.off))
    export(sandbox, RUNS[:5])
    watching.until(lambda: watching.available() == set(RUNS[:5]))
    assert "does not list artifacts in an order" in watching.feeds.off
    assert watching.record.reason == ""
    watching.close()


LIES = [
    ("feed-silent", "did not report v0 of lab/p"),
    pytest.param("feed-unordered", "its order is not newest first", marks=pytest.mark.long),
    pytest.param("feed-clock-back:lists=60", "its clock went back", marks=pytest.mark.long),
    pytest.param("feed-repeats", "repeats another", marks=pytest.mark.long),
    pytest.param("feed-runs-silent", "did not report", marks=pytest.mark.long),
]


@pytest.mark.parametrize(("lie", "says"), LIES)
def test_a_feed_that_lies_is_given_up_and_every_run_still_ends_right(sandbox, caplog, lie, says):
    sandbox.set_faults(lie)
    watching = Watching(sandbox)
    watching.until(lambda: watching.all_followed() or watching.feeds.off)
    sandbox.context.state.update_run(found(sandbox, RUNS[111]), state="finished")
    watching.until(lambda: watching.watch_list[RUNS[111]].run_info.state == "finished")
    if lie == "feed-runs-silent":
        # Once the exports are there, too few runs wait for the feeds to be read at all.
        watching.until(lambda: bool(watching.feeds.off))
    # More than a page of each project, so that a look has to turn the page.
    export(sandbox, RUNS[:110])
    watching.until(lambda: watching.available() == set(RUNS[:110]))
    watching.until(lambda: bool(watching.feeds.off))
    assert says in watching.feeds.off
    assert watching.record.reason == watching.feeds.off
    assert caplog.text.count("feeds are not used any more") == 1
    watching.close()


@pytest.mark.long
def test_a_project_whose_feed_is_refused_is_asked_about_its_runs(sandbox):
    sandbox.set_faults("feed-refused:project=p0")
    watching = Watching(sandbox)
    listed = [row for row in watching.watch_list if row.run.project == "p1" and row.run not in EARLY]
    watching.until(lambda: all(row.feed is not None for row in listed))
    export(sandbox, RUNS[:10])
    watching.until(lambda: watching.available() == set(RUNS[:10]))
    assert watching.feeds.off == ""
    assert all(row.feed is None for row in watching.watch_list if row.run.project == "p0")
    watching.close()


def test_followed_runs_hear_of_a_rate_limit_and_of_its_end(sandbox, watching):
    watching.until(watching.all_followed)
    sandbox.set_faults("rate-limit:retry-after=2,seconds=2")
    watching.until(lambda: all("Rate limited" in row.notice.detail for row in watching.watch_list if row.active))
    export(sandbox, RUNS[:3])
    watching.until(lambda: watching.available() == set(RUNS[:3]))
    watching.until(lambda: all(row.notice.detail == "" for row in watching.watch_list if row.active))
    watching.until(watching.all_followed)
