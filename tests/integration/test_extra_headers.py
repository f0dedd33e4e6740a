"""A gateway that demands a header: API, browser, downloads and SDK carry it, to the server's own origin only."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.integration.browser_support import add_run, little_server
from tests.integration.sandbox_fixtures import run_sdk_script, sdk_environment
from tests.stopwatch import HANG_S
from wandb_tui.doctor.local_checks import pending_checks
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.browser.discovery import find_browser
from wandb_tui.services.browser.header_injection import add_headers
from wandb_tui.services.extra_headers import ExtraHeaders
from wandb_tui.wiring import Wiring

PROGRAM = str(Path(sys.executable).with_name("wandb-tui"))
SECRET = "t0ken-in-a-header"
VARIABLE = "WANDB_X_EXTRA_HTTP_HEADERS"
HEADERS = f'{{"X-Access": "{SECRET}"}}'


@pytest.fixture(scope="module")
def gated():
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        add_run(sandbox, "abc")
        sandbox.set_faults(f"gateway-header:name=X-Access,value={SECRET}")
        yield sandbox


def run_program(sandbox, home, *words, **more):
    environ = sdk_environment(
        sandbox, home, WANDB_VIEWER_MAIL=sandbox.username, WANDB_VIEWER_PW=sandbox.password, **more
    )
    return subprocess.run(
        [PROGRAM, *words], env=environ, cwd=home, capture_output=True, text=True, timeout=HANG_S, check=False
    )


def test_a_history_is_exported_and_downloaded_through_the_gateway(gated, tmp_path):
    words = ("download", "lab/forks/abc", "--to", "data", "--until", "step:9", "--timeout", "120")
    done = run_program(gated, tmp_path, *words, **{VARIABLE: HEADERS})
    assert done.returncode == 0, done.stdout + done.stderr
    assert gated.stats()["run_page_queries"], "the page was visited, and its script carried the header as well"
    assert list((tmp_path / "data/lab/forks/abc").glob("*.parquet"))
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [
        content for content in [*written, done.stdout.encode(), done.stderr.encode()] if SECRET.encode() in content
    ]


def test_headers_that_are_not_json_are_refused_at_once(gated, tmp_path):
    done = run_program(gated, tmp_path, "wait", "lab/forks/abc", **{VARIABLE: f"X-Access: {SECRET}"})
    assert done.returncode == 2
    assert f"{VARIABLE} is not a JSON object of header names and values." in done.stderr
    assert SECRET not in done.stdout + done.stderr


def check_server(sandbox, home, **more):
    wiring = Wiring(environ=sdk_environment(sandbox, home, **more))
    (check,) = [check for check in pending_checks(wiring, None) if check.name == "server"]
    found = check.run()
    wiring.close()
    return found


def test_the_doctor_shows_only_names(gated, tmp_path):
    assert "blocks access to W&B (HTTP 403)" in check_server(gated, tmp_path).message
    found = check_server(gated, tmp_path, **{VARIABLE: HEADERS})
    assert found.message.endswith("with the extra header X-Access"), "the server answered, so it got the header"
    assert SECRET not in str(found)


def test_settings_for_a_fork_carry_the_headers_for_waiting_too(gated, tmp_path):
    gated.export_now("lab/forks/abc")
    source = f"""
import wandb
from wandb_tui import fork_when_ready
settings = wandb.Settings(x_extra_http_headers={{"X-Access": "{SECRET}"}})
run = fork_when_ready("lab/forks/abc", step=5, timeout=60, settings=settings)
print("starts at", run.starting_step)
run.finish()
"""
    assert "starts at 6" in run_sdk_script(gated, source, tmp_path)


async def test_the_browser_sends_them_to_one_origin_only():
    seen = []

    def answer(method, path, headers, body):
        seen.append((headers["host"], path, headers.get("X-Access")))
        if path in moves:
            return 302, {"location": moves[path]}, ""
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        return 200, {"content-type": kind, "access-control-allow-origin": "*"}, pages.get(path, "")

    moves, pages = {}, {}
    with little_server(answer) as own, little_server(answer) as other:
        moves |= {"/away": f"{other}/moved", "/moved": f"{own}/back"}
        pages["/worker.js"] = f"fetch('/by-worker').then(() => fetch('{other}/by-worker')).then(() => postMessage(1))"
        pages["/"] = f"""<img src="{other}/picture"><iframe src="{other}/frame"></iframe><script>
            const worker = new Worker("/worker.js")
            const answered = new Promise(resolve => worker.onmessage = resolve)
            open("{other}/popup"); open("/popup")
            const moved = fetch("/away", {{mode: "no-cors"}}).catch(() => 0)
            moved.then(() => answered).then(() => document.title = "done")</script>"""
        pages["/frame"] = f'<script src="{own}/of-frame.js"></script>'
        async with async_playwright() as playwright:
            root = not os.geteuid()
            browser = await playwright.chromium.launch(
                executable_path=find_browser(os.environ), chromium_sandbox=not root
            )
            await add_headers(browser, ExtraHeaders({"X-Access": SECRET}, f"{own}/prefix"))
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(own)
            await page.wait_for_function("document.title == 'done'")
            for popup in context.pages[1:]:
                await popup.wait_for_load_state()
            await browser.close()
        hosts = {own.rpartition("/")[2]: SECRET, other.rpartition("/")[2]: None}
    assert {path for _, path, _ in seen} >= {"/", "/picture", "/by-worker", "/popup", "/moved", "/back", "/of-frame.js"}
    assert [request for request in seen if request[2] != hosts[request[0]]] == []
