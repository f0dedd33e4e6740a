"""Each host in `login`, in the dashboard and in `wait`: all three sign in, and submit one password each."""

import json

import pytest

from tests.identity.all_hosts import HOSTS
from tests.integration.fake_login_server import PASSWORD, USER
from tests.integration.secret_service import secret_service
from tests.integration.terminal import Terminal
from tests.integration.test_sign_in_kinds import ended, started
from tests.integration.test_story import PROGRAM, environment
from tests.stopwatch import HANG_S

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def keyring(tmp_path_factory):
    with secret_service(tmp_path_factory.mktemp("keyring")) as service:
        yield service


def home(front, folder, **more):
    """A user's environment: they trust the host, and have an API key of the server."""
    settings = folder / ".config/wandb-tui/settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"allowed_origins = {json.dumps(front.allowed)}\n")
    account = {"WANDB_API_KEY": front.sandbox.api_key, "WANDB_VIEWER_MAIL": USER, "WANDB_VIEWER_PW": PASSWORD}
    return environment(front.sandbox, folder, **(more or account))


@pytest.mark.parametrize("name", HOSTS)
def test_login_dashboard_and_wait(front_of, name, keyring, tmp_path):
    front = front_of(name)
    folders = [tmp_path / way for way in ("login", "dashboard", "wait")]
    runs = [front.add_run(f"{way}-{name}") for way in ("dashboard", "wait")]
    submissions, sign_ins = front.host.submissions, front.sign_ins
    login = started(
        home(front, folders[0], **keyring.environ),
        "login",
        "--username",
        USER,
        "--password-stdin",
        stdin=PASSWORD + "\n",
    )
    wait = started(home(front, folders[2]), "wait", str(runs[1]), "--timeout", f"{HANG_S:.0f}")
    with login as first, wait as third, Terminal(home(front, folders[1])) as terminal:
        terminal.run(PROGRAM, str(runs[0]))
        terminal.until("available", "✔ 1 ready", seconds=60)
        said_login, said_wait = ended(*first), ended(*third)
    assert (said_login[0], said_wait[0]) == (0, 0), (said_login, said_wait)
    assert "signed in to" in said_login[1]
    assert f"run-wait-{name}-history:v0" in said_wait[1]
    assert front.host.submissions - submissions == 3
    assert front.sign_ins - sign_ins >= 3
