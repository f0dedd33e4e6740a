"""Feeds: what a look reports, when they are given up, and that every run ends right whatever a server's feeds say."""

import math
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.unit.feed_simulation import BATCH, INTERVAL_S, LIES, simulation
from wandb_tui.core.address import RunAddress
from wandb_tui.core.audit_queue import AuditQueue
from wandb_tui.core.feed import Feed, FeedContradictionError, FeedEntry, FeedPage
from wandb_tui.core.feed_trust import FIRST_PERIOD_S, LAST_PERIOD_S
from wandb_tui.core.feed_watch import FeedWatch
from wandb_tui.core.probe import Probe, ProbeOutcome, RunInfo
from wandb_tui.services.disk.feed_records import FeedRecordFile

START = datetime(2026, 11, 29, tzinfo=UTC)


def page(*entries, cursor=""):
    return FeedPage(tuple(FeedEntry(name, START + timedelta(seconds=at)) for name, at in entries), cursor)


def begun(*entries):
    feed = Feed()
    assert feed.read(page(*entries), 1.0) == set()
    feed.read(page(*entries), 2.0)
    return feed


def test_a_change_is_reported_by_two_looks():
    feed = begun(("a", 1))
    assert feed.read(page(("b", 5), ("a", 1)), 3.0) == {"b"}
    assert feed.read(page(("b", 5), ("a", 1)), 4.0) == {"b"}
    assert feed.read(page(("b", 5), ("a", 1)), 5.0) == set()


def test_the_first_look_reports_its_newest_page_with_the_second():
    feed = Feed()
    assert feed.read(page(("a", 1)), 1.0) == set()
    assert feed.read(page(("a", 1)), 2.0) == {"a"}
    assert feed.began == 1.0


def test_a_look_reads_on_until_it_reaches_the_one_before():
    feed = begun(("a", 1))
    assert feed.read(page(("d", 9), ("c", 8), cursor="2"), 3.0) == {"c", "d"}
    assert feed.cursor == "2"
    assert feed.read(page(("b", 7), cursor="4"), 4.0) == {"b"}
    assert feed.cursor == "4"
    assert feed.read(page(("a", 1), ("z", 0), cursor="6"), 5.0) == set()
    assert feed.cursor == ""


def test_a_second_in_which_much_changed_is_not_read_to_its_end_for_ever():
    feed = begun(("a", 1))
    same = [page((name, 9), cursor="2") for name in "dcb"]
    for look in range(2):
        for one in same:
            feed.read(one, 3.0 + look)
            assert feed.cursor == "2"
        feed.read(page(("a", 1)), 4.0 + look)
    assert feed.read(same[0], 6.0) == set()
    assert feed.cursor == ""
    assert feed.read(page(("e", 10), ("d", 9), cursor="2"), 7.0) == {"e"}
    assert feed.cursor == ""


def test_pages_may_overlap_as_changes_move_to_the_front():
    feed = begun(("a", 1))
    feed.read(page(("d", 9), ("c", 8), cursor="2"), 3.0)
    assert feed.read(page(("c", 8), ("b", 7)), 4.0) == {"b"}


def test_a_run_is_silent_when_the_feed_has_not_listed_it_for_long():
    feed = begun(("a", 1))
    feed.read(page(("b", 500), ("a", 1)), 600.0)
    assert feed.silent("a", 300, 600.0)
    assert feed.silent("never listed", 300, 600.0)
    assert not feed.silent("b", 300, 600.0)
    assert not feed.silent("never listed", 300, 100.0)


def test_a_deleted_collection_is_no_clock_that_goes_back():
    feed = begun(("b", 5), ("a", 1))
    assert feed.read(page(("a", 1)), 3.0) == set()
    assert feed.read(page(("c", 6), ("a", 1)), 4.0) == {"c"}


@pytest.mark.parametrize(
    ("pages", "says"),
    [
        ([page(("a", 1), ("b", 5))], "order"),
        ([page(("a", -10))], "clock"),
        ([page(("d", 9), ("c", 9), cursor="2"), page(("d", 9), ("c", 9), cursor="2")], "repeats"),
    ],
)
def test_a_page_that_cannot_be_right_is_a_contradiction(pages, says):
    feed = begun(("a", 1))
    for number, one in enumerate(pages[:-1]):
        feed.read(one, 3.0 + number)
    with pytest.raises(FeedContradictionError, match=says):
        feed.read(pages[-1], 5.0)


def test_runs_that_are_silent_do_not_hold_up_the_first_look_at_another_project():
    watch, now = FeedWatch(min_runs=2, min_runs_of_project=1), 1000.0
    running = RunInfo("", "running", 3)
    runs = [RunAddress("lab", "old", name) for name in ("a", "b")]
    watch.announce(runs, now)
    watch.until_due(now)
    for part in watch.parts(now):
        watch.read(part, page(), now)
    for run in runs:
        assert watch.follow(
            run, Probe(ProbeOutcome.NOT_YET, run=running, asked_at=now), coverage=False, interval=5, now=now
        )
    now += 400
    assert watch.until_due(now) == 0
    watch.announce([RunAddress("lab", "new", "c")], now)
    assert watch.until_due(now) == -math.inf
    for part in watch.parts(now):
        watch.read(part, page(), now)
    assert not watch.listing
    assert set(runs) == {follower.run for follower in watch.audits(now, 10)}


