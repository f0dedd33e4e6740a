"""``doctor RUN`` in a real browser, for each kind of sign-in and for many faults: does it tell what really happened?"""

import threading
import time
from types import SimpleNamespace

import pytest

from tests.integration.browser_support import add_run
from tests.integration.sandbox_fixtures import services
from tests.integration.test_sign_in_window import display
from tests.screen import shown, until
from wandb_tui.cli.dashboard import dashboard_app
from wandb_tui.core.account import Credentials
from wandb_tui.core.checks import CheckStatus, Fix
from wandb_tui.core.errors import SignInError
from wandb_tui.core.export_profile import ExportProfile, ExportTrigger
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.persistence import RowChange, StoredRun
from wandb_tui.core.state import State
from wandb_tui.doctor import check_machine, check_run
from wandb_tui.doctor.export_trial import TrialTimeouts
from wandb_tui.doctor.local_checks import pending_checks
from wandb_tui.doctor.service import DoctorService
from wandb_tui.library.group import MonitorGroup
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.disk.paths import Paths
from wandb_tui.wiring import Wiring

__all__ = ["display"]

BRIEF = TrialTimeouts(alone=0.5, query=1.2, visit=4.0, unsure=1.0)
STAGES = [
    "sign-in page", "signing in", "waiting only", "existing export", "API query", "run page", "new export",
    "export trigger",
]  # fmt: skip


def report_on(sandbox, wiring, run, timeouts=BRIEF):
    """The report by stage, and what the sandbox counted meanwhile."""
    before = sandbox.stats()
    checks = list(check_run(wiring, run, timeouts))
    assert [check.name for check in checks] == STAGES
    shown = "\n".join(str(check.as_dict()) for check in checks)
    for private in (sandbox.password, sandbox.api_key, sandbox.username):
        assert private not in shown
    counted = {name: count - before[name] for name, count in sandbox.stats().items()}
    return SimpleNamespace(**{check.name.replace(" ", "_").replace("-", "_"): check for check in checks}), counted


# Every kind of sign-in

IDENTIFIER, BOTH = "asks for the e-mail or user name;", "asks for the e-mail or user name and the password;"
PAGES = {
    "one-page": (BOTH, ""),
    "two-step": (IDENTIFIER, ""),
    "late-script": (BOTH, ""),
    "sign-up-beside": (BOTH, ""),
    "slow": (BOTH, ""),
    "second-factor": (BOTH, "asks for a code"),
    "challenge": ("", "challenge that a person must solve"),
    "blocked": (BOTH, "too many attempts"),
    "unverified": (BOTH, "not verified"),
    "sso": ("", "single sign-on"),
    "look-alike": (BOTH, "not known to belong to it; nothing was typed"),
}


def test_every_kind_is_here():
    from wandb_tui.sandbox import SIGN_INS

    assert set(PAGES) == set(SIGN_INS)


LONG = {"blocked", "late-script", "look-alike", "second-factor", "sign-up-beside", "slow", "two-step", "unverified"}
KINDS = [pytest.param(kind, marks=[pytest.mark.long] if kind in LONG else []) for kind in PAGES]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_sign_in(tmp_path, kind):
    asks, refused = PAGES[kind]
    with Sandbox(SandboxConfig(export_delay=0.2, sign_in=kind)) as sandbox:
        run = add_run(sandbox, "abc")
        with services(sandbox, tmp_path) as wiring:
            report, counted = report_on(sandbox, wiring, run)
            profile = wiring.export_profiles.read()
    assert asks in report.sign_in_page.message
    assert "nothing was typed" in report.sign_in_page.message
    assert any("field" in line for line in report.sign_in_page.details)
    assert ("The password would not be typed" in report.sign_in_page.hint) == (kind == "look-alike")
    assert "s without a visit" in report.waiting_only.message
    assert "did not exist" in report.existing_export.message
    assert "no export within" in report.API_query.message
    assert counted["look_alike_submissions"] == counted["sso_submissions"] == counted["sign_ups"] == 0
    if refused:
        assert refused in report.signing_in.message + report.signing_in.hint
        assert report.signing_in.refused
        assert counted["sign_ins"] == counted["page_visits"] == counted["exports_started"] == 0
        assert report.run_page.status == report.new_export.status == "skipped"
        assert "waiting and an API query triggered no export" in report.export_trigger.message
        assert profile is None
    else:
        assert "signed in as researcher; the password was submitted once" in report.signing_in.message
        assert counted["sign_in_attempts"] == counted["sign_ins"] == 1
        assert counted["page_visits"] == counted["run_page_queries"] == counted["exports_started"] == 1
        assert "queried RunPage → viewer, project" in report.run_page.details
        assert "abc" in report.run_page.message
        assert "v0 appeared" in report.new_export.message
        assert "a visit to the run's page; " in report.export_trigger.message
        assert profile.trigger is ExportTrigger.VISIT
        assert profile.seconds > 0


