"""The order in which the test files run, the browser that they find, and the signals that what they start inherits."""

import gc
import os
import signal
import tempfile
from pathlib import Path

import pytest

from tests.small_browser import link_small_browser

# Those that take longest come first, so that none of them is left for the end. Files that wait for a browser and files
# that use the processor take turns.
LONGEST = (
    "test_docs.py",
    "test_doctor.py",
    "test_fork.py",
    "test_signin_pages.py",
    "test_sync.py",
    "test_browser.py",
    "test_examples.py",
    "test_secrets.py",
    "test_commands.py",
    "test_signin_refusals.py",
    "test_goals.py",
    "test_story_keyring.py",
    "test_library.py",
    "test_wait.py",
    "test_training.py",
    "test_sign_in_window.py",
    "test_install.py",
    "test_story.py",
    "test_script_exit.py",
    "test_signin.py",
    "test_exec.py",
    "test_kill_and_resume.py",
    "test_sandbox_export.py",
    "test_story_sign_in.py",
    "test_wait_terminals.py",
    "test_sandbox_server.py",
    "test_feed.py",
    "test_story_other_host.py",
    "test_server_faults.py",
    "test_schema_gaps.py",
    "test_bulk_download.py",
    "test_signin_origins.py",
    "test_fallbacks.py",
    "test_sign_in_kinds.py",
)

# Some three hundred tests start Playwright's driver; with its compiled code at hand each takes a quarter less.
os.environ.setdefault("NODE_COMPILE_CACHE", str(Path(tempfile.gettempdir()) / "wandb-tui-tests-node"))

# Under nohup it is ignored, and what the tests start would ignore it as well.
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def pytest_collection_finish():
    """Spare the garbage collector what was imported, and let it come rarely: it took a third of an app's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open():
    """Collect what a module has left: a file or socket that it never closed is reported here, as an error."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def shell_folder(tmp_path_factory):
    """A folder whose browser is Chromium without a user interface; None where that is not installed."""
    folder = tmp_path_factory.mktemp("browser")
    return folder if link_small_browser(folder) else None


@pytest.fixture(scope="session")
def whole_path():
    """The path on which the browser is found that can show a window."""
    return os.environ.get("PATH", "")


@pytest.fixture(scope="session", autouse=True)
def browser_on_path(shell_folder, whole_path):
    """Let the tests find the smaller browser, except those that ask for the whole one."""
    if shell_folder:
        os.environ["PATH"] = f"{shell_folder}{os.pathsep}{whole_path}"
    yield
    os.environ["PATH"] = whole_path


@pytest.fixture
def whole_browser(whole_path, monkeypatch):
    """Let one test find the browser that can show a window."""
    monkeypatch.setenv("PATH", whole_path)
