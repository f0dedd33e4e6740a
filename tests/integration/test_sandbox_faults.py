"""Every row of the table of faults does what its summary says."""

import json
import time

import pytest
import requests

from tests.integration.sandbox_fixtures import ask
from wandb_tui.sandbox import FAULTS, Sandbox, SandboxConfig

VIEWER = "{ viewer { username email } }"
FORK = """
mutation Fork($name: String, $config: JSONString) {
  upsertBucket(input: {name: $name, modelName: "forks", config: $config}) { inserted bucket { name historyLineCount } }
}
"""
PAGE = """
query RunPage($run: String!, $project: String!) {
  project(name: $project, entityName: "lab") { run(name: $run) { name } }
}
"""
MEMBERSHIP = """
query Probe($name: String!) {
  project(name: "forks", entityName: "lab") {
    artifactCollectionMembership(name: $name) { versionIndex artifact { ttlDurationSeconds } }
  }
}
"""
PARQUET = (
    '{ project(name: "forks") { run(name: "abc") { parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData } } } }'
)


class Tried:
    """A sandbox under one fault, with a run of 100 steps in it."""

    def __init__(self, sandbox, http):
        self.sandbox, self.http = sandbox, http
        self.base = sandbox.base_url
        context = sandbox.context
        for project in ("forks", "public-forks"):
            run = context.state.create_run(context.state.ensure_project("lab", project)[0], "abc", None)
            lines = [json.dumps({"_step": step, "loss": 1 / (step + 1)}) for step in range(100)]
            context.histories.append(run, "wandb-history.jsonl", 0, lines)
            context.state.update_run(run, state="finished", finished_at=time.time())

    def by_key(self, query, **variables):
        return ask(self.http, self.sandbox, query, key=self.sandbox.api_key, **variables)

    def sign_in(self):
        login = {"email": self.sandbox.username, "password": self.sandbox.password}
        return self.http.post(f"{self.base}/oidc/login", json=login, timeout=10)

    def by_page(self, query, **variables):
        if not self.http.cookies:
            assert self.sign_in().status_code == 200
        return ask(self.http, self.sandbox, query, **variables)

    def visit(self, project="forks"):
        return self.by_page(PAGE, run="abc", project=project)

    def get_page(self, **options):
        return self.http.get(f"{self.base}/lab/forks/runs/abc", timeout=10, **options)

    def fork(self, step=50):
        config = {"_wandb": {"value": {"branch_point": {"run_id": "abc", "step": step}}}}
        return self.by_key(FORK, name=f"child{time.monotonic_ns()}", config=json.dumps(config))

    def covered(self, project="forks"):
        context = self.sandbox.context
        return context.exports.covered_step(context.state.run(context.state.project("lab", project), "abc"))

    def probe(self, name="run-abc-history:latest"):
        return self.by_key(MEMBERSHIP, name=name)


@pytest.fixture
def under(http):
    """Starts a sandbox under a fault."""
    running = []

    def start(*faults, **config):
        sandbox = Sandbox(SandboxConfig(faults=faults, **{"export_delay": 0, **config}))
        sandbox.start()
        running.append(sandbox)
        return Tried(sandbox, http)

    yield start
    for sandbox in running:
        sandbox.stop()


def test_each_row_has_a_summary_and_shows_how_it_is_typed():
    for name, row in FAULTS.items():
        assert row.name == name
        assert len(row.summary) > 10
        SandboxConfig(faults=(row.usage(),))


# Responses


def test_http_status(under):
    tried = under("http-status:code=502,message=one, two,times=2,after=1")
    assert [tried.by_key(VIEWER).status_code for _ in range(4)] == [200, 502, 502, 200]
    tried.sandbox.set_faults("http-status:code=500,path=run-page")
    assert tried.by_key(VIEWER).status_code == 200
    assert tried.get_page().status_code == 500


def test_one_fault_may_be_in_force_several_times(under):
    tried = under("http-status:code=500,times=1", "http-status:code=502,after=1,times=1", "http-status:path=run-page")
    assert [tried.by_key(VIEWER).status_code for _ in range(3)] == [500, 502, 200]
    assert tried.get_page().status_code == 503


def test_http_status_only_for_pages_or_only_for_keys(under):
    tried = under("http-status:who=page,path=graphql")
    assert (tried.by_key(VIEWER).status_code, tried.by_page(VIEWER).status_code) == (200, 503)


def test_rate_limit(under):
    tried = under("rate-limit:retry-after=7,seconds=0.4")
    answer = tried.by_key(VIEWER)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "7"
    assert (answer.headers["RateLimit-Remaining"], answer.headers["RateLimit-Reset"]) == ("0", "7")
    time.sleep(0.5)
    assert tried.by_key(VIEWER).status_code == 200
    assert tried.sandbox.stats()["rate_limited"] == 1


