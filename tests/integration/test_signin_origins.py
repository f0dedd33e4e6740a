"""The pages on which a password may be typed: those that would have it elsewhere get nothing, and are named."""

import pytest

from tests.integration.fake_login_server import PASSWORD, FakeLoginServer
from wandb_tui.core.errors import SignInProblem
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin import flow


@pytest.fixture
def elsewhere():
    with FakeLoginServer("stranger") as login_server:
        yield login_server


@pytest.mark.parametrize(
    "page", ["elsewhere_action", "elsewhere_base", "elsewhere_formaction", "elsewhere_frame", "elsewhere_redirect"]
)
def test_nothing_is_typed_where_the_page_shows_that_it_goes_elsewhere(driver, elsewhere, page):
    with FakeLoginServer(page, elsewhere=elsewhere.url) as login_server:
        came = driver.sign_in(login_server.url)
        assert came.problem is SignInProblem.UNKNOWN_HOST
        assert elsewhere.url in came.error.message
        assert login_server.typed == elsewhere.typed == login_server.submissions == elsewhere.submissions == 0


def test_a_form_that_changes_its_mind_after_the_user_name_gets_no_password(driver, elsewhere):
    with FakeLoginServer("elsewhere_changed_on_typing", elsewhere=elsewhere.url) as login_server:
        came = driver.sign_in(login_server.url)
        assert came.problem is SignInProblem.UNKNOWN_HOST
        assert elsewhere.url in came.error.message
        assert login_server.typed == 1
        assert login_server.submissions == elsewhere.submissions == 0


@pytest.mark.parametrize("page", ["elsewhere_changed_on_sending", "elsewhere_by_script"])
def test_what_only_shows_when_it_is_sent_does_not_leave_the_browser(driver, elsewhere, page):
    with FakeLoginServer(page, elsewhere=elsewhere.url) as login_server:
        came = driver.sign_in(login_server.url)
        assert came.problem is SignInProblem.UNKNOWN_HOST
        assert elsewhere.url in came.error.message
        assert login_server.submissions == elsewhere.submissions == 0
        assert not [path for method, path in elsewhere.asked if method == "POST"]


@pytest.fixture
def impatient(monkeypatch):
    """A server that only takes the password, and never leads back, is not waited for."""
    monkeypatch.setattr(flow, "_RESPONSE_TIMEOUT_S", 4.0)


@pytest.mark.parametrize("page", ["elsewhere_action", "elsewhere_formaction", "elsewhere_changed_on_sending"])
def test_a_host_the_user_trusts(driver, elsewhere, impatient, page):
    with FakeLoginServer(page, elsewhere=elsewhere.url) as login_server:
        driver.sign_in(login_server.url, allowed=[elsewhere.url])
        assert (login_server.submissions, elsewhere.submissions) == (0, 1)


def test_a_frame_of_a_host_the_user_trusts(driver, elsewhere, impatient):
    with FakeLoginServer("elsewhere_frame", elsewhere=elsewhere.url) as login_server:
        driver.sign_in(login_server.url, allowed=[elsewhere.url])
        assert (login_server.submissions, elsewhere.submissions) == (0, 1)


def test_an_allowed_page_inside_a_foreign_one_gets_nothing(driver):
    """The foreign page around it could lay anything over it."""
    with FakeLoginServer("plain_form") as ours, FakeLoginServer("elsewhere_frame", elsewhere=ours.url) as foreign:
        with FakeLoginServer("elsewhere_redirect", elsewhere=foreign.url) as login_server:
            came = driver.sign_in(login_server.url, allowed=[ours.url])
        assert came.problem is SignInProblem.UNKNOWN_HOST
        assert foreign.url in came.error.message
        assert ours.typed == ours.submissions == 0


def test_a_chat_of_others_beside_it_does_not_matter(driver, elsewhere):
    with FakeLoginServer("elsewhere_chat", elsewhere=elsewhere.url) as login_server:
        assert driver.sign_in(login_server.url).identity.username == "ada"
        assert elsewhere.typed == 0


@pytest.mark.parametrize("insisting", [False, True])
def test_plain_http_beyond_this_machine_only_if_the_user_insists(driver, monkeypatch, insisting):
    """A host name that only the browser knows stands for another machine."""
    monkeypatch.setattr(flow, "_FORM_TIMEOUT_S", 4.0)
    with FakeLoginServer("plain_form") as login_server:
        url = login_server.url.replace("127.0.0.1", "wandb.lab.test")
        came = driver.sign_in(url, plain_http=insisting)
        assert login_server.submissions == login_server.typed // 2 == int(insisting)
        if insisting:
            assert came.identity.username == "ada"
        else:
            assert came.problem is SignInProblem.UNKNOWN_HOST
            assert f"{url} is not encrypted" in came.error.message
            assert "allow_plain_http" in came.error.hint


@pytest.mark.parametrize(
    "name", ["127.0.0.1.wandb.test", "vvandb.test", "wandb.lab.test.evil.test", "xn--wndb-ppa.test"]
)
def test_hosts_that_look_alike(driver, name):
    with (
        FakeLoginServer("plain_form") as real,
        FakeLoginServer("elsewhere_redirect", elsewhere=real.url.replace("127.0.0.1", name)) as login_server,
    ):
        came = driver.sign_in(login_server.url)
        assert came.problem is SignInProblem.UNKNOWN_HOST
        assert name in came.error.message
        assert real.typed == real.submissions == 0


def test_the_password_is_not_in_messages(driver, elsewhere):
    with FakeLoginServer("elsewhere_by_script", elsewhere=elsewhere.url) as login_server:
        came = driver.sign_in(login_server.url, server=ServerInfo(login_server.url, login_server.url))
        assert PASSWORD not in f"{came.error!r} {came.error} {came.error.hint}"
