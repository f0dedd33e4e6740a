"""The fallbacks for missing answers of the server: the exported files, read in pieces, and the SDK."""

import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.browser_support import little_server
from tests.integration.probes import probe_together
from tests.integration.quiet_server import QuietServer
from tests.stopwatch import HANG_S
from wandb_tui.core.address import RunAddress
from wandb_tui.core.goal import Goal
from wandb_tui.core.probe import Persistence, ProbeOutcome
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.credentials.authorization import ApiKey
from wandb_tui.services.proxies import ProxySettings
from wandb_tui.services.wandb_api import sdk_prober
from wandb_tui.services.wandb_api.coverage import NO_PYARROW, StepReader
from wandb_tui.services.wandb_api.graphql import GraphQL
from wandb_tui.services.wandb_api.poller import Poller
from wandb_tui.services.wandb_api.sdk_prober import SdkProber
from wandb_tui.services.wandb_api.step_files import StepFileError, StepFiles, Steps

RUN = RunAddress("lab", "forks", "abc")
OTHER = RunAddress("lab", "forks", "def")


@pytest.fixture(scope="module")
def server():
    """A run with steps 0 to 99 exported, then 100 to 149 logged; and one that was never exported."""
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        context = sandbox.context
        project, _ = context.state.ensure_project("lab", "forks")
        for run_id in ("abc", "def"):
            run = context.state.create_run(project, run_id, f"name-of-{run_id}")
            log_steps(context, run, 0, 100)
        run = context.state.run(project, "abc")
        context.exports.start(run, delay=0)
        log_steps(context, run, 100, 150)
        yield sandbox


def log_steps(context, run, start, end):
    lines = [json.dumps({"_step": step, "loss": 1.0}) for step in range(start, end)]
    context.histories.append(run, "wandb-history.jsonl", start, lines)


@pytest.fixture
def poller(server):
    files = StepFiles(server.base_url, lambda: ApiKey(server.api_key))
    made = Poller(
        GraphQL(server.base_url, lambda: ApiKey(server.api_key)),
        steps=StepReader(files),
        sdk=SdkProber(server.base_url, lambda: ApiKey(server.api_key)),
    )
    yield made
    made.close()
    server.set_faults()


ask = partial(probe_together, coverage=True)


def requests_during(server, action):
    before = server.stats()["graphql_requests"]
    result = action()
    return server.stats()["graphql_requests"] - before, result


def test_both_lists_empty_are_filled_from_the_files_once_for_each_version(server, poller):
    server.set_faults("no-parquet-history")
    first, (probe,) = requests_during(server, lambda: ask(poller, RUN))
    assert (probe.coverage.covered, probe.coverage.complete, probe.coverage.last_step) == (99, False, 149)
    assert first == 2, "one for the run, one for where its files are"
    second, (again,) = requests_during(server, lambda: ask(poller, RUN))
    assert again.coverage == probe.coverage
    assert second == 1, "remembered"


def test_an_empty_list_of_live_rows_is_no_proof_and_the_files_decide(server, poller):
    server.set_faults("live-data-empty")
    (probe,) = ask(poller, RUN)
    coverage = probe.coverage
    assert (coverage.covered, coverage.complete, coverage.verified) == (99, False, True)
    goal = Goal.parse("step:99")
    verdict = goal.judge(probe, -1)
    assert verdict.met
    assert "according to the server" not in goal.describe(verdict)
    assert not Goal.parse("step:120").judge(probe, -1).met
    assert not Goal.parse("complete").judge(probe, -1).met


def test_without_pyarrow_the_sentence_says_whose_word_it_is(server, poller, monkeypatch):
    monkeypatch.setattr(StepFiles, "usable", False)
    server.set_faults("live-data-empty")
    (probe,) = ask(poller, RUN)
    assert (probe.coverage.covered, probe.coverage.complete, probe.coverage.verified) == (149, True, False)
    goal = Goal.parse("step:120")
    assert goal.describe(goal.judge(probe, -1)).endswith("covers step 120 according to the server")


