"""Identity federation: the job has an identity token in a file, and no API key."""

import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.browser_support import add_run
from tests.integration.sandbox_fixtures import run_sdk_script, sdk_environment
from tests.integration.scripts import export_run
from tests.stopwatch import HANG_S
from wandb_tui.core.errors import ApiKeyError, ServerError
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.credentials.redaction import redact
from wandb_tui.services.offline.sdk_sync import SdkSync
from wandb_tui.services.wandb_api.graphql import GraphQL
from wandb_tui.services.wandb_api.token_exchange import TokenExchange
from wandb_tui.wiring import Wiring

PROGRAM = Path(sys.executable).with_name("wandb-tui")
VIEWER = "{ viewer { username } }"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with Sandbox(SandboxConfig(data_dir=tmp_path_factory.mktemp("data"), export_delay=0)) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def _no_faults(sandbox):
    sandbox.set_faults()


@pytest.fixture
def token_file(sandbox, tmp_path):
    path = tmp_path / "identity.jwt"
    path.write_text(f"{sandbox.identity_token}\n")
    return path


@pytest.fixture
def clock(monkeypatch):
    """Seconds by which the time of day is ahead, for the sandbox as well."""
    ahead = [0.0]
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + ahead[0])
    return ahead


def federated(token_file, **more):
    """The variables of a job without a key; what has a key gets an empty one."""
    credentials = token_file.with_name("credentials.json")
    return {
        "WANDB_API_KEY": "",
        "WANDB_IDENTITY_TOKEN_FILE": str(token_file),
        "WANDB_CREDENTIALS_FILE": str(credentials),
        **more,
    }


def identity_on(sandbox, token_file, **more):
    return TokenExchange(sandbox.base_url, federated(token_file, **more))


def exchanges(sandbox):
    return sandbox.stats()["token_exchanges"]


def test_a_history_is_exported_and_downloaded(sandbox, token_file, tmp_path):
    add_run(sandbox, "abc")
    environ = sdk_environment(sandbox, tmp_path, **federated(token_file))
    before = exchanges(sandbox)
    done = subprocess.run(
        [PROGRAM, "download", "lab/forks/abc", "--to", "data", "--until", "step:9", "--timeout", "120"],
        env={**environ, "WANDB_VIEWER_MAIL": sandbox.username, "WANDB_VIEWER_PW": sandbox.password},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((tmp_path / "data/lab/forks/abc").glob("*.parquet"))
    assert exchanges(sandbox) == before + 1, "one token for poller, coverage and download"
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != token_file]
    tokens = [sandbox.identity_token, *sandbox.context.access_tokens.issued]
    for content in [*written, done.stdout.encode(), done.stderr.encode()]:
        assert not [token for token in tokens if token.encode() in content]


FORK = """
import os
from wandb_tui import fork_when_ready
with open(os.path.expanduser("~/.netrc"), "w") as file:
    file.write(f"machine {os.environ['WANDB_BASE_URL'].split('//')[1]} login user password {'b' * 40}")
run = fork_when_ready("lab/forks/parent", 5, timeout=60)
run.log({"loss": 1})
run.finish()
print("forked", run.id)
"""


def test_a_fork_and_the_token_that_the_sdk_has_stored(sandbox, token_file, tmp_path):
    """A key in ~/.netrc, even a wrong one, does not matter, as in the SDK."""
    export_run(sandbox, "parent")
    printed = run_sdk_script(sandbox, FORK, tmp_path, **federated(token_file))
    assert "forked" in printed
    assert token_file.with_name("credentials.json").exists(), "the SDK stores its access token"
    before = exchanges(sandbox)
    token = identity_on(sandbox, token_file).access_token()
    assert sandbox.context.access_tokens.accept(token.secret)
    assert exchanges(sandbox) == before


def test_one_exchange_for_all_threads_until_the_token_is_due(sandbox, token_file, clock):
    sandbox.set_faults("access-token-expires:after=300")
    federation, before = identity_on(sandbox, token_file), exchanges(sandbox)
    together, found = threading.Barrier(8), []

    def ask():
        together.wait()
        found.append(federation.access_token().secret)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock[0] = 265
    assert {*found, federation.access_token().secret} == {found[0]}
    assert exchanges(sandbox) == before + 1
    clock[0] = 275
    assert federation.access_token().secret != found[0], "renewed before it ends"
    assert exchanges(sandbox) == before + 2


