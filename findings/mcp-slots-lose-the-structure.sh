#!/usr/bin/env bash
# An MCP tool that returns a dataclass with slots answers without structured content, and its output has no schema.
#
# A good guess: a tool of the official Python SDK is annotated with a dataclass. Client and agent get a schema for the output, and each
#   answer as structured content. `slots=True` only changes how instances store their fields, so nothing else changes.
# Why it is wrong: with slots=True there is no output schema, and the structured content is None; the same JSON stands in the text alone.
#   A client that reads the structured content finds nothing. Nothing is raised, nor warned of: a line at level INFO says that no
#   schema could be made. With slots in a dataclass inside the answer all is well.
# Versions: mcp 2.3.0, pydantic 2.14.4, Python 3.11.
# Source: mcp/server/mcpserver/utilities/func_metadata.py makes a model of the annotated class with its class attributes as defaults. With
#   slots these are the descriptors of the slots, which are no JSON; the failure makes it fall back to text.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" mcp==2.3.0 pydantic==2.14.4

cat > "$tmp/check.py" <<'PY'
import asyncio
from dataclasses import dataclass
from importlib.metadata import version

from mcp import Client
from mcp.server.mcpserver import MCPServer

server = MCPServer("runs")


@dataclass
class Run:
    step: int


@dataclass(slots=True)
class RunWithSlots:
    step: int


@dataclass
class Around:
    run: RunWithSlots


@server.tool()
def plain() -> Run:
    return Run(3)


@server.tool()
def slots() -> RunWithSlots:
    return RunWithSlots(3)


@server.tool()
def inside() -> Around:
    return Around(RunWithSlots(3))


async def main() -> None:
    print("mcp", version("mcp"), "pydantic", version("pydantic"))
    seen = {}
    async with Client(server) as client:
        for tool in (await client.list_tools()).tools:
            answer = await client.call_tool(tool.name, {})
            seen[tool.name] = (tool.output_schema is not None, answer.structured_content)
            print(f"  {tool.name:6} schema {seen[tool.name][0]}, structured {answer.structured_content}, text {answer.content[0].text!r}")
    assert seen == {"plain": (True, {"step": 3}), "slots": (False, None), "inside": (True, {"run": {"step": 3}})}, seen


asyncio.run(main())
PY
timeout 60 "$tmp/venv/bin/python" "$tmp/check.py" 2>"$tmp/log" || { tail -20 "$tmp/log" >&2; exit 1; }
grep -q "Cannot create schema" "$tmp/log"
echo "As found: slots=True in the annotated dataclass takes the structure away."
