#!/usr/bin/env bash
# One slow provider keeps the hits of all others off Textual's command palette.
#
# A good guess: the palette asks its providers at the same time and shows hits as they come, in batches of a quarter of a second. A provider
#   that asks a server for three seconds adds its hits later; the app's own commands are there at once.
# Why it is wrong: hits are put on the screen only when the next hit comes more than a quarter of a second after the last batch, or when
#   all providers have ended. Fast providers are through within that quarter, so their hits lie ready and unseen until the slow
#   one answers. Without it the same hits are there at once. A provider that first shows what it knows and then asks a server does
#   not help itself either.
# Versions: textual 8.2.8, Python 3.11.
# Source: textual/command.py, the loop that gathers commands: the time is looked at only after a hit has been received.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" textual==8.2.8

cat > "$tmp/check.py" <<'PY'
import asyncio
from importlib.metadata import version

from textual.app import App
from textual.command import CommandList, DiscoveryHit, Hit, Provider


def nothing() -> None:
    pass


class Fast(Provider):
    async def discover(self):
        for name in ("add", "cancel", "restart"):
            yield DiscoveryHit(name, nothing)

    async def search(self, query):
        yield Hit(1, "add", nothing)


class Slow(Fast):
    answered: asyncio.Event

    async def discover(self):
        yield DiscoveryHit("known already", nothing)
        await self.answered.wait()
        yield DiscoveryHit("from the server", nothing)


async def shown(*providers) -> tuple[list[str], list[str]]:
    """What the palette lists after five seconds, and once the server has answered."""
    Slow.answered = asyncio.Event()

    class Example(App[None]):
        COMMANDS = set(providers)

    app = Example()
    async with app.run_test() as pilot:

        def listed() -> list[str]:
            return [str(option.prompt) for option in app.screen.query_one(CommandList).options]

        async def until(true, seconds: float) -> None:
            for _ in range(int(seconds * 10)):
                if true():
                    return
                await pilot.pause(0.1)

        app.action_command_palette()
        await pilot.pause()
        await until(listed, 5)
        before = listed()
        Slow.answered.set()
        await until(lambda: len(listed()) > len(before), 2)
        return before, listed()


async def main() -> None:
    print("textual", version("textual"))
    alone, _ = await shown(Fast)
    print("  fast alone, within 5 s:    ", alone)
    before, after = await shown(Fast, Slow)
    print("  with a slow one, after 5 s:", before)
    print("  when that has answered:    ", after)
    assert alone == ["add", "cancel", "restart"]
    assert before == []
    assert sorted(after) == ["add", "cancel", "from the server", "known already", "restart"]


asyncio.run(main())
PY
timeout 100 "$tmp/venv/bin/python" "$tmp/check.py"
echo "As found: nothing is listed before the slowest provider's next hit."