def test_rate_limit_near(under):
    answer = under("rate-limit-near:remaining=3,reset=9").by_key(VIEWER)
    assert answer.json()["data"]["viewer"]
    assert (answer.headers["RateLimit-Remaining"], answer.headers["RateLimit-Reset"]) == ("3", "9")


@pytest.mark.parametrize("fault", ["broken-json", "html-page", "empty-body"])
def test_answers_that_are_no_json(under, fault):
    answer = under(fault).by_key(VIEWER)
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_graphql_error(under):
    answer = under("graphql-error:message=out of order").by_key(VIEWER)
    assert (answer.status_code, answer.json()) == (200, {"data": None, "errors": [{"message": "out of order"}]})


def test_hang_and_reset(under):
    tried = under("hang:seconds=0.3")
    for fault in ("hang:seconds=0.3", "reset"):
        tried.sandbox.set_faults(fault)
        with pytest.raises(requests.exceptions.ConnectionError):
            tried.by_key(VIEWER)
    tried.sandbox.set_faults("hang")
    with pytest.raises(requests.exceptions.Timeout):
        requests.post(f"{tried.base}/graphql", json={}, timeout=0.3)


def test_slow(under):
    tried = under("slow:seconds=0.3")
    started = time.monotonic()
    assert tried.by_key(VIEWER).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_redirect_to_login(under):
    tried = under("redirect-to-login")
    answer = tried.http.post(f"{tried.base}/graphql", json={"query": VIEWER}, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


# Exports


def test_without_faults_a_visit_exports_all(under):
    tried = under()
    tried.visit()
    assert tried.covered() == 99
    assert tried.probe().json()["data"]["project"]["artifactCollectionMembership"]["versionIndex"] == 0
    assert tried.fork().json()["data"]["upsertBucket"]["bucket"]["historyLineCount"] == 51


def test_export_never_and_export_fails(under):
    tried = under("export-never")
    tried.visit()
    assert tried.covered() is None
    tried.sandbox.set_faults("export-fails:times=2")
    covered = []
    for _ in range(3):
        tried.visit()
        covered.append(tried.covered())
    assert covered == [None, None, 99]


def test_export_late(under):
    tried = under("export-late:seconds=0.4")
    tried.visit()
    assert tried.covered() is None
    time.sleep(0.5)
    assert tried.covered() == 99


def test_stale_export_and_export_once(under):
    tried = under("stale-export:steps=30")
    tried.visit()
    assert tried.covered() == 69
    assert (tried.fork(69).status_code, tried.fork(70).status_code) == (200, 400)
    tried.sandbox.set_faults("export-once")
    tried.visit()
    assert tried.covered() == 69
    tried.sandbox.set_faults()
    tried.visit()
    assert tried.covered() == 99


def test_export_without_visit(under):
    tried = under("export-without-visit:after=0.4")
    assert tried.covered() is None
    time.sleep(0.5)
    assert tried.probe().json()["data"]["project"]["artifactCollectionMembership"]["versionIndex"] == 0


def test_export_by_other_ways(under):
    tried = under("export-by-api-key")
    tried.by_key('{ project(name: "forks") { run(name: "abc") { id } } }')
    assert tried.covered() == 99
    tried = under("export-by-get")
    tried.sign_in()
    tried.get_page()
    assert tried.covered() == 99
    tried.http.cookies.clear()
    tried = under("export-by-any-page-query")
    tried.by_page('{ project(name: "forks") { run(name: "abc") { id } } }')
    assert tried.covered() == 99


def test_visit_loads_nothing(under):
    tried = under("visit-loads-nothing:times=2")
    loaded = [tried.visit().json()["data"]["project"] for _ in range(3)]
    assert loaded == [None, None, {"run": {"name": "abc"}}]
    assert tried.covered() == 99


def test_signed_out_starts_nothing(under):
    tried = under("signed-out-starts-nothing")
    ask(tried.http, tried.sandbox, PAGE, run="abc", project="public-forks")
    assert tried.covered("public-forks") is None
    tried.sandbox.set_faults()
    ask(tried.http, tried.sandbox, PAGE, run="abc", project="public-forks")
    assert tried.covered("public-forks") == 99


def test_history_name_plain(under):
    tried = under("history-name-plain")
    tried.visit()
    assert tried.probe().json()["data"]["project"]["artifactCollectionMembership"] is None
    assert tried.probe("abc-history:v0").json()["data"]["project"]["artifactCollectionMembership"]


# The API


def test_no_parquet_history(under):
    tried = under("no-parquet-history")
    tried.visit()
    empty = {"parquetUrls": [], "liveData": []}
    assert tried.by_key(PARQUET).json()["data"]["project"]["run"]["parquetHistory"] == empty
    tried.sandbox.set_faults()
    assert len(tried.by_key(PARQUET).json()["data"]["project"]["run"]["parquetHistory"]["parquetUrls"]) == 1


def test_no_membership_field(under):
    tried = under("no-membership-field")
    answer = tried.probe()
    assert (answer.status_code, answer.json()["data"]) == (200, None)
    assert "artifactCollectionMembership" in answer.json()["errors"][0]["message"]
    tried.visit()
    older = '{ project(name: "forks") { artifact(name: "run-abc-history:latest") { versionIndex } } }'
    assert tried.by_key(older).json()["data"]["project"]["artifact"] == {"versionIndex": 0}


def test_membership_null_and_ttl_null(under):
    tried = under("membership-null:times=2", "ttl-null")
    tried.visit()
    answers = [tried.probe().json()["data"]["project"]["artifactCollectionMembership"] for _ in range(3)]
    assert answers == [None, None, {"versionIndex": 0, "artifact": {"ttlDurationSeconds": None}}]


def test_keys_and_accounts(under):
    tried = under("viewer-null")
    assert tried.by_key(VIEWER).json()["data"] == {"viewer": None}
    tried.sandbox.set_faults("key-refused")
    assert tried.by_key(VIEWER).status_code == 401
    tried.sandbox.set_faults("key-sees-nothing")
    assert tried.probe().json()["data"] == {"project": None}
    assert tried.visit().json()["data"]["project"]
    tried.http.cookies.clear()
    tried.sandbox.set_faults("service-account")
    assert tried.by_key(VIEWER).json()["data"]["viewer"] == {"username": "service-researcher", "email": None}
    assert tried.sign_in().status_code == 401


# Forks


@pytest.mark.parametrize("code", [400, 403, 404, 409, 422, 500])
def test_fork_refused(under, code):
    tried = under(f"fork-refused:code={code},message=not yet,times=1")
    tried.visit()
    answer = tried.fork()
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (code, "not yet")
    assert tried.fork().status_code == 200
    assert tried.sandbox.stats()["fork_refusals"] == 1


def test_fork_graphql_error_and_fork_unsupported(under):
    tried = under("fork-graphql-error")
    answer = tried.fork()
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (200, "history not materialized yet")
    tried.sandbox.set_faults("fork-unsupported")
    assert tried.fork().json()["data"]["upsertBucket"]["bucket"]["historyLineCount"] == 0
    tried.sandbox.set_faults()
    assert tried.fork().status_code == 500
    assert "contact support" in tried.fork().text


def test_forking_from_a_run_that_is_not_there(under):
    tried = under()
    config = {"_wandb": {"value": {"branch_point": {"run_id": "nobody", "step": 1}}}}
    assert tried.by_key(FORK, name="child", config=json.dumps(config)).status_code == 404


# Pages and sessions


def test_run_page_no_graphql(under, page):
    tried = under("run-page-no-graphql")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{tried.base}/lab/public-forks/runs/abc")
    page.get_by_role("heading", name="Run details").wait_for()
    assert not [url for url in asked if url.endswith("/graphql")]
    assert tried.covered("public-forks") == 99


def test_page_error_and_page_slow(under, page):
    tried = under("page-error:code=502,times=2", "page-slow:seconds=0.5")
    assert [tried.get_page().status_code for _ in range(3)] == [502, 502, 200]
    started = time.monotonic()
    page.goto(f"{tried.base}/lab/public-forks/runs/abc")
    page.get_by_role("heading", name="Run details").wait_for()
    assert time.monotonic() - started >= 0.5


def test_session_expires_session_once_and_cookie_name(under):
    tried = under("session-expires:after=0.4")
    assert tried.by_page(VIEWER).json()["data"]["viewer"]
    time.sleep(0.5)
    assert tried.by_page(VIEWER).json()["data"] == {"viewer": None}
    tried.http.cookies.clear()
    tried.sandbox.set_faults("session-once:requests=2")
    tried.sign_in()
    assert ["empty page" in tried.get_page().text for _ in range(3)] == [False, False, True]
    tried.http.cookies.clear()
    tried.sandbox.set_faults("cookie-name:name=sid")
    tried.sign_in()
    assert list(tried.http.cookies.keys()) == ["sid"]
    assert tried.by_page(VIEWER).json()["data"]["viewer"]


def test_sign_in_fails(under):
    tried = under("sign-in-fails:times=1")
    assert [tried.sign_in().status_code for _ in range(2)] == [500, 200]
