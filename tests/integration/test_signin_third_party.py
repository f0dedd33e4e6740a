"""Sign-in pages that others have written and many people use: Django's admin site, and Auth0 Lock from npm."""

import pytest

from tests.integration.fake_login_server import WRONG, FakeLoginServer
from tests.integration.identity_servers import DjangoHost, LockHost, built_lock
from wandb_tui.core.errors import SignInProblem


@pytest.fixture(scope="module")
def django(tmp_path_factory):
    host = DjangoHost(tmp_path_factory.mktemp("django"))
    yield host
    host.close()


@pytest.fixture(scope="module")
def lock_script(request):
    return built_lock(request.config.cache.mkdir("auth0-lock"))


@pytest.fixture
def lock(lock_script):
    host = LockHost(lock_script)
    yield host
    host.close()


@pytest.fixture(params=["django", "lock"])
def host(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def login_server(host):
    with FakeLoginServer(way=[host.url + host.path]) as login_server:
        host.login_server, host.submissions = login_server, 0
        yield login_server


def test_the_right_password(driver, host, login_server):
    came = driver.sign_in(login_server.url, allowed=[host.url])
    assert came.error is None
    assert came.identity.username == "ada"
    assert (host.submissions, login_server.submissions) == (1, 0)


@pytest.mark.parametrize("host", ["django", "lock"], indirect=True)
def test_a_wrong_password(driver, host, login_server):
    came = driver.sign_in(login_server.url, WRONG, allowed=[host.url])
    words = {DjangoHost: "Please enter the correct username and password", LockHost: "Wrong email or password."}
    assert came.problem is SignInProblem.WRONG_PASSWORD
    assert words[type(host)] in came.error.message
    assert (host.submissions, login_server.submissions) == (1, 0)


def test_nothing_is_typed_before_the_user_trusts_the_host(driver, host, login_server):
    came = driver.sign_in(login_server.url)
    assert came.problem is SignInProblem.UNKNOWN_HOST
    assert host.url in came.error.message
    assert host.submissions == 0


@pytest.mark.parametrize("host", ["lock"], indirect=True)
def test_lock_says_that_the_account_is_blocked(driver, host, login_server):
    host.blocked = True
    assert driver.sign_in(login_server.url, allowed=[host.url]).problem is SignInProblem.BLOCKED
    assert host.submissions == 1
