"""Visits in a real Chromium, on the sandbox: what counts as one, what does not, and what survives."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, wait
from pathlib import Path

import pytest

from tests.integration.browser_support import (
    MemoryVault,
    add_run,
    browsers,
    children,
    eventually,
    good,
    info,
    little_server,
    visitor_on,
)
from wandb_tui.core.account import Credentials
from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import NoBrowserError, SignedOutError, SignInError, SignInProblem, VisitError
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.browser.host import BrowserHost
from wandb_tui.services.extra_headers import ExtraHeaders


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.1)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def runs(sandbox):
    return [add_run(sandbox, f"run{i}") for i in range(12)]


@pytest.fixture(scope="module")
def visitor(sandbox, tmp_path_factory, whole_path):
    folder, environ = tmp_path_factory.mktemp("state"), {"PATH": whole_path}
    with visitor_on(info(sandbox), folder, good(sandbox), environ=environ) as visitor:
        assert not visitor.signed_in()
        assert visitor.sign_in().result(60).username == "researcher"
        assert visitor.signed_in()
        yield visitor


@pytest.fixture(autouse=True)
def no_faults(sandbox):
    yield
    sandbox.set_faults()


def during(sandbox, action):
    before = sandbox.stats()
    action()
    return {name: count - before[name] for name, count in sandbox.stats().items() if count != before[name]}


def test_a_visit_starts_the_export(sandbox, visitor, runs):
    visits = []
    happened = during(sandbox, lambda: visits.append(visitor.visit(runs[0]).result(30)))
    assert happened["exports_started"] == happened["page_visits"] == 1
    assert visits[0].seconds > 0
    assert "query" in visits[0].evidence


def test_what_playwright_turns_off_stays_off_and_no_window_is_furnished(visitor):
    [browser] = browsers()
    switches = Path(f"/proc/{browser}/cmdline").read_text().split("\0")
    *theirs, ours = [
        switch.partition("=")[2].split(",") for switch in switches if switch.startswith("--disable-features=")
    ]
    assert theirs
    assert set().union(*theirs) - {"ThirdPartyStoragePartitioning"} <= set(ours)
    assert not [command for command in children(browser).values() if "--top-chrome-webui" in command]


def test_a_frame_of_another_site_may_store(visitor):
    frame = "<title>x</title><script>localStorage.x = 'stored'; document.title = localStorage.x</script>"

    async def title(page):
        async with visitor._worker._host.tab() as tab:
            await tab.goto(page)
            await tab.wait_for_load_state("load")
            return await tab.frames[1].title()

    with little_server(lambda *_: (200, {}, frame)) as inner:
        outer = f'<iframe src="{inner.replace("127.0.0.1", "localhost")}"></iframe>'
        with little_server(lambda *_: (200, {}, outer)) as page:
            assert visitor._thread.submit(lambda: title(page)).result(30) == "stored"


def test_few_tabs_at_once_for_many_visits(sandbox, visitor, runs):
    most, opened = 0, []
    futures = [visitor.visit(run, lambda run=run: opened.append(run)) for run in runs[1:8]]
    while not all(future.done() for future in futures):
        assert len(opened) - sum(future.done() for future in futures) <= 3, "those in line are not open"
        most = max(most, sum(len(context.pages) for context in visitor._worker._host._browser.contexts))
        time.sleep(0.02)
    assert all(future.result().evidence for future in futures)
    assert 1 < most <= 3
    assert opened == runs[1:8], "who came first is served first"


def test_no_waiting_visit_begins_while_the_server_limits_us(sandbox, visitor, runs, monkeypatch):
    begun = threading.Event()
    limit = iter([0.3, 0.2, 0.1])
    monkeypatch.setattr(visitor._worker, "_rate_limit_wait", lambda: begun.set() or next(limit, 0.0))
    before = sandbox.stats()["page_visits"]
    visit = visitor.visit(runs[8])
    assert begun.wait(5)
    assert sandbox.stats()["page_visits"] == before
    assert visit.result(30).evidence
    assert next(limit, None) is None, "it waited to the end"


def test_a_page_that_is_closed_to_us_while_signed_in(sandbox, visitor):
    with pytest.raises(VisitError, match="researcher has no access to the page") as raised:
        visitor.visit(RunAddress("lab", "forks", "nosuchrun")).result(30)
    assert not isinstance(raised.value, SignedOutError)
    assert visitor.signed_in()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("page-error", "HTTP 500"),
        ("gateway:code=429,body=empty,path=run-page", "answered HTTP 429"),
        ("gateway:code=503,body=empty,path=run-page", "answered HTTP 503"),
        ("visit-loads-nothing:times=9", "did not receive it"),
        ("https-only:path=run-page", "redirects its pages to HTTPS, which does not work there"),
    ],
)
def test_what_is_no_visit(sandbox, visitor, runs, fault, says):
    sandbox.set_faults(fault)
    with pytest.raises(VisitError, match=says):
        visitor.visit(runs[9]).result(40)


@pytest.mark.parametrize("fault", ["run-page-no-graphql", "page-slow:seconds=3", "viewer-null"])
def test_odd_pages_are_visited_all_the_same(sandbox, visitor, runs, fault):
    sandbox.set_faults(fault)
    assert during(sandbox, lambda: visitor.visit(runs[10]).result(30)).get("page_visits") == 1


def test_a_cancelled_visit_closes_its_tab(sandbox, visitor, runs):
    sandbox.set_faults("page-slow:seconds=1000")
    visit = visitor.visit(runs[11])
    assert eventually(lambda: len(visitor._worker._host._context.pages) == 1)
    assert visit.cancel()
    assert eventually(lambda: not visitor._worker._host._context.pages)
    with pytest.raises(CancelledError):
        visit.result(1)


def test_an_expired_session_is_noticed_and_one_sign_in_fixes_it(sandbox, visitor, runs):
    sandbox.expire_sessions()
    lost = [visitor.visit(run) for run in runs[:6]]
    assert not wait(lost, 30).not_done
    assert all(isinstance(visit.exception(), SignedOutError) for visit in lost)
    assert not visitor.signed_in()
    happened = during(sandbox, lambda: [future.result(60) for future in [visitor.sign_in() for _ in range(10)]])
    assert happened["sign_in_attempts"] == happened["sign_ins"] == 1
    assert visitor.visit(runs[0]).result(30).evidence


def test_a_killed_browser_comes_back_signed_in(sandbox, visitor, runs):
    sandbox.set_faults("page-slow:seconds=2")
    visit = visitor.visit(runs[1])
    assert eventually(browsers)
    time.sleep(0.5)
    [browser] = browsers()
    happened = during(sandbox, lambda: (os.kill(browser, signal.SIGKILL), visit.result(40)))
    assert happened.get("sign_in_attempts") is None
    assert browsers() not in ([], [browser])
    assert visitor.signed_in()


def test_a_killed_driver_comes_back_too(sandbox, visitor, runs):
    [driver] = [pid for pid, command in children().items() if "run-driver" in command]
    os.kill(driver, signal.SIGKILL)
    assert during(sandbox, lambda: visitor.visit(runs[2]).result(40)).get("sign_in_attempts") is None


def test_three_starts_one_sign_in(sandbox, runs, tmp_path):
    entries = {}
    before = sandbox.stats()["sign_in_attempts"]
    for _ in range(3):
        vault = MemoryVault(info(sandbox), tmp_path, entries)
        with visitor_on(info(sandbox), tmp_path, good(sandbox), vault=vault) as visitor:
            assert visitor.sign_in().result(60).username == "researcher"
    assert sandbox.stats()["sign_in_attempts"] - before == 1


async def test_a_session_is_more_than_cookies(tmp_path):
    """Pages that keep the user in IndexedDB or localStorage find it after a restart; the file is private."""
    put = """() => new Promise(done => {
      localStorage.setItem("theme", "kept there");
      const opening = indexedDB.open("auth", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("tokens").put("the-token-itself", "me");
      opening.onsuccess = () => done();
    })"""
    get = """() => new Promise(done => {
      const opening = indexedDB.open("auth", 1);
      opening.onsuccess = () => {
        const asking = opening.result.transaction("tokens").objectStore("tokens").get("me");
        asking.onsuccess = () => done([localStorage.getItem("theme"), asking.result]);
      };
    })"""
    with little_server(lambda *_: (200, {}, "<title>Home</title>")) as url:
        entries, found = {}, []
        for script in (put, get):
            vault = MemoryVault(ServerInfo(url, url), tmp_path, entries)
            host = BrowserHost(
                ServerInfo(url, url), vault, os.environ, headless=True, executable=None, extra_headers=ExtraHeaders()
            )
            await host.switch_user("me", no_dialog=True, on_disk=True)
            async with host.tab() as page:
                await page.goto(url)
                found.append(await page.evaluate(script))
                await host.save(now=True)
            await host.close()
    assert found[1] == ["kept there", "the-token-itself"]
    [session_file] = tmp_path.glob("*.session")
    assert b"token" not in session_file.read_bytes()


def test_a_session_file_of_another_user_is_put_aside(sandbox, tmp_path):
    vault = MemoryVault(info(sandbox), tmp_path)
    vault._file.path(sandbox.username).write_bytes(b"damaged")
    with visitor_on(info(sandbox), tmp_path, good(sandbox), vault=vault) as visitor:
        assert visitor.sign_in().result(60).username == "researcher"
    assert [path.name for path in tmp_path.iterdir() if "damaged" in path.name]


def test_signed_out_visits(sandbox, tmp_path):
    public = add_run(sandbox, "open1", "open")
    sandbox.make_public("lab/open")
    with visitor_on(info(sandbox), tmp_path, anonymous_ok=True) as visitor:
        assert visitor.sign_in().result(30).anonymous
        assert visitor.signed_in()
        assert visitor.visit(public).result(30).evidence
        with pytest.raises(VisitError, match="without signing in"):
            visitor.visit(RunAddress("lab", "forks", "run0")).result(30)


@pytest.mark.parametrize("status", [429, 503])
def test_a_sign_in_page_that_is_an_empty_error_is_reported_by_its_status(sandbox, tmp_path, status):
    sandbox.set_faults(f"gateway:code={status},body=empty,path=login")
    with visitor_on(info(sandbox), tmp_path, good(sandbox)) as visitor, pytest.raises(SignInError) as raised:
        visitor.sign_in().result(60)
    assert raised.value.problem is SignInProblem.UNREACHABLE
    assert f"answered HTTP {status}." in str(raised.value)
    assert "network" not in str(raised.value)


@pytest.mark.usefixtures("whole_browser")
def test_closing_in_the_middle_of_everything(sandbox, runs, tmp_path):
    sandbox.set_faults("page-slow:seconds=1000")
    with visitor_on(info(sandbox), tmp_path, good(sandbox)) as visitor:
        visitor.sign_in().result(60)
        mine = set(children())
        visits = [visitor.visit(run) for run in runs[:5]]
        assert eventually(lambda: len(visitor._worker._host._context.pages) == 3)
        visitor.close()
        assert eventually(lambda: not [c for c in children().values() if str(tmp_path) in c])
        assert not wait(visits, 30).not_done
        assert all(visit.cancelled() or visit.exception() for visit in visits)
        visitor.close()
        with pytest.raises(SignInError, match="closed"):
            visitor.visit(runs[0]).result(1)
        with pytest.raises(SignInError, match="closed"):
            visitor.sign_in().result(1)
    assert mine


@pytest.mark.usefixtures("whole_browser")
@pytest.mark.parametrize("end", ["exit", "kill"])
def test_nothing_is_left_and_nothing_is_printed(sandbox, tmp_path, end):
    """A program that forgets to close, and one that is killed: no browser survives, and the terminal stays clean."""
    source = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from tests.integration.browser_support import visitor_on
from wandb_tui.core.account import Credentials
from wandb_tui.core.server_info import ServerInfo
server = ServerInfo({sandbox.base_url!r}, {sandbox.app_url!r})
credentials = Credentials({sandbox.username!r}, sys.stdin.readline().strip())
manager = visitor_on(server, Path({str(tmp_path)!r}), credentials)
manager.__enter__().sign_in().result(60)
print("ready", flush=True)
sys.stdin.readline()
"""
    environ = {**os.environ, "DEBUG": "pw:*"}
    command = [sys.executable, "-W", "error", "-c", source]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environ) as program:
        program.stdin.write(sandbox.password + "\n")
        program.stdin.flush()
        assert program.stdout.readline() == "ready\n"
        started = children(program.pid)
        assert any("--headless" in line for line in started.values())
        if end == "kill":
            program.kill()
        assert program.communicate("\n" if end == "exit" else None, timeout=20) == ("", "")
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))


