"""The poller over HTTP: one request for many runs, five kinds of answer, and limits respected."""

import json
import ssl
import threading
import time
from concurrent.futures import wait
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.integration.probes import probe_together
from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import Persistence, ProbeOutcome
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.credentials.authorization import ApiKey
from wandb_tui.services.proxies import ProxySettings
from wandb_tui.services.wandb_api.graphql import GraphQL
from wandb_tui.services.wandb_api.poller import Poller
from wandb_tui.services.wandb_api.step_files import StepFiles
from wandb_tui.services.wandb_api.viewer import default_entity

RUNS = [RunAddress("lab", "forks", f"run{i}") for i in range(250)]


@pytest.fixture(scope="module")
def server():
    """A sandbox with 250 runs of 10 steps, of which the first is exported up to step 9 and then went on to 19."""
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        context = sandbox.context
        project, _ = context.state.ensure_project("lab", "forks")
        for run in RUNS:
            made = context.state.create_run(project, run.run_id, None)
            log_steps(context, made, 0, 10)
        first = context.state.run(project, RUNS[0].run_id)
        context.exports.start(first, delay=0)
        log_steps(context, first, 10, 20)
        yield sandbox


def log_steps(context, run, start, end):
    lines = [json.dumps({"_step": step, "loss": 1 / (step + 1)}) for step in range(start, end)]
    context.histories.append(run, "wandb-history.jsonl", start, lines)


@pytest.fixture
def poller(server):
    yield from make_poller(server.base_url, server.api_key)
    server.set_faults()


def make_poller(url, key):
    poller = Poller(GraphQL(url, lambda: key and ApiKey(key)))
    yield poller
    poller.close()


def requests_during(server, action):
    before = requests(server)
    result = action()
    return requests(server) - before, result


def requests(server):
    stats = server.stats()
    return stats["graphql_requests"] + stats["rate_limited"]


def test_forty_runs_are_one_request(server, poller):
    count, probes = requests_during(server, lambda: probe_together(poller, *RUNS[:40]))
    assert count == 1
    assert [probe.outcome for probe in probes] == [ProbeOutcome.FOUND] + [ProbeOutcome.NOT_YET] * 39
    assert probes[0].artifact.version == 0
    assert probes[1].run.last_step == 9


def test_many_runs_are_a_request_a_hundred_with_a_second_between(server, poller):
    started = time.monotonic()
    count, probes = requests_during(server, lambda: probe_together(poller, *RUNS))
    assert count == 3
    assert time.monotonic() - started > 2
    assert all(probe.outcome in {ProbeOutcome.FOUND, ProbeOutcome.NOT_YET} for probe in probes)


def test_more_runs_fit_into_a_request_or_fewer_where_a_caller_says_so(server):
    for most, runs, expected in ((250, RUNS, 1), (1, RUNS[:2], 2)):
        poller = Poller(GraphQL(server.base_url, lambda: ApiKey(server.api_key)))
        poller.allow_batches_of(most)
        count, _ = requests_during(server, lambda poller=poller, runs=runs: probe_together(poller, *runs))
        poller.close()
        assert count == expected


def test_a_batch_that_has_shrunk_to_one_run_still_merges_the_probes_of_a_run(server, poller):
    # As after requests about two runs that were refused for their size.
    poller._size.now = poller._size._ceiling = 1
    count, probes = requests_during(server, lambda: probe_together(poller, RUNS[1], RUNS[2], RUNS[1]))
    assert count == 2
    assert [probe.outcome for probe in probes] == [ProbeOutcome.NOT_YET] * 3


def test_coverage_is_reported_where_it_is_asked(poller):
    plain, covered = probe_together(poller, RUNS[0])[0], probe_together(poller, RUNS[0], coverage=True)[0]
    assert plain.coverage is None
    assert (covered.coverage.covered, covered.coverage.complete, covered.coverage.last_step) == (9, False, 19)


def test_unknown_projects_and_runs(poller):
    probes = probe_together(poller, RunAddress("lab", "nope", "x"), RunAddress("lab", "forks", "nope"), RUNS[1])
    assert [probe.outcome for probe in probes] == [ProbeOutcome.NOT_FOUND, ProbeOutcome.NOT_FOUND, ProbeOutcome.NOT_YET]


