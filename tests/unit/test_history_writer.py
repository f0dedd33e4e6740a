"""Histories are written batch by batch: little memory on the way, and row groups that are worth reading."""

import contextlib
import math

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from wandb_tui.library.history_reader import HistoryPart, HistoryReader
from wandb_tui.library.history_writer import write_history

_ROWS = 400_000


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    path = tmp_path_factory.mktemp("history") / "0000.parquet"
    columns = {"_step": pa.array(range(_ROWS))} | {f"m{number}": pc.random(_ROWS) for number in range(5)}
    pq.write_table(pa.table(columns), path)
    return path


def test_memory_does_not_grow_with_the_file(history):
    most, pool = 0, pa.default_memory_pool()
    before = pool.bytes_allocated()
    with contextlib.closing(HistoryReader([HistoryPart([history])])) as reader:
        for batch in reader.batches():
            most = max(most, pool.bytes_allocated() - before)
            assert batch.num_rows
    assert 0 < most < history.stat().st_size


def test_parquet_has_large_row_groups(history, tmp_path):
    with contextlib.closing(HistoryReader([HistoryPart([history])])) as reader:
        assert write_history(reader, tmp_path / "out.parquet", "parquet") == _ROWS
    with pq.ParquetFile(tmp_path / "out.parquet") as written:
        sizes = [written.metadata.row_group(number).num_rows for number in range(written.num_row_groups)]
    assert len(sizes) == 2
    assert pq.read_table(tmp_path / "out.parquet").equals(pq.read_table(history))


def test_a_metric_with_nan_in_csv_is_one_of_numbers_for_polars(tmp_path):
    notes = ['a "nan", b', "nan", 'c,nan,"d"\nnan', None]
    losses = [math.nan, 0.5, math.inf, None]
    rows = pa.table({"loss": losses, "note": notes, "nan": [1, 2, 3, 4], "last": losses[::-1]})
    pq.write_table(rows, tmp_path / "0000.parquet")
    with contextlib.closing(HistoryReader([HistoryPart([tmp_path / "0000.parquet"])])) as reader:
        assert write_history(reader, tmp_path / "out.csv", "csv") == len(notes)
    read = pl.read_csv(tmp_path / "out.csv")
    assert read.columns == rows.column_names
    assert str(read["loss"].to_list()) == str(losses)
    assert str(read["last"].to_list()) == str(losses[::-1])
    assert read["note"].to_list() == notes
