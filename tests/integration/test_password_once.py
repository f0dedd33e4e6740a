"""One password for one request of the user, however the server treats it: a real browser, and the monitors' visitor."""

import threading

import pytest

from tests.integration.browser_support import visitor_on
from tests.integration.fake_login_server import PASSWORD, USER, FakeLoginServer
from wandb_tui.core.account import Credentials
from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import SignInError, SignInProblem, WandbTuiError
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin.form_fill import FormFiller

RUN = RunAddress("lab", "forks", "abc")


class TabSessionServer(FakeLoginServer):
    """Its pages keep the session in sessionStorage, so the server never sees one."""

    def __init__(self):
        super().__init__("session_in_tab")
        self.closed = self.pages["login"]

    def answer(self, method, path, headers, body):
        status, more, text = super().answer(method, path, {}, body)
        return status, {name: value for name, value in more.items() if name != "set-cookie"}, text


def sign_in_as_monitors_do(visitor, times):
    """Sign in and visit, as several monitors do one after the other; the errors that came of it."""
    errors = []
    for _ in range(times):
        try:
            visitor.sign_in().result(90)
            visitor.visit(RUN).result(90)
        except WandbTuiError as error:
            errors.append(error)
    return errors


def test_a_session_that_lasts_for_its_tab_only_costs_one_password(tmp_path):
    with TabSessionServer() as login_server:
        server = ServerInfo(login_server.url, login_server.url)
        with visitor_on(server, tmp_path, Credentials(USER, PASSWORD)) as visitor:
            errors = sign_in_as_monitors_do(visitor, 3)
        assert login_server.submissions == 1
    assert {type(error) for error in errors} == {SignInError}
    assert "only in the tab" in errors[0].message
    assert not list(tmp_path.glob("**/*.session"))


class PublicRunServer(FakeLoginServer):
    """Names no user, shows a run to anyone once, and asks to sign in from then on."""

    shown = 0

    def answer(self, method, path, headers, body):
        if "/runs/" in path:
            self.shown += 1
            return 200, {}, "<title>Run</title><h1>Run abc</h1>" if self.shown == 1 else self.pages["login"]
        return super().answer(method, path, headers, body)


@pytest.mark.long
def test_a_session_that_only_looked_like_one_costs_one_password(tmp_path):
    with PublicRunServer("plain_form", viewer=False) as login_server:
        server = ServerInfo(login_server.url, login_server.url)
        with visitor_on(server, tmp_path, Credentials(USER, PASSWORD)) as visitor:
            errors = sign_in_as_monitors_do(visitor, 4)
        assert login_server.submissions == 1
    assert "not sent again" in str(errors[-1])


class ClosingServer(FakeLoginServer):
    """Keeps no connection open, so that a stopped server has none left."""

    def answer(self, method, path, headers, body):
        status, more, text = super().answer(method, path, headers, body)
        return status, {**more, "connection": "close"}, text


class FragileServer(ClosingServer):
    """Its connection breaks whenever a password has arrived, until `fixed`."""

    fixed = False

    def answer(self, method, path, headers, body):
        before = self.submissions
        reply = super().answer(method, path, headers, body)
        if self.submissions > before and not self.fixed:
            raise ConnectionError
        return reply


def test_a_password_that_may_have_arrived_is_not_sent_again(tmp_path):
    with FragileServer("plain_form") as login_server:
        server = ServerInfo(login_server.url, login_server.url)
        with visitor_on(server, tmp_path, Credentials(USER, PASSWORD)) as visitor:
            with pytest.raises(SignInError) as first:
                visitor.sign_in().result(90)
            # Chromium by itself repeats a form that got no answer at all; how often is not ours to say.
            submissions, login_server.fixed = login_server.submissions, True
            with pytest.raises(SignInError) as second:
                visitor.sign_in().result(90)
            assert login_server.submissions == submissions
            # A new request of the user.
            visitor.account.save(Credentials(USER, PASSWORD), None, remember=False)
            assert visitor.sign_in().result(90).username == "ada"
    assert first.value.problem is SignInProblem.UNREACHABLE, "the wait goes on"
    assert "not sent again" in second.value.message


def test_a_server_that_is_gone_before_the_password_gets_it_when_it_is_back(tmp_path, monkeypatch):
    arrived = threading.Event()
    with ClosingServer("plain_form") as login_server:
        server = ServerInfo(login_server.url, login_server.url)
        port = login_server.server.server_port
        send = FormFiller.send

        async def stop_first(filling, field, button):
            if not arrived.is_set():
                arrived.set()
                login_server.server.shutdown()
                login_server.server.server_close()
            await send(filling, field, button)

        monkeypatch.setattr(FormFiller, "send", stop_first)
        with visitor_on(server, tmp_path, Credentials(USER, PASSWORD)) as visitor:
            with pytest.raises(SignInError) as gone:
                visitor.sign_in().result(90)
            assert gone.value.problem is SignInProblem.UNREACHABLE
            login_server.port = port
            with login_server:
                assert visitor.sign_in().result(90).username == "ada"
                assert login_server.submissions == 1