def test_a_refused_key(server):
    for poller in make_poller(server.base_url, "x" * 40):
        probe = probe_together(poller, RUNS[0])[0]
    assert probe.outcome is ProbeOutcome.UNAUTHORIZED
    assert "refused the API key" in probe.message


def test_without_a_key_a_private_project_is_missing_and_says_so(server):
    for poller in make_poller(server.base_url, None):
        probe = probe_together(poller, RUNS[0])[0]
    assert probe.outcome is ProbeOutcome.NOT_FOUND
    assert "no API key" in probe.message


@pytest.mark.parametrize(
    ("fault", "answer", "says"),
    [
        ("http-status:code=500", ProbeOutcome.UNAVAILABLE, "HTTP 500"),
        ("http-status:code=502", ProbeOutcome.UNAVAILABLE, "HTTP 502"),
        ("http-status:code=503", ProbeOutcome.UNAVAILABLE, "HTTP 503"),
        ("http-status:code=401", ProbeOutcome.UNAUTHORIZED, "refused the API key"),
        ("http-status:code=403", ProbeOutcome.UNAUTHORIZED, "refused the API key"),
        ("http-status:code=404", ProbeOutcome.INVALID_RESPONSE, "HTTP 404"),
        ("http-status:code=400", ProbeOutcome.INVALID_RESPONSE, "Service unavailable"),
        ("broken-json", ProbeOutcome.INVALID_RESPONSE, "not JSON"),
        ("html-page", ProbeOutcome.INVALID_RESPONSE, "a web page"),
        ("empty-body", ProbeOutcome.INVALID_RESPONSE, "sent an empty answer"),
        ("graphql-error", ProbeOutcome.INVALID_RESPONSE, "internal error"),
        ("reset", ProbeOutcome.UNAVAILABLE, "broke off"),
        ("redirect-to-login", ProbeOutcome.INVALID_RESPONSE, "redirects API requests to another page"),
        ("gateway", ProbeOutcome.INVALID_RESPONSE, "A gateway or proxy in front of 127.0.0.1"),
        ("gateway:code=401", ProbeOutcome.INVALID_RESPONSE, "blocks access to W&B (HTTP 401)"),
        ("gateway:body=empty", ProbeOutcome.INVALID_RESPONSE, "(HTTP 403)"),
        ("gateway:code=503,body=empty", ProbeOutcome.UNAVAILABLE, "has a server error (HTTP 503)"),
        ("https-only", ProbeOutcome.INVALID_RESPONSE, "requires HTTPS: use --host https://127.0.0.1"),
        ("key-refused", ProbeOutcome.UNAUTHORIZED, "refused the API key"),
        ("key-sees-nothing", ProbeOutcome.NOT_FOUND, "may not see it"),
    ],
)
def test_each_trouble_has_its_own_answer_and_words(server, poller, fault, answer, says):
    server.set_faults(fault)
    probe = probe_together(poller, RUNS[0])[0]
    assert probe.outcome is answer
    assert says in probe.message
    server.set_faults()
    again = probe_together(poller, RUNS[0])[0]
    if again.retry_after:  # asked too early after the server was in trouble
        assert again.retry_after < 1.3
        time.sleep(again.retry_after)
        again = probe_together(poller, RUNS[0])[0]
    assert again.outcome is ProbeOutcome.FOUND


def test_an_older_server_is_asked_in_the_older_way_and_that_is_remembered(server, poller):
    server.set_faults("no-membership-field")
    first, probes = requests_during(server, lambda: probe_together(poller, RUNS[0]))
    second, _ = requests_during(server, lambda: probe_together(poller, RUNS[0]))
    assert probes[0].artifact.version == 0
    assert (first, second) == (2, 1)


def test_no_parquet_history_means_unknown_not_complete(server, poller):
    server.set_faults("no-parquet-history")
    coverage = probe_together(poller, RUNS[0], coverage=True)[0].coverage
    assert (coverage.covered, coverage.complete) == (None, None)


def test_a_rate_limit_is_heeded_for_all_and_reported_to_each(server, poller):
    server.set_faults("rate-limit:retry-after=3,seconds=2")
    count, probes = requests_during(server, lambda: probe_together(poller, *RUNS[:2]))
    assert count == 1
    assert all(2.9 < probe.retry_after <= 3.15 for probe in probes)
    count, probes = requests_during(server, lambda: probe_together(poller, RUNS[2]))
    assert count == 0, "nothing is asked while the server limits us"
    assert 0 < probes[0].retry_after <= 3.2
    time.sleep(probes[0].retry_after)
    assert probe_together(poller, RUNS[0])[0].outcome is ProbeOutcome.FOUND