# Faults


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.2)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def wiring(sandbox, tmp_path_factory):
    """One browser, signed in once, for all the faults that leave that alone."""
    with services(sandbox, tmp_path_factory.mktemp("home")) as wiring:
        assert wiring.visitor.sign_in().result(60).by_password
        yield wiring


@pytest.fixture
def run(sandbox, wiring, request):
    wiring.export_profiles.path.unlink(missing_ok=True)
    yield add_run(sandbox, f"r{abs(hash(request.node.name)):x}"[:12])
    sandbox.set_faults()


def test_an_export_that_never_comes(sandbox, wiring, run):
    sandbox.set_faults("export-never")
    report, counted = report_on(sandbox, wiring, run)
    assert counted["page_visits"] == 1
    assert counted["exports_started"] == 0
    assert report.run_page.status == "good"
    assert report.new_export.status == "bad"
    assert "s after the visit" in report.new_export.message
    assert "waiting, an API query and a visit triggered no export" in report.export_trigger.message
    assert wiring.export_profiles.read() is None


def test_an_export_that_an_api_query_starts(sandbox, wiring, run):
    sandbox.set_faults("export-by-api-key")
    report, counted = report_on(sandbox, wiring, run)
    assert counted["exports_started"] == 1
    assert "did not exist" in report.existing_export.message
    assert "v0 appeared" in report.API_query.message
    assert "appeared before the visit" in report.new_export.message
    assert "an API query; " in report.export_trigger.message
    assert wiring.export_profiles.read().trigger is ExportTrigger.API_QUERY


def test_monitors_go_by_what_was_learnt(sandbox, run, tmp_path):
    sandbox.set_faults("export-by-api-key")
    with services(sandbox, tmp_path) as wiring:
        wiring.export_profiles.write(ExportProfile(ExportTrigger.API_QUERY, 5.0))
        before = sandbox.stats()
        with MonitorGroup(wiring=wiring, check_interval=0.5, max_wait_time=40) as group:
            assert group.wait(group.add(run)).success
    now = sandbox.stats()
    assert now["exports_started"] - before["exports_started"] == 1
    assert now["page_visits"] == before["page_visits"]
    assert now["sign_in_pages"] == before["sign_in_pages"]


def test_an_export_that_comes_alone(sandbox, wiring, run):
    path = f"{run.entity}/{run.project}/{run.run_id}"
    trial = check_run(wiring, run, TrialTimeouts(alone=4.0, query=0.5, visit=1.0))
    assert next(trial).name == "sign-in page"
    assert next(trial).name == "signing in"
    # The server's clock shows whole seconds only: within the same second a new version looks like an old one.
    time.sleep(1.1)
    sandbox.export_now(path)
    checks = {check.name: check for check in trial}
    assert "v0 appeared within" in checks["waiting only"].message
    assert "did not exist" in checks["existing export"].message
    assert checks["API query"].status == "skipped"
    assert "exports start by themselves" in checks["export trigger"].message
    assert wiring.export_profiles.read().trigger is ExportTrigger.WAITING


def test_an_export_that_was_there_already_and_holds_everything(sandbox, wiring, run):
    sandbox.export_now(f"{run.entity}/{run.project}/{run.run_id}")
    aged(sandbox)
    report, counted = report_on(sandbox, wiring, run)
    assert counted["page_visits"] == 1
    assert counted["exports_started"] == 0
    assert "v0 of" in report.existing_export.message
    assert "it is complete" in report.existing_export.message
    assert report.API_query.status == "skipped"
    assert "nothing new to export" in report.new_export.message
    assert "unknown: v0 existed before" in report.export_trigger.message
    assert wiring.export_profiles.read() is None


def test_an_export_that_is_behind_is_recognised_by_its_successor(sandbox, wiring, run):
    sandbox.export_now(f"{run.entity}/{run.project}/{run.run_id}")
    aged(sandbox)
    context = sandbox.context
    row = context.state.run(context.state.project(run.entity, run.project), run.run_id)
    context.histories.append(row, "wandb-history.jsonl", 10, ['{"_step": 10, "loss": 0.1}'])
    report, counted = report_on(sandbox, wiring, run)
    assert counted["exports_started"] == 1
    assert "lacks the newest steps" in report.existing_export.message
    assert "newer v1 appeared" in report.new_export.message
    assert "a visit to the run's page; " in report.export_trigger.message


