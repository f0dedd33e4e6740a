"""Sign-in pages that others have written and many people use: Django's admin site, django-allauth, and Auth0 Lock."""

import pytest

from tests.integration.fake_login_server import PASSWORD, WRONG, FakeLoginServer
from tests.integration.identity_servers import CanailleHost, DjangoHost, LockHost, built_lock
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


@pytest.fixture
def allauth(django):
    django.path = DjangoHost.ALLAUTH
    yield django
    django.path, django.language = DjangoHost.ADMIN, "en"
    django.set_state("active")


@pytest.fixture(params=["django", "allauth", "lock"])
def host(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def login_server(request):
    host = request.getfixturevalue("allauth" if "allauth" in request.fixturenames else "host")
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


@pytest.mark.parametrize("host", ["django", "lock"], indirect=True)
def test_nothing_is_typed_before_the_user_trusts_the_host(driver, host, login_server):
    came = driver.sign_in(login_server.url)
    assert came.problem is SignInProblem.UNKNOWN_HOST
    assert host.url in came.error.message
    assert host.submissions == 0


ALLAUTH = {
    ("de", "inactive"): (SignInProblem.INACTIVE, "Konto inaktiv"),
    ("ja", "unverified"): (SignInProblem.UNVERIFIED, "メール"),
    ("ka", "inactive"): (SignInProblem.STEP_NEEDED, "ანგარიში"),
    ("ka", "active"): (SignInProblem.WRONG_PASSWORD, "არასწორია"),
}


@pytest.mark.long
@pytest.mark.parametrize(("language", "state"), ALLAUTH)
def test_allauth_in_languages_that_are_read_and_one_that_is_not(driver, allauth, login_server, language, state):
    allauth.language = language
    allauth.set_state(state)
    came = driver.sign_in(login_server.url, WRONG if state == "active" else PASSWORD, allowed=[allauth.url])
    problem, words = ALLAUTH[language, state]
    assert came.problem is problem
    assert words in came.error.message
    assert allauth.submissions == 1


@pytest.mark.parametrize("host", ["lock"], indirect=True)
def test_lock_says_that_the_account_is_blocked(driver, host, login_server):
    host.blocked = True
    assert driver.sign_in(login_server.url, allowed=[host.url]).problem is SignInProblem.BLOCKED
    assert host.submissions == 1


@pytest.fixture(scope="module")
def canaille(request):
    host = CanailleHost(request.config.cache.mkdir("canaille"))
    yield host
    host.close()


CANAILLE = {
    "right": ("back", PASSWORD, None, ""),
    "wrong": ("back", WRONG, SignInProblem.WRONG_PASSWORD, "“Login failed. Please check your information.”"),
    "consent": ("consent", PASSWORD, SignInProblem.CONSENT_NEEDED, "“The application Lab is requesting access to:”"),
}


@pytest.mark.long
@pytest.mark.parametrize("case", CANAILLE)
def test_canaille_which_checks_fields_while_they_are_typed(driver, canaille, case):
    page, password, problem, words = CANAILLE[case]
    before = canaille.counts
    with FakeLoginServer(way=[""]) as login_server:
        canaille.login_server = login_server
        login_server.way[1] = canaille.url + canaille.path_to(page)
        came = driver.sign_in(login_server.url, password, allowed=[canaille.url])
    assert came.problem is problem
    assert words in str(came.error)
    after = canaille.counts
    assert after["submissions"] - before["submissions"] == 1
    assert after["checks"] > before["checks"]
    assert after["checks_with_password"] == 0
