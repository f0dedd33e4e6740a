"""Exports: what starts them, what comes of them, and what they have to do with forking."""

import json
import threading
import time

import pytest

from tests.integration.sandbox_fixtures import ask, log_run, run_sdk_script, sign_in, visit
from tests.stopwatch import until

EXISTS = """
import wandb
print(wandb.Api().artifact_exists("{path}:latest"))
"""


@pytest.fixture(scope="module")
def run(sandbox, home):
    return log_run(sandbox, home)


@pytest.fixture
def signed_in(http, sandbox):
    answer = http.post(f"{sandbox.base_url}/oidc/login", json={"email": sandbox.username, "password": sandbox.password})
    assert answer.status_code == 200
    return http


def covered(sandbox, path):
    """The last step that the newest version covers, or None."""
    entity, project, name = path.split("/")
    context = sandbox.context
    found = context.state.run(context.state.project(entity, project), name)
    return context.exports.covered_step(found)


def test_neither_a_plain_get_nor_an_api_key_starts_an_export(sandbox, run, signed_in):
    page = f"{sandbox.app_url}/lab/forks/runs/abc"
    assert "RunPage" in signed_in.get(page).text
    by_key = ask(signed_in, sandbox, PAGE_QUERY, key=sandbox.api_key, **PAGE_VARIABLES)
    assert by_key.json()["data"]["project"]["run"]["name"] == "abc"
    other = ask(signed_in, sandbox, '{ viewer { id } project(name: "forks") { run(name: "abc") { id } } }')
    assert other.json()["data"]["project"]["run"]
    assert sandbox.stats()["exports_started"] == 0
    time.sleep(0.7)
    assert covered(sandbox, run) is None


def test_a_run_is_exported_that_was_deleted_and_made_again(sandbox):
    context = sandbox.context
    project, _ = context.state.ensure_project("lab", "again")
    for _ in range(2):
        made = context.state.create_run(project, "phoenix", None)
        context.histories.append(made, "wandb-history.jsonl", 0, ['{"_step": 0}'])
        assert context.exports.start(made, delay=0)
        assert context.exports.covered_step(made) == 0
        context.state.delete_run(made)


PAGE_QUERY = """
query RunPage($entityName: String!, $projectName: String!, $runName: String!) {
  project(name: $projectName, entityName: $entityName) { run(name: $runName) { id name } }
}
"""
PAGE_VARIABLES = {"entityName": "lab", "projectName": "forks", "runName": "abc"}


def test_before_the_export_forking_is_refused_and_a_visit_under_way_rescues_it(sandbox, home, page):
    parent = log_run(sandbox, home, project="rescue", run_id="parent", steps=250)
    source = """
import wandb
try:
    wandb.init(project="rescue", fork_from="parent?_step=200", settings=wandb.Settings(init_timeout=3))
except wandb.errors.CommError as error:
    print("first:", str(error).splitlines()[0])
run = wandb.init(project="rescue", fork_from="parent?_step=200", settings=wandb.Settings(init_timeout=60))
run.log({"loss": 9.0})
run.finish()
print("forked:", run.id)
"""
    results = []
    thread = threading.Thread(target=lambda: results.append(run_sdk_script(sandbox, source, home)))
    thread.start()
    until(lambda: sandbox.stats()["fork_refusals"] >= 3)
    page.goto(f"{sandbox.app_url}/login")
    sign_in(page, sandbox)
    page.wait_for_url(f"{sandbox.app_url}/")
    visit(page, sandbox, parent)
    thread.join(60)
    output = results[0]
    # Older SDKs do not hand on the server's words.
    assert "contact support" in output or "has timed out" in output
    child = output.split("forked:")[1].split()[0]
    context = sandbox.context
    forked = context.state.run(context.state.project("lab", "rescue"), child)
    steps = [row["_step"] for row in context.histories.rows(forked)]
    assert steps == list(range(202))
    assert context.histories.rows(forked)[-1]["loss"] == 9.0
    assert (forked.parent, forked.fork_step) == ("parent", 200)


