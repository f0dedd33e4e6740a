"""`wandb-tui mcp`: the SDK's own client over stdio, as a coding agent uses it."""

import asyncio
import contextlib
import importlib.util
import json
import os
import subprocess

import pytest
from click.testing import CliRunner

from tests.integration.scripts import export_run, script_environment
from tests.integration.secret_scan import forms_of, leaks, record_cookies
from tests.integration.terminal import alive, descendants
from tests.integration.test_story import PROGRAM
from tests.integration.warm_python import run_script
from tests.stopwatch import HANG_S, until
from wandb_tui.cli import cli
from wandb_tui.core.errors import UsageError
from wandb_tui.sandbox import Sandbox, SandboxConfig

READING = ["wait_for_export", "status", "history_summary", "fork_snippet", "tree"]
CHANGING = ["add", "cancel", "restart", "remove"]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        record_cookies(sandbox)
        export_run(
            sandbox,
            "parent",
            metrics=lambda step: {
                "loss": float("nan") if step == 20 else 1 / (step + 1),
                "name": f"x{step}",
                "note": "long" * 1000,
            },
        )
        for run_id in ("unseen", "seen"):
            export_run(sandbox, run_id, exported=False)
        yield sandbox


class Agent:
    """A client of the server; keeps the text of everything that it is told."""

    def __init__(self, client):
        self.client = client
        self.told, self.progress, self.hears = [], [], asyncio.Event()

    async def tools(self):
        return (await self.client.list_tools()).tools

    async def call(self, tool, **arguments):
        """The structured answer of a tool, or the text of its error."""
        answer = await self.client.call_tool(tool, arguments, progress_callback=self._hear)
        self.told.append(answer.model_dump_json())
        return answer.content[0].text if answer.is_error else answer.structured_content

    async def _hear(self, progress, total, message):
        self.progress.append(message)
        self.hears.set()


@contextlib.asynccontextmanager
async def agent_of(sandbox, home, *options, mode="auto", **more):
    from mcp import Client, StdioServerParameters, stdio_client

    process = StdioServerParameters(
        command=PROGRAM, args=["mcp", *options], env=script_environment(sandbox, home) | more
    )
    with (home / "err.txt").open("w") as err:
        async with Client(stdio_client(process, errlog=err), mode=mode) as client:
            yield Agent(client)
    assert "Traceback" not in (home / "err.txt").read_text()


# The newest protocol, and the one with a handshake that most agents still speak.
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_without_allow_changes_an_agent_only_reads(sandbox, tmp_path, mode):
    visits = sandbox.stats()["page_visits"]
    async with agent_of(sandbox, tmp_path, mode=mode) as agent:
        tools = await agent.tools()
        assert [tool.name for tool in tools] == READING
        assert all(tool.annotations.read_only_hint and tool.output_schema for tool in tools)
        met = await agent.call("wait_for_export", run="lab/forks/parent", goal="step:200")
        assert (met["met"], met["artifact"], met["last_step"]) == (True, "lab/forks/run-parent-history:v0", 299)
        late = await agent.call("wait_for_export", run="lab/forks/unseen", timeout=1.5)
        assert (late["met"], late["state"], late["artifact"]) == (False, "timed-out", None)
        assert f"opening {sandbox.app_url}/lab/forks/runs/unseen signed in starts the export" in late["message"]
        assert agent.progress, "the agent hears how it goes on"
        assert "There is no run none" in await agent.call("wait_for_export", run="lab/forks/none")
        assert "“soon” is not a goal" in await agent.call("wait_for_export", run="lab/forks/parent", goal="soon")

        whole = await agent.call("history_summary", run="lab/forks/parent")
        assert (whole["state"], whole["last_step"], whole["columns"]) == ("finished", 299, {})
        assert (whole["export"]["last_step"], whole["export"]["complete"]) == (299, True)
        summary = await agent.call("history_summary", run="lab/forks/parent", metrics=["loss", "n*"], steps="10:60")
        loss = summary["columns"]["loss"]
        assert (summary["rows"], loss["values"], loss["not_finite"]) == (50, 50, 1)
        assert (loss["minimum"], loss["minimum_step"], loss["first"], loss["last_step"]) == (1 / 60, 59, 1 / 11, 59)
        assert summary["columns"]["name"]["last"] == "x59"
        assert summary["columns"]["note"]["last"] == "long" * 50 + "…"
        assert "No column is called typo" in await agent.call(
            "history_summary", run="lab/forks/parent", metrics=["typo"]
        )

        early = await agent.call("fork_snippet", run="lab/forks/unseen", step=7)
        assert (early["ready"], "step:7" in early["note"]) == (False, True)
        assert "has logged up to step 299" in await agent.call("fork_snippet", run="lab/forks/parent", step=300)
        ready = await agent.call("fork_snippet", run="lab/forks/parent")
        assert (ready["ready"], ready["step"], ready["note"]) == (True, 299, "")
        wrong = {
            ("history_summary", ()): "The argument run is missing; it takes text: entity/project/run_id, or the ",
            ("history_summary", ("metrics", 3)): "The argument metrics takes a list of texts: Columns whose figures",
            ("fork_snippet", ("step", "soon")): "The argument step takes a whole number",
            ("status", ("run", "abc")): "status has no argument run; it takes runs.",
        }
        for (tool, argument), sentence in wrong.items():
            run = {"run": "lab/forks/parent"} if argument and tool != "status" else {}
            told = await agent.call(tool, **run, **dict([argument] if argument else []))
            assert told.startswith(sentence)
            assert "pydantic" not in told
        assert await agent.call("status") == {"runs": [], "not_listed": []}
        assert (await agent.call("status", runs="zork"))["not_listed"] == ["zork"]
    assert sandbox.stats()["page_visits"] == visits


