"""Keys that come faster than what they mean can be done, as over a slow line."""

from __future__ import annotations

import asyncio

from textual.widget import Widget


async def drained(widget: Widget | None) -> None:
    """Wait until a widget has taken in all keys that were typed before now: an action may overtake them."""
    done = asyncio.Event()
    if widget is not None and widget.call_later(done.set):
        await done.wait()
