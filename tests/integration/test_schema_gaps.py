"""The gaps in a server's API are found out once a day; doctor has them found out again."""

import json
import subprocess

from tests.integration.scripts import export_run
from tests.integration.test_wait import COMMAND, environment
from tests.stopwatch import HANG_S
from wandb_tui.core.checks import CheckStatus
from wandb_tui.doctor.local_checks import pending_checks
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.disk.paths import Paths
from wandb_tui.wiring import Wiring


def test_a_second_wait_sends_no_query_that_the_first_saw_refused(tmp_path):
    traffic, home = tmp_path / "traffic.jsonl", tmp_path / "home"
    home.mkdir()

    def wait():
        """The queries that a new process has sent, and of these the ones that were refused."""
        traffic.write_text("")
        command = [*COMMAND, "lab/forks/*", "--until", "step:5", "--no-visit"]
        done = subprocess.run(
            command, env=environment(sandbox, home), capture_output=True, text=True, timeout=HANG_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        lines = [json.loads(line) for line in traffic.read_text().splitlines()]
        sent = [(line["asked"]["query"], line["answered"]) for line in lines if line["path"] == "/graphql"]
        return [query for query, _ in sent], [query for query, answer in sent if answer.get("data") is None]

    with Sandbox(SandboxConfig(export_delay=0, traffic_log=traffic)) as sandbox:
        export_run(sandbox, "abc")
        sandbox.set_faults("no-field:name=runCount+historyKeys+artifactCollectionMembership")
        _, refused = wait()
        assert len(refused) >= 2
        sent, refused_again = wait()
        assert not refused_again
        assert not set(sent) & set(refused)
        wiring = Wiring(
            environ=environment(sandbox, home), paths=Paths(home / "config", home / ".local/state/wandb-tui", home)
        )
        server = next(check for check in pending_checks(wiring, None) if check.name == "server").run()
        wiring.close()
        assert server.status is CheckStatus.GOOD
        assert "artifactCollectionMembership, historyKeys, runCount" in server.message
        assert wait()[1] == refused
