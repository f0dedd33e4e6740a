"""The details of one run: logged by the real SDK, asked of the sandbox, whole and in trouble."""

import json
import math

import pytest

from tests.integration.sandbox_fixtures import run_sdk_script
from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import RUNTIME, STEP, SampleQuery, VersionCoverage
from wandb_tui.core.errors import ApiKeyError, RunNotFoundError, ServerError
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.credentials.authorization import ApiKey
from wandb_tui.services.disk.branch_notes import BranchNotes
from wandb_tui.services.wandb_api.coverage import NO_PYARROW
from wandb_tui.services.wandb_api.graphql import GraphQL
from wandb_tui.services.wandb_api.inspector import GraphQLInspector
from wandb_tui.services.wandb_api.origins import RunOrigins
from wandb_tui.services.wandb_api.step_files import StepFiles
from wandb_tui.ui.runtime.history_loader import HistoryLoader, SeriesKey

ODD = "[red]\x1b[31m\n漢字"
LOG = f"""
import math, wandb
with wandb.init(project="forks", id="abc", name="sun", group="grid", job_type="train", tags=["a", "b"],
        config={{"lr": 0.1, "model": {{"depth": 12}}, "betas": [0.9, 0.999]}}) as run:
    for step in range(40):
        run.log({{"loss": math.nan if step == 7 else 1 / (step + 1), {ODD!r}: step, "note": "text"}})
    run.summary["nested"] = {{"best": 0.5}}
"""
RUN, BARE = RunAddress("lab", "forks", "abc"), RunAddress("lab", "forks", "bare")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """One run with two versions of its history and ten steps that no version has; one that has logged nothing."""
    home = tmp_path_factory.mktemp("home")
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        run_sdk_script(sandbox, LOG, home)
        sandbox.export_now(str(RUN))
        log_more(sandbox, 40)
        sandbox.export_now(str(RUN))
        log_more(sandbox, 50)
        state = sandbox.context.state
        state.create_run(state.project("lab", "forks"), BARE.run_id, None)
        yield sandbox


def log_more(sandbox, first):
    """Ten steps more, without the seconds that the SDK takes to begin."""
    run = sandbox.context.state.run(sandbox.context.state.project("lab", "forks"), "abc")
    lines = [json.dumps({"_step": step, "loss": 0.1}) for step in range(first, first + 10)]
    sandbox.context.histories.append(run, "wandb-history.jsonl", first, lines)


@pytest.fixture
def inspector(sandbox):
    def key():
        return ApiKey(sandbox.api_key)

    inspector = GraphQLInspector(lambda: GraphQL(sandbox.base_url, key), StepFiles(sandbox.base_url, key))
    yield inspector
    inspector.close()
    sandbox.set_faults()


def test_the_run_its_summary_and_its_metrics(inspector):
    facts = inspector.facts(RUN)
    assert (facts.info.name, facts.info.state, facts.info.last_step) == ("sun", "finished", 59)
    assert (facts.group, facts.job_type, facts.tags, facts.user) == ("grid", "train", ("a", "b"), "researcher")
    assert facts.created is not None
    summary = dict(facts.summary)
    assert summary["loss"] == 1 / 40
    assert summary["note"] == "text"
    assert summary["nested.best"] == 0.5
    assert set(facts.metrics) == {"loss", ODD}
    assert facts.config == (("betas", "[0.9, 0.999]"), ("lr", 0.1), ("model.depth", 12))
    assert facts.unknown_fields == ()


def samples(inspector, run, *metrics, **options):
    return inspector.samples([SampleQuery(run, metric, **options) for metric in metrics])


def test_samples_keep_what_is_not_finite_and_come_in_one_request(sandbox, inspector):
    before = sandbox.stats()["graphql_requests"]
    missing = RunAddress("lab", "forks", "missing")
    loss, odd, none, nothing, unknown = inspector.samples(
        [
            SampleQuery(run, metric)
            for run, metric in ((RUN, "loss"), (RUN, ODD), (RUN, "none"), (BARE, "x"), (missing, "x"))
        ]
    )
    assert sandbox.stats()["graphql_requests"] == before + 1
    assert [step for step, _ in loss.points] == list(range(60))
    assert math.isnan(loss.points[7][1])
    assert [value for _, value in odd.points] == list(range(40))
    assert (none.points, nothing.points, unknown) == ((), (), None)


def test_samples_of_a_range_over_time_and_over_another_metric(inspector):
    [part] = samples(inspector, RUN, "loss", first=10, last=19)
    assert [step for step, _ in part.points] == list(range(10, 20))
    [few] = samples(inspector, RUN, "loss", samples=5)
    assert len(few.points) == 5
    [timed] = samples(inspector, RUN, "loss", across=RUNTIME)
    assert len(timed.across) == len(timed.points) == 40, "the last rows were sent without a time"
    assert list(timed.across) == sorted(timed.across)
    [over] = samples(inspector, RUN, "loss", across=ODD)
    assert over.across == tuple(float(value) for value in range(40))


