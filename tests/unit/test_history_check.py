"""The check-up of a history, on files as exports leave them."""

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wandb_tui.core.step_range import StepRange
from wandb_tui.library.history_check import check_history
from wandb_tui.library.history_reader import HistoryPart


@pytest.fixture
def findings(tmp_path):
    def check(*files, steps=None):
        paths = []
        for number, columns in enumerate(files):
            paths.append(tmp_path / f"{number:04d}.parquet")
            pq.write_table(pa.table(columns), paths[-1], row_group_size=3)
        return check_history([HistoryPart(paths)], StepRange.of(steps))

    return check


def test_nothing_is_said_of_what_is_as_usual(findings):
    assert findings({"_step": range(10), "loss": [0.5] * 10}, {"_step": range(10, 20), "loss": [0.5] * 10}) == []


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([0, 1, 2, 2, 3], ["1 step doubled, the first of them 2"]),
        ([0, 1, 2, 5, 6, 9, 10, 11], ["4 steps missing, the first after step 2"]),
        (range(0, 20, 2), ["most rows are 2 steps apart"]),
        (
            [*range(0, 20, 10), *range(40, 60, 10)],
            ["most rows are 10 steps apart", "2 steps missing, the first after step 10"],
        ),
        ([0, 1, 2, 1, 2], ["steps fall 1 time, first after step 2"]),
        ([7], []),
        ([], []),
    ],
)
def test_steps_that_are_missing_doubled_or_fall(findings, steps, said):
    assert findings({"_step": pa.array(steps, pa.int64())}) == said


def test_steps_are_compared_across_files_too(findings):
    assert findings({"_step": [0, 1, 2]}, {"_step": [2, 3]}) == ["1 step doubled, the first of them 2"]


def test_values_that_are_no_numbers_are_counted_by_column(findings):
    columns = {
        "_step": range(4),
        "loss": [0.5, math.nan, math.nan, None],
        "grad": [math.inf, -math.inf, 1.0, 1.0],
        "text": ["NaN", "ok", "-Infinity", None],
    }
    assert findings(columns) == [
        "NaN in loss (2)",
        "infinite values in grad (2)",
        "numbers written as text (NaN, Infinity) in text (2)",
    ]
    assert findings(columns, steps=":1") == [
        "infinite values in grad (1)",
        "numbers written as text (NaN, Infinity) in text (1)",
    ]


def test_many_columns_are_summed_up(findings):
    columns = {f"m{number}": [math.nan] for number in range(5)}
    assert findings({"_step": [0], **columns}) == ["NaN in m0 (1), m1 (1), m2 (1) and 2 more"]


def test_a_column_that_changes_its_type_is_named(findings):
    assert findings({"_step": [0], "n": [1]}, {"_step": [1], "n": [0.5]}) == [
        "n changes its type between files: int64, double"
    ]
