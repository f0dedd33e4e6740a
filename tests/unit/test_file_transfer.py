"""Files that are being fetched: what is known of their contents without reading them."""

import base64
import hashlib

import pytest

from wandb_tui.services.proxies import ProxySettings
from wandb_tui.services.wandb_api.file_transfer import FileTransfer, TransferStop, TransferStoppedError, _PartFile
from wandb_tui.services.wandb_api.history_version import HistoryFile

CONTENT = b"a" * 10 + b"b" * 10
FILE = HistoryFile(
    "0000.parquet", "", len(CONTENT), base64.b64encode(hashlib.md5(CONTENT, usedforsecurity=False).digest()).decode()
)


@pytest.mark.parametrize("another", [False, True])
def test_a_part_that_another_process_starts_over_is_not_taken_for_whole(tmp_path, another):
    path = tmp_path / "part"
    part = _PartFile(path, lambda _: None, TransferStop())
    with part.opened(resume=False) as write:
        write(CONTENT[:10])
        if another:
            path.open("wb").close()
        write(CONTENT[10:])
    assert path.stat().st_size == len(CONTENT), "there is a hole in the other's"
    assert part.is_intact(FILE) is not another


def test_a_transfer_that_was_stopped_changes_no_file(tmp_path):
    path, stop = tmp_path / "part", TransferStop()
    part = _PartFile(path, lambda _: None, stop)
    with part.opened(resume=False) as write:
        write(CONTENT[:10])
        stop.set()
        with pytest.raises(TransferStoppedError):
            write(CONTENT[10:])
    for change in part.remove, part.opened(resume=False).__enter__:
        with pytest.raises(TransferStoppedError):
            change()
    assert path.read_bytes() == CONTENT[:10]


def test_a_manifest_that_does_not_come_is_not_asked_for_again_once_the_transfers_are_closed():
    transfer = FileTransfer("http://127.0.0.1:9", lambda: None, ProxySettings({}))
    transfer.close()
    with pytest.raises(TransferStoppedError):
        transfer.read_json("http://127.0.0.1:9/manifest.json")
