"""Starting, stopping and steering a sandbox; its pages as they are served."""

import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from tests.integration.sandbox_fixtures import ask, log_run
from wandb_tui.sandbox import Sandbox, SandboxConfig

SERVE = "from wandb_tui.sandbox import SandboxConfig, run_sandbox; run_sandbox(SandboxConfig())"


@pytest.mark.parametrize("bind", ["0.0.0.0", "192.168.1.5", "::", "example.org"])  # noqa: S104 - that it is refused
def test_only_loopback_addresses_are_taken(bind):
    with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
        SandboxConfig(bind=bind)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"sign_in": "magic"}, "one-page, two-step"),
        ({"port": 70000}, "between 0 and 65535"),
        ({"export_delay": -1}, "0 or more"),
        ({"session_hours": 0}, "more than 0 hours"),
        ({"faults": ("nonsense",)}, "Known ones: http-status"),
        ({"faults": ("hang:minutes=1",)}, "has no option “minutes”. Its options: seconds, path, who, times, after"),
        ({"faults": ("http-status:code=many",)}, "a whole number for code"),
        ({"faults": ("http-status:path=moon",)}, r"path=graphql\|run-page"),
    ],
)
def test_wrong_settings_are_refused_in_a_sentence(wrong, says):
    with pytest.raises(ValueError, match=says):
        SandboxConfig(**wrong)


