"""The real SDK logs to the sandbox and gets back what it logged."""

import json

import pytest
import requests

from tests.integration.sandbox_fixtures import log_run, run_sdk_script

READ = """
import json, wandb
api = wandb.Api()
run = api.run("lab/forks/abc")
print(json.dumps({
    "state": run.state, "config": run.config, "summary": run.summary._json_dict, "last": run.lastHistoryStep,
    "history": run.history(pandas=False, samples=1000), "sampled": len(run.history(pandas=False, samples=10)),
    "keys": run.history(pandas=False, keys=["loss"], samples=1000),
    "scan": list(run.scan_history()), "scan_keys": list(run.scan_history(keys=["loss", "epoch"])),
    "files": sorted(file.name for file in run.files()), "user": run.user.username, "url": run.url,
    "exists": api.artifact_exists("lab/forks/run-abc-history:latest"),
    "viewer": [api.viewer.username, api.viewer.email, api.default_entity],
    "projects": [project.name for project in api.projects("lab")],
}))
"""


@pytest.fixture(scope="module")
def logged(sandbox, home):
    return log_run(sandbox, home)


@pytest.fixture(scope="module")
def read(sandbox, home, logged):
    return json.loads(run_sdk_script(sandbox, READ, home).splitlines()[-1])


def test_a_run_is_read_back_as_it_was_logged(read, sandbox):
    assert read["state"] == "finished"
    assert read["config"] == {"lr": 0.1, "layers": {"hidden": 2}}
    assert read["summary"]["loss"] == pytest.approx(1 / 300)
    assert read["summary"]["_step"] == 299
    assert read["last"] == 299
    assert read["user"] == "researcher"
    assert read["url"] == f"{sandbox.app_url}/lab/forks/runs/abc"
    assert read["viewer"] == ["researcher", "researcher@lab.example", "lab"]
    assert read["projects"] == ["forks"]


