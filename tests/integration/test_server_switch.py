"""Switching servers in a real terminal: each has its list, and no secret of one reaches the other."""

import base64
import json
import shutil
from contextlib import ExitStack

import pytest

from tests.integration.secret_scan import leaks
from tests.integration.terminal import Terminal
from tests.integration.test_story import PROGRAM, environment
from wandb_tui.sandbox import Sandbox, SandboxConfig


def server(stack, run_id):
    """A sandbox with one run that is never exported, and the keys and passwords that it is sent."""
    sandbox = stack.enter_context(Sandbox(SandboxConfig()))
    sandbox.set_faults("export-never")
    project, _ = sandbox.context.state.ensure_project("lab", "forks")
    run = sandbox.context.state.create_run(project, run_id, f"name-of-{run_id}")
    sandbox.context.histories.append(run, "wandb-history.jsonl", 0, [json.dumps({"_step": 0, "loss": 1.0})])
    ask, sandbox.sent = sandbox.context.sessions.caller, set()

    def caller(request, **more):
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        sandbox.sent.add(base64.b64decode(value).decode() if kind == "Basic" else value)
        return ask(request, **more)

    sandbox.context.sessions.caller = caller
    return sandbox


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is what this is about")
def test_to_another_server_and_back(tmp_path):
    with ExitStack() as stack:
        here, there = server(stack, "abc"), server(stack, "xyz")
        names = [sandbox.base_url.removeprefix("http://") for sandbox in (here, there)]
        environ = environment(here, tmp_path, WANDB_API_KEY=here.api_key)
        terminal = stack.enter_context(Terminal(environ))

        def until(*texts):
            """The screen with these texts; the shell never shines through."""
            return terminal.when(
                lambda screen: "shell-is-back$" not in screen and all(text in screen for text in texts), texts
            )

        terminal.run(PROGRAM, "lab/forks/abc")
        terminal.until(names[0], "name-of-abc", "Sign-in failed")
        terminal.keys(":")
        until("Servers", "you are here", "forge.coreweave.com")
        terminal.type(there.base_url)
        until("Another server: " + there.base_url)
        terminal.keys("Enter")
        until(f"Sign in to {names[1]}")
        terminal.next_field()
        terminal.next_field()
        terminal.type(there.api_key)
        terminal.keys("Enter")
        until(names[1], "No runs yet", "API key only")
        assert terminal.modes().startswith("1 "), "the alternate screen has stayed"
        terminal.keys("a")
        until("Add runs")
        terminal.type("lab/forks/xyz")
        until("1 run to add")
        terminal.keys("C-s")
        until(names[1], "name-of-xyz")
        terminal.keys(":")
        screen = until("you are here", names[0])
        assert "1 run" in next(line for line in screen.splitlines() if names[0] in line)
        terminal.keys("Enter")
        screen = until(names[0], "name-of-abc", "Resumed;")
        assert "name-of-xyz" not in screen
        terminal.keys(":")
        until("you are here")
        terminal.keys("Enter")
        screen = until(names[1], "name-of-xyz", "Resumed;")
        assert "API key only" in screen, "a key that was not stored holds until the end"
        terminal.keys("q")
        until("Quit wandb-tui?")
        terminal.keys("y")
        terminal.until("shell-is-back$")
        assert here.api_key in str(here.sent)
        assert there.api_key in str(there.sent)
        assert here.api_key not in str(there.sent)
        assert there.api_key not in str(here.sent)
        assert not leaks({here.api_key, there.api_key}, folder=tmp_path)
