"""Every kind of trouble on the row: the real dashboard and the real poller, against a sandbox over HTTP."""

import contextlib
import json
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.quiet_server import QuietServer
from tests.ui.fakes import Scenario, address
from wandb_tui.core.events import Failure
from wandb_tui.core.probe import Persistence
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.state import State
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.credentials.authorization import ApiKey
from wandb_tui.services.wandb_api import graphql
from wandb_tui.services.wandb_api.graphql import GraphQL
from wandb_tui.services.wandb_api.poller import Poller
from wandb_tui.text.event_text import event_text, row_text
from wandb_tui.ui.app.app import WandbTuiApp

PATIENT = PollPolicy(check_interval=0.3, quick_interval=0.3, max_wait_time=0)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        context = sandbox.context
        project, _ = context.state.ensure_project("lab", "forks")
        for run_id in ("abc", "exported"):
            run = context.state.create_run(project, run_id, None)
            lines = [json.dumps({"_step": step, "loss": 1.0}) for step in range(10)]
            context.histories.append(run, "wandb-history.jsonl", 0, lines)
        context.exports.start(context.state.run(project, "exported"), delay=0)
        yield sandbox


@pytest.fixture(autouse=True)
def in_good_order(sandbox, monkeypatch):
    monkeypatch.setattr(graphql, "READ_TIMEOUT_S", 1.0)
    yield
    sandbox.set_faults()


@contextlib.asynccontextmanager
async def dashboard(url, key, *runs, scenario=None):
    """The dashboard with a poller of its own; no page is visited."""
    poller = Poller(GraphQL(url, lambda: key and ApiKey(key)))
    scenario = scenario or Scenario()
    scenario.prober = poller
    scenario.options["pace"] = PATIENT
    app = WandbTuiApp(scenario.backend(), runs=runs)
    async with app.run_test(size=(200, 40)) as pilot:
        yield app, pilot
        app.session.stop()
    poller.close()


async def message_shown(app, pilot, text, run="abc", seconds=30):
    """Wait until the newest line of a run says that, and the table's cell begins as its sentence for the table does."""
    shown, table = [], app.dashboard.table
    for _ in range(int(seconds / 0.05)):
        row = app.session.watch_list.get(address(run))
        if row is not None and row.run in table:
            shown.append(table.cell(row.run, "message").text)
            # The message leaves out the values of other columns; if nothing remains, there is a dash.
            expected = row_text(row, time.monotonic(), table.cells.layout.keys) or "–"
            if text in event_text(row.notice) and shown[-1][:25].rstrip() == expected[:25].rstrip():
                return row
        await pilot.pause(0.05)
    raise AssertionError(f"never {text!r}: {list(dict.fromkeys(shown))[-8:]}")


TROUBLES = {
    "http-status:code=500": "has a server error (HTTP 500), next check in",
    "http-status:code=502": "has a server error (HTTP 502), next check in",
    "http-status:code=503": "has a server error (HTTP 503), next check in",
    "broken-json": "sent something that is not JSON, next check in",
    "html-page": "sent a web page instead of data (is this the address",
    "empty-body": "sent an empty answer, next check in",
    "graphql-error:message=boom": "says: boom, next check in",
    "reset": "broke off, next check in",
    "hang": "does not answer: connected, but silent for",
    "rate-limit:retry-after=2,seconds=1": "Rate limited, next check in",
}


@pytest.mark.parametrize("faults", [list(TROUBLES)[:5], list(TROUBLES)[5:]], ids=["answers", "connections"])
async def test_each_trouble_is_on_the_row_ends_nothing_and_is_got_over(sandbox, faults):
    async with dashboard(sandbox.base_url, sandbox.api_key, "abc") as (app, pilot):
        row = await message_shown(app, pilot, "Artifact not available yet")
        for fault in faults:
            sandbox.set_faults(fault)
            await message_shown(app, pilot, TROUBLES[fault])
            assert not row.state.final
            sandbox.set_faults()
            await message_shown(app, pilot, "Artifact not available yet")
        assert row.attempt == 1


@pytest.mark.parametrize(
    ("fault", "failure", "says"),
    [
        ("http-status:code=401", Failure.API_KEY, "refused the API key (HTTP 401)"),
        ("http-status:code=403", Failure.API_KEY, "refused the API key (HTTP 403)"),
        ("key-sees-nothing", Failure.NOT_FOUND, "There is no project lab/forks, or this API key may not see it"),
    ],
)
async def test_refusals_end_it_at_once_with_the_reason(sandbox, fault, failure, says):
    sandbox.set_faults(fault)
    async with dashboard(sandbox.base_url, sandbox.api_key, "abc") as (app, pilot):
        row = await message_shown(app, pilot, says)
        assert (row.state, row.failure) == (State.FAILED, failure)


