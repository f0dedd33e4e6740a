"""Django's admin site, django-allauth and Auth0 Lock, in front of the sandbox; all hosts: `test_hosts.py`."""

import pytest

from tests.identity.auth0_lock import LockHost
from tests.identity.django_allauth import DjangoHost
from tests.integration.fake_login_server import WRONG
from wandb_tui.core.errors import SignInProblem


@pytest.fixture(params=["django", "allauth", "auth0-lock"])
def front(request, front_of):
    front = front_of(request.param.replace("allauth", "django"))
    front.host.submissions = 0
    with front.host.in_state(**({"allauth": True} if request.param == "allauth" else {})):
        yield front


def test_the_right_password(driver, front):
    came = front.sign_in(driver)
    assert came.error is None
    assert came.identity.username == front.sandbox.context.account.username
    assert front.host.submissions == 1


@pytest.mark.parametrize("front", ["django", "auth0-lock"], indirect=True)
def test_a_wrong_password(driver, front):
    came = front.sign_in(driver, WRONG)
    words = {DjangoHost: "Please enter the correct username and password", LockHost: "Wrong email or password."}
    assert came.problem is SignInProblem.WRONG_PASSWORD
    assert words[type(front.host)] in came.error.message
    assert front.host.submissions == 1


@pytest.mark.parametrize("front", ["django", "auth0-lock"], indirect=True)
def test_nothing_is_typed_before_the_user_trusts_the_host(driver, front):
    came = front.sign_in(driver, allowed=())
    assert came.problem is SignInProblem.UNKNOWN_HOST
    assert front.host.url in came.error.message
    assert front.host.submissions == 0


@pytest.mark.parametrize("front", ["auth0-lock"], indirect=True)
def test_lock_says_that_the_account_is_blocked(driver, front):
    with front.host.in_state(blocked=True):
        assert front.sign_in(driver).problem is SignInProblem.BLOCKED
    assert front.host.submissions == 1