@pytest.mark.parametrize("fault", ["no-latest-alias", "latest-stays-behind"])
@pytest.mark.parametrize("way", [(), ("no-membership-field",), ("sdk-only",)])
def test_the_newest_committed_version_is_found_wherever_the_alias_points(server, poller, fault, way):
    sandbox = server.context
    project, _ = sandbox.state.ensure_project("lab", "forks")
    if (run := sandbox.state.run(project, "twice")) is None:
        run = sandbox.state.create_run(project, "twice", None)
        for start in (0, 10):
            log_steps(sandbox, run, start, start + 10)
            sandbox.exports.start(run, delay=0)
    server.set_faults(fault, *way)
    (probe,) = ask(poller, RunAddress("lab", "forks", "twice"))
    assert (probe.outcome, probe.artifact.version) == (ProbeOutcome.FOUND, 1)
    assert (probe.coverage.covered, probe.coverage.complete) == (19, True)


@pytest.mark.parametrize("field", ["historyKeys", "parquetHistory", "displayName", "digest"])
def test_a_field_that_the_server_lacks_hides_nothing_else(server, poller, field):
    server.set_faults(f"no-field:name={field}")
    (probe,) = ask(poller, RUN)
    assert (probe.outcome, probe.artifact.version, probe.coverage.covered) == (ProbeOutcome.FOUND, 0, 99)
    assert poller._server.dialect.plain
    assert poller._server.dialect.dropped == {field}


def test_a_server_without_artifacts_still_reports_runs_and_is_not_asked_by_the_sdk(server, poller):
    server.set_faults("no-field:name=historyKeys+artifactCollectionMembership+artifactCollection+versionIndex")
    first, (probe,) = requests_during(server, lambda: ask(poller, RUN))
    assert (probe.outcome, probe.run.state) == (ProbeOutcome.NOT_YET, "running")
    assert probe.lacks[:2] == ("artifactCollectionMembership", "artifact.versionIndex")
    assert first == 3, "all fields, the older artifact, the run alone"
    second, _ = requests_during(server, lambda: ask(poller, RUN))
    assert second == 1, "remembered"


def test_an_artifact_that_stayed_behind_when_its_run_was_moved_is_found(server, poller):
    server.set_faults("history-elsewhere:project=old")
    count, probes = requests_during(server, lambda: [ask(poller, RUN)[0] for _ in range(3)])
    assert [probe.outcome for probe in probes] == [ProbeOutcome.NOT_YET] * 3
    assert [probe.elsewhere for probe in probes] == ["", "lab/old", "lab/old"]
    assert count == 3
    server.set_faults()
    assert ask(poller, RUN)[0].elsewhere == ""


def test_an_export_that_holds_the_last_step_is_complete(server, poller):
    context = server.context
    project, _ = context.state.ensure_project("lab", "forks")
    run = context.state.create_run(project, "whole", None)
    log_steps(context, run, 0, 10)
    context.exports.start(run, delay=0)
    server.set_faults("no-parquet-history")
    (probe,) = ask(poller, RunAddress("lab", "forks", "whole"))
    assert (probe.coverage.covered, probe.coverage.complete) == (9, True)


def test_without_pyarrow_the_row_says_so(server, poller, monkeypatch):
    monkeypatch.setattr(StepFiles, "usable", False)
    server.set_faults("no-parquet-history")
    count, (probe,) = requests_during(server, lambda: ask(poller, RUN))
    assert probe.coverage.covered is None
    assert probe.coverage.hint == NO_PYARROW
    assert count == 1


def test_files_are_not_read_without_a_request_for_coverage(server, poller):
    server.set_faults("no-parquet-history")
    count, (probe,) = requests_during(server, lambda: ask(poller, RUN, coverage=False))
    assert probe.coverage is None
    assert count == 1


def test_the_sdk_answers_where_nothing_else_is_understood(server, poller):
    server.set_faults("sdk-only")
    began = time.monotonic()
    there, absent, missing = ask(poller, RUN, OTHER, RunAddress("lab", "forks", "nope"))
    assert time.monotonic() - began > 2, "a second between any two runs, as between any two requests"
    assert there.outcome is ProbeOutcome.FOUND
    assert (there.artifact.version, there.run.name, there.run.last_step) == (0, "name-of-abc", 149)
    assert there.artifact.created is not None
    assert (there.coverage.covered, there.coverage.complete) == (99, False)
    assert absent.outcome is ProbeOutcome.NOT_YET
    assert absent.run.last_step == 99
    assert missing.outcome is ProbeOutcome.NOT_FOUND
    assert not poller._server.dialect.plain, "and that is remembered"


