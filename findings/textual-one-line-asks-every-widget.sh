#!/usr/bin/env bash
# To draw one changed line, Textual asks every widget on the screen for all of its lines.
#
# A good guess: refresh(region) marks these cells as dirty, so a widget whose Line API is built for speed is asked by the next update for that line
#   alone, and a widget that shares no cell with the region is not asked at all. An update costs as much as the lines it changes,
#   so it is worth while to refresh a table line by line, and to spread many lines over several updates.
# Why it is wrong: the widgets to ask are chosen by their clip, which for a widget without a scrolling container is the whole screen, and each of
#   them gives the strips of its whole region. Most come from a cache, but line by line through the cache, and are then thrown
#   away where the line is not dirty. So an update has a price that grows with the lines and widgets on the screen and hardly depends on
#   what has changed: many small updates a second are to be gathered into few.
# Versions: textual 8.2.8, Python 3.11.
# Source: textual/_compositor.py, _get_renders (chooses by the clip, asks for the whole region) and _render_chops (skips the lines).
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" textual==8.2.8

cat > "$tmp/check.py" <<'PY'
import asyncio
from collections import Counter
from importlib.metadata import version

from textual.app import App
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

asked: Counter[str] = Counter()
drawn: Counter[str] = Counter()


class Lines(Widget):
    """As many lines as its height, by the Line API."""

    def render_lines(self, crop):
        asked[self.id] += crop.height
        return super().render_lines(crop)

    def render_line(self, y):
        drawn[self.id] += 1
        return Strip.blank(self.size.width)


class Example(App[None]):
    CSS = "#table { height: 30 } #log { height: 8 } #status { height: 2 }"

    def compose(self):
        yield from (Lines(id=name) for name in ("table", "log", "status"))


async def main() -> None:
    print("textual", version("textual"))
    app = Example()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.pause(0.2)
        asked.clear()
        drawn.clear()
        app.query_one("#table").refresh(Region(0, 5, 80, 1))
        await pilot.pause(0.2)
    print("  lines drawn anew:", dict(drawn))
    print("  lines asked for:", dict(asked))
    assert drawn == {"table": 1}
    assert asked == {"table": 30, "log": 8, "status": 2}


asyncio.run(main())
PY
"$tmp/venv/bin/python" "$tmp/check.py"