def aged(sandbox):
    """Let all exports be an hour old: those made a moment ago could have come while doctor began."""
    sandbox.context.state.db.run("UPDATE versions SET started_at = started_at - 3600, visible_at = visible_at - 3600")


def test_what_a_server_does_not_tell_of_an_export_is_read_from_its_files(sandbox, wiring, run):
    sandbox.export_now(f"{run.entity}/{run.project}/{run.run_id}")
    aged(sandbox)
    sandbox.set_faults("no-parquet-history")
    report, _ = report_on(sandbox, wiring, run)
    assert "it is complete" in report.existing_export.message
    assert "nothing new to export" in report.new_export.message
    assert "unknown: " in report.export_trigger.message


def test_a_run_that_is_not_there(sandbox, wiring, run):
    missing = type(run)(run.entity, run.project, "nosuchrun")
    report, counted = report_on(sandbox, wiring, missing)
    assert report.waiting_only.status == report.API_query.status == "skipped"
    assert "There is no run nosuchrun" in report.existing_export.message
    assert not report.existing_export.refused
    assert report.run_page.status == "bad"
    assert "researcher has no access to the page" in report.run_page.message
    assert counted["page_visits"] == counted["exports_started"] == 0
    assert counted["empty_pages"] == 1


def test_a_key_that_sees_nothing(sandbox, wiring, run):
    sandbox.set_faults("key-sees-nothing")
    report, counted = report_on(sandbox, wiring, run)
    assert "this API key may not see it" in report.existing_export.message
    assert report.run_page.status == "good"
    assert counted["page_visits"] == counted["exports_started"] == 1
    assert "the API did not report" in report.new_export.message


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("http-status:code=500,who=api", "has a server error (HTTP 500)"),
        # `test_server_faults` shows how the client handles each of them.
        pytest.param("html-page:who=api", "sent a web page instead of data", marks=pytest.mark.long),
        pytest.param("broken-json:who=api", "something that is not JSON", marks=pytest.mark.long),
        pytest.param("graphql-error:who=api", "internal error", marks=pytest.mark.long),
    ],
)
def test_an_api_that_does_not_work_while_pages_do(sandbox, tmp_path, run, fault, says):
    # Services of its own: how long to hold back after one fault must not answer for the next.
    with services(sandbox, tmp_path) as wiring:
        assert wiring.visitor.sign_in().result(60).by_password
        look_at_an_api_that_does_not_work(sandbox, wiring, run, fault, says)


def look_at_an_api_that_does_not_work(sandbox, wiring, run, fault, says):
    sandbox.set_faults(fault)
    checks = {check.name: check for check in check_machine(wiring)}
    assert checks["server"].status == "bad"
    assert says in checks["server"].message
    report, counted = report_on(sandbox, wiring, run)
    assert says in report.existing_export.message
    assert report.signing_in.status == report.run_page.status == "good"
    assert report.waiting_only.status == report.API_query.status == report.new_export.status == "skipped"
    assert counted["page_visits"] == counted["exports_started"] == 1
    assert "unknown: " in report.export_trigger.message
    assert wiring.export_profiles.read() is None


def test_a_page_that_does_not_load_the_run(sandbox, wiring, run):
    sandbox.set_faults("page-error")
    report, counted = report_on(sandbox, wiring, run)
    assert "answered HTTP 500" in report.run_page.message
    assert report.run_page.status == "bad"
    assert "the check did not wait for one" in report.new_export.message
    assert counted["exports_started"] == 0


def test_a_page_that_asks_but_is_given_nothing_still_shows_what_it_asked(sandbox, wiring, run):
    sandbox.set_faults("visit-loads-nothing:times=9")
    report, counted = report_on(sandbox, wiring, run)
    assert "did not receive it" in report.run_page.message
    assert report.run_page.details == ("RunPage → project null",)
    assert counted["exports_started"] == counted["run_page_queries"] == 0


