"""Waits for keys that are still queued, as they are when typed faster than they can be handled."""

from __future__ import annotations

import asyncio

from textual.widget import Widget


async def drained(widget: Widget | None) -> None:
    """Wait until a widget has handled all keys typed so far: an action may overtake them."""
    done = asyncio.Event()
    if widget is not None and widget.call_later(done.set):
        await done.wait()
