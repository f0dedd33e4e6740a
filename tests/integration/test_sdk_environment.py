"""The SDK's service process reaches a server in the way that everything else does: certificates and proxies."""

from __future__ import annotations

import http.server
import json
import os
import ssl
import subprocess
import sys
import threading

import pytest

from tests.integration.quiet_server import QuietServer
from tests.integration.test_server_faults import self_signed
from wandb_tui.services.sdk_environment import additions, sdk_environment

CALLS = {
    "fork": "from wandb_tui.library import branch, branch_target; "
    "branch.branch(run, 5, branch_target.FORK, 8, {}, wiring=wiring, wait=done)",
    "probe": "from wandb_tui.services.wandb_api.sdk_prober import SdkProber; "
    "from wandb_tui.services.credentials.authorization import ApiKey; SdkProber(url, lambda: ApiKey(key)).probe(run)",
}
SCRIPT = """
import os, sys
from types import SimpleNamespace
from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.wiring import Wiring

url, run = os.environ["WANDB_BASE_URL"], RunAddress("lab", "forks", "abc")
key = "k" * 40
wiring = Wiring(api_key=key)
done = lambda *_: SimpleNamespace(
    raise_if_not_met=lambda: None, failure=None, artifact_name="lab/forks/run-abc-history:v0"
)
def ours():
    return {{name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "NO_PROXY"))}}

before = ours()
try:
    {call}
except WandbTuiError as error:
    print(error)
assert ours() == before, "the environment is as it was"
os._exit(0)
"""


class Api(http.server.BaseHTTPRequestHandler):
    """Refuses every key, and notes by which way each request came."""

    ways: list[str]

    def do_POST(self):
        self.ways.append("proxy" if self.path.startswith("http://") else "direct")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps({"errors": [{"message": "permission denied"}]}).encode()
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the name the base class looks for

    def log_message(self, *arguments):
        pass


@pytest.fixture
def serve():
    """Starts servers; gives the ports and the ways by which requests came."""
    servers = []

    def start(certificate=None):
        handler = type("Handler", (Api,), {"ways": []})
        web = QuietServer(("127.0.0.1", 0), handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            web.socket = context.wrap_socket(web.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=web.serve_forever, daemon=True)
        thread.start()
        servers.append((web, thread))
        return web.server_port, handler.ways

    yield start
    for web, thread in servers:
        web.shutdown()
        web.server_close()
        thread.join(5)


def run(call, folder, url, **more):
    cleared = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in cleared | {"REQUESTS_CA_BUNDLE"} and not name.startswith(("WANDB_", "XDG_"))
    }
    environ = {"HOME": str(folder), "WANDB_BASE_URL": url, "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
    with (folder / "out.txt").open("w") as file:
        subprocess.run(
            [sys.executable, "-c", SCRIPT.format(call=CALLS[call])],
            env={**kept, **environ, "WANDB_DIR": str(folder), **more},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            timeout=120,
            check=False,
        )
    said = (folder / "out.txt").read_text()
    assert "the environment is as it was" not in said
    return said


@pytest.mark.parametrize("call", CALLS)
def test_requests_ca_bundle_holds_for_the_sdk(serve, tmp_path, call):
    certificate = self_signed(tmp_path)
    port, ways = serve(certificate)
    said = run(call, tmp_path, f"https://127.0.0.1:{port}", REQUESTS_CA_BUNDLE=str(certificate))
    assert "direct" in ways, said


@pytest.mark.parametrize("call", CALLS)
def test_all_proxy_holds_for_the_sdk(serve, tmp_path, call):
    proxy, ways = serve()
    said = run(call, tmp_path, "http://wandb.test", ALL_PROXY=f"http://127.0.0.1:{proxy}")
    assert "proxy" in ways, said


def test_what_the_user_has_set_stays(tmp_path):
    bundle = {"REQUESTS_CA_BUNDLE": "/lab.pem", "ALL_PROXY": "proxy.lan:3128"}
    proxies = {"HTTP_PROXY": "http://proxy.lan:3128", "HTTPS_PROXY": "http://proxy.lan:3128"}
    assert additions(bundle) == {"SSL_CERT_FILE": "/lab.pem", **proxies}
    assert additions({**bundle, "SSL_CERT_FILE": "", "https_proxy": ""}) == {"HTTP_PROXY": proxies["HTTP_PROXY"]}
    assert additions({"CURL_CA_BUNDLE": str(tmp_path)}) == {"SSL_CERT_DIR": str(tmp_path)}
    assert additions({"HTTPS_PROXY": "http://other"}) == {}


def test_two_at_a_time_leave_the_environment_as_it_was(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("all_proxy", "proxy.lan")
    before = dict(os.environ)
    first, second = sdk_environment("https://api.wandb.ai"), sdk_environment("https://api.wandb.ai")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ["HTTPS_PROXY"] == "http://proxy.lan"
    second.__exit__(None, None, None)
    assert dict(os.environ) == before
