"""Queries for runs of a project, as typed and as pasted from a browser."""

import pytest

from wandb_tui.core.catalogue import RunQuery
from wandb_tui.core.errors import UsageError
from wandb_tui.core.project_query import ProjectQuery

PAGES = "https://wandb.example.org"


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("lab/forks/*", {}),
        ("  lab/forks/* ", {}),
        ("lab/forks/*?group=big", {"group": "big"}),
        ("lab/forks/*?group=big%20one state:running", {"group": "big one", "state": "running"}),
        ("lab/forks/* state:running tag:hero", {"state": "running", "tag": "hero"}),
        ('lab/forks/* group:"big one" brisk sun', {"group": "big one", "search": "brisk sun"}),
        ("lab/forks/* sweep:a1b2c3d4", {"sweep": "a1b2c3d4"}),
        (f"{PAGES}/lab/forks", {}),
        (f"{PAGES}/lab/forks/workspace?nw=nwuser", {}),
        (f"{PAGES}/lab/forks/workspace?group=big", {"group": "big"}),
        (f"{PAGES}/lab/forks/sweeps/a1b2c3d4/workspace", {"sweep": "a1b2c3d4"}),
        (f"{PAGES}/lab/forks/groups/big%20one/workspace", {"group": "big one"}),
    ],
)
def test_what_is_a_query(text, conditions):
    query = ProjectQuery.parse(text, app_url=PAGES)
    assert query == ProjectQuery("lab", "forks", RunQuery(**conditions))
    assert ProjectQuery.parse(str(query)) == query, "it can be typed as it is shown"


@pytest.mark.parametrize(
    "text",
    [
        "lab/forks/abc123",
        "forks/abc123",
        "lab/*",
        "a*b",
        "",
        f"{PAGES}/lab/forks/runs/abc123",
        f"{PAGES}/lab/forks/groups/big/runs/abc123",
        f"{PAGES}/lab/forks/reports/one",
    ],
)
def test_what_is_something_else(text):
    assert ProjectQuery.parse(text, app_url=PAGES) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lab/forks/* colour:red", "no condition “colour”"),
        ("lab/forks/* tag:a tag:b", "one condition “tag” only"),
        ("lab/fo:rks/*", "cannot contain “:”"),
        ("https://elsewhere.example.org/lab/forks", "is on elsewhere.example.org"),
    ],
)
def test_what_is_refused(text, says):
    with pytest.raises(UsageError, match=says):
        ProjectQuery.parse(text, app_url=PAGES)