def test_a_session_that_expires_between_signing_in_and_the_visit(sandbox, wiring, run):
    trial = check_run(wiring, run, BRIEF)
    before = sandbox.stats()
    checks = [next(trial)]
    touched = {name for name, count in sandbox.stats().items() if count != before[name]}
    assert touched <= {"sign_in_pages", "graphql_requests", "graphql_api_requests", "graphql_fields"}
    checks.append(next(trial))
    sandbox.expire_sessions()
    report = {check.name: check for check in [*checks, *trial]}
    assert report["run page"].status == "bad"
    assert "no longer signed in" in report["run page"].message
    assert report["new export"].status == "warning"
    # The next one signs in again, once.
    report, counted = report_on(sandbox, wiring, run)
    assert counted["sign_in_attempts"] == 1
    assert "the password was submitted once" in report.signing_in.message


def test_a_server_that_never_says_who_is_signed_in(sandbox, run, tmp_path):
    sandbox.set_faults("viewer-null")
    with services(sandbox, tmp_path) as wiring:
        key = {check.name: check for check in check_machine(wiring)}["API key"]
        report, counted = report_on(sandbox, wiring, run)
    assert "does not recognise this API key" in key.message
    assert counted["sign_ins"] == 1
    assert report.signing_in.status == "good"
    assert counted["page_visits"] == counted["exports_started"] == 1
    assert "queried RunPage → viewer null, project" in report.run_page.details
    assert "a visit to the run's page; " in report.export_trigger.message


def test_a_wrong_api_key(sandbox, run, tmp_path):
    with services(sandbox, tmp_path, WANDB_API_KEY="0" * 40) as wiring:
        key = {check.name: check for check in check_machine(wiring)}["API key"]
        report, counted = report_on(sandbox, wiring, run)
    assert key.status == "bad"
    assert key.refused
    assert report.existing_export.refused
    assert "refused the API key (HTTP 401)" in report.existing_export.message
    assert report.run_page.status == "good"
    assert counted["page_visits"] == 1


def test_a_wrong_password(sandbox, run, tmp_path):
    with services(sandbox, tmp_path, WANDB_VIEWER_PW="not-the-password") as wiring:
        report, counted = report_on(sandbox, wiring, run)
    assert report.signing_in.refused
    assert "did not accept" in report.signing_in.message
    assert counted["sign_in_attempts"] == 1
    assert counted["sign_ins"] == counted["page_visits"] == 0


def test_a_server_that_is_down(sandbox, run, tmp_path):
    with services(sandbox, tmp_path, WANDB_BASE_URL="http://127.0.0.1:9") as wiring:
        checks = {check.name: check for check in (*check_machine(wiring), *check_run(wiring, run, BRIEF))}
    for name in ("server", "API key", "sign-in page", "signing in", "existing export"):
        assert checks[name].status == "bad", name
        assert not checks[name].refused
    assert "Nothing listens" in checks["server"].message
    assert "ERR_" in checks["sign-in page"].message
    assert checks["run page"].status == checks["export trigger"].status == "skipped"


def test_a_home_that_cannot_be_written_is_reported(tmp_path):
    def files(home):
        paths = Paths(tmp_path / "config", home / "state", home / "log")
        check = next(
            look for look in pending_checks(Wiring(environ={}, paths=paths), None) if look.name == "files"
        ).run()
        assert not (home / "log").exists()
        return check

    assert files(tmp_path / "new").status is CheckStatus.GOOD
    (tmp_path / "home").write_text("no folder")
    check = files(tmp_path / "home")
    assert check.status is CheckStatus.WARNING
    state, log = tmp_path / "home" / "state", tmp_path / "home" / "log"
    assert f"nothing can be saved in {state} (Not a directory), {log} (Not a directory)" in check.message


def test_a_profile_that_cannot_be_kept_is_reported(sandbox, wiring, run):
    wiring.export_profiles.path.mkdir(parents=True)
    try:
        report, _ = report_on(sandbox, wiring, run)
    finally:
        wiring.export_profiles.path.rmdir()
    assert "could not be saved" in report.export_trigger.message


@pytest.mark.usefixtures("whole_browser")
def test_a_window_does_as_well(sandbox, run, tmp_path, display):
    settings = tmp_path / "config" / "settings.toml"
    settings.parent.mkdir()
    settings.write_text("headless = false\n")
    with services(sandbox, tmp_path, DISPLAY=display) as wiring:
        report, counted = report_on(sandbox, wiring, run)
    assert report.run_page.status == "good"
    assert counted["page_visits"] == counted["exports_started"] == 1
    assert "a visit to the run's page; " in report.export_trigger.message


