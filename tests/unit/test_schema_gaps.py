"""Queries without what a server does not know."""

from graphql import parse

from wandb_tui.services.wandb_api.graphql import Reply
from wandb_tui.services.wandb_api.schema_gaps import KnownQuery, SchemaGaps

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


def left(known):
    assert parse(known.text)
    return " ".join(known.text.split())


def test_fields_and_arguments_go_with_the_variables_that_only_they_use():
    known = KnownQuery(QUERY).simpler(
        refused(
            "Unknown argument 'after' on field 'ProjectType.runs'.",
            'Unknown argument "filters" on field "runCount" of type "Project".',
            "Cannot query field 'user' on type 'RunType'.",
        )
    )
    assert left(known) == (
        "query Runs($entity: String!, $perPage: Int = 50, $filters: JSONString) { project(entityName: $entity) {"
        " runCount runs(first: $perPage, filters: $filters) { name } } }"
    )
    assert known.unknown == ("user",)
    last = known.simpler(
        refused("Unknown argument 'filters' on field 'runs'.", "Unknown argument 'first' on field 'runs'.")
    )
    assert "runCount runs {" in left(last)
    assert not last.takes("filters")
    assert last.takes("entity")


def test_what_holds_other_fields_stays_and_the_reply_is_for_the_caller():
    unknown = refused("Cannot query field 'runs' on type 'ProjectType'.")
    assert KnownQuery(QUERY).simpler(unknown) is None
    sent = []
    reply = SchemaGaps().execute(lambda *request: sent.append(request) or unknown, QUERY, {"entity": "lab", "more": 1})
    assert reply is unknown
    assert [variables for _, variables in sent] == [{"entity": "lab"}]
