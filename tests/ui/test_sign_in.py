"""The screen on which one signs in."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future
from dataclasses import replace
from unittest import mock

import pytest
from textual.widgets import Checkbox, Input, TextArea

from tests.screen import shown, until
from tests.ui.fakes import NOT_YET, SIGNED_IN, FakeAccount, FakeProber, FakeStore, FakeVisitor, Scenario, address
from tests.ui.support import burst, running
from wandb_tui.core.account import AccountState, Source
from wandb_tui.core.errors import ApiKeyError, KeyringError, SignInError, SignInProblem
from wandb_tui.core.events import Failure
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import StoredRun
from wandb_tui.core.ports import Identity, VisitBacklog
from wandb_tui.core.probe import Probe, ProbeOutcome
from wandb_tui.core.state import State
from wandb_tui.text.event_text import event_text
from wandb_tui.ui.app import startup
from wandb_tui.ui.dashboard.sign_in import SignInDialog


@contextlib.asynccontextmanager
async def first_start(account=None, **options):
    scenario = Scenario(account=account or FakeAccount(AccountState()), open_sign_in=None, **options)
    async with running(scenario) as (app, pilot):
        await until(lambda: isinstance(app.screen, SignInDialog))
        await pilot.pause()
        yield scenario, app, pilot


async def test_the_first_start_asks_and_stores_once():
    async with first_start() as (scenario, app, pilot):
        assert "/authorize" in shown(app)
        await pilot.press(*"me@lab.org", "enter", *"hunter2", "enter")
        await until(lambda: app.focused is app.screen.query_one("#api-key"))
        assert "Private runs need an API key" in shown(app)
        assert not scenario.account.saved
        await pilot.press("enter")
        await until(lambda: app.screen is app.dashboard)
        [(credentials, api_key, remember)] = scenario.account.saved
        assert (credentials.username, credentials.password, api_key, remember) == ("me@lab.org", "hunter2", None, True)
        await until(lambda: "me@lab.org" in shown(app))
        assert "hunter2" not in shown(app)


async def test_a_user_who_is_signed_in_is_not_asked():
    async with running(Scenario(open_sign_in=None)) as (app, pilot):
        await until(lambda: app.account is not None)
        await pilot.pause(0.1)
        assert app.screen is app.dashboard


async def test_secrets_are_masked():
    async with first_start() as (_, app, pilot):
        app.screen.query_one("#password", Input).value = "hunter2"
        app.screen.query_one("#api-key", Input).value = "k" * 40
        await pilot.pause()
        assert "hunter2" not in shown(app)
        assert "kkkk" not in shown(app)


async def test_continue_signed_out():
    async with first_start() as (scenario, app, pilot):
        await pilot.click("#without")
        await until(lambda: scenario.account.without)
        await until(lambda: app.screen is app.dashboard)
        assert not scenario.account.saved


async def test_nothing_entered_is_reported():
    async with first_start() as (scenario, app, pilot):
        await pilot.click("#sign-in")
        await until(lambda: "Enter a password" in shown(app))
        app.screen.query_one("#password", Input).value = "x"
        await pilot.press("enter")
        await until(lambda: "Enter an email address" in shown(app))
        assert not scenario.account.saved


STORE = "Store in the system keyring"


def box_in(app):
    """The text before the label of the box."""
    line = next(line for line in shown(app).splitlines() if STORE in line)
    return line.split(STORE)[0].split("│")[-1]


@pytest.mark.parametrize(("ascii_look", "ticked", "empty"), [(False, ["▐X▌"], ["▐", "▌"]), (True, ["X"], [])])
async def test_the_box_is_empty_while_it_is_not_ticked(ascii_look, ticked, empty):
    scenario = Scenario(account=FakeAccount(AccountState()), open_sign_in=None)
    async with running(scenario, ascii_look=ascii_look) as (app, pilot):
        await until(lambda: isinstance(app.screen, SignInDialog) and STORE in shown(app))
        assert box_in(app).replace("|", " ").split() == ticked
        await pilot.click("#remember")
        await until(lambda: box_in(app).replace("|", " ").split() == empty)


async def test_no_keyring_is_explained():
    account = FakeAccount(AccountState(keyring_problem="No keyring is running here."))
    async with first_start(account) as (_, app, _):
        assert "No keyring is running here." in shown(app)
        box = app.screen.query_one("#remember", Checkbox)
        assert box.disabled
        assert not box.value
        assert box_in(app).split() == ["▐", "▌"]


async def test_a_keyring_that_fails_is_reported_and_we_go_on():
    account = FakeAccount(AccountState(), KeyringError("The keyring is locked."))
    async with first_start(account) as (_, app, pilot):
        app.screen.query_one("#api-key", Input).value = "k" * 40
        await pilot.click("#sign-in")
        await until(lambda: app.screen is app.dashboard)
        assert any("The keyring is locked." in note.message for note in app._notifications)


async def test_an_api_key_that_cannot_be_one_stays_here():
    account = FakeAccount(AccountState(), ApiKeyError("That is no API key."))
    async with first_start(account) as (_, app, pilot):
        app.screen.query_one("#api-key", Input).value = "short"
        await pilot.click("#sign-in")
        await until(lambda: "That is no API key." in shown(app))
        assert isinstance(app.screen, SignInDialog)


async def test_a_new_key_lets_refused_runs_begin_again():
    prober = FakeProber(
        {"abc": [Probe(ProbeOutcome.UNAUTHORIZED, message="The API key was refused."), Probe(ProbeOutcome.NOT_YET)]}
    )
    async with running(Scenario(prober), "abc") as (app, pilot):
        row = app.session.watch_list[address("abc")]
        await until(lambda: row.state is State.FAILED)
        await pilot.press("s")
        app.screen.query_one("#api-key", Input).value = "k" * 40
        await pilot.click("#sign-in")
        await until(lambda: row.attempt == 2 and row.state is State.WAITING)


async def test_no_display_no_button():
    async with first_start() as (_, app, _pilot):
        assert not app.screen.query("#window")


async def test_a_browser_window_of_the_users_own():
    opened = []

    def open_window():
        opened.append(Future())
        return opened[-1]

    async with first_start(open_window=open_window) as (_, app, pilot):
        await pilot.click("#window")
        await until(lambda: opened)
        opened[0].set_exception(SignInError(SignInProblem.GIVEN_UP, "The browser window was closed."))
        await until(lambda: "window was closed" in shown(app) and not app.screen.query_one("#window").disabled)
        app.screen.query_one("#window").press()
        await until(lambda: len(opened) == 2)
        opened[1].set_result(Identity("me@lab.org"))
        await until(lambda: app.screen is app.dashboard)


async def test_leaving_the_screen_closes_the_window():
    opened = Future()
    async with first_start(open_window=lambda: opened) as (_, app, pilot):
        await pilot.click("#window")
        await until(lambda: app.screen.query_one("#sign-in").disabled)
        await pilot.pause(0.1)
        await pilot.press("escape")
        await until(opened.cancelled)


async def test_keys_typed_in_one_burst_reach_the_fields_they_are_meant_for():
    async with first_start() as (scenario, app, _pilot):
        burst(app, *"me@lab.org", "tab", *"hunter2", "tab", *("k" * 40), "enter", *"late")
        await until(lambda: scenario.account.saved)
        [(credentials, api_key, _)] = scenario.account.saved
        assert (credentials.username, credentials.password, api_key) == ("me@lab.org", "hunter2", "k" * 40)


async def test_enter_after_enter_in_one_burst_goes_on_field_by_field():
    async with first_start() as (scenario, app, pilot):
        burst(app, *"me@lab.org", "enter", *"hunter2", "enter", "enter")
        await until(lambda: scenario.account.saved)
        [(credentials, _, _)] = scenario.account.saved
        assert (credentials.username, credentials.password) == ("me@lab.org", "hunter2")
        await until(lambda: app.screen is app.dashboard)
        await pilot.pause()


@contextlib.asynccontextmanager
async def asked_about_a_page():
    scenario = Scenario(account=FakeAccount(replace(SIGNED_IN, unknown_origin="https://id.acme.example")))
    scenario.visitor = FakeVisitor(
        signed_in=False, sign_in=SignInError(SignInProblem.UNKNOWN_HOST, "It leads elsewhere.")
    )
    scenario.account.after = scenario.visitor.fix
    async with running(scenario, "abc") as (app, pilot):
        row = app.session.watch_list[address("abc")]
        await until(lambda: row.state is State.SIGNING_IN and row.clock_stopped)
        await until(lambda: app.account is not None and app.account.unknown_origin)
        await pilot.press("s")
        await until(lambda: "Enter the password on https://id.acme.example?" in shown(app))
        yield scenario, app, pilot


async def test_a_page_that_is_not_known_is_asked_about_and_a_yes_goes_on():
    async with asked_about_a_page() as (scenario, app, pilot):
        await pilot.press("y")
        await until(lambda: scenario.account.allowed == ["https://id.acme.example"])
        await until(lambda: scenario.visitor.visits == ["abc"])
        assert app.screen is app.dashboard


async def test_enter_does_not_mean_yes_there():
    async with asked_about_a_page() as (scenario, app, pilot):
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, SignInDialog))
        assert not scenario.account.allowed


async def test_what_was_not_to_be_seen_without_a_key_begins_again_with_one():
    prober = FakeProber(
        {"abc": [Probe(ProbeOutcome.NOT_FOUND, message="There is no project lab/forks."), Probe(ProbeOutcome.NOT_YET)]}
    )
    async with running(Scenario(prober), "abc") as (app, pilot):
        row = app.session.watch_list[address("abc")]
        await until(lambda: row.state is State.FAILED)
        await pilot.press("s")
        app.screen.query_one("#api-key", Input).value = "k" * 40
        await pilot.click("#sign-in")
        await until(lambda: row.attempt == 2 and row.state is State.WAITING)


async def test_a_new_key_lets_begin_again_what_was_refused_before_a_restart():
    stored = [
        StoredRun(
            address("abc"), Goal(), 1, State.FAILED, text_notice("The API key was refused."), failure=Failure.API_KEY
        ),
        StoredRun(
            address("def"), Goal(), 1, State.FAILED, text_notice("No browser is here."), failure=Failure.NO_BROWSER
        ),
    ]
    async with running(Scenario(FakeProber(default=NOT_YET), store=FakeStore(stored))) as (app, pilot):
        await pilot.press("s")
        app.screen.query_one("#api-key", Input).value = "k" * 40
        await pilot.click("#sign-in")
        await until(lambda: app.session.watch_list[address("abc")].state is State.WAITING)
        await until(lambda: "1 run restarted" in [note.message for note in app._notifications])
        assert app.session.watch_list[address("def")].state is State.FAILED


@contextlib.asynccontextmanager
async def saved_runs_without_a_key(*runs):
    """A start with one saved run that was waiting, one that had failed, and more from the command line; no key."""
    store = FakeStore(
        [
            StoredRun(address("abc"), Goal(), 2, State.WAITING, text_notice("Not yet"), elapsed=7.0),
            StoredRun(address("old"), Goal(), 1, State.FAILED, text_notice("No such run")),
        ]
    )
    account = FakeAccount(AccountState())
    prober = FakeProber(default=Probe(ProbeOutcome.UNAUTHORIZED, message="There is no API key"))
    account.after = lambda: setattr(prober, "default", Probe(ProbeOutcome.NOT_YET))
    scenario = Scenario(prober, account=account, store=store, open_sign_in=None)
    async with running(scenario, *runs) as (app, pilot):
        await until(lambda: isinstance(app.screen, SignInDialog) and app.session.deferred.built)
        await pilot.pause(0.2)
        yield scenario, app, pilot


async def test_saved_runs_wait_for_the_sign_in_and_go_on_with_the_same_attempt():
    async with saved_runs_without_a_key("new", "old") as (scenario, app, pilot):
        rows = {row.run.run_id: row for row in app.session.watch_list}
        assert {row.state for row in rows.values()} == {State.QUEUED}
        assert {event_text(row.notice) for row in rows.values()} == {"Waiting for you to sign in"}
        assert not scenario.prober.asked
        assert rows["abc"].elapsed(app.session.now) == pytest.approx(7.0)
        app.screen.query_one("#api-key", Input).value = "k" * 40
        await pilot.click("#sign-in")
        await until(lambda: {row.state for row in rows.values()} == {State.WAITING})
        assert {name: row.attempt for name, row in rows.items()} == {"abc": 2, "old": 2, "new": 1}
        assert rows["abc"].elapsed(app.session.now) >= 7.0
        assert State.FAILED not in {line.state for row in rows.values() for line in row.log}


async def test_saved_runs_say_why_they_fail_without_a_sign_in():
    async with saved_runs_without_a_key() as (_, app, pilot):
        row = app.session.watch_list[address("abc")]
        await pilot.press("escape")
        await until(lambda: row.state is State.FAILED)
        assert (row.attempt, event_text(row.notice)) == (2, "There is no API key")


async def test_quitting_at_the_sign_in_leaves_the_runs_as_they_were():
    async with saved_runs_without_a_key() as (scenario, app, _):
        app._leave()
        await until(scenario.closed.is_set)
        stored = scenario.store.rows[address("abc")]
        assert (stored.attempt, stored.elapsed, stored.state.final) == (2, 7.0, False)


async def test_a_keyring_that_does_not_answer_holds_nothing_up_for_long(monkeypatch):
    monkeypatch.setattr(startup, "_KEYRING_TIMEOUT_S", 0.3)
    opened = threading.Event()
    account = FakeAccount(AccountState(api_key=Source.ENVIRONMENT))
    monkeypatch.setattr(account, "state", lambda: opened.wait(10) and AccountState(api_key=Source.ENVIRONMENT))
    async with running(Scenario(FakeProber(default=NOT_YET), account=account), "abc") as (app, _):
        await until(lambda: app.session.watch_list[address("abc")].state is State.WAITING)
        assert app.account is None
        opened.set()


async def test_with_a_key_nothing_waits_for_the_dialog():
    store = FakeStore([StoredRun(address("abc"), Goal(), 1, State.WAITING)])
    account = FakeAccount(AccountState(api_key=Source.NETRC))
    async with running(Scenario(account=account, store=store, open_sign_in=True)) as (app, _):
        await until(lambda: isinstance(app.screen, SignInDialog))
        await until(lambda: app.session.watch_list[address("abc")].state is State.WAITING)


async def test_a_password_typed_at_once_after_the_key_never_stands_in_the_field_above():
    async with running(Scenario()) as (app, pilot):
        await until(lambda: app.account is not None)
        burst(app, "s", *"hunter2")
        await until(lambda: isinstance(app.screen, SignInDialog))
        await pilot.pause()
        assert app.screen.query_one("#username", Input).value == "me@lab.org"
        assert "hunter2".endswith(app.screen.query_one("#password", Input).value)
        assert "hunt" not in shown(app)


async def test_enter_signs_in_at_once_where_there_is_a_key():
    account = FakeAccount(AccountState(api_key=Source.NETRC))
    async with running(Scenario(account=account, open_sign_in=True)) as (app, pilot):
        await until(lambda: isinstance(app.screen, SignInDialog))
        await pilot.pause()
        await pilot.press(*"me@lab.org", "enter", *"hunter2", "enter")
        await until(lambda: account.saved)


async def test_what_was_typed_survives_an_accidental_escape_until_it_is_saved(caplog):
    async with first_start() as (scenario, app, pilot):
        burst(app, *"me@lab.org", "tab", *"hunt", "escape")
        await until(lambda: app.screen is app.dashboard)
        assert "hunt" not in repr(app.session.drafts)
        assert "hunt" not in shown(app)
        await pilot.press("s")
        await until(lambda: isinstance(app.screen, SignInDialog))
        await until(lambda: app.focused is app.screen.query_one("#password"))
        await pilot.press(*"er2", "enter", "enter")
        await until(lambda: scenario.account.saved)
        [(credentials, _, _)] = scenario.account.saved
        assert (credentials.username, credentials.password) == ("me@lab.org", "hunter2")
        await until(lambda: app.screen is app.dashboard)
        assert app.session.drafts.sign_in is None
        assert "hunt" not in caplog.text


@contextlib.asynccontextmanager
async def slow_account():
    """A dashboard whose account is still being read; set the event to end that."""
    read, account = threading.Event(), FakeAccount(AccountState(keyring_problem="No keyring is running here."))
    known = account.state
    account.state = lambda: read.wait(30) and known()
    with mock.patch.object(startup, "_KEYRING_TIMEOUT_S", 600):
        async with running(Scenario(account=account, open_sign_in=None), "abc") as (app, pilot):
            try:
                yield app, pilot, read
            finally:
                read.set()


async def test_the_first_dialog_waits_until_the_filter_is_left():
    async with slow_account() as (app, pilot, read):
        await pilot.press("slash", *"calm")
        read.set()
        await until(lambda: "Sign-in needed" in shown(app))
        await pilot.press(*"-moon")
        assert app.screen is app.dashboard
        assert app.dashboard.filter_bar.value == "calm-moon"
        assert app.session.watch_list[address("abc")].state is State.QUEUED
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, SignInDialog))
        assert "Sign-in needed" not in shown(app)
        await until(lambda: [field.value for field in app.screen.query(Input)] == ["", "", ""])


async def test_the_first_dialog_waits_until_another_dialog_is_closed():
    async with slow_account() as (app, pilot, read):
        await pilot.press("a", *"def")
        read.set()
        await until(lambda: app.dashboard.sign_in_waits)
        await pilot.press(*"ghi")
        assert app.screen.query_one("#addresses", TextArea).text == "defghi"
        assert "Sign-in needed" in shown(app)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, SignInDialog))
        await until(lambda: [field.value for field in app.screen.query(Input)] == ["", "", ""])


async def test_keys_pressed_before_the_first_dialog_could_be_seen_do_not_land_in_it():
    async with slow_account() as (app, pilot, read):
        opened, ask = [], app._sign_in._prompt._open_dialog

        def open_after_keys():
            burst(app, *"hunter2", "enter")
            ask()
            opened.append(True)

        app._sign_in._prompt._open_dialog = open_after_keys
        read.set()
        await until(lambda: opened and isinstance(app.screen, SignInDialog))
        await pilot.pause()
        await pilot.press("x")
        assert app.screen.query_one("#username", Input).value == "x"


async def test_a_dialog_opened_before_the_account_is_known_learns_of_it():
    async with slow_account() as (app, pilot, read):
        await pilot.press("s")
        await until(lambda: isinstance(app.screen, SignInDialog) and app.screen.query("#remember"))
        box = app.screen.query_one("#remember", Checkbox)
        assert (box.disabled, box.value) == (True, False)
        await pilot.press(*"me")
        read.set()
        await until(lambda: "No keyring is running here." in shown(app))
        assert (box.disabled, box.value) == (True, False)
        assert app.screen.query_one("#username", Input).value == "me"


@pytest.mark.parametrize("size", [(160, 45), (80, 24)])
async def test_the_header_says_how_the_sign_in_stands(size):
    visitor = FakeVisitor(
        signed_in=False, sign_in=SignInError(SignInProblem.WRONG_PASSWORD, "It did not accept these.")
    )
    prober = FakeProber()
    scenario = Scenario(prober, visitor)
    scenario.account.after = visitor.fix
    async with running(scenario, "abc", size=size) as (app, pilot):
        await until(lambda: "○" in header(app))
        assert "not signed in yet" in header(app)
        prober.default = NOT_YET
        prober.answer("abc", NOT_YET)
        await until(lambda: "✖ " in header(app).split("run")[0])
        assert "sign-in failed" in header(app)
        await pilot.press("s")
        await until(lambda: isinstance(app.screen, SignInDialog))
        await pilot.pause()
        await pilot.press(*"hunter2", "enter")
        await until(lambda: "●" in header(app))
        assert "me@lab.org" in header(app)
        assert "fail" not in header(app).split("run")[0]


async def test_the_header_says_that_the_key_was_refused():
    prober = FakeProber({"abc": [Probe(ProbeOutcome.UNAUTHORIZED, message="The API key was refused.")]})
    async with running(Scenario(prober), "abc") as (app, _):
        await until(lambda: "✖ API key refused" in header(app))


def header(app):
    return shown(app).splitlines()[0]


@pytest.mark.parametrize("size", [(160, 45), (80, 24)])
async def test_the_header_says_how_long_many_visits_will_take(size):
    visitor = FakeVisitor()
    async with running(Scenario(visitor=visitor), "abc", size=size) as (app, _):
        visitor.line = VisitBacklog(9812, 9600.0)
        await until(lambda: "visits: 9,812 left, about 2 h 40 min" in header(app))
        assert "1" in header(app).split("2 h 40 min")[1]
        # A few that are over soon are not worth a word.
        visitor.line = VisitBacklog(3, 12.0)
        await until(lambda: "visits" not in header(app))
