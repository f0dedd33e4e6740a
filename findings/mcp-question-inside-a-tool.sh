#!/usr/bin/env bash
# A tool that asks the user in the middle of its work fails between a new client and a new server, after its first half is done.
#
# A good guess: `await ctx.elicit("Rewind it?", Schema)` in a tool of the official Python SDK reaches the client's elicitation
#   callback, as it did in 1.x; client and server are the same release, and the client says that it can be asked. Perhaps the
#   newer protocol runs the tool a second time with the answer.
# Why it is wrong: client and server agree on the protocol of 2026-07-28, which has no way for a server to ask in the middle of a
#   call. The call raises in the client as a protocol error, the callback is never called, and whatever the tool did before its
#   question stays done, once. The same two objects with mode="legacy" work as guessed. What is made for it now is a parameter
#   filled by a resolver that returns the question: it is asked before the tool's body runs, in both modes.
#   `ctx.info(...)` gets lost in the newer protocol, too, but in silence: the logging callback is not called.
# Versions: mcp 2.3.0 (client and server), Python 3.11 and later.
# Source: mcp/server/mcpserver/resolve.py, its introduction on both protocols, and the error the session raises where there is no channel
#   back to the client; the deprecation of logging names SEP-2577.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" mcp==2.3.0

cat > "$tmp/server.py" <<'PY'
import sys
from typing import Annotated

from mcp.server.mcpserver import Context, Elicit, MCPServer, Resolve
from pydantic import BaseModel

server = MCPServer("runs")
done = open(sys.argv[1], "a", buffering=1)


class Answer(BaseModel):
    sure: bool


def question(run: str) -> Elicit[Answer]:
    return Elicit(f"Rewind {run}?", Answer)


@server.tool()
async def inside(run: str, ctx: Context) -> str:
    await ctx.info("about to ask")
    done.write("first half\n")
    answer = await ctx.elicit(f"Rewind {run}?", Answer)
    done.write("second half\n")
    return answer.action


@server.tool()
def before(run: str, answer: Annotated[Answer, Resolve(question)]) -> str:
    done.write("body\n")
    return str(answer.sure)


server.run()
PY
cat > "$tmp/check.py" <<'PY'
import asyncio
import os
import sys
from importlib.metadata import version

from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.types import ElicitResult

folder = sys.argv[1]


async def talk(mode: str) -> dict[str, object]:
    asked, heard = [], []

    async def ask(context, parameters):
        asked.append(parameters.message)
        return ElicitResult(action="accept", content={"sure": True})

    async def hear(parameters):
        heard.append(parameters.data)

    record = os.path.join(folder, mode)
    process = StdioServerParameters(command=sys.executable, args=[os.path.join(folder, "server.py"), record])
    answers = {}
    async with Client(stdio_client(process), mode=mode, elicitation_callback=ask, logging_callback=hear) as client:
        for tool in ("inside", "before"):
            try:
                answer = await client.call_tool(tool, {"run": "abc"})
                answers[tool] = answer.content[0].text
            except MCPError as error:
                answers[tool] = "protocol error"
                print(f"{mode}: {tool}: {error}")
    seen = {"answers": answers, "asked": len(asked), "heard": heard, "done": open(record).read().split("\n")[:-1]}
    print(mode, seen)
    return seen


async def main() -> None:
    print("mcp", version("mcp"))
    assert await talk("auto") == {
        "answers": {"inside": "protocol error", "before": "True"}, "asked": 1, "heard": [], "done": ["first half", "body"]
    }
    assert await talk("legacy") == {
        "answers": {"inside": "accept", "before": "True"}, "asked": 2, "heard": ["about to ask"],
        "done": ["first half", "second half", "body"],
    }


asyncio.run(main())
PY
timeout 100 "$tmp/venv/bin/python" "$tmp/check.py" "$tmp" 2>"$tmp/log" || { tail -20 "$tmp/log" >&2; exit 1; }
echo "As found: the question inside a tool works with the old protocol only, and leaves the first half of the work done."
