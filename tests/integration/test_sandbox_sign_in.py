"""Every kind of sign-in page, filled in by hand in a real browser."""

import re
import time
from contextlib import contextmanager

import pytest

from tests.integration.sandbox_fixtures import log_run, sign_in, visit
from wandb_tui.sandbox import SIGN_INS, Sandbox, SandboxConfig


@contextmanager
def signing_in(kind, **config):
    with Sandbox(SandboxConfig(sign_in=kind, export_delay=0, **config)) as sandbox:
        yield sandbox


def cookies(page):
    return {cookie["name"]: cookie for cookie in page.context.cookies()}


def viewer(page):
    """The user that the page is signed in as, asked from inside it."""
    return page.evaluate(
        """async () => (await (await fetch("/graphql", {method: "POST", headers: {"content-type": "application/json"},
            body: JSON.stringify({query: "{ viewer { username } }"})})).json()).data.viewer""",
    )


def test_the_kinds_are_those_that_are_promised():
    promised = (
        "one-page two-step late-script sign-up-beside second-factor challenge blocked unverified sso look-alike slow"
    )
    assert list(SIGN_INS) == promised.split()


def test_one_page(page):
    with signing_in("one-page") as sandbox:
        page.goto(f"{sandbox.app_url}/login?next=/lab/forks")
        sign_in(page, sandbox, password="not this one")
        assert "incorrect" in page.get_by_role("alert").inner_text()
        assert page.get_by_label("E-mail or username").input_value() == sandbox.username
        assert "wandb" not in cookies(page)
        assert viewer(page) is None
        sign_in(page, sandbox)
        page.wait_for_url(f"{sandbox.app_url}/lab/forks")
        cookie = cookies(page)["wandb"]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert viewer(page) == {"username": "researcher"}
        page.goto(f"{sandbox.app_url}/login")
        assert page.url == f"{sandbox.app_url}/", "a user who is signed in already is redirected"
        page.get_by_role("link", name="Log out").click()
        assert viewer(page) is None
        assert (sandbox.stats()["sign_ins"], sandbox.stats()["sign_in_attempts"]) == (1, 2)


def test_one_page_takes_the_user_name_and_never_leads_to_another_site(page):
    with signing_in("one-page") as sandbox:
        page.goto(f"{sandbox.app_url}/login?next=//elsewhere.example/")
        page.get_by_label("E-mail or username").fill("researcher")
        page.get_by_label("Password").fill(sandbox.password)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{sandbox.app_url}/")


def test_two_step(page):
    with signing_in("two-step") as sandbox:
        page.goto(f"{sandbox.app_url}/login")
        assert page.locator("input[type=password]").count() == 0
        page.get_by_label("Email address").fill(sandbox.username)
        page.get_by_role("button", name="Continue").click()
        page.get_by_label("Password", exact=True).fill("not this one")
        page.get_by_role("button", name="Continue").click()
        assert "incorrect" in page.get_by_role("alert").inner_text()
        page.get_by_label("Password", exact=True).fill(sandbox.password)
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(f"{sandbox.app_url}/")
        assert viewer(page) == {"username": "researcher"}


