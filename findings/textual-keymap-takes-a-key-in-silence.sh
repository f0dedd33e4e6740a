#!/usr/bin/env bash
# A keymap that gives an action the key of another one takes it in silence if the other has an id, and reports a clash where there is none.
#
# A good guess: Textual calls App.handle_bindings_clash for each binding that a keymap deprives of its key. Bindings with an id are what
#   keymaps are made for, so for these at least the report is right; and moving an action to a free key reports nothing.
# Why it is wrong: a binding with an id that the keymap does not name counts as "being moved elsewhere", so when its key is given away it
#   becomes unreachable and nothing is reported. Only bindings without an id are. An action with two keys that is moved to one
#   other key, or to one of its own, is reported as clashing, with itself. So an app that warns its users by this hook stays
#   silent where they lose an action and warns where nothing happened.
# Versions: textual 8.2.8, Python 3.11.
# Source: textual/binding.py, apply_keymap: the test for a clash compares the binding's key with what the keymap says for its id, and "nothing"
#   is different from every key; the keys of one action are gone through one after the other.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" textual==8.2.8

cat > "$tmp/check.py" <<'PY'
import asyncio
from importlib.metadata import version

from textual.app import App
from textual.binding import Binding


async def with_keymap(keymap: dict[str, str]) -> tuple[str, list[str]]:
    """What can be done with the keys a to f and z, and what is reported as clashing."""
    reported: set[str] = set()
    done: list[str] = []

    class Example(App[None]):
        BINDINGS = [
            Binding("a", "do('add')", id="add"),
            Binding("c", "do('cancel')", id="cancel"),
            Binding("d", "do('drop')"),
            Binding("e,f", "do('find')", id="find"),
        ]

        def on_mount(self) -> None:
            self.set_keymap(keymap)

        def action_do(self, what: str) -> None:
            done.append(what)

        def handle_bindings_clash(self, clashed_bindings, node) -> None:
            reported.update(binding.action for binding in clashed_bindings)

    async with Example().run_test() as pilot:
        await pilot.press(*"acdefz")
        await pilot.pause()
    result = " ".join(done), sorted(reported)
    print(f"  {keymap}: done by a c d e f z: {result[0]}; reported: {result[1]}")
    return result


async def main() -> None:
    print("textual", version("textual"))
    assert await with_keymap({}) == ("add cancel drop find find", [])
    assert await with_keymap({"add": "c"}) == ("add drop find find", [])
    assert await with_keymap({"add": "d"}) == ("cancel add find find", ["do('drop')"])
    assert await with_keymap({"find": "z"}) == ("add cancel drop find", ["do('find')"])


asyncio.run(main())
PY
timeout 60 "$tmp/venv/bin/python" "$tmp/check.py"
echo "As found: an action with an id loses its key in silence; one with two keys clashes with itself."
