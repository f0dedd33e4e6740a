"""Sign-ins that end otherwise than with being let in: each with its own outcome, in a real Chromium."""

import pytest

from tests.integration.fake_login_server import PASSWORD, WRONG, FakeLoginServer
from wandb_tui.core.errors import SignInProblem
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin import flow

# A page, what comes of it, and how often the password was submitted by then.
ENDINGS = {
    "blocked_page": (SignInProblem.LOCKED, 1),
    "blocked_toast": (SignInProblem.BLOCKED, 1),
    "challenge_afterwards": (SignInProblem.CHALLENGE, 1),
    "challenge_hcaptcha": (SignInProblem.CHALLENGE, 0),
    "challenge_interstitial": (SignInProblem.CHALLENGE, 0),
    "challenge_recaptcha": (SignInProblem.CHALLENGE, 0),
    "challenge_turnstile": (SignInProblem.CHALLENGE, 0),
    "code_by_mail_spanish": (SignInProblem.CODE_NEEDED, 1),
    "code_like_a_password": (SignInProblem.CODE_NEEDED, 1),
    "code_by_sms_made_up": (SignInProblem.CODE_NEEDED, 1),
    "code_on_the_phone": (SignInProblem.PUSH_NEEDED, 1),
    "code_single_field": (SignInProblem.CODE_NEEDED, 1),
    "code_six_boxes": (SignInProblem.CODE_NEEDED, 1),
    "consent_german": (SignInProblem.CONSENT_NEEDED, 1),
    "inactive_german": (SignInProblem.INACTIVE, 1),
    "locked_beside_form": (SignInProblem.LOCKED, 1),
    "passkey_after_password_made_up": (SignInProblem.PASSKEY_NEEDED, 1),
    "passkey_only": (SignInProblem.PASSKEY_NEEDED, 0),
    "password_expired_made_up": (SignInProblem.PASSWORD_EXPIRED, 1),
    "security_question_estonian": (SignInProblem.QUESTION_NEEDED, 1),
    "terms_after_password": (SignInProblem.STEP_NEEDED, 1),
    "sso_after_identifier": (SignInProblem.SSO, 0),
    "sso_only": (SignInProblem.SSO, 0),
    "unverified_page": (SignInProblem.UNVERIFIED, 1),
}


@pytest.fixture(scope="module")
def elsewhere():
    with FakeLoginServer("stranger") as login_server:
        yield login_server


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(flow, "_FORM_TIMEOUT_S", 4.0)
    monkeypatch.setattr(flow, "_RESPONSE_TIMEOUT_S", 6.0)


# Shown by the unit tests as well.
LONG = {"locked_beside_form", "password_expired_made_up"}


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[pytest.mark.long] if page in LONG else []) for page in ENDINGS]
)
def test_the_outcome(driver, elsewhere, impatient, page):
    problem, submissions = ENDINGS[page]
    with FakeLoginServer(page, elsewhere=elsewhere.url) as login_server:
        came = driver.sign_in(login_server.url)
        assert came.problem is problem
        assert login_server.submissions == submissions
        assert PASSWORD not in str(came.error)
    assert elsewhere.submissions == 0


@pytest.mark.parametrize(("page", "submissions"), [("nonsense", 0), ("nonsense_after_password", 0)])
def test_a_page_that_is_not_understood_is_saved_as_a_picture(driver, impatient, page, submissions):
    with FakeLoginServer(page) as login_server:
        came = driver.sign_in(login_server.url)
        assert came.problem is SignInProblem.NOT_UNDERSTOOD
        assert login_server.submissions == submissions
    picture = driver.folder / "sign-in-page.png"
    assert str(picture) in came.error.message
    assert picture.stat().st_mode & 0o777 == 0o600
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9", "ERR_"),
        ("http://no-such-host.invalid", "ERR_"),
        ("https://127.0.0.1:{port}", "ERR_SSL"),
    ],
)
def test_a_server_that_cannot_be_reached(driver, url, reason):
    with FakeLoginServer() as login_server:
        url = url.format(port=login_server.server.server_port)
        came = driver.sign_in(url)
    assert came.problem is SignInProblem.UNREACHABLE
    assert reason in came.error.message


def test_a_session_that_is_valid_already(driver):
    with FakeLoginServer("plain_form") as login_server:
        cookie = {"name": "session", "value": "1", "url": login_server.url}
        came = driver.sign_in(login_server.url, cookies=[cookie])
        assert came.identity.username == "ada"
        assert login_server.submissions == login_server.typed == 0


def test_several_redirects_before_the_page(driver):
    with FakeLoginServer("plain_form", way=("/oauth2/start", "/realms/lab/auth", "/u/login")) as login_server:
        assert driver.sign_in(login_server.url).error is None
        assert login_server.submissions == 1


def test_the_log_in_link_of_a_page_that_is_closed_to_us(driver):
    with FakeLoginServer("plain_form", way=("/enter",)) as login_server:
        login_server.way[0] = "/nowhere"
        login_server.closed = (
            '<h1>Looks like you stumbled on an empty page.</h1><a href="/enter">Log in</a> <a href="/up">Sign up</a>'
        )
        assert driver.sign_in(login_server.url).error is None
        assert login_server.submissions == 1
        assert ("GET", "/up") not in login_server.asked


class NamesNobody(FakeLoginServer):
    """Its API reports no user even when one is signed in."""

    def _viewer(self, signed_in):
        return super()._viewer(signed_in=False)


def test_while_the_api_names_nobody_a_way_out_is_the_sign_of_being_signed_in(driver):
    with NamesNobody("plain_form") as login_server:
        login_server.home = (
            "<title>Zorp</title><h1>Zorp</h1><details><summary>Ada</summary><a href='/logout'>Zant</a></details>"
        )
        came = driver.sign_in(login_server.url)
        assert came.error is None
        assert came.identity.by_appearance
        assert login_server.submissions == 1