def test_late_script(page):
    with signing_in("late-script") as sandbox:
        page.goto(f"{sandbox.app_url}/login?next=/lab/forks")
        assert page.locator("input").count() == 0
        page.get_by_label("Password").wait_for()
        assert page.evaluate("document.querySelectorAll('input').length") == 0, "the fields are inside a shadow root"
        assert page.get_by_role("button", name="Sign in").is_disabled()
        page.get_by_label("Email or username").fill(sandbox.username)
        page.get_by_label("Password").fill("not this one")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").wait_for()
        page.get_by_label("Password").fill(sandbox.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{sandbox.app_url}/lab/forks")
        assert viewer(page) == {"username": "researcher"}


def test_sign_up_beside(page):
    with signing_in("sign-up-beside") as sandbox:
        page.goto(f"{sandbox.app_url}/login")
        assert page.locator("input[type=password]").count() == 2
        assert page.get_by_role("button", name=re.compile("^Continue with")).count() == 4
        page.get_by_role("button", name="Only necessary cookies").click()
        page.get_by_placeholder("yours@example.com").fill(sandbox.username)
        page.get_by_placeholder("your password").fill(sandbox.password)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{sandbox.app_url}/")
        assert (sandbox.stats()["sign_ins"], sandbox.stats()["sign_ups"]) == (1, 0)


def test_sign_up_is_counted_and_refused(page):
    with signing_in("sign-up-beside") as sandbox:
        page.goto(f"{sandbox.app_url}/login")
        page.get_by_role("button", name="Accept all").click()
        page.get_by_label("Work email").fill("a@b.example")
        page.get_by_role("button", name="Sign up").click()
        assert "invitation" in page.get_by_role("alert").inner_text()
        assert sandbox.stats()["sign_ups"] == 1


def test_second_factor(page):
    with signing_in("second-factor") as sandbox:
        page.goto(f"{sandbox.app_url}/login")
        sign_in(page, sandbox)
        code = page.get_by_label("Enter your one-time code")
        assert viewer(page) is None
        wrong = "000000" if sandbox.second_factor != "000000" else "111111"
        code.fill(wrong)
        page.get_by_role("button", name="Continue").click()
        assert "not valid" in page.get_by_role("alert").inner_text()
        page.get_by_label("Enter your one-time code").fill(sandbox.second_factor)
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(f"{sandbox.app_url}/")
        assert (sandbox.stats()["sign_ins"], sandbox.stats()["second_factor_attempts"]) == (1, 2)


def test_challenge(page):
    with signing_in("challenge") as sandbox:
        page.goto(f"{sandbox.app_url}/login")

        def fill(solution):
            page.get_by_label("Email").fill(sandbox.username)
            page.get_by_label("Password").fill(sandbox.password)
            page.get_by_label("Enter the code").fill(solution)
            page.get_by_role("button", name="Sign in").click()

        fill("")
        assert "challenge" in page.get_by_role("alert").inner_text()
        assert viewer(page) is None
        fill("".join(page.locator(".captcha svg text").all_text_contents()))
        page.wait_for_url(f"{sandbox.app_url}/")


@pytest.mark.parametrize(("kind", "says"), [("blocked", "blocked"), ("unverified", "verify your email")])
def test_accounts_that_may_not_sign_in(page, kind, says):
    with signing_in(kind) as sandbox:
        page.goto(f"{sandbox.app_url}/login")
        sign_in(page, sandbox)
        assert says in page.get_by_role("alert").inner_text()
        assert viewer(page) is None
        assert (sandbox.stats()["sign_ins"], sandbox.stats()["sign_in_attempts"]) == (0, 1)


def test_sso(page):
    with signing_in("sso") as sandbox:
        page.goto(f"{sandbox.app_url}/login?next=/lab/forks")
        assert page.get_by_label("Password").is_visible()
        page.get_by_label("Email").press_sequentially(sandbox.username)
        assert not page.get_by_label("Password").is_visible()
        page.get_by_role("button", name="Continue with single sign-on").click()
        page.get_by_role("heading", name="lab.example").wait_for()
        assert not page.url.startswith(sandbox.app_url)
        page.get_by_label("Staff e-mail").fill(sandbox.username)
        page.get_by_label("Password").fill(sandbox.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{sandbox.app_url}/lab/forks")
        assert viewer(page) == {"username": "researcher"}
        assert (sandbox.stats()["sso_submissions"], sandbox.stats()["sign_in_attempts"]) == (1, 0)


def test_look_alike(page):
    with signing_in("look-alike") as sandbox:
        page.goto(f"{sandbox.app_url}/login")
        assert not page.url.startswith(sandbox.app_url)
        assert sandbox.stats()["look_alike_submissions"] == 0
        sign_in(page, sandbox)
        page.get_by_role("alert").wait_for()
        assert (sandbox.stats()["look_alike_submissions"], sandbox.stats()["sign_ins"]) == (1, 0)


def test_slow(page, monkeypatch):
    monkeypatch.setattr("wandb_tui.sandbox.signin.one_page.SLOW_S", 1.0)
    with signing_in("slow") as sandbox:
        started = time.monotonic()
        page.goto(f"{sandbox.app_url}/login")
        assert time.monotonic() - started >= 1.0
        sign_in(page, sandbox)
        page.wait_for_url(f"{sandbox.app_url}/")


def test_sessions_expire(page, home):
    with signing_in("one-page") as sandbox:
        run = log_run(sandbox, home, steps=3)
        page.goto(f"{sandbox.app_url}/login")
        sign_in(page, sandbox)
        page.wait_for_url(f"{sandbox.app_url}/")
        visit(page, sandbox, run)
        sandbox.expire_sessions()
        page.reload()
        assert page.get_by_text("Looks like you stumbled on an empty page.").is_visible()
        page.get_by_role("main").get_by_role("link", name="Log in").click()
        sign_in(page, sandbox)
        page.get_by_role("heading", name="Run details").wait_for()
        sandbox.set_faults("session-expires:after=0")
        page.reload()
        assert page.get_by_text("Looks like you stumbled on an empty page.").is_visible()


def test_self_managed_sign_in_is_json(http):
    with signing_in("one-page") as sandbox:
        url = f"{sandbox.base_url}/oidc/login"
        assert http.post(url, json={"email": sandbox.username, "password": "no"}).status_code == 401
        assert http.post(url, json={"username": "researcher", "password": sandbox.password}).status_code == 200
        assert "wandb" in http.cookies
