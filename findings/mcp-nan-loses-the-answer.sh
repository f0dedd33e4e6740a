#!/usr/bin/env bash
# An MCP tool's answer with one NaN does not reach the caller: the client refuses all of it.
#
# A good guess: a tool of the official Python SDK returns a dataclass with a float, and the value is NaN, as a loss may be. JSON has no
#   NaN, so the server refuses to send it and says so, or the client gets null, or the text "NaN".
# Why it is wrong: the server sends null without a word, under a schema of its own that says number. Its own client checks the answer
#   against that schema and raises: the whole answer is lost, on the side that can do nothing about it. In a field `float | None` the
#   NaN arrives as None, as if there were no value.
# Versions: mcp 2.3.0 (client and server), pydantic 2.14.4, Python 3.11.
# Source: mcp/server/mcpserver/utilities/func_metadata.py (pydantic writes NaN as null, and makes the schema from the annotation) and
#   mcp/client/session.py (every structured answer is validated).
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" mcp==2.3.0 pydantic==2.14.4

cat > "$tmp/check.py" <<'PY'
import asyncio
import math
from dataclasses import dataclass
from importlib.metadata import version

from mcp import Client
from mcp.server.mcpserver import MCPServer

server = MCPServer("runs")


@dataclass
class Loss:
    loss: float


@dataclass
class PerhapsLoss:
    loss: float | None


@server.tool()
def number() -> Loss:
    return Loss(math.nan)


@server.tool()
def perhaps() -> PerhapsLoss:
    return PerhapsLoss(math.nan)


async def seen(tool: str) -> object:
    try:
        async with Client(server) as client:
            return (await client.call_tool(tool, {})).structured_content
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            [error] = error.exceptions
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


async def main() -> None:
    print("mcp", version("mcp"), "pydantic", version("pydantic"))
    answers = {tool: await seen(tool) for tool in ("number", "perhaps")}
    for tool, answer in answers.items():
        print(f"  {tool}: {answer}")
    assert str(answers["number"]).startswith("RuntimeError: Invalid structured content"), answers
    assert answers["perhaps"] == {"loss": None}, answers


asyncio.run(main())
PY
timeout 60 "$tmp/venv/bin/python" "$tmp/check.py" 2>"$tmp/log" || { tail -20 "$tmp/log" >&2; exit 1; }
echo "As found: a NaN is sent as null, which the client refuses, or takes for no value."
