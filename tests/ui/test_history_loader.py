"""The loads of plots: few requests, forks with the rows of their parents, news of runs that go on, more of a part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.fakes import FakeInspector, FakeLineage, address
from wandb_tui.core.details import RUNTIME, STEP, MetricSeries, SampleQuery
from wandb_tui.core.errors import ServerError
from wandb_tui.core.metric_history import MetricHistory, stitched
from wandb_tui.ui.runtime.history_loader import HistoryLoader, SeriesKey

ROWS = [(float(step), 10.0 * step) for step in range(100)]


class Server:
    """A scripted server, and the loader that asks it on a clock of the test's."""

    def __init__(self, samples=1000, parents=(), **curves):
        self.inspector = FakeInspector(curves={(run, "loss"): points for run, points in curves.items()})
        self.lineage = FakeLineage(dict(parents))
        self.now = 0.0
        self.loader = HistoryLoader(lambda: self.inspector, lambda: self.lineage, samples, lambda: self.now)

    def load(self, *runs, across=STEP, ended=()):
        wanted = [SeriesKey(address(run), "loss", across) for run in runs]
        found = self.loader.load(wanted, [address(run) for run in ended])
        return [found[one] for one in wanted]

    def steps(self, *runs):
        return [[step for step, _, _ in rows.points] for rows in self.load(*runs)]

    @property
    def asked(self):
        return [
            [(query.run.run_id, query.first, query.last) for query in queries] for queries in self.inspector.queries
        ]


def test_many_runs_are_one_request_and_are_not_asked_for_again():
    server = Server(a=ROWS, b=ROWS[:3])
    assert server.steps("a", "b", "a") == [[*range(100)], [0, 1, 2], [*range(100)]]
    server.load("b")
    assert server.asked == [[("a", None, None), ("b", None, None)]]


def test_a_run_that_goes_on_is_asked_for_what_is_new_ever_more_rarely():
    server = Server(a=ROWS[:50])
    server.load("a")
    server.inspector.answers["curves"][address("a").run_id, "loss"] = ROWS[:60]
    server.now = 5
    assert server.steps("a") == [[*range(60)]]
    assert server.asked[-1] == [("a", 50, None)]
    for now in range(6, 200):
        server.now = now
        server.load("a")
    assert 4 < len(server.asked) < 12
    before = len(server.asked)
    server.now = 1000
    server.load("a", ended=["a"])
    assert len(server.asked) == before, "it has ended, and was asked after that"


def test_a_fork_begins_with_the_rows_of_its_ancestors_up_to_where_it_branched_off():
    parents = {"mid": ("root", 9), "leaf": ("mid", 19), "twin": ("mid", 4)}
    server = Server(
        parents=parents,
        root=ROWS,
        mid=[(float(s), 1.0) for s in range(10, 40)],
        leaf=[(float(s), 2.0) for s in range(20, 30)],
        twin=[(float(s), 3.0) for s in range(5, 8)],
    )
    [leaf, twin] = server.load("leaf", "twin")
    assert [step for step, _, _ in leaf.points] == [*range(30)]
    assert [value for _, _, value in leaf.points] == [value for _, value in ROWS[:10]] + [1.0] * 10 + [2.0] * 10
    assert leaf.branch_steps == (9, 19)
    assert [value for _, _, value in twin.points] == [value for _, value in ROWS[:5]] + [3.0] * 3
    assert [[query[0] for query in queries] for queries in server.asked] == [["leaf", "twin"], ["mid"], ["root"]]


def test_a_fork_that_the_server_shows_with_its_parents_rows_needs_no_other():
    server = Server(parents={"leaf": ("root", 9)}, root=ROWS, leaf=[(float(s), 2.0) for s in range(30)])
    [leaf] = server.load("leaf")
    assert {value for _, _, value in leaf.points} == {2.0}
    assert server.asked == [[("leaf", None, None)]]


def test_the_time_of_a_fork_goes_on_where_it_branched_off():
    server = Server(parents={"leaf": ("root", 9)}, root=ROWS, leaf=[(float(s), 2.0) for s in range(10, 12)])
    [leaf] = server.load("leaf", across=RUNTIME)
    places = [place for _, place, _ in leaf.points]
    # The fake tells ten seconds for each step.
    assert places == [10.0 * step for step in range(12)]
    points = [(5.0, 50.0, 1.0)], 5.0
    own = [(6.0, 1.0, 2.0), (7.0, 2.0, 2.0)], None
    assert [place for _, place, _ in stitched([points, own], RUNTIME)] == [50.0, 51.0, 52.0]


