"""Fixtures for tests of a sandbox with the real SDK and the real browser."""

import os
import shutil
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from playwright.sync_api import sync_playwright

from tests.integration.warm_python import run_script
from tests.stopwatch import HANG_S
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.disk.paths import Paths
from wandb_tui.wiring import Wiring

LOG_RUN = """
import os, wandb
config = {"lr": 0.1, "layers": {"hidden": 2}}
run = wandb.init(project=os.environ["RUN_PROJECT"], id=os.environ["RUN_ID"], config=config)
for step in range(int(os.environ["RUN_STEPS"])):
    run.log({"loss": 1 / (step + 1), "accuracy": step / 300, "epoch": step // 50})
run.finish()
"""

# The list of installed packages takes the SDK longer than most runs here.
WITHOUT_LIST = {"WANDB_X_SAVE_REQUIREMENTS": "false"}


def sdk_environment(sandbox, home, **more):
    """The environment of a user of the sandbox who has an API key, and a home of their own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "XDG_"))}
    return {
        **inherited,
        "HOME": str(home),
        "WANDB_API_KEY": sandbox.api_key,
        "WANDB_BASE_URL": sandbox.base_url,
        "WANDB_DIR": str(home),
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
        **WITHOUT_LIST,
        **more,
    }


def run_sdk_script(sandbox, source, home, timeout=HANG_S, **env):
    """Run a Python program that uses the SDK, which must end well; returns all that it printed."""
    output = Path(home) / f"output-{uuid.uuid4().hex}.txt"
    with output.open("wb") as file:
        environ = sdk_environment(sandbox, home, **env)
        status = run_script(source, environ=environ, cwd=home, out=file, timeout=timeout)
    printed = output.read_text()
    assert status == 0, printed
    return printed


def log_run(sandbox, home, project="forks", run_id="abc", steps=300):
    """Log a run with three metrics; gives its path."""
    run_sdk_script(sandbox, LOG_RUN, home, RUN_PROJECT=project, RUN_ID=run_id, RUN_STEPS=str(steps))
    return f"{sandbox.entity}/{project}/{run_id}"


@contextmanager
def services(sandbox, folder, **more):
    """The services of a user of the sandbox who is signed in by the environment, with folders of their own."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "WANDB_BASE_URL": sandbox.base_url,
        "WANDB_API_KEY": sandbox.api_key,
        "WANDB_VIEWER_MAIL": sandbox.username,
        "WANDB_VIEWER_PW": sandbox.password,
    }
    paths = Paths(folder / "config", folder / "state", folder / "log")
    wiring = Wiring(environ={**environ, **more}, paths=paths, anonymous_ok=True)
    try:
        yield wiring
    finally:
        wiring.close()


def sign_in(page, sandbox, password=None):
    """Sign in on the one-page form that the page shows."""
    page.get_by_label("E-mail or username").fill(sandbox.username)
    page.get_by_label("Password").fill(sandbox.password if password is None else password)
    page.get_by_role("button", name="Log in").click()


def visit(page, sandbox, path):
    """Open a run's page and wait until it shows the run."""
    entity, project, run_id = path.split("/")
    page.goto(f"{sandbox.app_url}/{entity}/{project}/runs/{run_id}")
    page.get_by_role("heading", name="Run details").wait_for()


@pytest.fixture(scope="module")
def sandbox():
    """A sandbox of the module's own, with a short export delay."""
    with Sandbox(SandboxConfig(export_delay=0.5)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The home folder of a user of the SDK."""
    return tmp_path_factory.mktemp("home")


@contextmanager
def chromium_of(path):
    """A real Chromium that is found on this path, driven by hand."""
    executable = shutil.which("chromium", path=path) or shutil.which("google-chrome", path=path)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def chromium():
    """A real Chromium, driven by hand."""
    with chromium_of(os.environ["PATH"]) as browser:
        yield browser


@pytest.fixture
def page(chromium):
    """A page of a fresh, signed-out browser context."""
    context = chromium.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def http():
    """An HTTP client that keeps cookies."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def ask(http, sandbox, query, key=None, **variables):
    """Ask the API; with an API key if one is given, else with the client's cookies."""
    return http.post(
        f"{sandbox.base_url}/graphql",
        json={"query": query, "variables": variables},
        auth=("api", key) if key else None,
        timeout=20,
    )
