"""The bar of keys at the bottom: those of where the focus is, in the order of their worth."""

from __future__ import annotations

import pytest

from tests.screen import until
from tests.ui.support import running


def bar(app):
    """Its line."""
    return app.screen.query_one("KeyBar").render().plain


async def test_a_log_in_focus_shows_the_keys_of_the_logs():
    async with running(None, "abc", size=(80, 24)) as (app, pilot):
        await until(lambda: app.dashboard.table.row_count == 1)
        assert "a Add" in bar(app)
        assert "f Find" not in bar(app)
        app.dashboard.panes.panes[0].focus()
        await pilot.pause()
        assert bar(app).startswith(" f Find  n Next  F Follow")
        assert "z Full screen" in bar(app)
        assert "? Help" in bar(app)
        assert "q Quit" in bar(app)
        assert "a Add" not in bar(app)
        await pilot.resize_terminal(200, 24)
        await until(lambda: "S Save log  Y Copy log" in bar(app))
        assert "< Smaller" in bar(app)
        await pilot.press("escape")
        assert "a Add" in bar(app)


@pytest.mark.parametrize("width", [40, 80, 120, 160])
async def test_help_and_leaving_are_always_there_and_the_goal_from_80_cells_on(width):
    async with running(None, "abc", size=(width, 24)) as (app, _):
        line = bar(app)
        assert "? Help" in line
        assert "q Quit" in line
        assert len(line.rstrip()) <= width
        assert ("g Goal" in line) is (width >= 80)
        assert ("p Pick" in line) is (width >= 120)