@pytest.mark.parametrize(
    ("fault", "answer", "says"),
    [
        ("key-refused", ProbeOutcome.UNAUTHORIZED, "refused the API key"),
        ("key-sees-nothing", ProbeOutcome.NOT_FOUND, "may not see it"),
    ],
)
def test_the_sdks_errors_are_distinguished(server, fault, answer, says):
    server.set_faults(fault)
    probe = SdkProber(server.base_url, lambda: ApiKey(server.api_key)).probe(RUN)
    server.set_faults()
    assert probe.outcome is answer
    assert says in probe.message


def test_what_neither_we_nor_the_sdk_can_ask_ends_the_attempt(server):
    server.set_faults("no-field:name=project")
    probe = SdkProber(server.base_url, lambda: ApiKey(server.api_key)).probe(RUN)
    server.set_faults()
    assert (probe.outcome, probe.persistence) == (ProbeOutcome.INVALID_RESPONSE, Persistence.PERMANENT)
    assert 'Cannot query field "project"' in probe.message.replace("'", '"')


def kill_services():
    """Kill the SDK's service processes that this process has started."""
    for task in Path("/proc/self/task").glob("*/children"):
        for pid in task.read_text().split():
            if b"wandb-core" in Path("/proc", pid, "cmdline").read_bytes():
                os.kill(int(pid), signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.skipif(version("wandb").startswith("0.24."), reason="its API asks without a service process")
def test_of_threads_that_lose_the_sdks_service_one_starts_over(server, monkeypatch):
    prober = SdkProber(server.base_url, lambda: ApiKey(server.api_key))
    assert prober.probe(RUN).outcome is ProbeOutcome.FOUND
    kill_services()
    both_failed, forgotten = threading.Barrier(2), []
    is_lost, forget = sdk_prober.service_is_lost, sdk_prober.forget_lost_service

    def lost_for_both(error):
        both_failed.wait(HANG_S)
        return is_lost(error)

    monkeypatch.setattr(sdk_prober, "service_is_lost", lost_for_both)
    monkeypatch.setattr(sdk_prober, "forget_lost_service", lambda: forgotten.append(forget()))
    with ThreadPoolExecutor(2) as threads:
        probes = list(threads.map(prober.probe, [RUN, OTHER]))
    assert [probe.outcome for probe in probes] == [ProbeOutcome.UNAVAILABLE] * 2
    assert len(forgotten) == 1
    assert prober.probe(RUN).outcome is ProbeOutcome.FOUND


def test_the_sdk_is_not_asked_without_a_key_for_it_would_ask_the_user(server):
    probe = SdkProber(server.base_url, lambda: None).probe(RUN)
    assert probe.outcome is ProbeOutcome.UNAUTHORIZED
    assert "needs an API key" in probe.message


class Shelf(BaseHTTPRequestHandler):
    """Serves files from a dictionary, in pieces or whole, and writes down what was asked for."""

    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[tuple[str, str, bool]]] = []
    pieces = True

    def do_GET(self):
        content = self.files[self.path.partition("?")[0]]
        piece = self.headers.get("Range", "").removeprefix("bytes=")
        self.asked.append((self.path, piece, "Authorization" in self.headers))
        if piece and self.pieces:
            start, _, stop = piece.partition("-")
            first = int(start) if start else max(0, len(content) - int(stop))
            last = int(stop) + 1 if start and stop else len(content)
            body = content[first:last]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last - 1}/{len(content)}")
        else:
            body = content
            self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def shelf():
    Shelf.files, Shelf.asked, Shelf.pieces = {}, [], True
    web = QuietServer(("127.0.0.1", 0), Shelf)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    Shelf.url = f"http://127.0.0.1:{web.server_port}"
    yield Shelf
    web.shutdown()
    web.server_close()
    thread.join(5)


def parquet(steps, *, statistics=True, rows=50_000):
    sink = pa.BufferOutputStream()
    noise = pa.array([float(hash(str(step)) % 1_000_003) for step in steps])
    table = pa.table({"_step": pa.array(steps, pa.int64()), "loss": noise})
    pq.write_table(table, sink, write_statistics=statistics, row_group_size=rows, compression="none")
    return sink.getvalue().to_pybytes()


def read(shelf, *names, base_url="http://elsewhere"):
    files = StepFiles(base_url, lambda: ApiKey("secret"))
    return files.read([f"{shelf.url}/{name}?signature=x" for name in names])


def test_only_the_end_of_a_large_file_is_fetched_and_never_the_key_sent_abroad(shelf):
    shelf.files["/0000.parquet"] = content = parquet(range(300_000))
    assert len(content) > 4_000_000
    assert read(shelf, "0000.parquet") == Steps(299_999, rising=True, first=0)
    assert [piece for _, piece, _ in shelf.asked] == ["-65536"]
    assert not any(with_key for _, _, with_key in shelf.asked)


