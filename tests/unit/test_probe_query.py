"""The query about many runs at once, and the meaning of an answer for each."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from graphql import Visitor, parse, visit
from hypothesis import given
from hypothesis import strategies as st

from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import Coverage, ProbeOutcome
from wandb_tui.services.wandb_api.batch_size import MAX_BATCH_SIZE, SLOW_REPLY_S, BatchSize
from wandb_tui.services.wandb_api.coverage import verified
from wandb_tui.services.wandb_api.dialect import Dialect
from wandb_tui.services.wandb_api.graphql import Reply
from wandb_tui.services.wandb_api.probe_query import ProbeRequest, compose, compose_files
from wandb_tui.services.wandb_api.probe_response import interpret, read_files

NO_PARQUET = frozenset({"parquetHistory"})
RUNS = [RunAddress("lab", "forks", f"run{i}") for i in range(3)]
QUESTIONS = [ProbeRequest(run, coverage=True) for run in RUNS]
FINISHED = {"displayName": "brisk-sun-1", "state": "finished", "historyKeys": {"lastStep": 299}}


def membership(version=0, state="COMMITTED"):
    artifact = {
        "versionIndex": version,
        "state": state,
        "size": "1234",
        "digest": "d",
        "createdAt": "2026-11-01T10:00:00Z",
    }
    return {"versionIndex": version, "createdAt": "2026-11-01T10:00:00Z", "artifact": artifact}


def one(project, errors=(), *, with_key=True, dialect=Dialect()):  # noqa: B008 - it never changes
    reply = Reply(data={"q0": project}, errors=list(errors), status=200, with_key=with_key)
    return interpret(QUESTIONS[:1], reply, dialect)[0]


@pytest.mark.parametrize(
    "dialect", [Dialect(), Dialect(membership=False), Dialect(dropped=NO_PARQUET), Dialect(listing=False)]
)
def test_one_query_for_all(dialect):
    query, variables = compose(QUESTIONS, dialect)
    document = parse(query)
    assert len(document.definitions) == 1
    assert len(document.definitions[0].selection_set.selections) == len(RUNS)
    assert variables["a1"] == "run-run1-history:latest"
    assert ("artifactCollectionMembership" in query) is dialect.membership
    assert ("parquetHistory" in query) is (not dialect.dropped)
    assert ("artifacts(first: 3" in query) is dialect.listing


def test_only_what_the_sdk_was_seen_to_ask_for_is_asked():
    recorded = Path(__file__).parents[1] / "integration" / "recorded"
    seen = {word for file in recorded.glob("*.json") for each in json.loads(file.read_text()) for word in words(each)}
    asked = [compose(QUESTIONS, Dialect(membership=membership))[0] for membership in (True, False)]
    names = set()

    class Names(Visitor):
        def enter(self, node, *_):
            if node.kind in {"field", "argument"}:
                names.add(node.name.value)

    for query in [*asked, compose_files([(RUNS[0], 0)])[0]]:
        visit(parse(query), Names())
    assert names - seen == set()
    assert not any(name.startswith("__") for name in names)


def words(recorded):
    return re.findall(r"\w+", recorded["query"])


def test_parquet_history_is_asked_only_where_a_goal_needs_it():
    query, _ = compose([ProbeRequest(RUNS[0]), ProbeRequest(RUNS[1], coverage=True)], Dialect())
    assert query.count("parquetHistory") == 1


def test_there():
    probe = one({"run": FINISHED, "artifactCollectionMembership": membership(3)})
    assert probe.outcome is ProbeOutcome.FOUND
    assert (probe.artifact.version, probe.artifact.size) == (3, 1234)
    assert probe.artifact.created.year == 2026
    assert (probe.run.name, probe.run.last_step) == ("brisk-sun-1", 299)


def test_the_older_field_is_read_too():
    probe = one({"run": FINISHED, "artifact": membership(1)["artifact"]})
    assert probe.artifact.version == 1


@pytest.mark.parametrize("state", ["PENDING", "DELETED"])
def test_a_version_that_is_not_committed_is_not_there(state):
    assert one({"run": FINISHED, "artifactCollectionMembership": membership(0, state)}).outcome is ProbeOutcome.NOT_YET


def test_not_there():
    assert one({"run": FINISHED, "artifactCollectionMembership": None}).outcome is ProbeOutcome.NOT_YET


def test_no_such_project_and_no_such_run():
    project = one(None)
    run = one({"run": None, "artifactCollectionMembership": None}, with_key=False)
    assert project.outcome is run.outcome is ProbeOutcome.NOT_FOUND
    assert "project lab/forks" in project.message
    assert "key may not see it" in project.message
    assert "run run0" in run.message
    assert "no API key" in run.message


def test_errors_belong_to_the_run_that_their_path_names():
    data = {"q0": None, "q1": {"run": FINISHED, "artifactCollectionMembership": None}, "q2": None}
    errors = [
        {"message": "permission denied", "path": ["q0", "run"]},
        {"message": "internal\nerror", "path": ["q2", "artifactCollectionMembership"]},
    ]
    answers = interpret(QUESTIONS, Reply(data=data, errors=errors, status=200), Dialect())
    assert [probe.outcome for probe in answers] == [
        ProbeOutcome.UNAUTHORIZED,
        ProbeOutcome.NOT_YET,
        ProbeOutcome.INVALID_RESPONSE,
    ]
    assert "internal error" in answers[2].message


def test_an_artifact_is_believed_beside_an_error_elsewhere():
    project = {"run": None, "artifactCollectionMembership": membership(0)}
    assert one(project, [{"message": "boom", "path": ["q0", "run"]}]).outcome is ProbeOutcome.FOUND


@pytest.mark.parametrize(
    ("urls", "live", "covered", "complete"),
    [
        (["u"], [], 299, True),
        (["u"], [{"_step": 120}, {"_step": 121}], 119, False),
        (["u"], [json.dumps({"_step": 120})], 119, False),
        ([], [{"_step": 0}], -1, False),
        ([], [], None, None),
        (None, None, None, None),
    ],
)
def test_coverage(urls, live, covered, complete):
    run = FINISHED | {"parquetHistory": {"parquetUrls": urls, "liveData": live}}
    coverage = one({"run": run, "artifactCollectionMembership": membership()}).coverage
    assert (coverage.covered, coverage.complete) == (covered, complete)


def test_files_that_go_beyond_the_run_are_from_before_a_rewind():
    claimed = Coverage(covered=-1, complete=False, last_step=201)
    assert verified(claimed, 299) == Coverage(covered=-1, complete=False, last_step=201, verified=True)
    assert verified(replace(claimed, covered=201, complete=True), 299).covered == -1
    assert verified(claimed, 201).covered == 201


@pytest.mark.parametrize("keys", [None, "", "not json", '{"lastStep": 299}', {"lastStep": -1}, {"lastStep": None}, []])
def test_history_keys_of_every_kind(keys):
    probe = one({"run": FINISHED | {"historyKeys": keys}, "artifactCollectionMembership": None})
    assert probe.run.last_step == (299 if keys == '{"lastStep": 299}' else None)
    assert probe.run.without_steps == (keys in (None, {"lastStep": -1}))


def test_without_history_keys_it_is_unknown_whether_anything_was_logged():
    run = {name: value for name, value in FINISHED.items() if name != "historyKeys"}
    assert not one({"run": run, "artifactCollectionMembership": None}).run.without_steps


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, json_values, json_values)
def test_nonsense_is_never_taken_for_an_artifact_and_never_fatal(run, member, parquet):
    if isinstance(run, dict):
        run["parquetHistory"] = {"parquetUrls": parquet, "liveData": parquet if isinstance(parquet, list) else []}
    probe = one({"run": run, "artifactCollectionMembership": member})
    assert probe.outcome is not ProbeOutcome.FOUND


def test_a_server_that_does_not_know_a_field_is_asked_in_the_older_way():
    def says(field):
        return Reply(errors=[{"message": f'Cannot query field "{field}" on type "Project".'}], status=200)

    older = Dialect().simpler(says("artifactCollectionMembership"))
    assert older == Dialect(membership=False)
    assert older.simpler(says("parquetHistory")) == Dialect(membership=False, dropped=NO_PARQUET)
    assert Dialect().simpler(says("artifactType")) == Dialect(listing=False)
    assert Dialect().simpler(says("project")) == Dialect(plain=False)
    assert Dialect(plain=False).simpler(says("somethingElse")) is None
    assert Dialect().simpler(Reply(errors=[{"message": "internal error"}], status=200)) is None


@pytest.mark.parametrize("field", ["historyKeys", "displayName", "state", "size", "digest", "createdAt"])
def test_a_field_that_is_optional_is_never_a_reason_to_see_nothing(field):
    unknown = Reply(errors=[{"message": f'Unknown field "{field}" for type Run'}], status=200)
    unresolved = Reply(
        data={"q0": {"run": None, "artifactCollectionMembership": membership()}},
        errors=[{"message": "boom", "path": ["q0", "run", field]}],
        status=200,
    )
    for reply in (unknown, unresolved):
        simpler = Dialect().simpler(reply)
        assert simpler == Dialect(dropped=frozenset({field}))
        query, _ = compose(QUESTIONS, simpler)
        assert field not in query
        assert parse(query)
        assert simpler.simpler(unresolved) is None


def test_where_the_server_names_no_field_everything_optional_goes_before_the_sdk_comes():
    unnamed = Reply(errors=[{"message": "nope", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}], status=200)
    minimal = Dialect().simpler(unnamed)
    query, _ = compose(QUESTIONS, minimal)
    assert re.findall(r"\w+", query).count("name") >= len(QUESTIONS)
    assert not {"historyKeys", "state", "size", "artifacts", "parquetHistory"} & set(re.findall(r"\w+", query))
    assert not minimal.simpler(unnamed).plain


NO_ARTIFACTS = [
    "Cannot query field 'historyKeys' on type 'RunType'.",
    "Cannot query field 'artifactCollectionMembership' on type 'ProjectType'. Did you mean 'artifactCollection'?",
    "Cannot query field 'artifactCollection' on type 'ArtifactTypeInfoType'. Did you mean 'artifact'?",
]
NO_VERSIONS = [f"Cannot query field '{name}' on type 'ArtifactCollectionType'." for name in ("versionIndex", "state")]


def test_a_server_without_artifacts_is_known_after_three_requests_and_still_reports_the_run():
    def unknown(messages):
        return Reply(errors=[{"message": message} for message in messages], status=200)

    older = Dialect().simpler(unknown(NO_ARTIFACTS))
    assert older == Dialect(membership=False, listing=False, dropped=frozenset({"historyKeys"}))
    assert not older.lacks, "the older field has not been tried"
    only_run = older.simpler(unknown(NO_VERSIONS))
    assert only_run.lacks == (
        *("artifactCollectionMembership", "artifact.versionIndex", "artifactType.artifactCollection"),
        "historyKeys",
    )
    query, variables = compose(QUESTIONS, only_run)
    assert " state" in query, "it is an artifact that has none"
    assert parse(query)
    assert set(variables) == {f"{letter}{i}" for letter in "epr" for i in range(3)}
    probe = one({"run": FINISHED}, dialect=only_run)
    assert (probe.outcome, probe.run.state, probe.lacks) == (ProbeOutcome.NOT_YET, "finished", only_run.lacks)


def test_the_listing_alone_finds_the_newest_version():
    dialect = Dialect(membership=False, older=False)
    assert one({"run": FINISHED} | listed(0, 2), dialect=dialect).artifact.version == 2
    assert one({"run": FINISHED, "artifactType": None}, dialect=dialect).outcome is ProbeOutcome.NOT_YET
    assert one({"run": FINISHED}, dialect=dialect).outcome is ProbeOutcome.INVALID_RESPONSE


def listed(*versions, state="COMMITTED"):
    edges = [{"node": membership(version, state)["artifact"]} for version in versions]
    return {"artifactType": {"artifactCollection": {"artifacts": {"edges": edges}}}}


@pytest.mark.parametrize(
    ("project", "newest"),
    [
        ({"artifactCollectionMembership": None} | listed(2, 1, 0), 2),
        ({"artifactCollectionMembership": membership(0)} | listed(4, 3), 4),
        ({"artifactCollectionMembership": membership(5)} | listed(4, 3), 5),
        ({"artifact": None} | listed(1), 1),
        ({"artifactCollectionMembership": membership(2)} | listed(3, state="PENDING"), 2),
        ({"artifactCollectionMembership": membership(2), "artifactType": None}, 2),
    ],
)
def test_the_newest_committed_version_counts_wherever_the_alias_points(project, newest):
    assert one({"run": FINISHED} | project).artifact.version == newest


def test_slow_answers_make_batches_smaller_without_asking_again():
    size = BatchSize()
    assert not size.learn(100, Reply(data={}, status=200, seconds=SLOW_REPLY_S + 1))
    assert size.now == 50
    for _ in range(20):
        size.learn(50, GOOD)
    assert size.now == 50, "remembered"


def test_where_the_files_of_versions_are_is_one_query():
    query, variables = compose_files([(RUNS[0], 3), (RUNS[1], 0)])
    document = parse(query)
    assert len(document.definitions[0].selection_set.selections) == 2
    assert (variables["c0"], variables["v0"]) == ("run-run0-history", "v3")


@pytest.mark.parametrize(
    ("edges", "urls"),
    [
        (
            [
                {"node": {"name": "0001.parquet", "directUrl": "b"}},
                {"node": {"name": "0000.parquet", "directUrl": "a"}},
            ],
            "ab",
        ),
        (
            [{"node": {"name": "notes.txt", "directUrl": "b"}}, {"node": None}, None, {"node": {"name": "0.parquet"}}],
            "",
        ),
        (None, ""),
    ],
)
def test_files_in_their_order(edges, urls):
    data = {"q0": {"artifactCollection": {"artifactMembership": {"files": {"edges": edges}}}}}
    assert read_files(Reply(data=data), 0) == list(urls)
    assert read_files(Reply(data=data), 1) == []
    assert read_files(Reply(), 0) == []


@pytest.mark.parametrize(
    ("keys", "rise"), [({"_step": {"monotonic": False}}, False), ({"_step": {}}, None), (None, None)]
)
def test_whether_steps_rise(keys, rise):
    run = FINISHED | {"historyKeys": {"lastStep": 3, "keys": keys}}
    assert one({"run": run, "artifactCollectionMembership": None}).run.steps_rise is rise


GOOD = Reply(data={}, status=200)
TOO_LARGE = Reply(problem=ProbeOutcome.INVALID_RESPONSE, status=413)
BROKEN = Reply(problem=ProbeOutcome.UNAVAILABLE, status=502)


def test_a_batch_that_is_too_large_is_halved_and_the_size_remembered():
    size = BatchSize()
    size.learn(100, GOOD)
    assert size.learn(100, TOO_LARGE)
    assert size.now == 50
    for _ in range(20):
        assert not size.learn(50, GOOD)
    assert size.now == 50


def test_an_outage_makes_batches_small_only_while_it_lasts():
    size = BatchSize()
    size.learn(100, GOOD)
    for _ in range(10):
        assert not size.learn(size.now, BROKEN)
    assert size.now == 1
    for _ in range(200):
        size.learn(size.now, GOOD)
    assert size.now == MAX_BATCH_SIZE


def test_a_single_run_tells_nothing_about_sizes():
    size = BatchSize()
    assert not size.learn(1, TOO_LARGE)
    assert size.now == MAX_BATCH_SIZE


def test_complexity_limits_are_understood_by_their_words():
    reply = Reply(
        problem=ProbeOutcome.INVALID_RESPONSE, status=200, errors=[{"message": "Query is too complex (1200 > 1000)"}]
    )
    assert BatchSize().learn(100, reply)
