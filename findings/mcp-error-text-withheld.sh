#!/usr/bin/env bash
# What an exception in an MCP tool says is withheld from the client, while a refused argument is sent back word for word.
#
# A good guess: a tool that raises TimeoutError("no export yet, try in 5 minutes") answers with is_error and a text that ends in those
#   words, as the SDK's 1.x did, so that the model can act on them. If anything is masked, it is what could be a secret: the
#   values a caller gave.
# Why it is wrong: it is the other way round. Every exception but the SDK's own ToolError is answered with the tool's name alone, so the
#   reason is in the server's log only. A value that fails validation is repeated in the answer, though.
# Versions: mcp 2.3.0, Python 3.11 and later.
# Source: mcp/server/mcpserver/tools/base.py: exceptions of the tool become UnexpectedToolError, without the text; ToolError keeps it;
#   errors of the arguments are put into the message as pydantic words them.
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
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("runs")


@server.tool()
def wait(step: int) -> str:
    raise TimeoutError("no export yet, try in 5 minutes")


@server.tool()
def wait_politely(step: int) -> str:
    raise ToolError("no export yet, try in 5 minutes")


async def main() -> None:
    print("mcp", version("mcp"))
    async with Client(server) as client:
        async def text(tool: str, step: object) -> str:
            answer = await client.call_tool(tool, {"step": step})
            assert answer.is_error
            print(f"{tool}({step!r}): {answer.content[0].text!r}")
            return answer.content[0].text

        assert await text("wait", 3) == "Error executing tool wait"
        assert "try in 5 minutes" in await text("wait_politely", 3)
        assert "typed-by-the-user" in await text("wait", "typed-by-the-user")


asyncio.run(main())
PY
timeout 60 "$tmp/venv/bin/python" "$tmp/check.py" 2>"$tmp/log" || { tail -20 "$tmp/log" >&2; exit 1; }
grep -q "try in 5 minutes" "$tmp/log" && echo "The reason stands in the server's log."
echo "As found: only a ToolError's words reach the client."
