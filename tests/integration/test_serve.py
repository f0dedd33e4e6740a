"""``wandb-tui serve`` in a real Chromium: the dashboard on a page, and no one else let in."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys

import pyte
import pytest
from playwright.sync_api import Error

from tests.integration.browser_support import children, little_server
from tests.integration.sandbox_fixtures import chromium_of
from tests.integration.scripts import export_run, script_environment
from tests.integration.secret_scan import leaks
from tests.integration.terminal import alive, descendants, ended
from tests.stopwatch import HANG_S, Stopwatch, until

WIDE, SMALL = (1280, 800), (820, 520)


class Page:
    """A page with a dashboard on it, read as the terminal in the page reads it."""

    def __init__(self, chromium, address, size=WIDE):
        self.context = chromium.new_context(viewport=dict(zip(("width", "height"), size, strict=True)))
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page = self.context.new_page()
        self.hosts, self.problems = set(), []
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda line: line.type == "error" and self.problems.append(line.text))
        self.page.on("websocket", self._connected)
        self._clear(1, 1)
        self.page.goto(address)

    def reload(self):
        self._clear(1, 1)
        self.page.reload()

    def open_again(self):
        self._clear(1, 1)
        self.page.get_by_role("button", name="Open again").click()

    def _clear(self, columns, lines):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)

    def _connected(self, websocket):
        self._clear(*map(int, re.search(r"width=(\d+)&height=(\d+)", websocket.url).groups()))
        websocket.on("framereceived", lambda data: isinstance(data, bytes) and self.stream.feed(data))
        websocket.on("framesent", self._sent)

    def _sent(self, data):
        kind, *values = json.loads(data)
        if kind == "resize":
            self.screen.resize(values[0]["height"], values[0]["width"])

    def text(self):
        return "\n".join(self.screen.display)

    def until(self, *texts):
        self.when(lambda: all(text in self.text() for text in texts), texts)

    def when(self, condition, what):
        watch = Stopwatch()
        while not condition():
            assert watch.seconds < 60, f"{what} never came:\n{self.text()}"
            # Playwright calls us with what has come while it waits.
            self.page.wait_for_timeout(50)

    def message(self, text):
        self.page.get_by_text(text).wait_for(timeout=60_000)

    def keys(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def clipboard(self):
        return self.page.evaluate("navigator.clipboard.readText()")

    @clipboard.setter
    def clipboard(self, text):
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)


@contextlib.contextmanager
def served(sandbox, home, *options):
    """A server of a user of the sandbox; gives the process and the printed address."""
    with (home / "errors.txt").open("w") as errors:
        command = [sys.executable, "-W", "error", "-m", "wandb_tui", "serve", *options]
        process = subprocess.Popen(
            command, env=script_environment(sandbox, home), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=errors, text=True, start_new_session=True,
        )  # fmt: skip
    with ended(process), process.stdout:
        yield process, process.stdout.readline().strip()


@pytest.fixture(scope="module")
def chromium(whole_path):
    """The browser as people have it, with its clipboard."""
    with chromium_of(whole_path) as browser:
        yield browser


@pytest.fixture
def server(sandbox, tmp_path):
    with served(sandbox, tmp_path) as (process, address):
        yield process, address


@pytest.mark.parametrize("size", [WIDE, pytest.param(SMALL, marks=pytest.mark.long)])
def test_add_wait_copy_paste_resize_and_load_again(sandbox, server, chromium, tmp_path, size):
    process, address = server
    run = export_run(sandbox, f"run{size[0]}", exported=False)
    page = Page(chromium, address, size)
    page.until("No runs yet", "Quit")
    page.clipboard = run
    page.keys("a")
    page.until("Add runs")
    page.keys("Control+v")
    page.until("1 run to add")
    page.keys("Control+s")
    page.until("1 ready")
    page.keys("y")
    page.until("address of the page")
    page.keys("a")
    page.when(lambda: page.clipboard == f"{sandbox.app_url}/lab/forks/runs/run{size[0]}", "the copy")
    page.keys("d", "u")
    page.until("Undid:")
    # Not a key of the browser's, which would load the page again.
    page.keys("Control+r", "u")
    page.until("Redid:", f"run{size[0]}")
    before = page.screen.columns, page.screen.lines
    other = SMALL if size == WIDE else WIDE
    page.page.set_viewport_size({"width": other[0], "height": other[1]})
    page.when(lambda: (page.screen.columns, page.screen.lines) != before, "the new size")
    page.when(lambda: "q Quit" in page.screen.display[-1], "the keys on the new last line")
    page.keys("/")
    page.page.keyboard.type("state:available")
    page.keys("Enter", "P")
    page.until("1 of 1", "Enter: all details")
    page.reload()
    page.until(f"run{size[0]}", "1 ready", "/ state:available", "1 of 1", "Enter: all details")
    assert page.hosts == {address.split("/")[2]}
    assert page.problems == []
    token = address.split("/")[3]
    assert leaks({token}, texts=[(tmp_path / "errors.txt").read_text()], folder=tmp_path / ".local") == []
    started = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    page.message("wandb-tui serve was ended.")
    assert process.wait(HANG_S) == 0
    until(lambda: not any(alive(pid) for pid in started))
    page.context.close()


def test_nobody_else_is_let_in(server, chromium, http):
    _, address = server
    origin, token = address.rsplit("/", 2)[0], address.split("/")[3]
    wrong = f"{origin}/{'x' * len(token)}/"
    for path in ("", "ws", "page/page.js", "static/", "static/js/textual.js", "download/1"):
        assert http.get(wrong + path).status_code == 403
        assert http.get(address + path, headers={"Host": "example.org"}).status_code == 403
        assert http.get(address + path, headers={"Origin": "http://example.org"}).status_code == 403
    # A listing of the files, and files that the dashboard would offer: there are none.
    assert [http.get(address + path).status_code for path in ("static/", "download/1")] == [403, 404]
    answer = http.get(address)
    assert answer.status_code == 200
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert re.findall(r"https?://[^ ;]+", answer.headers["Content-Security-Policy"]) == []
    assert "Set-Cookie" not in answer.headers

    page = Page(chromium, wrong)
    page.message("This address opens no dashboard.")
    with little_server(lambda *_: (200, {}, f'<iframe src="{address}"></iframe>')) as elsewhere:
        page.page.goto(elsewhere)
        opened = page.page.evaluate(
            """address => new Promise(done => {
                const socket = new WebSocket(address.replace("http", "ws") + "ws?width=80&height=24");
                socket.onopen = () => done(true);
                socket.onerror = () => done(false);
            })""",
            address,
        )
        assert not opened
        with pytest.raises(Error, match="Failed to fetch"):
            page.page.evaluate("address => fetch(address)", address)
        assert [frame.url for frame in page.page.frames[1:]] == ["chrome-error://chromewebdata/"]
    page.context.close()


def test_as_many_pages_as_wanted_each_making_room_for_itself(sandbox, chromium, tmp_path):
    with served(sandbox, tmp_path, "--sessions", "1") as (process, address):
        first = Page(chromium, address)
        first.until("No runs yet")
        second = Page(chromium, address)
        second.message("One dashboard is open already: close one, or start wandb-tui serve with --sessions 2.")
        # The same page again, while the connection of its first dashboard is still open.
        [dashboard] = [pid for pid, line in children(process.pid).items() if "--page" in line]
        first.page.evaluate("new WebSocket('ws?width=80&height=24')")
        first.when(lambda: not alive(dashboard), "the end of the older one")
        first.context.close()
        second.open_again()
        second.until("No runs yet")
        second.keys("q")
        second.message("The dashboard has ended.")
        second.context.close()


def test_a_lost_connection_comes_back_and_a_new_server_does_not(sandbox, chromium, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with served(sandbox, tmp_path, "--port", port) as (process, address):
        page = Page(chromium, address)
        page.until("No runs yet")
        [dashboard] = [pid for pid, line in children(process.pid).items() if "--page" in line]
        os.kill(dashboard, signal.SIGKILL)
        page.message("The dashboard has ended unexpectedly.")
        page.open_again()
        page.until("No runs yet")
        [dashboard] = [pid for pid, line in children(process.pid).items() if "--page" in line]
        process.kill()
        page.message("wandb-tui serve does not answer. Trying again…")
        # Nothing tells the dashboard but the end of its input.
        until(lambda: not alive(dashboard))
    with served(sandbox, tmp_path, "--port", port):
        page.message("This address is no longer valid")
        failed = subprocess.run(
            [sys.executable, "-m", "wandb_tui", "serve", "--port", port],
            env=script_environment(sandbox, tmp_path), capture_output=True, text=True, timeout=HANG_S, check=False,
        )  # fmt: skip
        assert failed.returncode == 1
        assert failed.stderr.startswith(f"wandb-tui: Port {port} cannot be used: ")
    page.context.close()


def test_without_the_extra(sandbox, tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "textual_serve.py").write_text("raise ModuleNotFoundError('no', name='textual_serve')\n")
    failed = subprocess.run(
        [sys.executable, "-m", "wandb_tui", "serve"],
        env=script_environment(sandbox, tmp_path) | {"PYTHONPATH": str(hidden)},
        capture_output=True, text=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    assert failed.returncode == 1
    assert failed.stderr == (
        "wandb-tui: serve needs textual_serve, which is not installed: pip install 'wandb-run-monitor[web]'\n"
    )