@pytest.mark.usefixtures("whole_browser")
def test_a_window_without_a_display_is_reported(sandbox, run, tmp_path):
    settings = tmp_path / "config" / "settings.toml"
    settings.parent.mkdir()
    settings.write_text("headless = false\n")
    with services(sandbox, tmp_path) as wiring:
        report, _ = report_on(sandbox, wiring, run)
    assert "no display" in report.sign_in_page.message
    assert "headless = true" in report.sign_in_page.hint
    assert report.run_page.status == "skipped"


# In the dashboard


async def test_the_screen_on_the_real_services(sandbox, run, tmp_path, monkeypatch):
    with services(sandbox, tmp_path) as wiring:
        monkeypatch.setattr("wandb_tui.cli.backend._doctor", lambda wiring: DoctorService(wiring, BRIEF))
        stored = StoredRun(run, Goal(), 1, State.CANCELLED, text_notice("Cancelled"))
        wiring.store.write([RowChange(run, stored, added=True)])
        app = dashboard_app(wiring, [])
        async with app.run_test(size=(160, 60)) as pilot:
            await until(lambda: len(app.session.watch_list) == 1)
            await pilot.press("D")
            await until(lambda: "from the environment, accepted" in shown(app) and " pending" not in shown(app), 30)
            screen = shown(app)
            assert "versions" in screen
            assert "chromium starts, version" in screen
            await pilot.press("w")
            await until(lambda: "End-to-end check of" in shown(app) and "v0 appeared" in shown(app), 90)
            await until(lambda: "a visit to the run's page; " in shown(app))
            await pilot.press("y")
            await until(lambda: "export trigger" in app.clipboard)
            report = app.clipboard
            assert "   queried RunPage → viewer, project\n" in report, (
                "what is folded on the screen stands in the report"
            )
            screen += shown(app)
            app.session.stop()
    for private in (sandbox.password, sandbox.api_key):
        assert private not in report + screen
    assert sandbox.username not in report


async def test_the_screen_tells_nothing_of_what_starts_exports_while_the_run_is_watched(sandbox, run, tmp_path):
    with services(sandbox, tmp_path) as wiring:
        trial = DoctorService(wiring, BRIEF).run_trial(run, watched=True)
        checks = {check.name: check for check in (check.run() for check in trial.checks)}
        assert {name for name, check in checks.items() if check.status == "skipped"} == {
            "waiting only", "API query", "export trigger"
        }  # fmt: skip
        assert "did not exist" in checks["existing export"].message
        assert "v0 appeared" in checks["new export"].message
        assert wiring.export_profiles.read() is None


def test_a_cancelled_trial_ends(sandbox, wiring, run):
    sandbox.set_faults("export-never")
    trial = DoctorService(wiring, TrialTimeouts(alone=1000)).run_trial(run, watched=False)
    steps = {check.name: check.run for check in trial.checks}
    steps["sign-in page"]()
    threading.Timer(0.2, trial.cancel).start()
    assert [steps[name]().message for name in ("waiting only", "run page")] == ["cancelled"] * 2


def test_a_damaged_session_is_reported_and_deleted(sandbox, run, tmp_path):
    with services(sandbox, tmp_path) as wiring:
        path = wiring.vault._file.path(sandbox.username)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"torn")
        # A keyring that cannot be opened is no fault of the file.
        check = {check.name: check for check in check_machine(wiring)}["browser sign-in"]
        assert "cannot be opened without the keyring" in check.message
        wiring.vault._keyring = SimpleNamespace(get=lambda *_, **__: "no key of ours")
        wiring.account._known = None
        check = {check.name: check for check in check_machine(wiring)}["browser sign-in"]
        assert "is damaged" in check.message
        assert check.fix is Fix.SESSION
        DoctorService(wiring).forget_session()
        assert not path.exists()
        assert "password of" in {check.name: check for check in check_machine(wiring)}["browser sign-in"].message


def test_a_refusal_is_reported_for_as_long_as_it_holds(sandbox, run, tmp_path):
    with services(sandbox, tmp_path, WANDB_VIEWER_PW="wrong one") as wiring:
        with pytest.raises(SignInError):
            wiring.visitor.sign_in().result(60)
        check = {check.name: check for check in check_machine(wiring)}["browser sign-in"]
        assert "did not accept" in check.message
        assert check.fix is Fix.SIGN_IN
        wiring.account.save(Credentials(sandbox.username, sandbox.password), None, remember=False)
        assert "password of" in {check.name: check for check in check_machine(wiring)}["browser sign-in"].message
