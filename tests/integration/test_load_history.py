"""`load_history`: the columns and steps that are wanted, of several files, and how much is fetched for them."""

import json
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.exported_runs import exported_run
from tests.integration.scripts import export_run, script_environment
from wandb_tui import ServerError, UsageError, load_history
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.wandb_api.remote_file import RemoteFile


@pytest.fixture(scope="module")
def sandbox():
    """A run of three exports: a column comes, another turns from integers to floats, and one from numbers to text."""
    with Sandbox(SandboxConfig(export_delay=0.3)) as sandbox:
        context = sandbox.context
        export_run(sandbox, "parts", steps=100)
        run = context.state.run(context.state.ensure_project("lab", "forks")[0], "parts")
        rows = [{"_step": step, "metric": step + 0.5, "late": [step], "n": step} for step in range(100, 200)]
        rows += [{"_step": step, "metric": "none", "late": [step], "n": step / 2} for step in range(200, 300)]
        for first in (0, 100):
            lines = [json.dumps(row) for row in rows[first : first + 100]]
            context.histories.append(run, "wandb-history.jsonl", 100 + first, lines)
            sandbox.export_now("lab/forks/parts")
        yield sandbox


@pytest.fixture
def load(sandbox, tmp_path, monkeypatch):
    for name, value in script_environment(sandbox, tmp_path).items():
        monkeypatch.setenv(name, value)
    yield lambda run="lab/forks/parts", *args, **options: load_history(run, *args, visit=False, timeout=20, **options)
    sandbox.set_faults()


def test_files_that_differ_are_joined_without_losing_a_column_or_a_row(load):
    table = load()
    assert table.column_names == ["_step", "metric", "late", "n"]
    assert table["_step"].to_pylist() == list(range(300))
    assert table["metric"].to_pylist()[99:201] == ["99", *(str(step + 0.5) for step in range(100, 200)), "none"]
    assert table["late"].to_pylist()[98:101] == [None, None, "[100]"]


def test_integers_and_floats_become_floats(load):
    table = load(columns=["n"])
    assert table.schema.field("n").type == pa.float64()
    assert table["n"].to_pylist()[99:202] == [None, *map(float, range(100, 200)), 100.0, 100.5]
    assert load(columns=["l*"], steps=range(95, 105)).column_names == ["_step", "late"]


@pytest.mark.parametrize("steps", ["90:110", range(90, 110), (90, 110)])
def test_only_the_steps_that_are_wanted_come(load, steps):
    assert load(columns="metric", steps=steps)["_step"].to_pylist() == list(range(90, 110))


def test_little_is_fetched_where_little_is_wanted(load, sandbox, monkeypatch):
    context = sandbox.context
    run = context.state.create_run(context.state.ensure_project("lab", "forks")[0], "wide", None)
    lines = [
        json.dumps({"_step": step, **{f"m{number}": hash((step, number)) / 7 for number in range(40)}})
        for step in range(3000)
    ]
    context.histories.append(run, "wandb-history.jsonl", 0, lines)
    context.state.update_run(run, state="finished")
    sandbox.export_now("lab/forks/wide")
    (file,) = context.exports.files(context.exports.versions(run)[0])
    fetched = []
    get = RemoteFile._get
    monkeypatch.setattr(RemoteFile, "_get", lambda self, piece: fetched.append(got := get(self, piece)) or got)
    table = load("lab/forks/wide", columns=["m1", "m2"])
    whole = pq.read_table(file.path, columns=["_step", "m1", "m2"])
    assert table.equals(whole)
    assert sum(len(content) for content, _ in fetched) < file.size / 4


def test_the_pieces_of_many_row_groups_are_fetched_in_few_rounds(load, sandbox, monkeypatch):
    exported_run(sandbox, "grouped", 30_000, 8, group_rows=2_000)
    context = sandbox.context
    run = context.state.run(context.state.ensure_project("lab", "forks")[0], "grouped")
    (file,) = context.exports.files(context.exports.versions(run)[0])
    rounds, threads = [], []
    prefetch, piece = RemoteFile.prefetch, RemoteFile._piece
    monkeypatch.setattr(RemoteFile, "prefetch", lambda self, pieces: rounds.append(1) or prefetch(self, pieces))
    monkeypatch.setattr(
        RemoteFile,
        "_piece",
        lambda self, start, stop: threads.append(threading.current_thread().name) or piece(self, start, stop),
    )
    table = load("lab/forks/grouped", columns=["m1", "m6"], steps="3000:27000")
    assert table.equals(pq.read_table(file.path, columns=["_step", "m1", "m6"])[3000:27_000])
    # Each piece by a thread of the pool: nothing was left to be fetched in turn.
    assert (len(rounds), set(threads)) == (1, {"wandb-tui pieces"})
    # As much as is in memory at a time makes no difference to the rows.
    monkeypatch.setattr("wandb_tui.library.history_reader._PREFETCH_BYTES", 100_000)
    assert load("lab/forks/grouped", columns=["m1", "m6"], steps="3000:27000").equals(table)
    assert len(rounds) > 3


def test_a_server_that_sends_no_pieces_is_read_whole(load, sandbox, monkeypatch):
    def refuse(self, piece):
        raise OSError("the server sends another piece than was asked for")

    monkeypatch.setattr(RemoteFile, "_get", refuse)
    assert load(until="exists")["_step"].to_pylist() == list(range(300))


def test_pandas_gets_a_frame_and_what_is_missing_is_one_sentence(load, monkeypatch):
    frame = load(to="pandas", columns=["metric"], steps=":10")
    assert list(frame.columns) == ["_step", "metric"]
    assert list(frame["_step"]) == list(range(10))
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None)
    with pytest.raises(UsageError, match=r"load_history needs pyarrow, which is not installed\. Install it"):
        load()


def test_what_is_none_is_refused_with_what_there_is(load):
    with pytest.raises(UsageError, match="There are metric, late, n"):
        load(columns=["losss"])
    with pytest.raises(UsageError, match="no range of steps"):
        load(steps="5")
    with pytest.raises(UsageError, match="pyarrow, pandas or polars"):
        load(to="numpy")


def test_a_file_that_is_not_the_exported_one_is_never_taken(load, sandbox):
    export_run(sandbox, "wrong")
    context = sandbox.context
    run = context.state.run(context.state.ensure_project("lab", "forks")[0], "wrong")
    (file,) = context.exports.files(context.exports.versions(run)[0])
    file.path.write_bytes(b"!" * file.size)
    with pytest.raises(ServerError, match="differs from the artifact's manifest"):
        load("lab/forks/wrong", until="exists")
