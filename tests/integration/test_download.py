"""`download_history` against a server that does not make it easy, and what no public function lets through."""

import pyarrow.parquet as pq
import pytest

import wandb_tui
from tests.integration.scripts import export_run
from wandb_tui import ServerError, WaitTimeoutError, WandBCredentials, WandbTuiError, download_history
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.disk.folder_lock import locked_folder
from wandb_tui.services.wandb_api import file_transfer

# The SDK leaves a connection open that broke, and Python says so whenever it is collected.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.3)) as sandbox:
        export_run(sandbox, "whole")
        yield sandbox


@pytest.fixture
def download(sandbox, tmp_path, monkeypatch):
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "WANDB_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")

    def run(directory=tmp_path / "history", name="lab/forks/whole", **options):
        account = {"host": sandbox.base_url, "api_key": sandbox.api_key, "visit": False, "timeout": 20.0}
        return download_history(name, directory, **(account | options))

    yield run
    sandbox.set_faults()


def steps(files):
    return pq.read_table(files[0])["_step"].to_pylist()


def test_it_is_whole_and_a_second_call_brings_nothing_again(download, tmp_path):
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "notes.txt").write_text("mine")
    files = download()
    assert steps(files) == list(range(300))
    assert sorted(path.name for path in (tmp_path / "history").iterdir()) == ["0000.parquet", "notes.txt"]
    before = files[0].stat()
    assert download() == files
    assert files[0].stat().st_mtime_ns == before.st_mtime_ns
    assert files[0].stat().st_ino == before.st_ino


def test_what_was_damaged_is_replaced(download):
    (file,) = download()
    good = file.read_bytes()
    file.write_bytes(good[:-1] + b"!")
    assert download() == [file]
    assert file.read_bytes() == good


@pytest.mark.parametrize("fault", ["http-status:code=404,path=storage", "empty-body:path=storage"])
def test_nothing_broken_gets_the_final_name(download, sandbox, tmp_path, fault):
    sandbox.set_faults(fault)
    with pytest.raises(ServerError):
        download(tmp_path / "broken")
    assert not list((tmp_path / "broken").glob("*.parquet"))
    sandbox.set_faults()
    assert steps(download(tmp_path / "broken")) == list(range(300))
    assert [path.name for path in (tmp_path / "broken").iterdir()] == ["0000.parquet"]


def test_a_transfer_that_hangs_is_bounded(download, sandbox, tmp_path):
    sandbox.set_faults("hang:path=storage")
    with pytest.raises(WaitTimeoutError, match="within 2 s"):
        download(tmp_path / "late", transfer_timeout=2.0)
    assert not list((tmp_path / "late").glob("*.parquet"))


def test_one_that_ran_out_of_time_leaves_the_folder_at_once(download, sandbox, tmp_path, monkeypatch):
    monkeypatch.setattr(file_transfer, "READ_TIMEOUT_S", 3600.0)
    sandbox.set_faults("hang:path=storage")
    with pytest.raises(WaitTimeoutError):
        download(tmp_path / "late", transfer_timeout=1.0)
    sandbox.set_faults()
    assert steps(download(tmp_path / "late")) == list(range(300))
    assert [path.name for path in (tmp_path / "late").iterdir()] == ["0000.parquet"]


def test_another_download_into_the_folder_is_waited_for(download, tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    message = r"Another download into .*/shared has not ended within 1 s\."
    with locked_folder(folder, pytest.fail), pytest.raises(WaitTimeoutError, match=message):
        download(folder, transfer_timeout=1.0)
    assert steps(download(folder)) == list(range(300))
    assert [path.name for path in folder.iterdir()] == ["0000.parquet"]


def test_a_folder_that_cannot_be_is_one_clear_sentence(download, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WandbTuiError, match="cannot be written to"):
        download(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("http-status:code=500", marks=pytest.mark.long),
        pytest.param("html-page", marks=pytest.mark.long),
        pytest.param("reset", marks=pytest.mark.long),
        "key-refused",
        "page-error:times=0",
        "sign-in-fails:times=0",
    ],
)
def test_whatever_the_server_does_only_our_errors_come_through(download, sandbox, tmp_path, fault):
    sandbox.set_faults(fault, "export-never")
    secrets = (sandbox.password, sandbox.api_key)
    account = {
        "host": sandbox.base_url,
        "api_key": sandbox.api_key,
        "credentials": WandBCredentials(sandbox.username, sandbox.password),
    }
    calls = {
        "wait_for_history": lambda: wandb_tui.wait_for_history("lab/forks/whole", "v7", timeout=4, **account),
        "download_history": lambda: download(timeout=2),
        "short address": lambda: wandb_tui.wait_for_history("forks/nobody", timeout=1, **account),
    }
    for name, call in calls.items():
        try:
            call()
        except WandbTuiError as error:
            seen = error
            while seen is not None:
                assert isinstance(seen, WandbTuiError), (name, seen)
                assert not any(secret in str(seen) + repr(seen.args) for secret in secrets)
                seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
        else:
            assert name == "download_history", name
    with wandb_tui.RunMonitor(callback=lambda *_: None, **account) as monitor:
        assert monitor.login() in {True, False}
        assert monitor.visit_run_page("lab", "forks", "whole") in {True, False}
        assert monitor.monitor_artifact_availability("lab", "forks", "whole", 0.5, 1.0) in {True, False}
