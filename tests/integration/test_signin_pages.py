"""Sign-in pages that differ as real ones do, one file each in `pages/`, in a real Chromium.

On each: the right password signs in, a wrong one ends with the page's own words, and either is submitted once.
"""

import pytest

from tests.integration.browser_support import little_server
from tests.integration.fake_login_server import USER, WRONG, FakeLoginServer
from wandb_tui.core.errors import SignInProblem
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin.navigation import open_sign_in
from wandb_tui.services.signin.page_activity import PageActivity
from wandb_tui.services.signin.page_driver import read_page

# A page, and what it says of a wrong password; nothing where it only shows its form again.
PAGES = {
    "arabic_icon_button": "غير صحيحة",
    "base_elsewhere": "Incorrect email or password.",
    "chinese_dialog": "用户名或密码错误",
    "code_button_beside_password": "These credentials are not right.",
    "closed_shadow": "Incorrect email or password",
    "cookie_wall_modal": "E-Mail oder Passwort stimmt nicht",
    "enabled_by_keys": "Invalid username or password",
    "enter_only": "Login incorrect",
    "frame_of_our_own": "Unknown user or bad password",
    "french_material": "Adresse ou mot de passe incorrect.",
    "georgian_status": "მომხმარებელი ან პაროლი არასწორია",
    "german_table": "Benutzerkennung oder Kennwort ist falsch.",
    "japanese_image_button": "会員番号またはパスワードが違います。",
    "late_handlers": "Wrong password",
    "new_tab": "Incorrect user id or password.",
    "password_shown_later": "That password doesn't match our records.",
    "providers_first": "Wrong email or password.",
    "read_only_until_focus": "3 attempts remaining",
    "russian_newsletter": "Неверный логин или пароль",
    "script_action": "Bad login or password",
    "sign_up_hidden": "Invalid email address or password.",
    "spanish_controlled": "La contraseña o el usuario es incorrecta",
    "stay_signed_in": "Your account or password is incorrect.",
    "two_pages": "Senha incorreta",
    "web_components": "Sign-in failed.",
    "web_forms": "they do not match",
    "words_of_its_own": "Nope, that is not it",
}
# Pages that are ordinary again once the right form has been found and sent.
TO_BE_FOUND = (
    "arabic_pointer_only",
    "checks_and_resets",
    "consent_frame",
    "debounced_by_the_clock",
    "finnish_optional_code",
    "german_company_button",
    "greek_details",
    "hebrew_honeypots",
    "italian_header_login",
    "korean_shadow_in_frame",
    "masked_text_field",
    "methods_after_identifier",
    "methods_told_by_their_row",
    "passcode_label",
    "portuguese_unmasked",
    "sign_up_first_link",
    "spa_hash_route",
    "span_link",
    "spinner_then_hydrated",
    "turkish_tabs",
)


@pytest.fixture(scope="module")
def elsewhere():
    with FakeLoginServer() as login_server:
        yield login_server


@pytest.mark.parametrize("page", [*PAGES, *TO_BE_FOUND])
def test_the_right_password(driver, elsewhere, page):
    with FakeLoginServer(page, elsewhere=elsewhere.url) as login_server:
        came = driver.sign_in(login_server.url)
        assert came.error is None
        assert came.identity.username == "ada"
        assert login_server.submissions == 1
    assert elsewhere.submissions == 0


@pytest.mark.parametrize("page", PAGES)
def test_a_wrong_password(driver, elsewhere, page):
    with FakeLoginServer(page, elsewhere=elsewhere.url) as login_server:
        came = driver.sign_in(login_server.url, WRONG)
        assert came.problem is SignInProblem.WRONG_PASSWORD
        assert PAGES[page] in came.error.message
        assert login_server.submissions == 1
        assert WRONG not in str(came.error)


@pytest.mark.parametrize(("page", "words"), [("german_table", PAGES["german_table"]), ("two_pages", "Senha incorreta")])
def test_a_page_without_scripts(driver, page, words):
    with FakeLoginServer(page, counts_typing=False) as login_server:
        assert driver.sign_in(login_server.url).identity.username == "ada"
        assert words in driver.sign_in(login_server.url, WRONG).error.message
        assert login_server.submissions == 2


@pytest.mark.parametrize("page", ["debounced_by_the_clock", "debounced_rounding_up"])
def test_timers_begun_by_timers_are_waited_for(driver, page):
    # Without the requests that count what is typed, whose answers would be waited for, too.
    with FakeLoginServer(page, counts_typing=False) as login_server:
        assert driver.sign_in(login_server.url).error is None


UNCHANGING = "<title>Sign in</title><style>b {color: red}</style><form><input type=password></form>"
CHANGING = {
    "script": "<script>1</script>",
    "removes itself": "<div><script>document.currentScript.remove()</script></div>",
    "handler": "<p onmouseover='x()'>Help</p>",
    "frame": "<iframe srcdoc='Help'></iframe>",
    "refresh": "<meta http-equiv=Refresh content=60>",
    "in a shadow root": "<div><template shadowrootmode=open><script>1</script></template></div>",
}


@pytest.mark.parametrize("more", ["", *CHANGING])
def test_whether_a_page_can_change_by_itself(driver, more):
    text = UNCHANGING + CHANGING.get(more, "")

    async def look(server):
        context = await driver.browser.new_context()
        page = await context.new_page()
        await open_sign_in(page, server)
        await page.wait_for_load_state()
        view = (await read_page(page)).view
        await context.close()
        return view.main.static

    with little_server(lambda *_: (200, {}, text)) as url:
        assert driver.runner.run(look(ServerInfo(url, url))) == (not more)


@pytest.mark.parametrize("headers", [{}, {"Refresh": "60"}])
def test_whether_the_server_has_a_page_loaded_again(driver, headers):
    async def look(server):
        context = await driver.browser.new_context()
        page = await context.new_page()
        activity = PageActivity(page)
        await open_sign_in(page, server)
        await context.close()
        return activity.will_refresh

    with little_server(lambda *_: (200, headers, UNCHANGING)) as url:
        assert driver.runner.run(look(ServerInfo(url, url))) == bool(headers)


def test_a_user_name_does_where_it_is_asked_for(driver):
    with FakeLoginServer("german_table") as login_server:
        assert driver.sign_in(login_server.url, username="ada").identity.username == "ada"


def test_a_user_name_where_an_address_is_asked_for_is_not_sent(driver):
    with FakeLoginServer("closed_shadow") as login_server:
        came = driver.sign_in(login_server.url, username="ada")
        assert came.problem is SignInProblem.WRONG_PASSWORD
        assert "asks for the e-mail address" in came.error.message
        assert login_server.submissions == login_server.typed == 0


def test_two_pages_tell_the_identifier_once(driver):
    with FakeLoginServer("two_pages") as login_server:
        assert driver.sign_in(login_server.url, username=USER).error is None
        assert (login_server.identifiers, login_server.submissions) == (1, 1)
