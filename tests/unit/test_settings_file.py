"""Views are written into the user's settings file, and all else in it stays."""

import pytest

from wandb_tui.core.errors import UsageError
from wandb_tui.core.saved_view import SavedView
from wandb_tui.services.disk.settings import Settings
from wandb_tui.services.disk.settings_file import save_views

MINE = """# My own words
entity = "lab"   # the team

[notify]
bell = false  # too loud

[[commands]]
key = "ctrl+e"
title = "Copy"
command = ["true"]
"""
VIEWS = (
    SavedView("failed", "state:failed", "time", reverse=True),
    SavedView("heroes", 'lr>=1e-3 and (tag:hero or "big one")', hidden=("goal", "step"), compact=True, tree=True),
)


def test_views_come_back_as_they_were_and_all_else_stays(tmp_path):
    path = tmp_path / "config" / "settings.toml"
    path.parent.mkdir()
    path.write_text(MINE)
    path.chmod(0o640)
    save_views(path, VIEWS)
    assert path.read_text().startswith(MINE.rstrip())
    loaded = Settings.load(path)
    assert (loaded.views, loaded.entity, loaded.notify.bell, len(loaded.commands)) == (VIEWS, "lab", False, 1)
    save_views(path, VIEWS[1:])
    assert Settings.load(path).views == VIEWS[1:]
    save_views(path, ())
    assert path.read_text().rstrip() == MINE.rstrip()
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in path.parent.iterdir()] == ["settings.toml"]


def test_without_a_file_there_is_one_afterwards(tmp_path):
    path = tmp_path / "new" / "settings.toml"
    save_views(path, VIEWS)
    assert Settings.load(path).views == VIEWS


def test_a_link_stays_a_link(tmp_path):
    real, path = tmp_path / "dotfiles.toml", tmp_path / "settings.toml"
    real.write_text(MINE)
    path.symlink_to(real)
    save_views(path, VIEWS)
    assert path.is_symlink()
    assert Settings.load(real).views == VIEWS


def test_a_file_that_cannot_be_changed_is_left_as_it_is(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("entity = ")
    with pytest.raises(UsageError, match="is not valid TOML"):
        save_views(path, VIEWS)
    assert path.read_text() == "entity = "
    with pytest.raises(UsageError, match="cannot be written"):
        save_views(path / "below", VIEWS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("views = 3", "“views” must be sections"),
        ('[[views]]\nfilter = "a"', "views 1 has no name"),
        ('[[views]]\nname = "a"\ncolour = "red"', "views 1 has a setting “colour”"),
        ('[[views]]\nname = "a"\ncompact = 1', "“views 1: compact” must be true or false"),
    ],
)
def test_a_view_that_cannot_be_read_is_named(tmp_path, text, says):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=says):
        Settings.load(path)
