"""The servers that this machine knows, and what the environment says of each."""

from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.persistence import RowChange, StoredRun
from wandb_tui.core.server_info import KnownServer
from wandb_tui.services.credentials.session_file import SessionFile, new_key
from wandb_tui.services.disk.settings import Settings
from wandb_tui.services.disk.store import SqliteWatchStore
from wandb_tui.services.known_servers import environment_of, known_servers
from wandb_tui.services.server import Server

LAB, ACME = "http://wandb.lab.org:8080", "https://acme.wandb.io"


def listed(folder, server, *run_ids):
    store = SqliteWatchStore(folder / "list.sqlite3", server)
    rows = [StoredRun(RunAddress("lab", "forks", run_id), Goal()) for run_id in run_ids]
    store.write([RowChange(row.run, row, added=True, settings_changed=True) for row in rows])
    return store


def test_servers_with_runs_with_a_kept_sign_in_of_the_settings_and_the_cloud(tmp_path):
    listed(tmp_path, LAB, "abc", "def")
    store = listed(tmp_path, "cloud", "abc")
    SessionFile(tmp_path, "https://signed.in:8443").write("me", new_key(), "{}")
    SessionFile(tmp_path, "https://forge.coreweave.com/wandb").write("me", new_key(), "{}")
    here = Server(ACME, Settings(), {})
    found = known_servers(store, tmp_path, ["not an address", "new.org", ACME], here)
    assert found == [
        KnownServer(ACME, "acme.wandb.io", here=True),
        KnownServer(LAB, "wandb.lab.org:8080", 2),
        KnownServer("https://api.wandb.ai", "forge.coreweave.com", 1),
        KnownServer("https://new.org", "new.org"),
        KnownServer("https://signed.in:8443", "signed.in:8443"),
    ]
    assert Server(found[2].address, Settings(), {}).key == "cloud"


def test_the_environment_of_another_server_has_no_keys_or_names_of_the_first():
    environ = {
        "HOME": "/home/me", "WANDB_API_KEY": "k" * 40, "WANDB_VIEWER_MAIL": "me@lab.org", "WANDB_VIEWER_PW": "secret",
        "WANDB_BASE_URL": LAB, "WANDB_APP_URL": LAB, "WANDB_ENTITY": "lab", "WANDB_PROJECT": "forks",
        "WANDB_IDENTITY_TOKEN_FILE": "/token", "WANDB_X_EXTRA_HTTP_HEADERS": '{"X-Access": "secret"}',
        "WANDB_TUI_BROWSER": "/usr/bin/chromium",
    }  # fmt: skip
    assert environment_of(ACME, environ) == {
        "HOME": "/home/me",
        "WANDB_TUI_BROWSER": "/usr/bin/chromium",
        "WANDB_BASE_URL": ACME,
    }