def test_the_servers_own_files_are_asked_for_with_the_key_as_the_sdk_does(shelf):
    shelf.files["/0000.parquet"] = parquet(range(10))
    read(shelf, "0000.parquet", base_url=shelf.url)
    assert shelf.asked[0][2]


def test_without_a_summary_the_one_column_is_read(shelf):
    shelf.files["/0000.parquet"] = content = parquet(range(300_000), statistics=False)
    assert read(shelf, "0000.parquet").last == 299_999
    fetched = sum(
        65536 if piece.startswith("-") else int(piece.split("-")[1]) - int(piece.split("-")[0]) + 1
        for _, piece, _ in shelf.asked
    )
    assert fetched < len(content) * 0.75


def test_a_server_without_pieces_sends_the_whole(shelf):
    shelf.pieces = False
    shelf.files["/0000.parquet"] = parquet(range(100_000))
    assert read(shelf, "0000.parquet").last == 99_999


@pytest.mark.parametrize(
    ("steps", "rising"),
    [([range(10), range(10, 20)], True), ([range(10), range(5, 15)], False), ([range(10), range(3)], False)],
)
def test_steps_that_do_not_only_rise_are_noticed(shelf, steps, rising):
    for number, some in enumerate(steps):
        shelf.files[f"/{number}.parquet"] = parquet(list(some))
    found = read(shelf, *(f"{number}.parquet" for number in range(len(steps))))
    assert found.rising is rising
    assert found.last == max(max(some) for some in steps)


def test_a_file_is_read_once(shelf):
    shelf.files["/0000.parquet"] = parquet(range(10))
    files = StepFiles("http://elsewhere", lambda: None)
    for signature in ("x", "y"):
        assert files.read([f"{shelf.url}/0000.parquet?signature={signature}"]).last == 9
    assert len(shelf.asked) == 1


def test_what_is_no_parquet_file_with_steps_is_reported_without_its_address(shelf):
    shelf.files["/0000.parquet"] = b"<html>Sign in</html>"
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"loss": [1.0]}), sink)
    shelf.files["/0001.parquet"] = sink.getvalue().to_pybytes()
    for name in ("0000.parquet", "0001.parquet"):
        with pytest.raises(StepFileError, match="not Parquet or has no _step column") as caught:
            read(shelf, name)
        assert "signature" not in str(caught.value)
    with pytest.raises(StepFileError, match="cannot be fetched"):
        StepFiles("http://elsewhere", lambda: None).read(["http://127.0.0.1:9/0000.parquet?signature=x"])


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_redirect_takes_the_way_that_its_own_address_calls_for(shelf, elsewhere):
    """A file that is reached directly leads to another machine's, behind the proxy; or the other way round."""
    content = parquet(range(10))
    ways = []

    def proxy(method, path, headers, body):
        ways.append(path)
        return 302, {"Location": f"{shelf.url}/0000.parquet"}, ""

    def here(method, path, headers, body):
        return 302, {"Location": "http://files.test/0000.parquet"}, ""

    shelf.files["/0000.parquet"] = content
    with little_server(proxy) as address, little_server(here) as direct:
        files = StepFiles("http://elsewhere", lambda: None, ProxySettings({"HTTP_PROXY": address}))
        start = direct if elsewhere else "http://files.test"
        assert files.read([f"{start}/0000.parquet"]).last == 9
    assert ways == ["http://files.test/0000.parquet"]
    assert [path for path, *_ in shelf.asked] == ["/0000.parquet"]


def test_one_run_is_never_asked_about_twice_at_the_same_time(server, poller, monkeypatch):
    server.set_faults("no-parquet-history")
    reading, go_on = threading.Event(), threading.Event()
    calls = []

    def slow(self, urls):
        calls.append(urls)
        reading.set()
        assert go_on.wait(10)
        return Steps(99, rising=True)

    monkeypatch.setattr(StepFiles, "read", slow)
    first = poller.probe(RUN, coverage=True)
    assert reading.wait(10)
    second, third = poller.probe(RUN, coverage=True), poller.probe(RUN)
    time.sleep(0.5)  # longer than the window in which questions are gathered
    count, _ = requests_during(server, go_on.set)
    assert [future.result(10).coverage.covered for future in (first, second, third)] == [99, 99, 99]
    assert count == 0
    assert len(calls) == 1
