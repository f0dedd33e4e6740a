"""The findings before and after a fork, in rows as exports and the API have them."""

import math
from types import SimpleNamespace

import pyarrow as pa
import pytest

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import RunFacts
from wandb_tui.core.metric_value import MetricValue
from wandb_tui.library.branch_check import differences, falls, findings_before


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"_step": [0, 1, 2], "loss": [math.nan, 0.5, None], "text": ["NaN", "a", "b"]}, []),
        ({"_step": range(0, 20, 10), "loss": [1.0, 2.0]}, []),
        ({"_step": [0, 1, 2], "loss": [0.5, math.nan, None]}, ["the last value is NaN in loss"]),
        (
            {"_step": [0, 1], **{name: ["1", "NaN"] for name in "abcd"}},
            ["the last values are NaN in a, b, c and 1 more"],
        ),
        ({"_step": range(0, 20, 2)}, ["every second step is missing"]),
        (
            {"_step": [0, 1, 2, 2, 1]},
            ["1 step doubled, the first of them 2", "steps fall 1 time, first after step 2"],
        ),
        ({"_step": pa.array([], pa.int64()), "loss": pa.array([], pa.float64())}, []),
    ],
)
def test_what_the_parents_last_rows_show(columns, found):
    assert findings_before(pa.table(columns)) == found


PARENT = {step: {"loss": float(step), "nan": math.nan, "text": "a"} for step in range(4)}


@pytest.mark.parametrize(
    ("child", "found"),
    [
        ({step: {"loss": step, "nan": "NaN", "text": "b", "new": 1} for step in range(4)}, []),
        ({}, ["the server reports none of the parent's rows in it"]),
        (
            {step: PARENT[step] for step in (1, 3)},
            ["of the parent's rows it lacks steps 0, 2"],
        ),
        (
            {**PARENT, 2: {"loss": "NaN", "nan": 0.5}, 3: {"nan": "NaN"}},
            ["loss is NaN at step 2, and 2 in the parent", "nan is 0.5 at step 2, and NaN in the parent"],
        ),
        ({**PARENT, 3: {"nan": "NaN"}}, ["loss is missing at step 3, and 3 in the parent"]),
    ],
)
def test_what_a_fork_does_not_have_like_its_parent(child, found):
    assert differences(PARENT, child) == found


def test_a_parent_without_rows_has_nothing_to_compare():
    assert differences({}, {}) == []


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (200, ["its steps fall somewhere"]),
        (MetricValue("epoch", 3.0), ["its steps fall somewhere", "epoch falls somewhere"]),
        (MetricValue("loss", 3.0), ["its steps fall somewhere"]),
    ],
)
def test_what_falls_is_known_from_the_servers_index(target, found):
    wiring = SimpleNamespace(inspector=SimpleNamespace(facts=lambda _: RunFacts(falling=("_step", "epoch"))))
    run = RunAddress("lab", "forks", "abc123")
    assert [text.partition(": ")[2].partition(",")[0] for text in falls(wiring, run, target)] == found
