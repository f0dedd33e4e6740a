"""``wandb-tui download``: folders, formats, what resumes, and what is said where something goes wrong."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tests.integration.browser_support import eventually
from tests.integration.sandbox_fixtures import services
from tests.integration.scripts import export_run, script_environment
from tests.stopwatch import HANG_S
from wandb_tui.cli.program import cli
from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import RunNotFoundError, ServerError, UsageError, WandbTuiError
from wandb_tui.library.group import MonitorGroup
from wandb_tui.library.history_folder import ExportOptions, HistoryFolder
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.disk.folder_lock import LOCK, locked_folder

RUN = "lab/forks/one"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.3)) as sandbox:
        export_run(sandbox, "one")
        export_run(sandbox, "two", steps=50, project="other")
        yield sandbox


@pytest.fixture
def download(sandbox, tmp_path, monkeypatch, capfd):
    for name, value in script_environment(sandbox, tmp_path).items():
        monkeypatch.setenv(name, value)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))

    def run(*arguments, to=tmp_path / "data"):
        """Exit status, the objects that were printed, and the errors."""
        command = ["download", "--timeout", "60", *arguments, "--to", str(to), "--no-visit", "--json"]
        status = cli.main(command, prog_name="wandb-tui", standalone_mode=False)
        out, err = capfd.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], errors_in(err)

    yield run
    sandbox.set_faults()


def errors_in(text):
    """The lines on stderr, except that the server is late with its first answer, as on a busy machine."""
    return "\n".join(line for line in text.splitlines() if not line.endswith("no answer yet"))


def append(sandbox, run_id, steps, project="forks"):
    """Log further steps of a run."""
    context = sandbox.context
    run = context.state.run(context.state.ensure_project("lab", project)[0], run_id)
    count = context.histories.count(run, "wandb-history.jsonl")
    lines = [json.dumps({"_step": step, "metric": step, "late": step / 2}) for step in steps]
    context.histories.append(run, "wandb-history.jsonl", count, lines)


def test_each_run_has_its_folder_and_the_index_a_row(download, tmp_path):
    status, lines, err = download(RUN, "lab/other/two")
    assert (status, err) == (0, "")
    last = {line["run"]: line for line in lines}
    assert {line["state"] for line in last.values()} == {"downloaded"}
    assert list(last[RUN]) == ["time", "run", "state", "path", "bytes", "rows", "message"]
    file = tmp_path / "data" / "lab" / "forks" / "one" / "0000.parquet"
    assert last[RUN]["path"] == str(file.parent)
    assert (last[RUN]["rows"], last[RUN]["bytes"]) == (300, file.stat().st_size)
    assert pq.read_table(file)["_step"].to_pylist() == list(range(300))
    index = pq.read_table(tmp_path / "data" / "index.parquet").to_pylist()
    assert [(row["run"], row["rows"], row["last_step"], row["state"]) for row in index] == [
        (RUN, 300, 299, "finished"),
        ("lab/other/two", 50, 49, "finished"),
    ]
    assert index[0]["files"] == ["lab/forks/one/0000.parquet"]


def test_a_second_call_brings_nothing_again_and_mends_what_was_damaged(download, tmp_path):
    download(RUN)
    file = tmp_path / "data" / "lab" / "forks" / "one" / "0000.parquet"
    good, before = file.read_bytes(), file.stat()
    _, lines, _ = download(RUN)
    assert lines[-1]["message"].startswith("Already there")
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    file.write_bytes(good[:-1] + b"!")
    _, lines, _ = download(RUN)
    assert lines[-1]["message"].startswith("Downloaded")
    assert file.read_bytes() == good


# Of rows without a schema, pyarrow takes the first one's columns.
LATE = pa.schema([("_step", pa.int64()), ("late", pa.float64())])


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ("csv", pa.csv.read_csv),
        ("jsonl", lambda path: pa.Table.from_pylist(list(map(json.loads, path.read_text().splitlines())), LATE)),
        ("arrow", lambda path: pa.ipc.open_file(path).read_all()),
        ("parquet", pq.read_table),
    ],
)
def test_columns_and_steps_in_every_format(download, sandbox, tmp_path, kind, read):
    name = f"more-{kind}"
    export_run(sandbox, name, steps=100)
    append(sandbox, name, range(100, 120))
    sandbox.export_now(f"lab/forks/{name}")
    wanted = ("--format", kind, "--columns", "la*", "--steps", "90:110")
    status, lines, _ = download(f"lab/forks/{name}", *wanted)
    folder = tmp_path / "data" / "lab" / "forks" / name
    assert (status, lines[-1]["rows"]) == (0, 20)
    assert sorted(path.name for path in folder.iterdir()) == [".download.json", f"history.{kind}"]
    table = read(folder / f"history.{kind}")
    assert table.column_names == ["_step", "late"] or kind == "jsonl"
    late = [step / 2 if step >= 100 else None for step in range(90, 110)]
    assert [(row["_step"], row.get("late")) for row in table.to_pylist()] == list(
        zip(range(90, 110), late, strict=True)
    )
    before = (folder / f"history.{kind}").stat().st_ino
    _, lines, _ = download(f"lab/forks/{name}", *wanted)
    assert lines[-1]["message"].startswith("Already there")
    assert (folder / f"history.{kind}").stat().st_ino == before
    # Another form takes the place of the first: nothing in the folder is of two minds.
    download(f"lab/forks/{name}")
    assert sorted(path.name for path in folder.iterdir()) == [".download.json", "0000.parquet", "0001.parquet"]


def test_until_exists_takes_what_there_is_and_says_what_is_missing(download, sandbox):
    export_run(sandbox, "behind", steps=100)
    append(sandbox, "behind", range(100, 130))
    status, lines, _ = download("lab/forks/behind", "--until", "exists")
    assert status == 0
    assert lines[-1]["message"].endswith("not exported yet: steps 100 to 129")


def test_a_newer_version_is_fetched_and_what_is_still_right_stays(download, sandbox, tmp_path):
    export_run(sandbox, "grows", steps=100)
    download("lab/forks/grows")
    folder = tmp_path / "data" / "lab" / "forks" / "grows"
    first = (folder / "0000.parquet").stat().st_ino
    append(sandbox, "grows", range(100, 130))
    sandbox.export_now("lab/forks/grows")
    status, lines, _ = download("lab/forks/grows")
    assert (status, lines[-1]["rows"]) == (0, 130)
    assert (folder / "0000.parquet").stat().st_ino == first
    assert (folder / "0001.parquet").exists()


def test_a_connection_that_is_cut_again_and_again_comes_to_its_end(download, sandbox, tmp_path):
    export_run(sandbox, "cut", steps=300)
    sandbox.set_faults("cut:path=storage,bytes=2000")
    status, lines, _ = download("lab/forks/cut")
    assert (status, lines[-1]["rows"]) == (0, 300), lines
    folder = tmp_path / "data" / "lab" / "forks" / "cut"
    assert sorted(path.name for path in folder.iterdir()) == [".download.json", "0000.parquet"]


def test_a_download_that_was_killed_goes_on_where_it_stopped(download, sandbox, tmp_path):
    export_run(sandbox, "killed", steps=3000)
    # The manifest is read; the file is cut, and then asked for again.
    sandbox.set_faults("cut:path=storage,bytes=5000", "hang:path=storage,after=2")
    command = [sys.executable, "-m", "wandb_tui", "download", "lab/forks/killed", "--to", "data", "--no-visit"]
    folder = tmp_path / "data" / "lab" / "forks" / "killed"
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
        while process.poll() is None and sum(path.stat().st_size for path in folder.glob(".*.part")) < 5000:
            time.sleep(0.02)
        process.kill()
    # The lock file may be left behind, but it locks nothing.
    assert sorted(path.name[:14] for path in folder.iterdir()) == [".0000.parquet.", LOCK]
    sandbox.set_faults()
    status, lines, _ = download("lab/forks/killed")
    assert (status, lines[-1]["rows"]) == (0, 3000)
    assert sorted(path.name for path in folder.iterdir()) == [".download.json", "0000.parquet"]


def test_what_differs_from_the_manifest_never_gets_a_final_name(download, sandbox, tmp_path):
    export_run(sandbox, "wrong")
    (file,) = (
        path
        for path in sandbox.context.exports.files_dir.rglob("0000.parquet")
        if path.stat().st_mtime == max(one.stat().st_mtime for one in path.parents[1].rglob("0000.parquet"))
    )
    good = file.read_bytes()
    file.write_bytes(good[:100] + b"!" + good[101:])
    status, lines, _ = download("lab/forks/wrong", RUN)
    last = {line["run"]: line for line in lines}
    assert status == 1
    assert last["lab/forks/wrong"]["state"] == "failed"
    assert "differs from the artifact's manifest" in last["lab/forks/wrong"]["message"]
    assert last[RUN]["state"] == "downloaded"
    assert not list((tmp_path / "data" / "lab" / "forks" / "wrong").iterdir())
    file.write_bytes(good)
    assert download("lab/forks/wrong")[0] == 0


@pytest.mark.parametrize("listed", ["none", "other"])
def test_without_listed_digests_those_of_the_manifest_count(download, sandbox, tmp_path, listed):
    sandbox.set_faults(f"file-digests:listed={listed}")
    status, lines, _ = download(RUN, "lab/other/two")
    last = {line["run"]: line for line in lines}
    assert status == 0
    assert {run: line["rows"] for run, line in last.items()} == {RUN: 300, "lab/other/two": 50}
    file = tmp_path / "data" / "lab" / "forks" / "one" / "0000.parquet"
    before = file.stat()
    _, lines, _ = download(RUN)
    assert lines[-1]["message"].startswith("Already there")
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns), "nothing is fetched again"


def test_the_server_s_word_that_an_export_is_complete_is_checked(download, sandbox, tmp_path):
    export_run(sandbox, "claimed", steps=100)
    append(sandbox, "claimed", range(100, 130))
    sandbox.set_faults("live-data-empty")
    folder = tmp_path / "data" / "lab" / "forks" / "claimed"

    def export_the_rest():
        eventually(lambda: list(folder.glob(".0000.parquet.*.part")))
        inodes.extend(part.stat().st_ino for part in folder.glob(".0000.parquet.*.part"))
        sandbox.export_now("lab/forks/claimed")

    inodes = []
    rest = threading.Thread(target=export_the_rest, daemon=True)
    rest.start()
    status, lines, _ = download("lab/forks/claimed")
    rest.join()
    assert any(line["message"].endswith("ends at step 99, but the run is at step 129.") for line in lines)
    assert (status, lines[-1]["rows"]) == (0, 130)
    # The file that was there already is not fetched again.
    assert (folder / "0000.parquet").stat().st_ino == inodes[0]


def test_waiting_again_takes_what_is_left_of_the_time(download, sandbox, tmp_path, monkeypatch):
    export_run(sandbox, "again", steps=100)
    append(sandbox, "again", range(100, 130))
    sandbox.set_faults("live-data-empty")
    add, limits = MonitorGroup.add, []

    def noting(group, run, goal, **limit):
        limits.append(limit.get("max_wait_time", 60.0))
        if len(limits) == 2:
            sandbox.export_now("lab/forks/again")
        return add(group, run, goal, **limit)

    monkeypatch.setattr(MonitorGroup, "add", noting)
    assert download("lab/forks/again")[0] == 0
    first, left = limits
    assert 0 < left < first == 60


def test_announced_versions_are_located_in_one_request(sandbox, tmp_path):
    names = [f"announced{number}" for number in range(6)]
    runs = [RunAddress.parse(export_run(sandbox, name, steps=5)) for name in names]
    with services(sandbox, tmp_path) as wiring:
        files = wiring.history_files
        for run in runs:
            files.announce(run, f"{run.history_artifact}:v0")
        before = sandbox.stats()["graphql_requests"]
        found = [files.locate(run, f"{run.history_artifact}:v0") for run in reversed(runs)]
        assert sandbox.stats()["graphql_requests"] == before + 1
        # An answer is for one question: the addresses in it expire.
        again = [files.locate(run, f"{run.history_artifact}:v0") for run in reversed(runs)]
        assert sandbox.stats()["graphql_requests"] == before + 1 + len(runs)
        assert [version.files for version in again] == [version.files for version in found]
        assert len({version.files for version in found}) == len(runs)


def announced(sandbox, files, prefix):
    """Four announced versions, as the arguments with which they are located."""
    runs = [RunAddress.parse(export_run(sandbox, f"{prefix}{number}", steps=5)) for number in range(4)]
    versions = [(run, f"{run.history_artifact}:v0") for run in runs]
    for version in versions:
        files.announce(*version)
    return versions


@pytest.mark.parametrize("trouble", ["key-refused", "http-status:code=503", "an exception"])
def test_announced_versions_do_not_share_the_failure_of_the_first(sandbox, tmp_path, monkeypatch, trouble):
    with services(sandbox, tmp_path) as wiring, monkeypatch.context() as patched:
        first, *others = announced(sandbox, wiring.history_files, re.sub(r"\W", "", trouble))
        patched.setattr("wandb_tui.services.wandb_api.retries._MAX_TRIES", 1)
        if trouble == "an exception":
            patched.setattr("wandb_tui.services.wandb_api.history_files.with_retries", lambda *_: 1 / 0)
        else:
            sandbox.set_faults(trouble)
        with pytest.raises(ZeroDivisionError if trouble == "an exception" else WandbTuiError):
            wiring.history_files.locate(*first)
        sandbox.set_faults()
        patched.undo()
        for version in others:
            assert wiring.history_files.locate(*version).files


def test_an_announced_version_whose_manifest_address_has_expired_is_asked_for_again_once(sandbox, tmp_path):
    expired = "http-status:code=403,path=storage"
    with services(sandbox, tmp_path) as wiring:
        sandbox.set_faults("file-digests:listed=none")
        first, *others = announced(sandbox, wiring.history_files, "expired")
        wiring.history_files.locate(*first)
        before = sandbox.stats()["graphql_requests"]
        sandbox.set_faults("file-digests:listed=none", f"{expired},times=1")
        assert wiring.history_files.locate(*others[0]).files
        assert sandbox.stats()["graphql_requests"] == before + 1
        sandbox.set_faults("file-digests:listed=none", expired)
        with pytest.raises(ServerError, match="refuses a file"):
            wiring.history_files.locate(*others[1])
        assert sandbox.stats()["graphql_requests"] == before + 2
    sandbox.set_faults()


def test_a_server_that_lists_the_same_page_of_files_each_time_is_asked_no_further(sandbox, tmp_path, monkeypatch):
    run = RunAddress.parse(export_run(sandbox, "pages", steps=100))
    append(sandbox, "pages", range(100, 130))
    sandbox.export_now(str(run))
    monkeypatch.setattr("wandb_tui.services.wandb_api.version_query._PAGE", 1)
    with services(sandbox, tmp_path) as wiring:
        version = wiring.history_files.locate(run, f"{run.history_artifact}:v1")
        assert [file.name for file in version.files] == ["0000.parquet", "0001.parquet"]
        sandbox.set_faults("no-field:name=files.after")
        with pytest.raises(ServerError, match="does not say where all files"):
            wiring.history_files.locate(run, f"{run.history_artifact}:v1")
    sandbox.set_faults()


def test_the_index_waits_only_for_another_index_and_not_for_ever(download, tmp_path, monkeypatch):
    monkeypatch.setattr("wandb_tui.library.history_folder._MAX_INDEX_WAIT_S", 0.0)
    folder = tmp_path / "data"
    folder.mkdir()
    with locked_folder(folder, pytest.fail):
        assert download(RUN)[0] == 0
    assert len(pq.read_table(folder / "index.parquet")) == 1
    with locked_folder(folder, pytest.fail, name=".index.lock"):
        status, lines, err = download(RUN)
    assert (status, lines[-1]["state"]) == (1, "downloaded")
    assert "index.parquet is not up to date: another process has been writing it" in err
    assert sorted(path.name for path in folder.iterdir()) == ["index.parquet", "lab"]


def test_where_every_download_failed_no_index_is_missed(tmp_path, caplog):
    folder = HistoryFolder(tmp_path / "none", None, ExportOptions(), None)
    assert folder.write_index() is None
    assert not caplog.text


def begin(to, *runs):
    """A download in a process of its own, which prints JSON."""
    command = [sys.executable, "-m", "wandb_tui", "download", *runs, "--to", str(to), "--no-visit", "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def told(process):
    """The output of a process, object by object."""
    return map(json.loads, process.stdout)


def test_a_second_download_into_a_folder_waits_and_finds_all_there(download, sandbox, tmp_path):
    download(RUN, to=tmp_path / "first")
    folder = tmp_path / "data" / "lab" / "forks" / "one"
    folder.mkdir(parents=True)
    before = sandbox.stats()["export_bytes"]
    with begin(tmp_path / "data", RUN) as second:
        with locked_folder(folder, pytest.fail):
            # The first one.
            waiting = next(line for line in told(second) if line["message"].startswith("Another download"))
            shutil.copy(tmp_path / "first" / "lab" / "forks" / "one" / "0000.parquet", folder)
        *_, last = told(second)
        assert second.wait(HANG_S) == 0
    assert waiting["state"] == "waiting"
    assert waiting["message"] == f"Another download is writing into {folder}; waiting for its end"
    assert last["message"].startswith("Already there: 300 rows")
    assert sandbox.stats()["export_bytes"] == before


def test_a_second_download_goes_on_where_the_first_one_died(download, sandbox, tmp_path):
    export_run(sandbox, "dies", steps=3000)
    # The manifest is read; the file is cut, and then asked for again.
    sandbox.set_faults("cut:path=storage,bytes=5000", "hang:path=storage,after=2")
    folder = tmp_path / "data" / "lab" / "forks" / "dies"
    with begin(tmp_path / "data", "lab/forks/dies") as first:
        eventually(lambda: sandbox.context.faults.get("hang").struck)
        sandbox.set_faults()
        before = sandbox.stats()["export_bytes"]
        with begin(tmp_path / "data", "lab/forks/dies") as second:
            lines = told(second)
            assert any(line["message"].startswith("Another download") for line in lines)
            first.kill()
            *_, last = lines
            assert (second.wait(HANG_S), last["state"], last["rows"]) == (0, "downloaded", 3000)
    assert sorted(path.name for path in folder.iterdir()) == [".download.json", "0000.parquet"]
    # The bytes that the first download had received are not fetched again.
    assert sandbox.stats()["export_bytes"] - before <= (folder / "0000.parquet").stat().st_size - 5000


def test_two_downloads_of_the_same_runs_bring_each_file_once(download, sandbox, tmp_path):
    runs = [export_run(sandbox, f"both{number}") for number in range(6)]
    before = sandbox.stats()["export_bytes"]
    with begin(tmp_path / "data", *runs) as first, begin(tmp_path / "data", *runs) as second:
        ends = [[line for line in told(process) if line["state"] == "downloaded"] for process in (first, second)]
        assert (first.wait(HANG_S), second.wait(HANG_S)) == (0, 0)
    assert [sorted(line["run"] for line in end) for end in ends] == [runs, runs]
    files = list((tmp_path / "data").glob("*/*/*/0000.parquet"))
    assert len(files) == len(runs)
    assert sandbox.stats()["export_bytes"] - before == sum(file.stat().st_size for file in files)
    assert len(pq.read_table(tmp_path / "data" / "index.parquet")) == len(runs)
    assert not list((tmp_path / "data").rglob(LOCK))


def test_what_was_converted_before_the_run_went_on_is_not_taken_for_all(download, sandbox, tmp_path):
    export_run(sandbox, "converted", steps=100)
    assert download("lab/forks/converted", "--format", "csv")[0] == 0
    append(sandbox, "converted", range(100, 130))
    sandbox.set_faults("live-data-empty")
    status, lines, _ = download("lab/forks/converted", "--format", "csv", "--timeout", "1")
    assert any(line["message"].endswith("ends at step 99, but the run is at step 129.") for line in lines)
    assert (status, lines[-1]["state"]) == (4, "failed")
    sandbox.export_now("lab/forks/converted")
    status, lines, _ = download("lab/forks/converted", "--format", "csv")
    assert (status, lines[-1]["rows"]) == (0, 130)


def test_a_full_disk_is_one_sentence_and_the_next_call_goes_on(download, sandbox, tmp_path):
    export_run(sandbox, "full", steps=3000)
    command = [sys.executable, "-m", "wandb_tui", "download", "lab/forks/full", "--to", "data", "--no-visit", "--json"]
    limited = ["sh", "-c", 'ulimit -f 16 && exec "$@"', "sh", *command]
    done = subprocess.run(limited, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    last = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, last["state"], errors_in(done.stderr)) == (1, "failed", "")
    assert "cannot be written to: File too large." in last["message"]
    folder = tmp_path / "data" / "lab" / "forks" / "full"
    assert not list(folder.glob("*.parquet"))
    status, lines, _ = download("lab/forks/full")
    assert (status, lines[-1]["rows"]) == (0, 3000)


def test_a_folder_that_cannot_be_is_one_sentence(download, tmp_path):
    (tmp_path / "file").write_text("")
    status, lines, _ = download(RUN, to=tmp_path / "file")
    assert status == 1
    assert "cannot be written to" in lines[-1]["message"]


@pytest.mark.parametrize(
    ("runs", "faults", "expected"),
    [
        (["lab/forks/nobody"], [], (1, "There is no run")),
        ([RUN], ["key-refused"], (3, "refused the API key")),
        (["lab/forks/late"], [], (4, "")),
        ([RUN, "lab/forks/nobody"], [], (1, "")),
        ([RUN], ["http-status:code=404,path=storage"], (1, "refuses a file")),
    ],
)
def test_the_exit_status_tells_how_it_went(download, sandbox, runs, faults, expected):
    code, said = expected
    limit = []
    if "lab/forks/late" in runs:
        export_run(sandbox, "late", exported=False)
        limit = ["--timeout", "1.5"]
    sandbox.set_faults(*faults)
    status, lines, _ = download(*runs, *limit)
    assert status == code
    last = {line["run"]: line for line in lines}
    assert set(last) == set(runs)
    assert {line["state"] for line in last.values()} <= {"downloaded", "failed"}
    assert said in last[runs[-1]]["message"]


def test_bad_usage_is_told_before_anything_is_asked(download):
    from wandb_tui import UsageError

    for wrong in (["--steps", "5"], ["--columns", "x", "--steps", "9:3"], ["--until", "soon"]):
        with pytest.raises(UsageError):
            download(RUN, *wrong)


def test_without_pyarrow_the_exported_files_come_and_one_sentence_tells_what_is_missing(
    download, tmp_path, monkeypatch
):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "pyarrow" else find(name, *more)
    )
    status, lines, err = download(RUN)
    assert (status, lines[-1]["state"], lines[-1]["rows"]) == (0, "downloaded", None)
    assert len(err.splitlines()) == 1
    assert "wandb-run-monitor[history]" in err
    assert not (tmp_path / "data" / "index.parquet").exists()
    with pytest.raises(Exception, match="--format csv needs pyarrow"):
        download(RUN, "--format", "csv")


@pytest.mark.parametrize("lacking", ["", "fileCount", "digest+sizeBytes", "fileCount+digest+sizeBytes+sweepName+user"])
def test_the_sdk_is_imported_only_where_it_is_needed(download, sandbox, tmp_path, lacking):
    sandbox.set_faults(*([f"no-field:name={lacking}"] if lacking else []))
    program = (
        "import sys; from wandb_tui.cli.program import cli; "
        f"status = cli.main(['download', '{RUN}', '--to', 'data', '--no-visit'], standalone_mode=False); "
        "assert status == 0 and 'wandb' not in sys.modules and 'playwright' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=os.environ, check=True, timeout=60)


def test_duckdb_and_polars_read_all_runs_as_the_documentation_says(download, tmp_path):
    download(RUN, "lab/other/two")
    readme = (Path(__file__).parents[2] / "docs/guides/downloads.md").read_text()
    example = re.search(r"```python\n(from pathlib.*?)```", readme, re.DOTALL)[1]
    program = (
        f"{example}\n"
        "print(rows.aggregate('count(*), sum(metric)').fetchall())\n"
        "print(len(frame.collect()), frame.collect()['metric'].sum(), frame.collect()['file'].n_unique())"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    total = sum(range(300)) + sum(range(50))
    assert done.stdout.splitlines() == [f"[(350, {total})]", f"350 {total} 2"]


def test_a_query_stands_for_the_runs_of_a_project(download, sandbox, tmp_path):
    state = sandbox.context.state
    for number in range(4):
        export_run(sandbox, f"member{number}", steps=5, project="swept")
        run = state.run(state.project("lab", "swept"), f"member{number}")
        state.update_run(run, run_group="big one" if number < 3 else "other", tags=["hero"] if number else [])
    status, lines, _ = download('lab/swept/* tag:hero group:"big one"')
    assert status == 0
    assert {line["run"] for line in lines} == {"lab/swept/member1", "lab/swept/member2"}
    status, lines, _ = download(f"{sandbox.app_url}/lab/swept/groups/other/workspace", "lab/swept/member3")
    assert (status, {line["run"] for line in lines}) == (0, {"lab/swept/member3"})


@pytest.mark.parametrize(
    ("query", "error", "says"),
    [
        ("lab/none/*", RunNotFoundError, "There is no project lab/none"),
        ("lab/forks/* tag:nothing", RunNotFoundError, "No run matches lab/forks/* tag:nothing."),
        ("lab/forks/* colour:red", UsageError, "no condition “colour”"),
    ],
)
def test_a_query_without_runs_is_one_sentence(download, query, error, says):
    with pytest.raises(error) as caught:
        download(query)
    assert says in str(caught.value)