def test_a_token_that_is_not_renewed_in_time_is_used_to_its_end(sandbox, token_file, clock):
    federation = identity_on(sandbox, token_file)
    first = federation.access_token()
    sandbox.set_faults("http-status:code=503,path=login")
    clock[0] = 3500
    assert federation.access_token() == first
    clock[0] = 3700
    with pytest.raises(ServerError, match=r"issues no access token now \(HTTP 503\)"):
        federation.access_token()


def test_a_revoked_token_is_replaced_within_the_request_and_a_new_one_that_is_refused_is_not(
    sandbox, token_file, clock
):
    federation = identity_on(sandbox, token_file)
    client = GraphQL(sandbox.base_url, federation.access_token)
    assert client.execute(VIEWER, {}).data
    before = exchanges(sandbox)
    clock[0] = 60
    sandbox.context.access_tokens.revoke_all()
    assert client.execute(VIEWER, {}).data["viewer"]["username"]
    assert exchanges(sandbox) == before + 1
    sandbox.context.access_tokens.revoke_all()
    assert "refused the access token (HTTP 401)" in client.execute(VIEWER, {}).message
    assert exchanges(sandbox) == before + 1


def test_the_sdks_own_token_counts_unless_it_is_due_or_refused(sandbox, token_file, clock):
    stored = token_file.with_name("credentials.json")

    def store(token, **left):
        expiry = datetime.now(UTC) + timedelta(**left)
        entry = {"expires_at": expiry.strftime("%Y-%m-%d %H:%M:%S"), "access_token": token}
        stored.write_text(json.dumps({"credentials": {sandbox.base_url: entry}}))

    good = sandbox.context.access_tokens.issue(3600)
    store(good, hours=1)
    assert identity_on(sandbox, token_file).access_token().secret == good
    store(good, minutes=4)
    assert identity_on(sandbox, token_file).access_token().secret != good
    store("of a server that was set up again", hours=1)
    client = GraphQL(sandbox.base_url, identity_on(sandbox, token_file).access_token)
    assert client.execute(VIEWER, {}).data
    stored.write_text('{"credentials": []}')
    assert identity_on(sandbox, token_file).access_token()


def test_the_platform_renews_the_identity_token(sandbox, token_file):
    token_file.write_text("expired.identity.token")
    federation = identity_on(sandbox, token_file)
    with pytest.raises(ApiKeyError, match=r"refused the identity token of WANDB_IDENTITY_TOKEN_FILE \(HTTP 401\)"):
        federation.access_token()
    assert redact("expired.identity.token") != "expired.identity.token"
    token_file.write_text(sandbox.identity_token)
    assert federation.access_token()


@pytest.mark.parametrize("content", [None, "", "é", "two\nlines"])
def test_no_identity_token_in_the_file(sandbox, token_file, content):
    token_file.unlink() if content is None else token_file.write_text(content)
    reply = GraphQL(sandbox.base_url, identity_on(sandbox, token_file).access_token).execute(VIEWER, {})
    assert reply.message.startswith("The identity token of" if content is None else str(token_file))


def test_a_server_without_identity_federation(sandbox, token_file):
    sandbox.set_faults("http-status:code=404,path=login")
    with pytest.raises(ApiKeyError) as refused:
        identity_on(sandbox, token_file).access_token()
    assert "takes no identity tokens (HTTP 404)" in refused.value.message
    assert "use an API key" in refused.value.hint


def test_both_are_refused_as_the_sdk_does(sandbox, token_file, tmp_path):
    environ = sdk_environment(sandbox, tmp_path, **federated(token_file, WANDB_API_KEY=sandbox.api_key))
    wiring = Wiring(environ=environ)
    with pytest.raises(ApiKeyError, match=r"WANDB_API_KEY and WANDB_IDENTITY_TOKEN_FILE are both set\."):
        wiring.check_api_key()
    wiring.close()


def test_an_upload_of_offline_runs_finds_a_token_file_named_relatively(sandbox, token_file, monkeypatch):
    monkeypatch.chdir(token_file.parent)
    upload = SdkSync(sandbox.base_url, lambda: None, {"WANDB_IDENTITY_TOKEN_FILE": token_file.name})
    assert upload._environment("/elsewhere")["WANDB_IDENTITY_TOKEN_FILE"] == str(token_file)
