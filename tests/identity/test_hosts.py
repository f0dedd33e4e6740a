"""Every identity host, in every state that its pages know: what comes of it, and that the password arrives once."""

import pytest

from tests.identity.all_hosts import HOSTS
from tests.identity.installation import debian_packages
from tests.integration.browser_support import info, visitor_on
from tests.integration.fake_login_server import PASSWORD, USER, WRONG
from wandb_tui.core.account import Credentials
from wandb_tui.core.errors import SignedOutError, SignInProblem

pytestmark = pytest.mark.long


@pytest.fixture
def front(request, front_of):
    return front_of(request.param)


# Of each host: the state, what comes of the right password (None: it is let in), and words of the message.
RIGHT = {
    "amplify": [
        ({}, None, ""),
        ({"proof": True}, None, ""),
        ({"second_factor": True}, SignInProblem.CODE_NEEDED, ""),
        ({"new_password": True, "proof": True}, SignInProblem.PASSWORD_EXPIRED, ""),
        ({"unverified": True}, SignInProblem.CODE_NEEDED, ""),
    ],
    "auth0-lock": [({}, None, ""), ({"blocked": True}, SignInProblem.BLOCKED, "blocked")],
    "canaille": [
        ({}, None, ""),
        ({"consent": True}, SignInProblem.CONSENT_NEEDED, "“The application Lab is requesting access to:”"),
        ({"consent": True, "language": "fr"}, SignInProblem.CONSENT_NEEDED, "L'application Lab"),
    ],
    "django": [
        ({}, None, ""),
        ({"allauth": True}, None, ""),
        ({"allauth": True, "language": "de", "account": "inactive"}, SignInProblem.INACTIVE, "Konto inaktiv"),
        ({"allauth": True, "language": "ja", "account": "unverified"}, SignInProblem.UNVERIFIED, "メール"),
        ({"allauth": True, "language": "ka", "account": "inactive"}, SignInProblem.STEP_NEEDED, "ანგარიში"),
    ],
    "flask-security": [
        ({}, None, ""),
        ({"second_factor": True}, SignInProblem.CODE_NEEDED, ""),
        ({"active": False}, SignInProblem.INACTIVE, "Account is disabled."),
    ],
    "jupyterhub": [({}, None, ""), ({"consent": True}, SignInProblem.CONSENT_NEEDED, "Authorize access")],
    "keycloak": [
        ({}, None, ""),
        ({"two_steps": True}, None, ""),
        ({"passkeys": True}, None, ""),
        ({"language": "th"}, None, ""),
        ({"after": "login-otp.ftl"}, SignInProblem.CODE_NEEDED, ""),
        ({"after": "select-authenticator.ftl"}, SignInProblem.CODE_NEEDED, ""),
        ({"after": "login-update-password.ftl"}, SignInProblem.PASSWORD_EXPIRED, ""),
        ({"after": "terms.ftl"}, SignInProblem.STEP_NEEDED, ""),
        ({"refusal": "accountDisabledMessage"}, SignInProblem.INACTIVE, "Account is disabled"),
        ({"refusal": "accountTemporarilyDisabledMessage", "language": "ja"}, SignInProblem.LOCKED, "アカウント"),
    ],
    "lemonldap": [({}, None, ""), ({"second_factor": True}, SignInProblem.CODE_NEEDED, "")],
    "oidc-provider": [({}, None, ""), ({"consent": True}, SignInProblem.CONSENT_NEEDED, "Authorize")],
    "okta": [
        ({}, None, ""),
        ({"two_steps": True}, None, ""),
        ({"language": "hu", "two_steps": True}, None, ""),
        ({"second_factor": True}, SignInProblem.CODE_NEEDED, ""),
        ({"locked": True}, SignInProblem.LOCKED, "Your account is locked."),
    ],
    "ory": [
        ({}, None, ""),
        ({"two_steps": True}, None, ""),
        ({"second_factor": True}, SignInProblem.CODE_NEEDED, ""),
    ],
    "supertokens": [({}, None, ""), ({"second_factor": True}, SignInProblem.CODE_NEEDED, "")],
}
# Of each host but one, whose pages take any password: the state, and its words for a wrong password.
REFUSED = {
    "amplify": [
        ({}, "Incorrect username or password."),
        ({"language": "de"}, "Falscher Benutzername oder falsches Passwort"),
        ({"language": "ja", "proof": True}, "ユーザー名かパスワードが異なります"),
    ],
    "auth0-lock": [({}, "Wrong email or password."), ({"language": "fr"}, "")],
    "canaille": [
        ({}, "“Login failed. Please check your information.”"),
        ({"consent": True, "language": "fr"}, "La connexion"),
    ],
    "django": [
        ({}, "Please enter the correct username and password"),
        ({"allauth": True}, ""),
        ({"allauth": True, "language": "ka"}, "არასწორია"),
    ],
    "flask-security": [
        ({}, "Invalid password"),
        ({"language": "de_DE"}, "Ungültiges Passwort"),
        ({"language": "ja_JP"}, ""),
    ],
    "jupyterhub": [({}, "Invalid username or password")],
    "keycloak": [
        ({}, "Invalid username or password."),
        ({"two_steps": True}, "Invalid password."),
        ({"language": "de"}, "Ungültiger Benutzername oder Passwort."),
        ({"language": "ka"}, "არასწორი"),
        ({"language": "th", "two_steps": True}, ""),
    ],
    "lemonldap": [({}, "Wrong credentials")],
    "okta": [
        ({}, "Unable to sign in"),
        ({"two_steps": True}, "Unable to sign in"),
        ({"language": "ja"}, "サインインできません"),
        ({"language": "hu", "two_steps": True}, "A bejelentkezés sikertelen"),
    ],
    "ory": [
        ({}, "The provided credentials are invalid"),
        ({"two_steps": True}, "The provided credentials are invalid"),
        ({"language": "sv"}, "De angivna uppgifterna är ogiltiga"),
    ],
    "supertokens": [({}, "Incorrect email and password combination")],
}

