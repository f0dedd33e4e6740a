"""The sandbox validates one of many parts that are alike, and still finds whatever is wrong with another."""

import pytest
from graphql import parse, validate

from wandb_tui.core.address import RunAddress
from wandb_tui.sandbox.resolvers.query_shape import representative
from wandb_tui.sandbox.resolvers.schema import NotUnderstoodError, prepare, schema
from wandb_tui.services.wandb_api.dialect import Dialect
from wandb_tui.services.wandb_api.probe_query import ProbeRequest, compose

QUERY, _ = compose([ProbeRequest(RunAddress("lab", "forks", f"run{number}")) for number in range(30)], Dialect())


def test_of_many_runs_one_is_validated():
    short = representative(parse(QUERY)).definitions[0]
    assert [field.alias.value for field in short.selection_set.selections] == ["q0"]
    assert [one.variable.name.value for one in short.variable_definitions] == [
        *("e0", "p0", "r0", "a0", "c0"),
        "type",
        "committed",
    ]
    assert prepare(QUERY).fields == 30


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("run(name: $r17)", "run(name: $x17)"),
        ("run(name: $r17)", "run(name: 17)"),
        ("run(name: $r17)", "run(named: $r17)"),
        ("run(name: $r17) { name", "run(name: $r17) { nome"),
        ("run(name: $r17) { name", "run(name: $r17) { project"),
        ("$r17: String!", "$r17: Int!"),
        ("$r17: String!", "$r17: String"),
        ("$r17: String!", "$r17: String!, $r17: String!"),
        ("$r17: String!", "$r17: String!, $s17: String!"),
        ("q17: project", "q1: project"),
        ("q17: project", "q17: runs"),
        ("q17: project(name: $p17", "q17: project(name: $p17 ...None"),
    ],
)
def test_whatever_is_wrong_with_another_is_found(right, wrong):
    assert QUERY.count(right) == 1
    query = QUERY.replace(right, wrong)
    with pytest.raises(NotUnderstoodError) as caught:
        prepare(query)
    if "..." not in wrong:
        assert [error.formatted for error in caught.value.errors] == [
            error.formatted for error in validate(schema(), parse(query))
        ]
        assert caught.value.errors[0].locations


def test_a_variable_that_only_a_fragment_uses_is_not_taken_for_unused():
    query = """
    query Two($a1: String!, $a2: String!, $keys: [String!]!) {
      q1: project(name: $a1, entityName: $a1) { run(name: $a1) { ...Keys } }
      q2: project(name: $a2, entityName: $a2) { run(name: $a2) { ...Keys } }
    }
    fragment Keys on Run { parquetHistory(liveKeys: $keys) { parquetUrls } }
    """
    assert prepare(query).fields == 2