def ends_right(simulated):
    """Every run that was exported was found, none before, and of each that only ended this is known."""
    server = simulated.server
    found = all(at >= server.exported[run] for run, at in simulated.found.items())
    ended = server.ended.keys() - server.exported.keys() <= simulated.seen_ended.keys()
    return found and ended and simulated.found.keys() == server.exported.keys()


def intervals(seen, happened):
    """The most intervals that lay between an event and its being seen."""
    return max((seen[run] - at) / INTERVAL_S for run, at in happened.items() if run in seen)


def test_ten_thousand_runs_are_known_within_two_intervals():
    simulated = simulation(10_000, 1, start=300.0, over=600.0)
    simulated.run(950.0)
    assert ends_right(simulated)
    assert simulated.off == ""
    assert intervals(simulated.found, simulated.server.exported) <= 2
    before_export = {
        run: at for run, at in simulated.server.ended.items() if at < simulated.server.exported.get(run, 0)
    }
    assert intervals(simulated.seen_ended, before_export) <= 2
    # Asked one by one, they would take 100 requests, a second each; a list of a project has 13 pages.
    assert max(simulated.answered.values()) <= 20


@pytest.mark.parametrize("lie", LIES)
def test_lists_that_lie_about_what_there_is_at_the_start_are_found_out(lie):
    count = 4_000
    simulated = simulation(count, 3, lie=lie, start=-50.0, over=100.0)
    simulated.server.lies_from = -1e9
    simulated.run(400.0)
    assert ends_right(simulated)
    # The lists may have answered falsely for all runs; then each is asked itself within two rounds.
    assert max(simulated.found.values()) <= 50 + 2 * max(FIRST_PERIOD_S * 2, 2 * count / BATCH)


def test_quiet_runs_cost_few_requests_once_the_feeds_are_trusted():
    simulated = simulation(10_000, 1, start=1e6, over=1.0)
    simulated.run(200.0)
    before, began = simulated.server.requests, simulated.now
    simulated.run(400.0)
    assert (simulated.server.requests - before) / (simulated.now - began) * 60 <= 150
    simulated.run(2000.0)
    assert simulated.watch.trust.period == LAST_PERIOD_S
    before, began = simulated.server.requests, simulated.now
    simulated.run(3200.0)
    assert (simulated.server.requests - before) / (simulated.now - began) * 60 <= 60


# These show only where a look has more than one page.
LIES_ABOUT_PAGES = ("repeats", "truncated")
OTHER_LIES = [lie for lie in LIES if lie not in LIES_ABOUT_PAGES]


@pytest.mark.parametrize(
    ("lie", "count"),
    [
        *((lie, 10_000) for lie in LIES_ABOUT_PAGES),
        *((lie, 2_000) for lie in OTHER_LIES),
        *(pytest.param(lie, 10_000, marks=pytest.mark.long) for lie in OTHER_LIES),
    ],
)
def test_thousands_of_runs_end_right_whatever_the_feeds_say(lie, count):
    simulated = simulation(count, 2, lie=lie, start=300.0, over=200.0)
    simulated.run(1100.0)
    assert ends_right(simulated)
    # A round of all runs, and another one after the feeds are given up.
    round_s = max(FIRST_PERIOD_S * 2, 2 * count / BATCH)
    assert intervals(simulated.found, simulated.server.exported) <= 2 * round_s / INTERVAL_S
    assert bool(simulated.off) == (lie != "refused")


@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(
    seed=st.integers(0, 10_000), lie=st.sampled_from(["", *LIES]), count=st.integers(60, 400), over=st.integers(1, 300)
)
def test_any_runs_end_right_whatever_the_feeds_say(seed, lie, count, over):
    simulated = simulation(count, seed, projects=1 + seed % 4, lie=lie, start=100.0, over=over)
    simulated.run(100.0 + over + 1400.0)
    assert ends_right(simulated)
    if not lie:
        assert simulated.off == ""
        assert intervals(simulated.found, simulated.server.exported) <= 2 + count / BATCH


def test_a_run_that_is_followed_again_keeps_its_place_among_those_to_be_asked():
    runs = [RunAddress("lab", "forks", name) for name in "abc"]
    asked = dict(zip(runs, (1.0, 2.0, 3.0), strict=True))
    audits = AuditQueue(asked.get)
    for run in (*runs, runs[0]):
        audits.add(run, asked[run])
    assert audits.oldest == 1.0
    del asked[runs[1]]
    assert audits.take(5, until=3.0) == [runs[0], runs[2]]
    asked[runs[1]] = 2.0
    audits.add(runs[1], 2.0)
    assert audits.take(5, until=3.0) == [runs[1]]


def test_a_contradiction_is_remembered_for_a_week(tmp_path):
    clock = Clock(time.time())
    record = FeedRecordFile(tmp_path, "https://api.wandb.ai", clock)
    assert record.read() == ""
    record.write("its clock went back")
    assert record.read() == "its clock went back"
    assert FeedRecordFile(tmp_path, "https://other.example", clock).read() == ""
    clock.now += 8 * 86_400
    assert record.read() == ""


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now
