"""Servers unlike any sandbox, over HTTP: the answer for each of four runs, and the number of requests."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest

from tests.integration.probes import probe_together
from tests.integration.quiet_server import QuietServer
from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.services.credentials.authorization import ApiKey
from wandb_tui.services.wandb_api import batch_size, graphql
from wandb_tui.services.wandb_api.graphql import GraphQL
from wandb_tui.services.wandb_api.poller import Poller
from wandb_tui.services.wandb_api.throttle import Throttle

RUNS = [RunAddress("lab", "forks", f"run{i}") for i in range(4)]
INFO = {"displayName": "brisk-sun-1", "state": "finished", "historyKeys": {"lastStep": 9}}
NOT_YET = {"run": INFO, "artifactCollectionMembership": None}
FOUND = {"run": INFO, "artifactCollectionMembership": {"artifact": {"versionIndex": 0, "state": "COMMITTED"}}}
NOBODY = {"run": None, "artifactCollectionMembership": None}
LETTERS = {
    "t": ProbeOutcome.FOUND,
    "a": ProbeOutcome.NOT_YET,
    "m": ProbeOutcome.NOT_FOUND,
    "r": ProbeOutcome.UNAUTHORIZED,
    "?": ProbeOutcome.INVALID_RESPONSE,
    "!": ProbeOutcome.UNAVAILABLE,
}


def error(message, path=None, code=None):
    return {"message": message, "path": path, "extensions": {"code": code}}


def each(answer):
    return {f"q{i}": answer for i in range(4)}


class Odd(BaseHTTPRequestHandler):
    """Answers whatever is asked with what the test has laid out, the last of it again and again."""

    protocol_version = "HTTP/1.1"
    answers = ()
    asked = 0
    piece, pause = 1_000_000, 0.0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        status, body, headers = self.answers[min(Odd.asked, len(self.answers) - 1)]
        Odd.asked += 1
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response_only(status)
        headers = {"Content-Length": str(len(content)), "Date": self.date_time_string()} | headers
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(content), Odd.piece):
            self.wfile.write(content[start : start + Odd.piece])
            time.sleep(Odd.pause)
        self.close_connection = True

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def url():
    web = QuietServer(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{web.server_port}"
    web.shutdown()
    web.server_close()
    thread.join(5)


@pytest.fixture
def ask(url, monkeypatch):
    """Ask a server with these answers about the four runs together; gives the probes and the poller."""
    pollers = []

    def asked(*answers, coverage=False):
        monkeypatch.setattr(Odd, "answers", answers)
        monkeypatch.setattr(Odd, "asked", 0)
        pollers.append(poller := Poller(GraphQL(url, lambda: ApiKey("x" * 40))))
        return probe_together(poller, *RUNS, coverage=coverage), poller

    yield asked
    for poller in pollers:
        poller.close()


def body(data=None, *errors, status=200, headers=None):
    return status, {"data": data} | ({"errors": list(errors)} if errors else {}), headers or {}


def outcome_letters(probes):
    return "".join(letter for probe in probes for letter, answer in LETTERS.items() if answer is probe.outcome)


PARTLY = {"q0": FOUND, "q1": NOT_YET, "q2": None, "q3": None}
UNCOVERED = {f"q{i}": NOT_YET | {"run": INFO | {"parquetHistory": None}} for i in range(4)}


@pytest.mark.parametrize(
    ("answer", "letters", "says"),
    [
        (body(PARTLY, error("forbidden", ["q2"]), error("boom", ["q3", "run"])), "tar?", "The server says: boom"),
        (body(PARTLY | {"q3": NOBODY}), "tamm", "There is no run run3 in lab/forks, or this API key may not see it"),
        (body(each(NOT_YET) | {"q0": FOUND}, error("boom")), "t???", "The server says: boom"),
        (body(each(NOT_YET), error("x", {"a": 1}), error("y", 5), error("z", "q1")), "????", "The server says: x"),
        (body(each(NOT_YET) | {"q3": None}, error("nope", ["q3"], "FORBIDDEN")), "aaar", "nope"),
        (body(UNCOVERED, error("internal error in parquetHistory", ["q0", "run", "parquetHistory"])), "aaaa", ""),
        (body({"project": NOT_YET}), "????", "says nothing about run run3"),
        (body({}), "????", "says nothing about run run3"),
        (body(each([])), "????", "says nothing about run run3"),
        (body(each({"artifactCollectionMembership": None})), "????", "says nothing about run run3"),
        (body(each({"run": INFO})), "????", "says nothing about run run3"),
        (body(each({"run": INFO, "artifactCollectionMembership": []})), "????", "says nothing about run run3"),
        ((200, {"errors": [error("boom")]}, {}), "????", "says: boom"),
        ((200, {}, {}), "????", "sent no data"),
        (body(None, error("you are unauthorized")), "rrrr", "says: you are unauthorized"),
        (body(None, error("invalid API key"), status=400), "rrrr", "says: invalid API key (HTTP 400)"),
        ((200, b"<!doctype html><title>Sign in</title>", {}), "????", "sent a web page"),
        ((200, b"\xef\xbb\xbf" + json.dumps({"data": each(NOT_YET)}).encode(), {}), "aaaa", ""),
        ((200, b"[" * 100_000, {}), "????", "something that is not JSON"),
        ((200, b"no gzip", {"Content-Encoding": "gzip"}), "!!!!", "sent an answer that cannot be decompressed"),
        ((200, b'{"data"', {"Content-Length": "500"}), "!!!!", "broke off"),
        ((407, {}, {}), "!!!!", "requires a user name and password (HTTP 407)"),
        ((408, {}, {}), "!!!!", "has a server error (HTTP 408)"),
        ((503, b"", {}), "!!!!", "has a server error (HTTP 503)"),
        ((403, b"<h1>Forbidden</h1>", {"Server": "nginx"}), "????", "in front of 127.0.0.1"),
        ((403, {"message": "Forbidden"}, {}), "????", "blocks access to W&B (HTTP 403)"),
        ((401, b"", {}), "????", "blocks access to W&B (HTTP 401)"),
        ((401, {"errors": [{"message": "user is not logged in"}]}, {}), "rrrr", "refused the API key (HTTP 401)"),
        ((403, {"error": "permission denied"}, {}), "rrrr", "refused the API key (HTTP 403)"),
        ((520, {}, {}), "!!!!", "has a server error (HTTP 520)"),
        ((410, {}, {}), "????", "rejects the request (HTTP 410)"),
    ],
)
def test_each_run_gets_what_the_server_says_of_it(ask, answer, letters, says):
    coverage = "parquetHistory" in str(answer)
    probes, poller = ask(answer, coverage=coverage)
    assert (outcome_letters(probes), Odd.asked) == (letters, 1)
    assert says in probes[3].message
    assert not poller._server.dialect.dropped, "what could not be told this time is not unknown to the server"


def server_time(**ahead):
    return format_datetime(datetime.now(UTC) + timedelta(**ahead), usegmt=True)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ((429, {}, {"retry-after": "7"}), 7),
        (lambda: (429, {}, {"Retry-After": server_time(seconds=30)}), 30),
        (lambda: (429, {}, {"Retry-After": server_time(hours=1), "Date": server_time(minutes=59, seconds=50)}), 10),
        ((429, {}, {}), 5),
        ((429, b"", {}), 5),
        (lambda: (429, {}, {"Retry-After": "soon", "RateLimit-Reset": str(int(time.time()) + 60)}), 60),
        ((403, {}, {"Retry-After": "9"}), 9),
        ((403, {}, {"RateLimit-Remaining": "0", "RateLimit-Reset": "9"}), 9),
        (body(None, error("Too many requests, slow down")), 5),
        (body(each(None), error("try later", ["q0"], "RATE_LIMITED")), 5),
    ],
)
def test_a_limit_is_understood_however_it_is_expressed(ask, answer, seconds):
    # Moments are those of the test, not of its collection.
    probes, poller = ask(answer() if callable(answer) else answer)
    assert probes[0].outcome is ProbeOutcome.UNAVAILABLE
    assert probes[0].message == "Rate limited"
    assert seconds - 15 * (seconds > 20) <= probes[0].retry_after <= 1.06 * seconds
    assert poller.limiting() > 0
    assert Odd.asked == 1


def test_for_the_sake_of_one_the_others_are_not_left_without_an_answer(ask):
    none = body(None, error("boom", ["q1", "run"]))
    probes, poller = ask(none, body(each(NOT_YET)))
    assert outcome_letters(probes) == "a?aa"
    assert (Odd.asked, poller._size.now) == (2, 100)


def test_a_probe_that_a_limit_would_delay_for_long_gets_an_answer_and_goes_first_next_time(ask, monkeypatch):
    monkeypatch.setattr(batch_size, "MAX_BATCH_SIZE", 2)
    probes, poller = ask(body(each(NOT_YET), headers={"RateLimit-Remaining": "2", "RateLimit-Reset": "60"}))
    assert outcome_letters(probes) == "aa!!"
    assert probes[3].message == "Close to the rate limit"
    assert 25 < probes[3].retry_after <= 30
    monkeypatch.setattr(poller._server, "throttle", Throttle(time.monotonic))
    assert outcome_letters(probe_together(poller, *RUNS)) == "!!aa"


def test_a_batch_refused_for_its_size_is_asked_in_halves_and_all_are_answered_if_a_single_one_is_too_large(ask):
    too_much = body(None, error("The query costs too much: cost 4000"))
    probes, poller = ask(too_much, body(each(NOT_YET)), body(each(NOT_YET)))
    assert outcome_letters(probes) == "aaaa"
    assert (Odd.asked, poller._size.now) == (3, 2)
    probes, _ = ask(too_much)
    assert outcome_letters(probes) == "????"
    assert Odd.asked == 3, "four, two, one"


@pytest.mark.parametrize(
    ("headers", "within", "says"),
    [({}, 0.3, "did not finish its answer"), ({"Content-Length": "9999"}, 60, "connected, but silent")],
)
def test_an_answer_that_comes_in_drops_or_stops_is_given_up(ask, monkeypatch, headers, within, says):
    monkeypatch.setattr(Odd, "piece", 1 if not headers else 100)
    monkeypatch.setattr(Odd, "pause", 0.05 if not headers else 60.0)
    monkeypatch.setattr(graphql, "_MAX_REPLY_S", within)
    monkeypatch.setattr(graphql, "READ_TIMEOUT_S", 0.4)
    probes, _ = ask((200, b" " * 6000, headers))
    assert outcome_letters(probes) == "!!!!"
    assert says in probes[0].message


def test_certificates_that_cannot_be_read_are_no_surprise(ask, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")
    poller = Poller(GraphQL("https://127.0.0.1:9", lambda: None))
    probe = poller.probe(RUNS[0]).result(5)
    poller.close()
    assert probe.outcome is ProbeOutcome.UNAVAILABLE
    assert "REQUESTS_CA_BUNDLE cannot be read" in probe.message
