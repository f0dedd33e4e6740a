"""Histories are written batch by batch: little memory on the way, and row groups that are worth reading."""

import contextlib

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
