"""Queries that the real SDK sent, asked again: the sandbox answers them, and with content.

``recorded/record.py`` records them. That keeps the sandbox honest: it answers what the SDK asks, not what we would ask.
"""

import json
import re
from pathlib import Path

import pytest

from tests.integration.sandbox_fixtures import ask
from wandb_tui.sandbox import Sandbox, SandboxConfig

RECORDINGS = sorted((Path(__file__).parent / "recorded").glob("*.json"))

# The value that the answer to each operation must hold, as a path of keys and list positions.
MEANING = {
    "ArtifactCreatedBy": "artifact createdBy name",
    "ArtifactMembershipFiles": "project artifactCollection artifactMembership files edges 0 node name",
    "ArtifactTypeArtifactCollections": "project artifactType artifactCollections edges 0 node name",
    "ArtifactUsedBy": "artifact usedBy",
    "CreateRunFiles": "createRunFiles files 0 uploadUrl",
    "FetchArtifactManifest": "artifact currentManifest file directUrl",
    "GetArtifactMembershipFileUrls": "project artifactCollection artifactMembership files edges 0 node directUrl",
    "GetDefaultEntity": "viewer entity",
    "GetProjects": "models edges 0 node name",
    "GetViewer": "viewer username",
    "GetSweep": "project sweep config",
    "GetSweeps": "project sweeps edges 0 node runCount",
    "HistoryPage": "project run history 0",
    "OrganizationCoreWeaveOrganizationID": "entity",
    "ProjectArtifactType": "project artifactType name",
    "ProjectArtifactTypes": "project artifactTypes edges 0 node name",
    "ProjectArtifacts": "project artifactType artifactCollection artifacts edges 0 node id",
    "Run": "project run projectId",
    "RunConsoleLogPage": "project run logLines edges 0 node line",
    "RunConsoleLogTail": "project run logLines edges 1 node line",
    "RunFiles": "project run files edges 0 node directUrl",
    "RunFullHistory": "project run",
    "RunHistoryKeys": "project run historyKeys lastStep",
    "RunOutputArtifacts": "project run artifacts edges 0 node id",
    "RunParquetHistory": "project run parquetHistory",
    "RunResumeStatus": "model bucket historyTail",
    "RunSampledHistory": "project run sampledHistory 0 0 loss",
    "Runs": "project runs edges 0 node name",
    "SampledHistoryPage": "project run sampledHistory 0 0 loss",
    "ServerFeaturesQuery": "serverInfo features 0 isEnabled",
    "UpsertBucket": "upsertBucket bucket project entity name",
    "Viewer": "viewer teams edges 0 node name",
}


@pytest.fixture
def filled():
    """A sandbox with what the recorded programs found: an exported run, one that is not exported, and a file."""
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        context = sandbox.context
        project, _ = context.state.ensure_project("lab", "forks")
        for name in ("abc", "live", "swept", "talks"):
            run = context.state.create_run(project, name, None)
            lines = [json.dumps({"_step": step, "loss": 1 / (step + 1), "_timestamp": step}) for step in range(40)]
            context.histories.append(run, "wandb-history.jsonl", 0, lines)
            context.histories.append(run, "output.log", 0, ["one", "two"])
            context.storage.keep(run.key, "config.yaml", b"lr: 0.1\n")
            context.state.update_run(run, state="finished")
        context.state.update_run(run, sweep="swp1", run_group="grid")
        sandbox.export_now("lab/forks/abc")
        yield sandbox


def operation(query):
    return re.search(r"\b(?:query|mutation)\s+(\w+)", query).group(1)


def at(answer, path):
    """The value at the path."""
    for key in path.split():
        answer = answer[int(key) if key.isdigit() else key]
    return answer


@pytest.mark.parametrize("recording", RECORDINGS, ids=[path.stem for path in RECORDINGS])
def test_recorded_queries_are_answered(filled, http, recording):
    for request in json.loads(recording.read_text()):
        answer = ask(http, filled, request["query"], key=filled.api_key, **request["variables"])
        name = operation(request["query"])
        assert answer.status_code == 200, (name, answer.text)
        assert "errors" not in answer.json(), (name, answer.text)
        if name == "ArtifactMembershipByName":
            found = answer.json()["data"]["project"]["artifactCollectionMembership"]
            assert (found is None) == ("xyz" in request["variables"]["name"])
        else:
            assert at(answer.json()["data"], MEANING[name]) is not None, (name, answer.text)


def test_what_the_issue_names_is_recorded():
    named = {"api", "run", "runs", "sweeps", "artifact_exists", "artifact", "init_log_finish", "history", "fork"}
    assert named <= {path.stem for path in RECORDINGS}


def test_nothing_secret_or_of_one_machine_is_recorded():
    for recording in RECORDINGS:
        text = recording.read_text()
        assert not re.search(r"[0-9a-f]{40}|signature|/home/|/root/|/tmp/|password", text), recording.name