def test_importing_the_package_costs_next_to_nothing():
    heavy = ("starlette", "graphql", "pyarrow", "wandb")
    program = f"import sys, wandb_tui.sandbox; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_extra_is_named():
    program = """
import sys
sys.modules["uvicorn"] = None
try:
    from wandb_tui.sandbox import Sandbox
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'wandb-run-monitor[demo]'" in done.stdout


def test_the_account_is_stored_with_the_data_and_closed_to_others(tmp_path):
    folder = tmp_path / "data"
    before = os.umask(0)
    try:
        with Sandbox(SandboxConfig(data_dir=folder)) as sandbox:
            first = sandbox.info()
            sandbox.context.state.ensure_project("lab", "kept")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "account.json").stat().st_mode) == 0o600
    with Sandbox(SandboxConfig(data_dir=folder)) as sandbox:
        assert [project.path for project in sandbox.context.state.projects()] == ["lab/kept"]
        for name in ("username", "password", "api_key"):
            assert sandbox.info()[name] == first[name]
    assert set(first) == {"base_url", "app_url", "username", "password", "api_key"}
    assert len(first["api_key"]) == 40
    assert first["app_url"] == first["base_url"]


def test_the_temporary_folder_is_removed():
    with Sandbox() as sandbox:
        folder = sandbox.context.data_dir
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()
    sandbox.stop()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_in_the_foreground_it_says_one_line_and_ends_cleanly(http, end):
    process = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        info = json.loads(process.stdout.readline())
        assert http.get(info["base_url"], timeout=10).status_code == 200
        process.send_signal(end)
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_a_wrong_key_is_refused_and_no_key_sees_public_projects_only(sandbox, http):
    context = sandbox.context
    for name in ("closed", "public-open"):
        context.state.create_run(context.state.ensure_project("lab", name)[0], "abc", None)
    query = """
    { viewer { username } a: project(name: "closed") { name } b: project(name: "public-open") { name } }
    """
    assert ask(http, sandbox, query, key="0" * 40).status_code == 401
    assert ask(http, sandbox, query).json()["data"] == {"viewer": None, "a": None, "b": {"name": "public-open"}}
    mine = ask(http, sandbox, query, key=sandbox.api_key).json()["data"]
    assert mine == {"viewer": {"username": "researcher"}, "a": {"name": "closed"}, "b": {"name": "public-open"}}
    sandbox.make_public("lab/closed")
    assert ask(http, sandbox, query).json()["data"]["a"] == {"name": "closed"}
    for refused in ("no slash", "/x", "lab/"):
        with pytest.raises(ValueError, match="entity/project"):
            sandbox.make_public(refused)


def test_unknown_fields_and_broken_requests_get_real_errors(sandbox, http):
    answer = ask(http, sandbox, "{ viewer { shoeSize } }", key=sandbox.api_key)
    assert answer.status_code == 400
    assert "Cannot query field 'shoeSize' on type 'User'" in answer.json()["errors"][0]["message"]
    assert ask(http, sandbox, "{ viewer {", key=sandbox.api_key).status_code == 400
    assert http.post(f"{sandbox.base_url}/graphql", data=b"nonsense").status_code == 400
    assert ask(http, sandbox, 'mutation { upsertModel(input: {name: "x"}) { inserted } }').status_code == 401


def test_the_start_page_lists_what_there_is(sandbox, home, http, page):
    run = log_run(sandbox, home, project="listed", run_id="one", steps=5)
    assert "run-one-history" not in http.get(sandbox.base_url).text
    sandbox.export_now(run)
    page.goto(sandbox.base_url)
    row = page.get_by_role("row").filter(has_text="one")
    assert row.get_by_text("finished").is_visible()
    assert row.get_by_text("run-one-history:v0").is_visible()
    page.get_by_role("link", name="lab/listed").click()
    assert page.get_by_text("stumbled on an empty page").is_visible(), (
        "a private project is not shown to the signed-out"
    )


def test_a_public_run_is_seen_by_everyone_and_a_visit_exports_it(sandbox, home, page):
    run = log_run(sandbox, home, project="public-shown", run_id="one", steps=5)
    before = sandbox.stats()
    page.goto(f"{sandbox.app_url}/{run.replace('/one', '/runs/one')}/overview")
    page.get_by_role("heading", name="Run details").wait_for()
    assert page.get_by_role("link", name="Overview").get_attribute("href").endswith("/overview")
    assert page.get_by_role("cell", name="accuracy").first.is_visible()
    after = sandbox.stats()
    assert after["exports_started"] == before["exports_started"] + 1
    assert after["page_visits"] == before["page_visits"] + 1
    assert after["run_page_queries"] == before["run_page_queries"] + 1


def test_names_are_shown_as_text(sandbox, page):
    context = sandbox.context
    project, _ = context.state.ensure_project("lab", "public-odd <b>&")
    context.state.create_run(project, "odd", "</script><img src=x onerror=document.title='run'>")
    page.goto(f"{sandbox.app_url}/lab/public-odd%20%3Cb%3E%26/runs/odd")
    page.get_by_role("heading", name="</script>").wait_for()
    assert page.title() != "run"
    page.goto(sandbox.app_url)
    assert page.title() == "What the sandbox holds"


def test_tests_in_other_processes_steer_it_over_http(sandbox, home, http):
    run = log_run(sandbox, home, project="steered", run_id="one", steps=5)
    base = f"{sandbox.base_url}/sandbox"
    stats = http.get(f"{base}/stats").json()
    assert stats == sandbox.stats()
    assert sandbox.password not in json.dumps(stats)
    assert http.post(f"{base}/export", json={"run": run}).json() == {"exported": True}
    assert http.post(f"{base}/export", json={"run": run}).json() == {"exported": False}
    assert http.post(f"{base}/export", json={"run": "lab/steered/nobody"}).status_code == 400
    assert http.post(f"{base}/faults", json=["nonsense"]).status_code == 400
    assert http.post(f"{base}/faults", json=["viewer-null"]).status_code == 204
    assert ask(http, sandbox, "{ viewer { id } }", key=sandbox.api_key).json()["data"] == {"viewer": None}
    assert http.post(f"{base}/faults", json=[]).status_code == 204
    assert ask(http, sandbox, "{ viewer { id } }", key=sandbox.api_key).json()["data"]["viewer"]
    http.post(f"{sandbox.base_url}/oidc/login", json={"email": sandbox.username, "password": sandbox.password})
    assert ask(http, sandbox, "{ viewer { id } }").json()["data"]["viewer"]
    assert http.post(f"{base}/expire-sessions").status_code == 204
    assert ask(http, sandbox, "{ viewer { id } }").json()["data"] == {"viewer": None}
    assert http.post(f"{base}/public", json={"project": "lab/steered"}).status_code == 204
    assert ask(http, sandbox, '{ project(name: "steered") { name } }').json()["data"]["project"]
