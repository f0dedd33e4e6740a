#!/usr/bin/env bash
# A Textual app that quits interrupts the cleaning up of its async workers, and does so after having let it begin.
#
# A good guess: quitting cancels the app's workers and waits for them, as removing their widget or a TaskGroup would. A worker that closes
#   a browser or a run in its `finally`, with an await of a third of a second, gets through; the app ends that much later.
# Why it is wrong: the workers are cancelled, but the app does not wait for them. When it has come down, asyncio.run() cancels what is left a
#   second time, and that hits the await in the `finally`: the cleaning up stops half way, without an error or a line in a log.
#   App.on_unmount is no protection: it runs before the second cancellation, with the worker still in the midst of its cleaning up;
#   awaiting the worker there is one way to let it finish.
# Versions: textual 8.2.8, Python 3.11.
# Source: textual/worker_manager.py: all workers are cancelled at shutdown, waiting for them is a method of its own, which the shutdown does not call; the second
#   cancellation is asyncio's own for tasks left over.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" textual==8.2.8

cat > "$tmp/check.py" <<'PY'
import asyncio
from importlib.metadata import version

from textual.app import App


class Example(App[None]):
    def __init__(self, wait: bool) -> None:
        super().__init__()
        self.wait = wait
        self.told: list[str] = []
        self.ended = asyncio.Event()

    def on_mount(self) -> None:
        self.run_worker(self.work())
        self.set_timer(0.5, self.exit)

    async def work(self) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            self.told.append("cleaning up")
            try:
                await asyncio.sleep(0.3)
                self.told.append("cleaned up")
            except asyncio.CancelledError:
                self.told.append("interrupted")
                raise
            finally:
                self.ended.set()

    async def on_unmount(self) -> None:
        self.told.append("unmount")
        if self.wait:
            await self.ended.wait()


print("textual", version("textual"))
for wait, expected in (
    (False, ["cleaning up", "unmount", "interrupted"]),
    (True, ["cleaning up", "unmount", "cleaned up"]),
):
    app = Example(wait)
    app.run(headless=True)
    print("  on_unmount", "waits:  " if wait else "returns:", app.told, "exit status", app.return_code)
    assert app.told == expected and app.return_code == 0, app.told
PY
timeout 60 "$tmp/venv/bin/python" "$tmp/check.py"
echo "As found: the second half of a worker's cleaning up never happens."