async def test_a_rate_limit_is_heeded_by_twenty_rows_together(sandbox):
    sandbox.set_faults("rate-limit:retry-after=3,seconds=7")
    project, _ = sandbox.context.state.ensure_project("lab", "forks")
    runs = [f"limited{number}" for number in range(20)]
    for run_id in runs:
        sandbox.context.state.create_run(project, run_id, None)
    before = sandbox.stats()["rate_limited"]
    scenario = Scenario()
    async with dashboard(sandbox.base_url, sandbox.api_key, *runs, scenario=scenario) as (app, pilot):
        for seconds in (3, 2, 1):
            for run_id in runs:
                await counts_down(app, pilot, run_id, seconds)
        assert scenario.visitor.visits == [], "no visit begins meanwhile"
        for run_id in runs:
            await message_shown(app, pilot, "Artifact not available yet", run_id)
        assert sandbox.stats()["rate_limited"] - before <= 4
        await until(pilot, lambda: len(scenario.visitor.visits) >= 20)


async def counts_down(app, pilot, run_id, seconds):
    """Wait until the row names the limit and counts down to so many seconds, or has counted on from there."""
    table, run, shown = app.dashboard.table, address(run_id), None
    for _ in range(400):
        if run in table:
            shown = [table.cell(run, column).text.strip() for column in ("message", "next")]
            if shown[0] == "Rate limited" and shown[1].removesuffix(" s").isdigit() and int(shown[1][:-2]) <= seconds:
                return
        await pilot.pause(0.05)
    raise AssertionError(f"{run_id} never counted down to {seconds} s: {shown}")


async def until(pilot, condition):
    for _ in range(400):
        if condition():
            return
        await pilot.pause(0.05)
    raise AssertionError("it never came true")


async def test_a_name_that_cannot_be_resolved_until_the_network_is_back(sandbox, monkeypatch):
    port = sandbox.base_url.rpartition(":")[2]
    real, up = socket.getaddrinfo, threading.Event()

    def resolve(host, *more, **options):
        if host == "wandb.lab.test" and not up.is_set():
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real("127.0.0.1" if host == "wandb.lab.test" else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    async with dashboard(f"http://wandb.lab.test:{port}", sandbox.api_key, "exported") as (app, pilot):
        row = await message_shown(app, pilot, "The name wandb.lab.test", "exported")
        assert "cannot be resolved (is it right, and is the network up?)" in event_text(row.notice)
        assert not row.state.final
        up.set()
        await message_shown(app, pilot, "Artifact is now available", "exported")


async def test_an_untrusted_certificate_until_it_is_named(sandbox, tmp_path, monkeypatch):
    certificate = self_signed(tmp_path)
    with tls_in_front_of(sandbox, certificate) as url:
        async with dashboard(url, sandbox.api_key, "exported") as (app, pilot):
            row = await message_shown(app, pilot, "The certificate of localhost", "exported")
            assert "is not trusted (REQUESTS_CA_BUNDLE can name" in event_text(row.notice)
            assert not row.state.final
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
            await message_shown(app, pilot, "Artifact is now available", "exported")


@pytest.mark.parametrize("days", [-5, 5])
def test_a_certificate_of_another_time_points_at_the_clock(sandbox, tmp_path, monkeypatch, days):
    certificate = self_signed(tmp_path, shift=timedelta(days=days))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with tls_in_front_of(sandbox, certificate) as url:
        reply = GraphQL(url, lambda: ApiKey(sandbox.api_key)).execute("{ viewer { id } }", {})
    assert reply.message == (
        f"The certificate of {urlsplit(url).netloc} has expired or is not valid yet "
        f"(is the clock here right? It says {datetime.now(UTC):%Y-%m-%d})"
    )
    assert reply.persistence is Persistence.LIKELY_PERMANENT


async def test_a_server_that_is_down_until_it_is_up(sandbox):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    async with dashboard(f"http://127.0.0.1:{port}", sandbox.api_key, "exported") as (app, pilot):
        row = await message_shown(app, pilot, "Nothing listens at 127.0.0.1", "exported")
        assert not row.state.final
        with forwarding(sandbox, port):
            await message_shown(app, pilot, "Artifact is now available", "exported")


def self_signed(folder, *, shift=timedelta(0)):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC) + shift
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@contextlib.contextmanager
def forwarding(sandbox, port=0, certificate=None):
    """A server that hands each question on to the sandbox; with a certificate, over TLS."""

    class Forward(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
            answer = requests.post(f"{sandbox.base_url}{self.path}", body, headers=headers, timeout=10)
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *arguments):
            pass

    web = QuietServer(("127.0.0.1", port), Forward)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        web.socket = context.wrap_socket(web.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    try:
        yield web.server_port
    finally:
        web.shutdown()
        web.server_close()
        thread.join(5)


@contextlib.contextmanager
def tls_in_front_of(sandbox, certificate):
    with forwarding(sandbox, certificate=certificate) as port:
        yield f"https://localhost:{port}"