# Of each host with a switch of its own: the state, what a user presses in the page, and in that language a word of the
# page and one of the refusal.
SWITCHES = {
    "django": [
        ({}, ["select[name=language]=de", "text=Change"], ("Anmelden", "für einen Staff-Account")),
        ({"allauth": True}, ["select[name=language]=ja", "text=Change"], ("ログイン", "パスワード")),
    ],
    "keycloak": [({}, ["#kc-current-locale-link", "role=menuitem[name=français]"], ("Mot de passe", "invalide"))],
    "lemonldap": [({}, ["#languages img[title=fr]"], ("Se connecter", "incorrect"))],
}


def cases(table):
    """The rows of a table, each with its host and a name."""
    return [
        pytest.param(name, *row, id="-".join([name, *map(str, row[0].values())]))
        for name, rows in table.items()
        for row in rows
    ]


@pytest.mark.parametrize(("front", "state", "problem", "words"), cases(RIGHT), indirect=["front"])
def test_the_right_password(driver, front, state, problem, words):
    before = front.host.submissions
    with front.host.in_state(**state):
        came = front.sign_in(driver)
    assert came.problem is problem
    assert words in str(came.error)
    assert PASSWORD not in str(came.error)
    assert front.host.submissions - before == 1


@pytest.mark.parametrize(("front", "state", "words"), cases(REFUSED), indirect=["front"])
def test_a_wrong_password(driver, front, state, words):
    before = front.host.submissions
    with front.host.in_state(**state):
        came = front.sign_in(driver, WRONG)
    assert came.problem is SignInProblem.WRONG_PASSWORD
    assert words in came.error.message
    assert front.host.submissions - before == 1


@pytest.mark.parametrize(("front", "state", "steps", "words"), cases(SWITCHES), indirect=["front"])
def test_its_own_language_switch(driver, front, state, steps, words):
    async def switch(page):
        await page.goto(f"{front.sandbox.app_url}/login")
        for step in steps:
            place, _, option = step.partition("]=")
            await (page.locator(f"{place}]").select_option(option) if option else page.locator(step).click())
        await page.get_by_text(words[0]).first.wait_for()

    before = front.host.submissions
    with front.host.in_state(**state):
        wrong = front.sign_in(driver, WRONG, before=switch)
        assert wrong.problem is SignInProblem.WRONG_PASSWORD
        assert words[1] in wrong.error.message
        assert front.sign_in(driver, before=switch).error is None
    assert front.host.submissions - before == 2


def test_a_version_that_debian_no_longer_has_is_named(tmp_path):
    with pytest.raises(RuntimeError, match=r"Debian no longer has libjs-jquery 0\.1-\*: pin the version"):
        debian_packages(tmp_path, "libjs-jquery=0.1-*")


@pytest.mark.parametrize("front", ["oidc-provider"], indirect=True)
def test_a_user_whom_the_host_does_not_know(driver, front):
    before = front.host.submissions
    came = front.sign_in(driver, username="bob@lab.example")
    assert came.problem is SignInProblem.NOT_UNDERSTOOD
    assert "the server answered HTTP 500" in came.error.message
    assert front.host.submissions - before == 1


@pytest.mark.parametrize("front", HOSTS, indirect=True)
def test_an_expired_session(front, tmp_path):
    """The host may still know the user, and then asks for no password; else it is asked for one, once."""
    before, runs = front.host.submissions, [front.add_run(run_id) for run_id in ("before", "after")]
    known = Credentials(USER, PASSWORD)
    with visitor_on(info(front.sandbox), tmp_path, known, allowed_origins=front.allowed) as visitor:
        visitor.sign_in().result(60)
        assert visitor.visit(runs[0]).result(60).evidence
        assert front.host.submissions - before == 1
        front.sandbox.expire_sessions()
        with pytest.raises(SignedOutError):
            visitor.visit(runs[1]).result(60)
        visitor.sign_in().result(60)
        assert visitor.visit(runs[1]).result(60).evidence
    assert front.host.submissions - before <= 2
    assert front.sign_ins >= 2
