"""The MCP server around the tools: what it makes of a tool that fails."""

import pytest
from pydantic import BaseModel


class Rows(BaseModel):
    rows: int


async def test_a_tool_that_crashes_is_not_taken_for_a_wrong_argument():
    # Collected by each worker, and the SDK takes a second to load.
    from mcp.server.mcpserver.exceptions import ToolError

    from wandb_tui.cli.mcp.server import _Server

    server = _Server("tools")

    @server.tool()
    def count(run: str) -> int:
        """Fails over data of its own."""
        return Rows.model_validate({"rows": run}).rows

    with pytest.raises(ToolError) as raised:
        await server.call_tool("count", {"run": "abc"})
    assert "argument" not in str(raised.value)
    with pytest.raises(ToolError, match="The argument run"):
        await server.call_tool("count", {"run": 3})
