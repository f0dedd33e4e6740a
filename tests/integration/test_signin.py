"""Every kind of sign-in page of the sandbox, in a real Chromium: the right outcome, and never a second submission."""

import pytest

from tests.integration.browser_support import good, info, visitor_on
from wandb_tui.core.account import Credentials
from wandb_tui.core.errors import SignInError, SignInProblem
from wandb_tui.sandbox import Sandbox, SandboxConfig

# These let us in below as well, after a wrong password.
CORRECTED = ("two-step", "late-script", "sign-up-beside")


@pytest.mark.parametrize(
    "kind", ["one-page", *(pytest.param(kind, marks=pytest.mark.long) for kind in CORRECTED), "slow"]
)
def test_pages_that_let_us_in(tmp_path, kind):
    with Sandbox(SandboxConfig(sign_in=kind)) as sandbox:
        with visitor_on(info(sandbox), tmp_path, good(sandbox)) as visitor:
            assert {future.result(60).username for future in [visitor.sign_in() for _ in range(40)]} == {"researcher"}
        stats = sandbox.stats()
    assert stats["sign_in_attempts"] == stats["sign_ins"] == 1
    assert stats["sign_ups"] == 0


@pytest.mark.parametrize(
    ("kind", "problem", "attempts"),
    [
        ("second-factor", SignInProblem.CODE_NEEDED, 1),
        ("challenge", SignInProblem.CHALLENGE, 0),
        ("blocked", SignInProblem.BLOCKED, 1),
        ("unverified", SignInProblem.UNVERIFIED, 1),
        ("sso", SignInProblem.SSO, 0),
        ("look-alike", SignInProblem.UNKNOWN_HOST, 0),
    ],
)
def test_pages_that_do_not(tmp_path, kind, problem, attempts):
    with Sandbox(SandboxConfig(sign_in=kind)) as sandbox:
        with visitor_on(info(sandbox), tmp_path, good(sandbox)) as visitor:
            errors = [future.exception(60) for future in [visitor.sign_in() for _ in range(40)]]
            errors.append(visitor.sign_in().exception(1))
        stats, password = sandbox.stats(), sandbox.password
    assert {error.problem for error in errors} == {problem}
    assert stats["sign_in_attempts"] == attempts
    assert stats["look_alike_submissions"] == stats["sso_submissions"] == 0
    assert not any(password in str(error) for error in errors)


@pytest.mark.parametrize("kind", ["one-page", *CORRECTED])
def test_a_wrong_password_is_submitted_once_and_can_be_corrected(tmp_path, kind):
    with Sandbox(SandboxConfig(sign_in=kind)) as sandbox:
        wrong = Credentials(sandbox.username, "wrong-password")
        with visitor_on(info(sandbox), tmp_path, wrong) as visitor:
            for _ in range(2):
                for future in [visitor.sign_in() for _ in range(40)]:
                    with pytest.raises(SignInError, match="incorrect") as raised:
                        future.result(60)
                    assert raised.value.problem is SignInProblem.WRONG_PASSWORD
            assert sandbox.stats()["sign_in_attempts"] == 1
            changed = [visitor.credentials_changed() for _ in range(40)]
            assert not any(future.done() for future in changed)
            visitor.account.save(good(sandbox), None, remember=False)
            assert all(future.done() for future in changed)
            assert visitor.sign_in().result(60).username == "researcher"
        stats = sandbox.stats()
    assert (stats["sign_in_attempts"], stats["sign_ins"], stats["sign_ups"]) == (2, 1, 0)


def test_a_server_that_fails_over_the_right_password_is_not_asked_twice(tmp_path):
    with Sandbox(SandboxConfig()) as sandbox:
        sandbox.set_faults("sign-in-fails")
        with visitor_on(info(sandbox), tmp_path, good(sandbox)) as visitor:
            errors = [future.exception(60) for future in [visitor.sign_in() for _ in range(40)]]
        assert {error.problem for error in errors} == {SignInProblem.NOT_UNDERSTOOD}
        assert all("HTTP 500" in error.message for error in errors)
        assert sandbox.stats()["sign_in_attempts"] == 1


def test_a_server_that_never_says_who_is_signed_in(tmp_path):
    with Sandbox(SandboxConfig()) as sandbox:
        sandbox.set_faults("viewer-null")
        with visitor_on(info(sandbox), tmp_path, good(sandbox)) as visitor:
            assert visitor.sign_in().result(60).username == sandbox.username
        assert sandbox.stats()["sign_in_attempts"] == sandbox.stats()["sign_ins"] == 1
