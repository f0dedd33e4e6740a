"""Followed queries: which page is asked for when, which runs join, and when a query is over."""

import json
import math
import re

import pytest

from wandb_tui.core.address import RunAddress
from wandb_tui.core.catalogue import ListedRun, ResultPage
from wandb_tui.core.errors import ApiKeyError, RunNotFoundError, ServerError, WaitTimeoutError
from wandb_tui.core.goal import Goal
from wandb_tui.core.live_query import FIRST_PAGE, LiveQuery, QueryNews
from wandb_tui.core.probe import ProbeOutcome, RunInfo
from wandb_tui.core.project_query import ProjectQuery
from wandb_tui.core.query_list import QueryList
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.services.wandb_api.graphql import Reply
from wandb_tui.services.wandb_api.query_reader import QueryReader
from wandb_tui.services.wandb_api.schema_gaps import SchemaGaps

GROUP, SWEEP = ProjectQuery.parse("lab/forks/* group:pbt"), ProjectQuery.parse("lab/forks/* sweep:abc")
POLICY = PollPolicy(check_interval=5.0, max_wait_time=100.0)


class Server:
    """Runs, in the order in which they were created, that match or not; it pages like W&B."""

    def __init__(self, ids=(), counts=True):
        self.ids = list(ids)
        self.counts = counts
        self.pages = 0

    def answer(self, part):
        self.pages += 1
        newest, start = self.ids[::-1], int(part.cursor or 0)
        items = tuple(ListedRun("lab", "forks", run_id) for run_id in newest[start : start + part.size])
        after = str(start + part.size) if start + part.size < len(newest) else ""
        return ResultPage(items, after, len(newest) if self.counts else None)


def look(live, server, now, going_on=None):
    """A whole look; the ids of the runs that joined."""
    joined = []
    while True:
        assert live.next_at <= now
        news = live.read(server.answer(live.part()), going_on, now)
        joined += [run.run_id for run in news.joined]
        if news.whole:
            return joined


def ids(start, stop):
    return [f"r{number:05}" for number in range(start, stop)]


def test_new_runs_join_with_one_page_a_look_and_old_ones_once_the_count_tells():
    server = Server(ids(0, 1000))
    live = LiveQuery(GROUP, [], interval=5, until_ended=False)
    assert sorted(look(live, server, 0.0)) == ids(0, 1000)
    assert server.pages == 1 + math.ceil((1000 - FIRST_PAGE) / 200)
    assert live.next_at == 5
    server.ids += ids(1000, 1001)
    server.pages = 0
    assert look(live, server, 5.0) == ["r01000"]
    assert server.pages == 1
    # Many at once: as far as they are new.
    server.ids += ids(1001, 1061)
    assert look(live, server, 10.0) == [*ids(1011, 1061), *ids(1001, 1011)]
    assert server.pages == 1 + 2
    # One that was created long ago.
    server.ids.insert(3, "old")
    assert look(live, server, 15.0) == []
    assert look(live, server, 15.0) == ["old"]
    assert look(live, server, 20.0) == []


def test_the_names_and_states_that_are_listed_come_with_the_runs():
    page = ResultPage((ListedRun("lab", "forks", "a", "brisk-sun-12", "running"),))
    news = LiveQuery(GROUP, [], interval=5, until_ended=False).read(page, None, 0.0)
    assert news.run_infos == {RunAddress("lab", "forks", "a"): RunInfo("brisk-sun-12", "running")}


def test_an_older_run_that_joins_as_another_leaves_is_found_when_all_are_listed():
    server = Server(ids(0, 60))
    live = LiveQuery(GROUP, [], interval=5, until_ended=False)
    look(live, server, 0.0)
    server.ids[3] = "old"
    found = {now: look(live, server, now) for now in range(5, 200, 5)}
    assert [now for now, joined in found.items() if joined] == [125]
    # Two pages are worth two minutes; a run never joins a sweep later.
    swept = LiveQuery(SWEEP, [], interval=5, until_ended=False)
    look(swept, server, 0.0)
    server.pages = 0
    for now in range(5, 200, 5):
        look(swept, server, now)
    assert server.pages == 39


def test_what_joined_before_does_not_join_again_and_strange_pages_end_a_look():
    server = Server([*ids(0, 5), "x" * 120], counts=False)
    live = LiveQuery(GROUP, ids(0, 4), interval=5, until_ended=False)
    assert look(live, server, 0.0) == ["r00004"]
    for page in (ResultPage((ListedRun("lab", "forks", "a"),), "same"), ResultPage((), "more")):
        live = LiveQuery(GROUP, [], interval=5, until_ended=False)
        pages = 0
        while not live.read(page, None, 0.0).whole:
            pages += 1
        assert pages <= 1


FINISHED = ProjectQuery.parse("lab/forks/* state:finished")


def test_what_has_finished_is_over_once_all_of_it_is_listed():
    server = Server(ids(0, 60))
    live = LiveQuery(FINISHED, [], interval=5, until_ended=True)
    assert not live.read(server.answer(live.part()), False, 0.0).ended
    assert live.read(server.answer(live.part()), None, 1.0).ended


