"""Whether a dashboard is open: what each process leaves in the folder, and what of it counts."""

import os

import pytest

from wandb_tui.services.disk.open_dashboards import OpenDashboards

SERVER = "http://127.0.0.1:9"


@pytest.fixture
def dashboards(tmp_path):
    """Makes the view that one process has of the open dashboards."""
    return lambda: OpenDashboards(tmp_path, SERVER)


def test_each_counts_until_it_is_closed_even_if_two_have_the_same_number(dashboards, monkeypatch):
    # As in two containers that share a home.
    monkeypatch.setattr(os, "getpid", lambda: 7)
    first, second, command = dashboards(), dashboards(), dashboards()
    assert command.any is False
    first.enter()
    second.enter()
    assert command.any is True
    second.close()
    assert command.any is True
    first.close()
    assert command.any is False


def test_what_a_killed_one_has_left_does_not_count(dashboards, tmp_path):
    killed = dashboards()
    killed.enter()
    left = killed._own.path
    killed._own.release()
    assert dashboards().any is False
    assert not left.exists()


def test_a_folder_that_cannot_be_written_holds_nothing_up(tmp_path):
    (tmp_path / "state").touch()
    dashboards = OpenDashboards(tmp_path / "state" / "open", SERVER)
    dashboards.enter()
    assert not dashboards.any
    dashboards.close()