def test_a_visit_exports_the_history_and_the_sdk_downloads_it(sandbox, home, run, page):
    page.goto(f"{sandbox.app_url}/lab/forks/runs/abc")
    assert page.get_by_text("Looks like you stumbled on an empty page.").is_visible()
    page.get_by_role("main").get_by_role("link", name="Log in").click()
    sign_in(page, sandbox)
    page.get_by_role("heading", name="Run details").wait_for()
    assert page.url == f"{sandbox.app_url}/lab/forks/runs/abc"
    until(lambda: covered(sandbox, run) == 299)

    source = """
import json, os, wandb, pyarrow.parquet
api = wandb.Api()
artifact = api.artifact("lab/forks/run-abc-history:latest")
folder = artifact.download()
table = pyarrow.parquet.read_table(os.path.join(folder, "0000.parquet")).to_pydict()
run = api.run("lab/forks/abc")
exports = run.download_history_exports("exports")
exported = [row for path in exports.paths for row in pyarrow.parquet.read_table(path).to_pylist()]
print(json.dumps({
    "exists": api.artifact_exists("lab/forks/run-abc-history:latest"),
    "v0": api.artifact_exists("lab/forks/run-abc-history:v0"),
    "v1": api.artifact_exists("lab/forks/run-abc-history:v1"), "files": os.listdir(folder), "table": table,
    "version": artifact.version, "type": artifact.type, "complete": not exports.contains_live_data,
    "exported": len(exported), "scan": len(list(run.scan_history())), "by": artifact.logged_by().id,
    "versions": [one.version for one in api.artifacts("wandb-history", "lab/forks/run-abc-history")],
    "collections": [one.name for one in api.artifact_collections("lab/forks", "wandb-history")],
    "logged": [one.name for one in run.logged_artifacts()],
}))
"""
    found = json.loads(run_sdk_script(sandbox, source, home).splitlines()[-1])
    assert (found["exists"], found["v0"], found["v1"]) == (True, True, False)
    assert found["files"] == ["0000.parquet"]
    assert found["table"]["_step"] == list(range(300))
    assert found["table"]["loss"] == pytest.approx([1 / (step + 1) for step in range(300)])
    assert (found["version"], found["type"], found["by"]) == ("v0", "wandb-history", "abc")
    assert (found["complete"], found["exported"], found["scan"]) == (True, 300, 300)
    assert (found["versions"], found["collections"]) == (["v0"], ["run-abc-history"])
    assert "run-abc-history:v0" in found["logged"]


def test_a_visit_exports_only_what_is_new(sandbox, home, run, page):
    sandbox.export_now(run)
    before = sandbox.stats()["exports_started"]
    page.goto(f"{sandbox.app_url}/login")
    sign_in(page, sandbox)
    page.wait_for_url(f"{sandbox.app_url}/")
    visit(page, sandbox, run)
    assert sandbox.stats()["exports_started"] == before

    source = """
import json, wandb
run = wandb.init(project="forks", id="abc", resume="must")
for _ in range(50):
    run.log({"loss": 0.5})
run.finish()
api = wandb.Api()
read = api.run("lab/forks/abc")
def complete():
    try:
        return read.download_history_exports("more").contains_live_data is False
    except Exception as error:
        return type(error).__name__
try:
    wandb.init(project="forks", fork_from="abc?_step=320")
except wandb.errors.CommError as error:
    refused = str(error)
child = wandb.init(project="forks", fork_from="abc?_step=200")
child.finish()
print(json.dumps([complete(), refused, read.lastHistoryStep, len(list(read.scan_history())), child.id]))
"""
    complete, refused, last, rows, child = json.loads(run_sdk_script(sandbox, source, home).splitlines()[-1])
    assert complete == "IncompleteRunHistoryError"
    assert "fromStep is greater than the run's last step" in refused
    assert (last, rows) == (349, 350)
    assert child

    visit(page, sandbox, run)
    assert sandbox.stats()["exports_started"] == before + 1
    until(lambda: covered(sandbox, run) == 349)
    source = """
import json, os, wandb
api = wandb.Api()
artifact = api.artifact("lab/forks/run-abc-history:latest")
child = wandb.init(project="forks", fork_from="abc?_step=320")
child.finish()
rows = len(list(api.run("lab/forks/abc").scan_history()))
print(json.dumps([artifact.version, sorted(os.listdir(artifact.download())), rows]))
"""
    answer = json.loads(run_sdk_script(sandbox, source, home).splitlines()[-1])
    assert answer == ["v1", ["0000.parquet", "0001.parquet"], 350]


def test_a_hundred_aliases_are_answered_in_one_request(sandbox, run, http):
    one = (
        'project(name: "forks", entityName: "lab") { run(name: "abc") { state historyKeys } '
        'artifactCollectionMembership(name: "run-abc-history:latest") { versionIndex createdAt } '
        'artifact(name: "run-abc-history:latest") { versionIndex } }'
    )
    query = "{" + " ".join(f"a{index}: {one}" for index in range(150)) + "}"
    sandbox.export_now(run)
    ask(http, sandbox, query, key=sandbox.api_key)
    answer = ask(http, sandbox, query.replace("a0:", "b0:"), key=sandbox.api_key).json()
    assert len(answer["data"]) == 150
    assert answer["data"]["a149"]["artifactCollectionMembership"]["versionIndex"] is not None
    assert answer["data"]["a149"]["artifact"]["versionIndex"] is not None
