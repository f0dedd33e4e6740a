"""In which order the tests run, and what they inherit."""

import signal

# The files that take longest come first, so that nobody waits for them at the end.
LONGEST = ("test_ray.py", "test_sign_in_kinds.py", "test_doctor.py", "test_goals.py", "test_wait.py", "test_fork.py")

# Under nohup it is ignored, and what the tests start would ignore it as well.
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
