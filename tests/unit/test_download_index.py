"""The index of a folder with downloaded histories: what its columns hold."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_tui.core.address import RunAddress
from wandb_tui.library.download_record import DownloadRecord, folder_of, write_index

FINITE = st.floats(allow_nan=False)


def index_of(root, *configs: dict[str, Any]) -> list[dict[str, Any]]:
    """The index of runs with these configs."""
    for number, config in enumerate(configs):
        address = RunAddress("lab", "forks", f"run{number}")
        record = DownloadRecord(
            str(address),
            f"{address}:v0",
            {"format": "parquet"},
            {},
            {"0000.parquet": "d"},
            1,
            1,
            0,
            0,
            0,
            0,
            "now",
            config=config,
        )
        folder = folder_of(root, address)
        folder.mkdir(parents=True, exist_ok=True)
        record.write(folder)
    return pq.read_table(write_index(root)).to_pylist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, None, 3], [1, None, 3]),
        ([1, 2.5, None], [1.0, 2.5, None]),
        ([True, False, True], [True, False, True]),
        ([True, 1, None], ["true", "1", None]),
        (["2026-01-01", "b", None], ["2026-01-01", "b", None]),
        ([1, "b", [1]], ["1", "b", "[1]"]),
        ([[1, 2], None, []], [[1, 2], None, []]),
        ([[1, 2.5], ["x"], None], ["[1, 2.5]", '["x"]', None]),
        ([2**63, 1, None], [str(2**63), "1", None]),
        ([float("inf"), 1, None], [float("inf"), 1.0, None]),
        ([{"a": 1}, None, {}], ['{"a": 1}', None, "{}"]),
        ([None, None, None], [None, None, None]),
    ],
)
def test_a_column_has_the_narrowest_type_for_all_its_values(tmp_path, values, expected):
    rows = index_of(tmp_path, *({"x": value} for value in values))
    assert [row["config.x"] for row in rows] == expected


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2),
    numbers=st.lists(FINITE, min_size=2, max_size=2),
)
def test_names_and_numbers_come_back_as_they_were(tmp_path_factory, texts, numbers):
    configs = [{"text": text, "number": number} for text, number in zip(texts, numbers, strict=True)]
    rows = index_of(tmp_path_factory.mktemp("index"), *configs)
    assert [{"text": row["config.text"], "number": row["config.number"]} for row in rows] == configs


def test_an_index_is_written_without_pandas(tmp_path):
    index_of(tmp_path, {"lr": 0.1})
    program = (
        "import sys, pathlib; from wandb_tui.library.download_record import write_index;"
        " write_index(pathlib.Path(sys.argv[1])); sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 0