@pytest.mark.long
def test_while_the_api_names_nobody_a_page_that_asks_for_nothing_is_no_sign(driver):
    with FakeLoginServer("inactive_made_up") as login_server:
        login_server.closed = "<title>Zorp</title><h1>Zorp</h1><p>42</p>"
        came = driver.sign_in(login_server.url)
        assert came.problem is SignInProblem.STEP_NEEDED
        assert "“Zorp”" in came.error.message
        assert login_server.submissions == 1


@pytest.mark.parametrize("page", ["plain_form", "georgian_status"])
def test_a_server_that_does_not_say_who_is_signed_in(driver, page):
    with FakeLoginServer(page, viewer=False) as login_server:
        came = driver.sign_in(login_server.url)
        assert came.error is None
        assert came.identity.username == "ada@lab.example"
        assert driver.sign_in(login_server.url, WRONG).problem is SignInProblem.WRONG_PASSWORD
        assert login_server.submissions == 2


def test_without_credentials_nothing_is_typed(driver):
    with FakeLoginServer("plain_form") as login_server:
        assert driver.sign_in(login_server.url, password="").problem is SignInProblem.NO_CREDENTIALS
        assert login_server.typed == 0


# A password is submitted once, whatever the page makes of it.


@pytest.mark.parametrize("page", ["plain_form", "retries", "spanish_controlled"])
def test_once_where_the_server_breaks(driver, page):
    with FakeLoginServer(page, status=500) as login_server:
        came = driver.sign_in(login_server.url)
        assert came.problem is SignInProblem.NOT_UNDERSTOOD
        assert "HTTP 500" in came.error.message
        assert login_server.submissions == 1


def test_once_where_the_page_reloads_itself(driver, impatient):
    with FakeLoginServer("reloads") as login_server:
        assert driver.sign_in(login_server.url, WRONG).problem is not None
        assert login_server.submissions == 1


@pytest.mark.parametrize("password", [PASSWORD, WRONG])
def test_once_where_the_answer_is_slow(driver, impatient, password):
    with FakeLoginServer("plain_form", seconds=9.0) as login_server:
        came = driver.sign_in(login_server.url, password)
        assert came.problem is (None if password == PASSWORD else SignInProblem.WRONG_PASSWORD)
        assert login_server.submissions == 1


def test_once_where_a_second_sign_in_page_follows(driver, elsewhere):
    with FakeLoginServer("asked_again_elsewhere", elsewhere=elsewhere.url) as login_server:
        came = driver.sign_in(login_server.url, allowed=[elsewhere.url])
        assert came.problem is SignInProblem.NOT_UNDERSTOOD
        assert f"another sign-in page follows at {elsewhere.url}" in came.error.message
        assert (login_server.submissions, elsewhere.submissions) == (1, 0)


def test_too_many_requests_means_blocked(driver):
    with FakeLoginServer("spanish_controlled", status=429) as login_server:
        assert driver.sign_in(login_server.url).problem in {SignInProblem.BLOCKED, SignInProblem.WRONG_PASSWORD}
        assert login_server.submissions == 1


def test_the_server_of_the_pages_need_not_be_that_of_the_api(driver):
    with FakeLoginServer("plain_form") as pages, FakeLoginServer() as api:
        assert driver.sign_in(pages.url, server=ServerInfo(api.url, pages.url)).identity.username == "ada"
        assert (pages.submissions, api.submissions) == (1, 0)


def test_words_beside_the_form_are_its_answer_in_whatever_language(driver):
    with FakeLoginServer("refused_beside_form_estonian", status=200) as login_server:
        came = driver.sign_in(login_server.url)
        assert came.problem is SignInProblem.WRONG_PASSWORD
        assert "Midagi läks valesti" in str(came.error)
        assert login_server.submissions == 1


# Pages in an invented language, and the part of each that the error quotes.
MADE_UP = {"label_and_reason_made_up": " The page says: “Quorl mip zant” ", "turned_invalid_made_up": ""}


@pytest.mark.parametrize("page", MADE_UP)
def test_a_refusal_is_known_by_its_structure(driver, page):
    with FakeLoginServer(page) as login_server:
        came = driver.sign_in(login_server.url, WRONG)
        assert came.problem is SignInProblem.WRONG_PASSWORD
        assert MADE_UP[page] in str(came.error)
        assert ("The page says" in str(came.error)) is bool(MADE_UP[page])
        assert login_server.submissions == 1


def test_a_name_that_the_browser_does_not_let_through(driver):
    with FakeLoginServer("pattern_of_its_own") as login_server:
        came = driver.sign_in(login_server.url)
        assert came.problem is SignInProblem.WRONG_PASSWORD
        assert "match the requested format" in came.error.message
        assert login_server.submissions == 0


def test_a_code_beside_the_password_is_named_when_the_sign_in_is_refused(driver):
    with FakeLoginServer("finnish_optional_code") as login_server:
        came = driver.sign_in(login_server.url, WRONG)
        assert came.problem is SignInProblem.CODE_NEEDED
        assert "the code beside them is needed" in came.error.message
        assert "Tunnus tai salasana ei täsmää" in came.error.message
        assert login_server.submissions == 1


def test_nothing_is_typed_into_a_sign_up_in_a_language_that_is_not_read(driver, impatient):
    with FakeLoginServer("sign_up_first_estonian") as login_server:
        came = driver.sign_in(login_server.url)
        assert came.problem is not None
        assert (login_server.submissions, login_server.typed) == (0, 0)
