"""The driver for Unix terminals, without a terminal."""

import asyncio
import os

from wandb_tui.ui.app.driver import TerminalDriver


class FakeApp:
    def __init__(self):
        self.seen = []

    def input_read(self):
        self.seen.append("read")


async def test_the_app_learns_of_input_before_it_is_parsed(monkeypatch):
    app = FakeApp()
    driver = TerminalDriver(app)
    monkeypatch.setattr(driver, "process_message", lambda event: app.seen.append(event.key))
    driver.fileno, writing = os.pipe()
    reading = asyncio.create_task(asyncio.to_thread(driver.run_input_thread))
    os.write(writing, b"\x1b[B")
    os.close(writing)
    await reading
    os.close(driver.fileno)
    assert app.seen == ["read", "down"]
