#!/usr/bin/env bash
# A run that is called "null", given as text to an optional argument of an MCP tool, arrives as None.
#
# A good guess: a tool of the official Python SDK is called with the JSON string "null" for an argument `run: str | None`. The
#   value is a string and the annotation takes strings, so the tool sees the text "null", as it does with `run: str`. Only the
#   JSON literal null gives None.
# Why it is wrong: before validation, every string given to a parameter whose annotation is not exactly `str` is tried as JSON.
#   Text that reads as a list, an object or null is replaced by what it means; text that reads as a number, a boolean or a
#   string stays. So "null" becomes None for `str | None` (a tool that takes None as "all runs" then works on all of them), is
#   refused for `list[str] | str`, and the text ["a"] is refused for `str | None`, while 12345 and true in quotes stay text.
# Versions: mcp 2.3.0 (client and server), Python 3.11 and later.
# Source: mcp/server/mcpserver/utilities/func_metadata.py, the method that reads arguments as JSON beforehand: its comment says that it
#   is there for clients which send lists as text; it skips only numbers, booleans and strings, and None is none of these.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" mcp==2.3.0

cat > "$tmp/check.py" <<'PY'
import asyncio
from importlib.metadata import version

from mcp import Client
from mcp.server.mcpserver import MCPServer

server = MCPServer("runs")


@server.tool()
def plain(run: str) -> str:
    return repr(run)


@server.tool()
def optional(run: str | None = None) -> str:
    return repr(run)


@server.tool()
def several(runs: list[str] | str) -> str:
    return repr(runs)


async def main() -> None:
    print("mcp", version("mcp"))
    seen = {}
    async with Client(server) as client:
        for tool, argument in (("plain", "run"), ("optional", "run"), ("several", "runs")):
            for text in ("null", "true", "12345", '["a"]'):
                answer = await client.call_tool(tool, {argument: text})
                seen[tool, text] = "refused" if answer.is_error else answer.content[0].text
                print(f"{tool:9} given the text {text!r:9} sees {seen[tool, text]}")
    expected = {
        ("plain", "null"): "'null'", ("plain", "true"): "'true'", ("plain", "12345"): "'12345'", ("plain", '["a"]'): repr('["a"]'),
        ("optional", "null"): "None", ("optional", "true"): "'true'", ("optional", "12345"): "'12345'", ("optional", '["a"]'): "refused",
        ("several", "null"): "refused", ("several", "true"): "'true'", ("several", "12345"): "'12345'", ("several", '["a"]'): "['a']",
    }
    assert seen == expected, seen


asyncio.run(main())
PY
timeout 60 "$tmp/venv/bin/python" "$tmp/check.py" 2>"$tmp/log" || { tail -20 "$tmp/log" >&2; exit 1; }
echo "As found: an optional text argument turns the text null into None."