async def test_with_allow_changes_an_agent_visits_and_edits_and_hears_no_secret(sandbox, tmp_path):
    from mcp import MCPError

    before = set(descendants(os.getpid()))
    async with agent_of(sandbox, tmp_path, "--allow-changes") as agent:
        tools = {tool.name: tool.annotations for tool in await agent.tools()}
        assert list(tools) == READING + CHANGING
        assert [name for name, hints in tools.items() if hints.read_only_hint] == READING[1:]
        assert [name for name, hints in tools.items() if hints.destructive_hint] == ["remove"]
        met = await agent.call("wait_for_export", run="lab/forks/seen", goal="complete", timeout=HANG_S)
        assert (met["met"], met["artifact"]) == (True, "lab/forks/run-seen-history:v0")

        added = await agent.call("add", runs="lab/forks/seen", goal="v3")
        assert added["changed"] == [{"run": "lab/forks/seen", "effect": "added, goal v3"}]
        listed = await asyncio.to_thread(
            subprocess.run,
            [PROGRAM, "list", "--json"],
            env=script_environment(sandbox, tmp_path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=HANG_S,
            check=True,
        )
        [shown] = (await agent.call("status", runs="seen"))["runs"]
        # A row that no dashboard has touched is of this moment.
        assert shown == json.loads(listed.stdout) | {"time": shown["time"]}
        assert (await agent.call("cancel", runs="seen"))["changed"][0]["effect"] == "cancelled"
        assert (await agent.call("restart", runs="lab/forks/*"))["changed"][0]["effect"] == "attempt 1 starts"
        removed = await agent.call("remove", runs="seen")
        assert (removed["changed"][0]["effect"], removed["not_listed"]) == ("removed", [])
        assert (await agent.call("remove", runs="seen")) == {"changed": [], "not_listed": ["seen"]}

        # The agent may know a secret from elsewhere; it does not get it from us, not even as its own argument.
        secret = sandbox.api_key
        assert await agent.call("wait_for_export", run="lab/forks/seen", timeout=secret) == (
            "The argument timeout takes a number above 0 and at most 3600: Seconds to wait."
        )
        assert "●●●●" in await agent.call("status", **{secret: "x"})
        assert "●●●●" in await agent.call("tree", runs=f"lab/{secret}/x")
        assert "●●●●" in await agent.call(f"no-such-{secret}")
        with pytest.raises(MCPError, match="●●●●") as refused:
            await agent.client.read_resource(f"run://{secret}")
        agent.told.append(repr(refused.value))

        agent.hears.clear()
        waiting = asyncio.create_task(agent.call("wait_for_export", run="lab/forks/seen", goal="v9", timeout=HANG_S))
        await asyncio.wait_for(agent.hears.wait(), HANG_S)
        waiting.cancel()
        assert (await agent.call("status"))["runs"] == [], "a call that is given up holds up no other"
        texts = [*agent.told, *agent.progress, (tmp_path / "err.txt").read_text()]
        started = set(descendants(os.getpid())) - before
        assert started
    assert not leaks(forms_of(sandbox), texts=texts, folder=tmp_path)
    until(lambda: not any(map(alive, started)), what=lambda: "the end of the server and its browser")


async def test_the_snippet_forks_as_it_stands_and_the_tree_shows_it(sandbox, tmp_path):
    async with agent_of(sandbox, tmp_path) as agent:
        snippet = (await agent.call("fork_snippet", run="lab/forks/parent", step=200))["snippet"]
        with (tmp_path / "out.txt").open("w") as out:
            status = await asyncio.to_thread(
                run_script,
                f"{snippet}\nrun.log({{'loss': 0}})\nrun.finish()",
                environ=script_environment(sandbox, tmp_path),
                cwd=tmp_path,
                out=out,
                timeout=HANG_S,
            )
        assert status == 0, (tmp_path / "out.txt").read_text()
        parent, fork = (await agent.call("tree", runs="lab/forks/parent"))["runs"]
    assert (parent["run"], fork["parent"], fork["step"]) == ("lab/forks/parent", "lab/forks/parent", 200)


def test_without_the_extra_one_sentence_says_how_to_get_it(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "mcp" else find(name, *more))
    error = CliRunner().invoke(cli, ["mcp"], standalone_mode=False).exception
    assert isinstance(error, UsageError)
    assert 'pip install "wandb-run-monitor[mcp]"' in str(error)
