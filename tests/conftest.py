"""In which order the tests run: the files that take longest first, so that nobody waits for them at the end."""

LONGEST = ("test_ray.py", "test_sign_in_kinds.py", "test_doctor.py", "test_goals.py", "test_wait.py", "test_forking.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
