"""Looking up entities, projects and runs on a real server: the sandbox."""

import pytest

from wandb_tui.core.catalogue import RunQuery
from wandb_tui.core.errors import ApiKeyError, RunNotFoundError, ServerError
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.credentials.authorization import ApiKey
from wandb_tui.services.wandb_api.catalogue import GraphQLCatalogue
from wandb_tui.services.wandb_api.graphql import GraphQL


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig()) as sandbox:
        state = sandbox.context.state
        project, _ = state.ensure_project("lab", "forks")
        state.ensure_project("lab", "other")
        for number in range(120):
            run = state.create_run(project, f"r{number}", f"sun-{number}")
            swept = {"run_group": "grid", "sweep": "swp1"} if number % 10 == 0 else {}
            state.update_run(run, state="finished" if number % 2 else "crashed", created_at=1e9 + number, **swept)
        yield sandbox


@pytest.fixture
def catalogue(sandbox):
    catalogue = GraphQLCatalogue(lambda: GraphQL(sandbox.base_url, lambda: ApiKey(sandbox.api_key)))
    yield catalogue
    catalogue.close()


def every(catalogue, query):
    """All pages."""
    runs, after = [], ""
    while True:
        page = catalogue.runs("lab", "forks", query, after)
        runs += page.items
        if not (after := page.after):
            assert page.total == len(runs)
            return runs


def test_entities_and_projects(catalogue):
    assert catalogue.entities()[0] == "lab"
    assert {"forks", "other"} <= set(catalogue.projects("lab").items)


def test_what_a_server_lacks_is_left_out_and_remembered(sandbox, catalogue):
    sandbox.set_faults("no-field:name=models+sweepName+createdAt+runs.after+runCount.filters+projects.after")
    try:
        assert {"forks", "other"} <= set(catalogue.projects("lab").items)
        page = catalogue.runs("lab", "forks", RunQuery())
        assert (len(page.items), page.total) == (120, 120), "without pages, all runs are asked for at once"
        assert {run.sweep for run in page.items} == {""}
        before = sandbox.stats()["graphql_requests"]
        assert catalogue.runs("lab", "forks", RunQuery()).items == page.items
        assert catalogue.projects("lab").items
        assert sandbox.stats()["graphql_requests"] - before == 2
    finally:
        sandbox.set_faults()


def test_a_server_that_cannot_filter_is_not_taken_at_its_word(catalogue, sandbox):
    sandbox.set_faults("no-field:name=runs.filters+runCount.filters")
    try:
        assert catalogue.runs("lab", "forks", RunQuery()).items
        with pytest.raises(ServerError, match="cannot search for runs"):
            catalogue.runs("lab", "forks", RunQuery(search="sun-11"))
    finally:
        sandbox.set_faults()


def test_runs_come_in_pages_newest_first(catalogue):
    first = catalogue.runs("lab", "forks", RunQuery())
    assert (len(first.items), first.total) == (50, 120)
    assert [run.run_id for run in first.items[:3]] == ["r119", "r118", "r117"]
    assert first.items[0].name == "sun-119"
    assert first.items[0].state == "finished"
    assert first.items[0].created.year == 2001
    assert len({run.run_id for run in every(catalogue, RunQuery())}) == 120


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (RunQuery(search="sun-11"), 11),
        (RunQuery(search="r7"), 11),
        (RunQuery(search="sun 7"), 21),
        (RunQuery(search="sun.1"), 0),
        (RunQuery(state="crashed"), 60),
        (RunQuery(group="grid"), 12),
        (RunQuery(sweep="swp1", search="sun-1"), 3),
        (RunQuery(group="grid", state="finished"), 0),
    ],
)
def test_the_server_does_the_filtering(catalogue, query, count):
    assert len(every(catalogue, query)) == count


def test_what_is_not_there_is_reported(catalogue):
    with pytest.raises(RunNotFoundError, match="no project lab/none"):
        catalogue.runs("lab", "none", RunQuery())


def test_a_wrong_key_is_reported(sandbox):
    catalogue = GraphQLCatalogue(lambda: GraphQL(sandbox.base_url, lambda: ApiKey("0" * 40)))
    with pytest.raises(ApiKeyError, match="Enter another API key: Esc, then s"):
        catalogue.entities()


def test_a_server_that_is_down_is_reported():
    catalogue = GraphQLCatalogue(lambda: GraphQL("http://127.0.0.1:9", lambda: ApiKey("0" * 40)))
    with pytest.raises(ServerError, match="Nothing listens"):
        catalogue.projects("lab")