def test_the_history_is_whole_in_each_way_of_reading_it(read):
    for rows in (read["history"], read["scan"]):
        assert [row["_step"] for row in rows] == list(range(300))
        assert [row["loss"] for row in rows] == pytest.approx([1 / (step + 1) for step in range(300)])
    assert [row["loss"] for row in read["keys"]] == pytest.approx([1 / (step + 1) for step in range(300)])
    assert [row["epoch"] for row in read["scan_keys"]] == [step // 50 for step in range(300)]
    assert read["sampled"] == 10


def test_files_are_stored_and_no_history_artifact_is_there_yet(read):
    assert {"config.yaml", "wandb-metadata.json", "wandb-summary.json"} <= set(read["files"])
    assert read["exists"] is False


def test_values_of_every_kind_come_back(sandbox, home):
    source = """
import json, wandb
run = wandb.init(project="kinds", id="one")
histogram = wandb.Histogram(np_histogram=([1, 2], [0, 1, 2]))
run.log({"nan": float("nan"), "inf": float("inf"), "flag": True, "text": "a", "list": [1, 2],
         "deep": {"er": {"x": 1.5}}, "histogram": histogram})
run.log({"flag": False})
with open("note.txt", "w") as file:
    file.write("kept")
run.save("note.txt", policy="now")
run.finish()
run = wandb.Api().run("lab/kinds/one")
print(json.dumps([run.history(pandas=False), run.summary._json_dict, len(list(run.scan_history())), run.lastHistoryStep,
                  run.file("note.txt").download(replace=True).read()]))
"""
    output = run_sdk_script(sandbox, source, home).splitlines()[-1]
    rows, summary, scanned, last, note = json.loads(output)
    assert (rows[0]["nan"], rows[0]["inf"]) == ("NaN", "Infinity")
    assert (rows[0]["flag"], rows[0]["text"], rows[0]["list"]) == (True, "a", [1, 2])
    assert (rows[0]["deep"], rows[0]["histogram"]["_type"]) == ({"er": {"x": 1.5}}, "histogram")
    assert (summary["nan"], summary["flag"], scanned, last, note) == ("NaN", False, 2, 1, "kept")


def test_a_running_run_is_seen_to_run_and_a_failed_one_to_have_failed(sandbox, home):
    source = """
import json, wandb
run = wandb.init(project="states", id="live")
run.log({"a": 1})
api = wandb.Api()
seen = api.run("lab/states/live")
before = seen.state
run.finish(exit_code=3)
seen.load(force=True)
print(json.dumps([before, seen.state]))
"""
    assert json.loads(run_sdk_script(sandbox, source, home).splitlines()[-1]) == ["running", "failed"]


def test_a_resumed_run_goes_on_where_it_was(sandbox, home):
    log_run(sandbox, home, project="resumed", run_id="one", steps=20)
    source = """
import json, wandb
run = wandb.init(project="resumed", id="one", resume="must")
start = run.starting_step
run.log({"loss": 5.0})
run.finish()
other = wandb.init(project="resumed", id="two", resume="allow")
other.log({"loss": 1.0})
other.finish()
api = wandb.Api()
one = api.run("lab/resumed/one")
print(json.dumps([start, one.lastHistoryStep, len(list(one.scan_history())), one.config, one.summary["loss"],
                  api.run("lab/resumed/two").lastHistoryStep]))
"""
    start, last, rows, config, loss, other = json.loads(run_sdk_script(sandbox, source, home).splitlines()[-1])
    assert (start, last, rows, loss, other) == (20, 20, 21, 5.0, 0)
    assert config == {"lr": 0.1, "layers": {"hidden": 2}}


def test_resuming_a_run_that_is_not_there_is_refused_by_the_sdk(sandbox, home):
    source = """
import wandb
try:
    wandb.init(project="resumed", id="nobody", resume="must")
except wandb.errors.Error as error:
    print("refused:", type(error).__name__)
"""
    assert "refused:" in run_sdk_script(sandbox, source, home)


def test_runs_are_filtered_ordered_and_paged(sandbox, home):
    source = """
import json, wandb
for index in range(5):
    run = wandb.init(project="many", id=f"run{index}", config={"lr": index / 10}, tags=["odd"] if index % 2 else [],
                     settings=wandb.Settings(x_disable_stats=True, x_disable_meta=True, console="off"))
    run.log({"loss": 5 - index})
    run.finish(exit_code=1 if index == 4 else 0)
api = wandb.Api()
def ids(**arguments):
    return [run.id for run in api.runs("lab/many", **arguments)]
print(json.dumps({
    "all": ids(per_page=2), "newest": ids(order="-created_at"), "failed": ids(filters={"state": "failed"}),
    "odd": ids(filters={"tags": {"$in": ["odd"]}}), "lr": ids(filters={"config.lr.value": {"$gte": 0.2}}),
    "both": ids(filters={"$or": [{"name": "run0"}, {"summary_metrics.loss": {"$lt": 2}}]}),
    "best": ids(order="+summary_metrics.loss"), "length": len(api.runs("lab/many")),
}))
"""
    found = json.loads(run_sdk_script(sandbox, source, home).splitlines()[-1])
    assert found == {
        "all": ["run0", "run1", "run2", "run3", "run4"],
        "newest": ["run4", "run3", "run2", "run1", "run0"],
        "failed": ["run4"],
        "odd": ["run1", "run3"],
        "lr": ["run2", "run3", "run4"],
        "both": ["run0", "run4"],
        "best": ["run4", "run3", "run2", "run1", "run0"],
        "length": 5,
    }


def test_what_is_not_there_is_reported(sandbox, home, logged):
    source = """
import wandb
api = wandb.Api()
for path in ("lab/forks/nobody", "lab/nowhere/abc", "others/forks/abc"):
    try:
        api.run(path)
    except (ValueError, wandb.errors.CommError) as error:
        print("none:", path)
print(api.artifact_exists("lab/nowhere/run-abc-history:latest"))
"""
    output = run_sdk_script(sandbox, source, home)
    assert output.count("none:") == 3
    assert output.splitlines()[-1] == "False"


LOG_OFFLINE = """
import wandb
with wandb.init(project="forks", id="offline", mode="offline") as run:
    for step in range(20):
        run.log({"loss": step})
"""
SYNC = """
import glob, subprocess, sys
folders = glob.glob("**/offline-run-*-offline", recursive=True)
assert folders
subprocess.run([sys.executable, "-m", "wandb", "sync", *folders], check=True)
"""


def test_an_offline_run_is_synchronised(sandbox, home):
    run_sdk_script(sandbox, LOG_OFFLINE, home)
    run_sdk_script(sandbox, SYNC, home)
    state = sandbox.context.state
    run = state.run(state.project("lab", "forks"), "offline")
    assert run is not None
    assert sandbox.context.histories.last_step(run) == 19


# The types of the server that the SDKs 0.24.1 to 0.26 ask about; 0.27 to 0.31.0 ask about none.
INTROSPECTIONS = [
    "Artifact", "CreateArtifactFileSpecInput", "CreateArtifactInput", "CreateLaunchAgentInput", "CreateRunQueueInput",
    "DeleteFilesInput", "FailRunQueueItemInput", "LaunchAgent", "Mutation", "Organization", "Project",
    "PushToRunQueueInput", "Query", "Run", "ServerInfo", "ServerSettings", "UseArtifactInput",
]  # fmt: skip


def test_every_introspection_of_the_sdks_is_answered(sandbox):
    for name in INTROSPECTIONS:
        query = f'query {{ asked: __type(name: "{name}") {{ name fields {{ name }} inputFields {{ name }} }} }}'
        answer = requests.post(
            f"{sandbox.base_url}/graphql", json={"query": query}, auth=("api", sandbox.api_key), timeout=10
        ).json()
        assert answer["data"]["asked"]["name"] == name
        assert answer["data"]["asked"]["fields"] or answer["data"]["asked"]["inputFields"]