def test_it_slows_down_before_the_limit(server, poller):
    server.set_faults("rate-limit-near:remaining=2,reset=6")
    probe_together(poller, RUNS[0])
    started = time.monotonic()
    probe_together(poller, RUNS[0])
    assert time.monotonic() - started > 2.5


def test_a_cancelled_question_is_not_sent(server, poller):
    probe_together(poller, RUNS[0])
    future = poller.probe(RUNS[1])
    assert future.cancel()
    count, _ = requests_during(server, lambda: probe_together(poller, RUNS[2]))
    assert count == 1


def test_closing_answers_all_that_wait(server):
    poller = Poller(GraphQL(server.base_url, lambda: ApiKey(server.api_key)))
    probe_together(poller, RUNS[0])
    futures = [poller.probe(run) for run in RUNS[:5]]
    poller.close()
    assert not wait(futures, 30).not_done
    assert poller.probe(RUNS[0]).result(1).outcome is ProbeOutcome.UNAVAILABLE


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:9", "Nothing listens at 127.0.0.1:9"),
        ("http://no-such-host.invalid", "cannot be resolved"),
    ],
)
def test_servers_that_are_not_there(url, says):
    for poller in make_poller(url, "x" * 40):
        probe = probe_together(poller, RUNS[0])[0]
    assert probe.outcome is ProbeOutcome.UNAVAILABLE
    assert says in probe.message


@pytest.mark.parametrize(
    ("key", "proxy", "outcome", "says"),
    [
        ("x" * 40, "socks5://127.0.0.1:9", ProbeOutcome.UNAVAILABLE, "needs PySocks"),
        ("x" * 40, "htp://127.0.0.1:9", ProbeOutcome.UNAVAILABLE, "unknown scheme"),
        ("x" * 39 + "\N{CYRILLIC SMALL LETTER HA}", "", ProbeOutcome.UNAUTHORIZED, "(cyrillic small letter ha)"),
        ("x" * 40 + "\u200b", "", ProbeOutcome.UNAUTHORIZED, "(zero width space)"),
    ],
)
def test_what_no_request_can_fix_is_permanent_and_not_sent(key, proxy, outcome, says):
    client = GraphQL("https://api.wandb.invalid", lambda: key and ApiKey(key), ProxySettings({"ALL_PROXY": proxy}))
    reply = client.execute("{ viewer { id } }", {})
    assert (reply.problem, reply.persistence) == (outcome, Persistence.PERMANENT)
    assert says in reply.message


def test_https_spoken_to_a_server_without_it_is_named(server):
    reply = GraphQL(server.base_url.replace("http:", "https:"), lambda: None).execute("{ viewer { id } }", {})
    assert reply.persistence is Persistence.PERMANENT
    assert "does not speak HTTPS" in reply.message


def test_this_machine_is_never_asked_through_a_proxy(server, poller, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert probe_together(poller, RUNS[0])[0].outcome is ProbeOutcome.FOUND
    files = StepFiles(server.base_url, lambda: ApiKey(server.api_key))
    project, _ = server.context.state.ensure_project("lab", "forks")
    version = server.context.exports.versions(server.context.state.run(project, RUNS[0].run_id))[0]
    url = server.context.storage.export_file_url(server.base_url, server.context.exports.files(version)[0])
    assert files.read([url]).last == 9


def test_an_untrusted_certificate(tmp_path):
    certificate = self_signed(tmp_path)
    web = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    web.socket = context.wrap_socket(web.socket, server_side=True)
    thread = threading.Thread(target=web.handle_request, daemon=True)
    thread.start()
    for poller in make_poller(f"https://127.0.0.1:{web.server_port}", "x" * 40):
        probe = probe_together(poller, RUNS[0])[0]
    assert probe.outcome is ProbeOutcome.UNAVAILABLE
    assert "certificate" in probe.message
    thread.join(5)
    web.server_close()


def self_signed(folder):
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "another host")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_the_keys_own_entity(server):
    client = GraphQL(server.base_url, lambda: ApiKey(server.api_key))
    assert default_entity(client, ServerInfo(server.base_url, server.app_url)) == "lab"
    client.close()
