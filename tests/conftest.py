"""The order in which the test files run, and the signals that what they start inherits."""

import gc
import signal

# Those that take longest come first, so that none of them is left for the end. Files that wait for a browser and files
# that use the processor take turns.
LONGEST = (
    "test_ray.py",
    "test_story.py",
    "test_doctor.py",
    "test_story_keyring.py",
    "test_signin_pages.py",
    "test_goals.py",
    "test_table.py",
    "test_kill_and_resume.py",
    "test_secrets.py",
    "test_signin_refusals.py",
    "test_wait.py",
    "test_signin.py",
    "test_browser.py",
    "test_mouse.py",
    "test_script_exit.py",
    "test_commands.py",
    "test_sign_in_kinds.py",
    "test_ascii.py",
    "test_sign_in_window.py",
    "test_fork.py",
    "test_library.py",
    "test_panes.py",
    "test_story_other_host.py",
    "test_details.py",
    "test_wait_terminals.py",
    "test_examples.py",
    "test_pick.py",
    "test_story_sign_in.py",
    "test_signin_origins.py",
    "test_sandbox_server.py",
    "test_training.py",
    "test_sandbox_export.py",
)

# Under nohup it is ignored, and what the tests start would ignore it as well.
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def pytest_collection_finish():
    """Spare the garbage collector what was imported: it would look through all of it again and again."""
    gc.collect()
    gc.freeze()