@pytest.mark.parametrize(("query", "pause"), [(GROUP, 5), (SWEEP, 30)])
def test_a_query_ends_when_no_run_is_running_for_a_while(query, pause):
    live = LiveQuery(query, [], interval=5, until_ended=True)
    assert live.part().going_on
    assert not live.read(ResultPage((), total=0), False, 0.0).ended
    page = ResultPage((ListedRun("lab", "forks", "a"),), total=1)
    live = LiveQuery(query, [], interval=5, until_ended=True)
    ended = [live.read(page, going_on, now).ended for now, going_on in ((0, True), (5, False), (10, True))]
    assert ended == [False] * 3
    times = [now for now in range(15, 60, 5) if live.read(page, False, now).ended]
    assert times[0] == 15 + pause


def joined(*run_ids, query=GROUP, **more):
    return QueryNews(query, tuple(RunAddress("lab", "forks", run_id) for run_id in run_ids), whole=True, **more)


def test_the_list_adds_each_run_once_and_says_when_nothing_more_is_waited_for():
    queries = QueryList(None, lambda _: None)
    row = queries.follow(GROUP, Goal(), POLICY, forever=False, known=["a"], now=0.0)
    assert [run.run_id for run in queries.apply(joined("a", "b"), 1.0)] == ["b"]
    assert [run.run_id for run in row.runs] == ["a", "b"]
    assert RunAddress("lab", "forks", "b") in row
    assert RunAddress("lab", "other", "b") not in row
    assert not queries.all_over(100.0)
    queries.apply(joined(ended=True), 50.0)
    assert queries.all_over(50.0)
    queries.apply(joined("c"), 60.0)
    assert not queries.all_over(159.0)
    assert queries.all_over(160.0)
    assert isinstance(row.error, WaitTimeoutError)
    assert "lab/forks/* group:pbt is still running after 100 s." in str(row.error)
    assert queries.unfollow(GROUP) is row
    assert queries.apply(joined("d"), 161.0) == []
    assert len(queries) == 0


def test_a_query_without_runs_waits_if_some_may_come_and_fails_for_good_if_the_server_says_so():
    for text, forever, over in (
        ("lab/forks/* group:pbt", False, False),
        ("lab/forks/* tag:hero", False, True),
        ("lab/forks/* tag:hero", True, False),
    ):
        query = ProjectQuery.parse(text)
        queries = QueryList(None, lambda _: None)
        queries.follow(query, Goal(), POLICY, forever=forever, now=0.0)
        queries.apply(joined(query=query), 1.0)
        assert queries.all_over(2.0) is over
    for error, over in ((ServerError("x"), False), (ApiKeyError("x"), True), (RunNotFoundError("x"), True)):
        queries.follow(query, Goal(), POLICY, now=0.0)
        queries.apply(QueryNews(query, error=error), 3.0)
        assert queries.all_over(4.0) is over


class Requests:
    """Answers the reader's requests with the runs of each project, as GraphQL."""

    def __init__(self, runs):
        self.runs = runs
        self.sent = []
        self.unknown = ""
        self.down = False

    def __call__(self, text, variables):
        self.sent.append((text, variables))
        if self.down:
            return Reply(problem=ProbeOutcome.UNAVAILABLE, message="The server is down")
        if self.unknown and self.unknown in text:
            return Reply(errors=({"message": f'Cannot query field "{self.unknown}" on type "Project".'},))
        data = {}
        for name in re.findall(r"(\w\d+): project", text):
            project = variables[f"p{name[1:]}"]
            edges = [{"node": {"name": run_id, "state": "running"}} for run_id in self.runs.get(project, ())]
            data[name] = {"runs": {"edges": edges}, "runCount": len(edges)} if project in self.runs else None
        return Reply(data=data)


def test_all_queries_go_out_as_one_request_an_interval():
    clock, news, send = [0.0], [], Requests({"forks": ["a", "b"], "other": ["c"]})
    reader = QueryReader(send, lambda: clock[0], SchemaGaps())
    texts = [f"lab/{project}/* tag:t{number}" for project in ("forks", "other", "none") for number in range(10)]
    assert reader.until_due() is None
    for text in texts:
        reader.follow(ProjectQuery.parse(text), (), interval=5, until_ended=True, report=news.append)
    assert reader.until_due() <= 0
    reader.look()
    assert len(send.sent) == 1
    assert [len(one.joined) for one in news] == [2] * 10 + [1] * 10 + [0] * 10
    assert all(isinstance(one.error, RunNotFoundError) for one in news[20:])
    _, variables = send.sent[0]
    assert json.loads(variables["g0"])["$and"][0] == json.loads(variables["f0"])
    assert reader.until_due() == 5
    clock[0] = 5.0
    reader.unfollow(ProjectQuery.parse(texts[0]))
    send.down = True
    news.clear()
    reader.look()
    assert (len(send.sent), len(news)) == (2, 29)
    assert all(isinstance(one.error, ServerError) for one in news)


def test_a_server_without_counts_is_asked_without_them():
    send, news = Requests({"forks": ["a"]}), []
    send.unknown = "runCount"
    reader = QueryReader(send, lambda: 0.0, SchemaGaps())
    reader.follow(GROUP, (), interval=5, until_ended=False, report=news.append)
    reader.look()
    reader.look()
    assert [len(one.joined) for one in news] == [1]
    assert len(send.sent) == 2