def test_where_it_is_unknown_what_a_run_came_from_its_own_rows_are_shown():
    server = Server(parents={"leaf": ("root", 9)}, leaf=ROWS[10:])
    server.lineage.error = ServerError("Nothing listens there.")
    assert server.steps("leaf") == [[*range(10, 100)]]
    server.lineage.error = None
    server.load("leaf")
    assert server.asked[-1] == [("root", None, None)]


def test_more_of_a_part_is_asked_of_the_runs_whose_rows_it_holds_and_only_once():
    many = [(float(step), float(step)) for step in range(1000)]
    server = Server(100, {"leaf": ("root", 499)}, root=many, leaf=many[500:], short=many[:20])
    wanted = [SeriesKey(address(run), "loss", STEP) for run in ("leaf", "short")]
    before = server.load("leaf", "short")
    assert len(before[0].points) < 200
    found = server.loader.refine(wanted, 490, 520)
    assert server.asked[-1] == [("root", 490, 499), ("leaf", 500, 520)]
    assert {*range(490, 521)} <= {step for step, _, _ in found[wanted[0]].points}
    asked = len(server.asked)
    server.loader.refine(wanted, 495, 510)
    assert len(server.asked) == asked, "all of it is known"


def test_what_is_forgotten_is_loaded_again():
    server = Server(parents={"leaf": ("root", 9)}, root=ROWS, leaf=ROWS[10:20])
    server.load("leaf")
    server.loader.forget([address("leaf")])
    server.load("leaf")
    assert len(server.asked) == 4
    assert len(server.lineage.asked) == 2


def test_an_error_is_raised_and_the_next_call_tries_again():
    server = Server(a=ROWS)
    answers, server.inspector.answers["curves"] = (
        server.inspector.answers["curves"],
        ServerError("Nothing listens there."),
    )
    with pytest.raises(ServerError, match="Nothing listens"):
        server.load("a")
    server.inspector.answers["curves"] = answers
    assert len(server.load("a")[0].points) == 100
    with pytest.raises(ServerError, match="not available"):
        HistoryLoader(None, None).load([SeriesKey(address("a"), "loss", STEP)])


POINTS = st.lists(st.tuples(st.integers(0, 60).map(float), st.floats(-9, 9)), max_size=40)


@given(st.lists(POINTS, min_size=1, max_size=6))
def test_points_stay_in_order_with_one_for_each_step(parts):
    history = MetricHistory()
    history.begin(MetricSeries("loss", tuple(sorted(dict(parts[0]).items()))), 10)
    for part in parts[1:]:
        history.refine(MetricSeries("loss", tuple(sorted(dict(part).items()))), 0, 60, 10)
    steps = [step for step, _, _ in history.points]
    assert steps == sorted({step for part in parts for step, _ in part})
    known = {step: value for part in parts for step, value in dict(part).items()}
    assert {step: value for step, _, value in history.points} == known


@given(st.lists(st.tuples(POINTS, st.integers(0, 60)), min_size=1, max_size=4), POINTS)
def test_stitched_rows_are_in_order_and_never_after_the_branch_point_of_another(parents, own):
    generations = [(sorted((s, s, v) for s, v in dict(points).items()), float(until)) for points, until in parents]
    child = sorted((s, s, v) for s, v in dict(own).items())
    found = stitched([*generations, (child, None)], STEP)
    assert found[len(found) - len(child) :] == child
    before = [step for step, _, _ in found[: len(found) - len(child)]]
    assert all(step <= generations[-1][1] for step in before)


def test_the_query_for_samples_is_one_for_all():
    from wandb_tui.services.wandb_api.run_queries import compose_samples

    query, variables = compose_samples(
        [SampleQuery(address("a"), "loss"), SampleQuery(address("b"), "acc", RUNTIME, 5, 9, 20)]
    )
    assert query.count("sampledHistory") == 2
    assert variables["s0"] == '{"keys": ["_step", "loss"], "samples": 500}'
    assert variables["s1"] == '{"keys": ["_step", "_runtime", "acc"], "samples": 20, "minStep": 5, "maxStep": 9}'