def test_a_fork_whose_parent_the_server_keeps_apart_is_plotted_with_its_rows(sandbox, inspector, tmp_path):
    state, histories = sandbox.context.state, sandbox.context.histories
    leaf = RunAddress("lab", "forks", "leaf")
    made = state.create_run(state.project("lab", "forks"), leaf.run_id, None)
    point = {"branch_point": {"run_id": RUN.run_id, "step": 19}}
    state.update_run(made, config={"_wandb": {"value": point}})
    lines = [json.dumps({"_step": step, "loss": 5.0}) for step in range(20, 30)]
    histories.append(made, "wandb-history.jsonl", 0, lines)
    origins = RunOrigins(lambda: GraphQL(sandbox.base_url, lambda: ApiKey(sandbox.api_key)), BranchNotes(tmp_path, "s"))
    loader = HistoryLoader(lambda: inspector, lambda: origins)
    key = SeriesKey(leaf, "loss", STEP)
    try:
        rows = loader.load([key])[key]
    finally:
        state.delete_run(made)
    assert [step for step, _, _ in rows.points] == list(range(30))
    assert [value for _, _, value in rows.points[18:21]] == [1 / 19, 1 / 20, 5.0]
    assert rows.branch_steps == (19,)


def test_the_metrics_of_many_runs_come_in_one_request(sandbox, inspector):
    before = sandbox.stats()["graphql_requests"]
    found = inspector.metrics_of([RUN, BARE, RunAddress("lab", "forks", "missing")])
    assert sandbox.stats()["graphql_requests"] == before + 1
    assert {run: {*metrics} for run, metrics in found.items()} == {RUN: {"loss", ODD}, BARE: set()}
    assert inspector.metrics_of([]) == {}


def test_versions_and_the_steps_they_cover(inspector):
    found = inspector.versions(RUN)
    assert [(one.version.version, one.aliases) for one in found.newest] == [(1, ("latest",)), (0, ())]
    assert found.total == 2
    assert all(one.version.created and one.version.size for one in found.newest)
    covered = inspector.covered(RUN, [1, 0])
    assert [(covered[v].last, covered[v].complete) for v in (1, 0)] == [(49, False), (39, None)]


def test_without_pyarrow_the_server_tells_of_the_newest_alone(inspector, monkeypatch):
    monkeypatch.setattr(StepFiles, "usable", False)
    covered = inspector.covered(RUN, [1, 0])
    assert covered[1].last == 49
    assert (covered[0].last, covered[0].why_not) == (None, NO_PYARROW)


def test_a_run_that_has_logged_nothing(inspector):
    facts = inspector.facts(BARE)
    assert (facts.info.last_step, facts.metrics) == (None, ())
    assert inspector.versions(BARE).newest == ()
    assert inspector.covered(BARE, []) == {}
    assert inspector.samples([]) == []


def test_the_facts_of_many_runs_come_in_one_request(sandbox, inspector):
    missing = RunAddress("lab", "forks", "missing")
    before = sandbox.stats()["graphql_requests"]
    found = inspector.facts_of([RUN, missing, BARE])
    assert sandbox.stats()["graphql_requests"] == before + 1
    assert found.keys() == {RUN, BARE}
    alone = inspector.facts(RUN)
    assert alone.summary
    assert (found[RUN].config, found[RUN].summary, found[RUN].tags) == (alone.config, alone.summary, alone.tags)


def test_a_server_that_fills_no_parquet_history_leaves_it_to_the_files(sandbox, inspector):
    sandbox.set_faults("no-parquet-history", "no-membership-field")
    covered = inspector.covered(RUN, [1, 0])
    assert [(covered[v].last, covered[v].complete) for v in (1, 0)] == [(49, False), (39, None)]


def test_fields_that_the_server_does_not_know_are_left_out(inspector, monkeypatch):
    ask = GraphQL.execute

    def older(self, query, variables):
        for name in ("summaryMetrics", "sweepName", "aliases"):
            query = query.replace(name, f"{name}X")
        reply = ask(self, query, variables)
        for error in reply.errors:
            error["message"] = error["message"].replace("X", "")
        return reply

    monkeypatch.setattr(GraphQL, "execute", older)
    facts = inspector.facts(RUN)
    assert facts.info.name == "sun"
    assert facts.summary is None
    assert set(facts.unknown_fields) == {"summaryMetrics", "sweepName"}
    assert set(facts.metrics) == {"loss", ODD}
    [of_many] = inspector.facts_of([RUN]).values()
    assert (of_many.info.name, of_many.summary, of_many.config) == ("sun", None, facts.config)
    assert [one.aliases for one in inspector.versions(RUN).newest] == [(), ()]


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("key-refused", ApiKeyError, "refused the API key"),
        ("key-sees-nothing", RunNotFoundError, "no project lab/forks"),
        ("sdk-only", ServerError, "Cannot query field"),
        ("http-status:code=500", ServerError, "server error"),
        ("rate-limit:retry-after=7", ServerError, "Try again in 7 s"),
        ("broken-json", ServerError, "not JSON"),
    ],
)
def test_every_part_says_what_is_wrong(sandbox, inspector, fault, error, message):
    sandbox.set_faults(fault)
    for ask in (inspector.facts, inspector.versions):
        with pytest.raises(error, match=message):
            ask(RUN)
    if error is RunNotFoundError:
        assert samples(inspector, RUN, "loss") == [None]
    else:
        with pytest.raises(error, match=message):
            samples(inspector, RUN, "loss")
    if error is ApiKeyError or fault.startswith(("http-status", "rate-limit")):
        with pytest.raises(error, match=message):
            inspector.covered(RUN, [1])
    else:
        assert inspector.covered(RUN, [1])[1] == VersionCoverage(why_not="the server lists no files for it")


def test_a_run_that_is_not_there(inspector):
    with pytest.raises(RunNotFoundError, match="no run nope in lab/forks"):
        inspector.facts(RunAddress("lab", "forks", "nope"))
    with pytest.raises(RunNotFoundError, match="no project lab/gone"):
        inspector.versions(RunAddress("lab", "gone", "abc"))