def hold(ready, done):
    ready.set()
    done.wait(30)


def test_a_forked_child_does_not_keep_the_browser_alive(visitor):
    context = multiprocessing.get_context("fork")
    pipes = visitor._thread._loop.pipes()
    assert len(pipes) >= 2
    targets = {Path(f"/proc/self/fd/{pipe}").readlink() for pipe in pipes}
    ready, done = context.Event(), context.Event()
    child = context.Process(target=hold, args=(ready, done))
    child.start()
    try:
        assert ready.wait(10)
        held = {descriptor.readlink() for descriptor in Path(f"/proc/{child.pid}/fd").iterdir()}
        assert not targets & held
    finally:
        done.set()
        child.join(10)
        child.close()


def test_no_browser(sandbox, tmp_path):
    environ = {"WANDB_TUI_BROWSER": str(tmp_path / "nothing")}
    with visitor_on(info(sandbox), tmp_path, good(sandbox), environ=environ) as visitor:
        with pytest.raises(NoBrowserError, match="does not exist"):
            visitor.sign_in().result(20)
        assert not visitor.credentials_changed().cancelled()


def test_a_browser_that_does_not_start(sandbox, tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 7\n")
    broken.chmod(0o755)
    environ = {"WANDB_TUI_BROWSER": str(broken)}
    with (
        visitor_on(info(sandbox), tmp_path, good(sandbox), environ=environ) as visitor,
        pytest.raises(NoBrowserError, match="does not start"),
    ):
        visitor.sign_in().result(40)


def test_a_server_that_is_down(tmp_path):
    server = ServerInfo("http://127.0.0.1:9", "http://127.0.0.1:9")
    with visitor_on(server, tmp_path, Credentials("me", "secret-password")) as visitor:
        for _ in range(2):
            with pytest.raises(SignInError, match="cannot be reached") as raised:
                visitor.sign_in().result(30)
            assert raised.value.problem is SignInProblem.UNREACHABLE


@pytest.mark.usefixtures("whole_browser")
def test_the_proxy_of_the_environment_is_used_and_loopback_is_not(sandbox, tmp_path):
    seen = []

    def proxy(method, path, headers, body):
        seen.append(path)
        return 200, {}, "<h1>Looks like you stumbled on an empty page.</h1>"

    with little_server(proxy) as address:
        environ = {"HTTP_PROXY": address}
        server = ServerInfo("http://wandb.test", "http://wandb.test")
        with visitor_on(server, tmp_path, environ=environ, anonymous_ok=True) as visitor:
            visitor.sign_in().result(30)
            with pytest.raises(VisitError):
                visitor.visit(RunAddress("a", "b", "c")).result(30)
        assert "http://wandb.test/a/b/runs/c" in seen
        seen.clear()
        with visitor_on(info(sandbox), tmp_path, good(sandbox), environ=environ) as visitor:
            visitor.sign_in().result(60)
        assert not [path for path in seen if "127.0.0.1" in path]
        # Nothing but the server is ever talked to, so nothing else came to the proxy either.
        assert not seen
