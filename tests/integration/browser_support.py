"""Shared by the tests of the browser: a sandbox with runs, visitors on it, and what of them is still alive."""

import contextlib
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.integration.quiet_server import QuietServer
from tests.stopwatch import Stopwatch
from wandb_tui.core.account import Credentials
from wandb_tui.core.address import RunAddress
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.browser.visitor import BrowserVisitor
from wandb_tui.services.credentials.account import KeyringAccount
from wandb_tui.services.credentials.vault import Vault


def info(sandbox):
    return ServerInfo(sandbox.base_url, sandbox.app_url)


def add_run(sandbox, run_id, project="forks", entity="lab"):
    context = sandbox.context
    made = context.state.create_run(context.state.ensure_project(entity, project)[0], run_id, None)
    lines = [json.dumps({"_step": step, "loss": 1 / (step + 1)}) for step in range(10)]
    context.histories.append(made, "wandb-history.jsonl", 0, lines)
    return RunAddress(entity, project, run_id)


class MemoryVault(Vault):
    """A vault with a fake keyring: a dictionary shared by its makers."""

    def __init__(self, server, folder, entries=None):
        super().__init__(server, folder)
        self.entries = {} if entries is None else entries

    def _get(self, entry, *, no_dialog=False):
        return self.entries.get(entry)

    def _set(self, entry, value):
        self.entries[entry] = value

    def _delete(self, *entries):
        for entry in entries:
            self.entries.pop(entry, None)


@contextlib.contextmanager
def visitor_on(server, folder, credentials=None, *, environ=None, vault=None, **options):
    vault = vault or MemoryVault(server, folder)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), **(environ or {})}
    account = KeyringAccount(server, vault, environ, credentials=credentials)
    visitor = BrowserVisitor(server, account, vault, environ=environ, **options)
    visitor.account = account
    try:
        yield visitor
    finally:
        visitor.close()


def good(sandbox):
    return Credentials(sandbox.username, sandbox.password)


def children(pid=None):
    """All processes below one, with their command lines; those that only wait to be reaped do not count."""
    parents, commands = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if fields[0] == "Z":
                continue
            parents[int(entry.name)] = int(fields[1])
            commands[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    below = {pid or os.getpid()}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return {child: commands[child] for child in below - {pid or os.getpid()}}


def browsers():
    """The main processes of the browsers below this process."""
    return [pid for pid, command in children().items() if "--headless" in command and "--type=" not in command]


def eventually(condition, within=60.0):
    watch = Stopwatch()
    while watch.seconds < within:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@contextlib.contextmanager
def little_server(answer):
    """An HTTP server on loopback; `answer(method, path, headers, body)` gives status, headers and a body."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length).decode()
            status, headers, text = answer(self.command, self.path, self.headers, body)
            sent = text.encode()
            self.send_response(status)
            for name, value in {"content-type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_POST = do_PUT = do_GET  # noqa: N815 - the names the base class looks for

        def log_message(self, *_):
            pass

    server = QuietServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
