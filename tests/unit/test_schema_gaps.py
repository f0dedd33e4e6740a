"""Queries without what a server does not know, which is remembered for a day."""

import pytest
from graphql import parse

from wandb_tui.services.disk.schema_gap_file import SchemaGapFile
from wandb_tui.services.wandb_api.dialect import Dialect
from wandb_tui.services.wandb_api.graphql import Reply
from wandb_tui.services.wandb_api.schema_gaps import Gap, KnownQuery, SchemaGaps

QUERY = """
query Runs($entity: String!, $cursor: String, $perPage: Int = 50, $filters: JSONString) {
  project(entityName: $entity) {
    runCount(filters: $filters)
    runs(after: $cursor, first: $perPage, filters: $filters) {
      name
      user { username }
    }
  }
}
"""


def refused(*messages):
    return Reply(errors=[{"message": message} for message in messages], status=200)


def simpler(known, *messages):
    return known.without(known.gaps(refused(*messages)))


def left(known):
    assert parse(known.text)
    return " ".join(known.text.split())


def test_fields_and_arguments_go_with_the_variables_that_only_they_use():
    known = simpler(
        KnownQuery(QUERY),
        "Unknown argument 'after' on field 'ProjectType.runs'.",
        'Unknown argument "filters" on field "runCount" of type "Project".',
        "Cannot query field 'user' on type 'RunType'.",
    )
    assert left(known) == (
        "query Runs($entity: String!, $perPage: Int = 50, $filters: JSONString) { project(entityName: $entity) {"
        " runCount runs(first: $perPage, filters: $filters) { name } } }"
    )
    assert known.unknown == ("user",)
    last = simpler(known, "Unknown argument 'filters' on field 'runs'.", "Unknown argument 'first' on field 'runs'.")
    assert "runCount runs {" in left(last)
    assert "filters" not in last.variables
    assert "entity" in last.variables


def test_what_holds_other_fields_stays_and_the_reply_is_for_the_caller():
    unknown = refused("Cannot query field 'runs' on type 'ProjectType'.")
    assert not KnownQuery(QUERY).gaps(unknown)
    sent = []
    reply = SchemaGaps().execute(lambda *request: sent.append(request) or unknown, QUERY, {"entity": "lab", "more": 1})
    assert reply is unknown
    assert [variables for _, variables in sent] == [{"entity": "lab"}]


NO_USER = refused("Cannot query field 'user' on type 'RunType'.")
OLDER, SMALLER = Dialect(membership=False), Dialect(membership=False, dropped=frozenset({"historyKeys"}))


def test_another_process_knows_for_a_day_what_was_refused(tmp_path):
    now = [1e9]

    def begun():
        return SchemaGaps(SchemaGapFile(tmp_path, "http://lab.example"), lambda: now[0])

    first = begun()
    first.learn(QUERY, (Gap("user"),), NO_USER)
    now[0] += 80_000
    first.learn_dialect(Dialect(), OLDER, refused("Cannot query field 'artifactCollectionMembership'."))
    second = begun()
    assert "user" not in second.known(QUERY.replace("project(", "other: project(")).text
    assert second.dialect == OLDER
    assert second.names == ("artifactCollectionMembership", "user")
    now[0] += 6_400
    for gaps in (first, second, begun()):
        assert (gaps.known(QUERY), gaps.dialect, gaps.names) == (KnownQuery(QUERY), Dialect(), ())
    assert not SchemaGaps(SchemaGapFile(tmp_path, "http://other.example"), lambda: 1e9).names


def test_what_failed_this_time_alone_is_not_remembered_for_others(tmp_path):
    file = SchemaGapFile(tmp_path, "http://lab.example")
    first = SchemaGaps(file)
    unresolved = Reply(data={"q0": {"run": None}}, errors=[{"message": "boom", "path": ["q0", "run", "historyKeys"]}])
    assert first.learn_dialect(OLDER, SMALLER, unresolved).dropped == {"historyKeys"}
    assert not file.path.exists()
    first.learn_dialect(Dialect(), OLDER, refused("Cannot query field 'artifactCollectionMembership'."))
    assert SchemaGaps(file).dialect == OLDER


@pytest.mark.parametrize(
    "change",
    [
        {"version": "0.0.1"},
        {"probe": {}},
        {"queries": [1]},
        {"queries": {"Runs": [["user("]]}},
        {"queries": {"Runs": [[""]]}},
        {"learned_at": "x"},
    ],
)
def test_a_file_that_cannot_be_used_is_replaced(tmp_path, change):
    file = SchemaGapFile(tmp_path, "http://lab.example")
    SchemaGaps(file).learn(QUERY, (Gap("user"),), NO_USER)
    file.write({**file.read(), **change})
    gaps = SchemaGaps(file)
    assert not gaps.names
    gaps.learn(QUERY, (Gap("user"),), NO_USER)
    assert SchemaGaps(file).names == ("user",)
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600]
    file.path.write_text("{")
    assert not SchemaGaps(file).names


def test_where_it_cannot_be_written_nothing_is_left_behind(tmp_path):
    file = SchemaGapFile(tmp_path, "http://lab.example")
    file.path.mkdir()
    file.write({})
    assert list(tmp_path.iterdir()) == [file.path]
