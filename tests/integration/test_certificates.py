"""A server whose certificate comes from an organisation's own authority, which the environment names."""

import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import Error

from tests.integration.browser_support import add_run, good, visitor_on
from tests.integration.certificate_authority import Authority
from tests.integration.sandbox_fixtures import sdk_environment
from tests.stopwatch import HANG_S
from wandb_tui.core.errors import SignInError
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services import certificates
from wandb_tui.services.browser import nss_store
from wandb_tui.services.browser.host import BrowserHost
from wandb_tui.services.browser.nss_store import certificate_environment
from wandb_tui.services.certificates import added_certificates
from wandb_tui.services.credentials.authorization import ApiKey
from wandb_tui.services.credentials.vault import Vault
from wandb_tui.services.extra_headers import ExtraHeaders
from wandb_tui.services.wandb_api.graphql import GraphQL

PROGRAM = Path(sys.executable).with_name("wandb-tui")
VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def _no_certificates_of_the_machine(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with Sandbox(SandboxConfig(data_dir=tmp_path_factory.mktemp("data"), export_delay=0)) as sandbox:
        yield sandbox


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


@pytest.fixture
def tls(sandbox, authority):
    with authority.in_front_of(sandbox) as url:
        yield url


def test_one_variable_is_enough_for_api_and_browser(sandbox, authority, tls, tmp_path):
    run, visits = add_run(sandbox, "abc"), sandbox.stats()["run_page_queries"]
    environ = sdk_environment(sandbox, tmp_path, WANDB_VIEWER_MAIL=sandbox.username, WANDB_VIEWER_PW=sandbox.password)
    done = subprocess.run(
        [PROGRAM, "--host", tls, "wait", str(run), "--timeout", "60"],
        env={**environ, "SSL_CERT_FILE": str(authority.pem)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert sandbox.stats()["run_page_queries"] == visits + 1, "the browser took the same certificate"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_each_variable_holds_for_the_api_and_is_read_for_the_browser(sandbox, authority, tls, monkeypatch, variable):
    api = GraphQL(tls, lambda: ApiKey(sandbox.api_key))
    assert "is not trusted" in api.execute("{ viewer { id } }", {}).message
    named = str(authority.pem.parent if variable == "SSL_CERT_DIR" else authority.pem)
    monkeypatch.setenv(variable, named)
    assert GraphQL(tls, lambda: ApiKey(sandbox.api_key)).execute("{ viewer { id } }", {}).data
    assert added_certificates(os.environ) == [authority.der]


def test_without_the_variable_the_browser_refuses_and_names_it(sandbox, tls, tmp_path):
    with visitor_on(ServerInfo(tls, tls), tmp_path, good(sandbox)) as visitor, pytest.raises(SignInError) as refused:
        visitor.sign_in().result(HANG_S)
    assert "ERR_CERT_AUTHORITY_INVALID" in str(refused.value)
    assert "REQUESTS_CA_BUNDLE or SSL_CERT_FILE can name your organisation's" in refused.value.hint


async def test_nothing_else_is_trusted(sandbox, authority, tls, tmp_path):
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "REQUESTS_CA_BUNDLE": str(authority.pem)}
    server = ServerInfo(tls, tls)
    host = BrowserHost(
        server, Vault(server, tmp_path), environ, headless=True, executable=None, extra_headers=ExtraHeaders()
    )
    with Authority(tmp_path / "other", "Other").in_front_of(sandbox) as other:
        try:
            async with host.tab() as page:
                reply = await page.goto(f"{tls}/login")
                assert reply.ok
                with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
                    await page.goto(f"{other}/login")
            async with host.tab() as page:
                with pytest.raises(Error, match="ERR_CERT_COMMON_NAME_INVALID"):
                    await page.goto(f"{tls.replace('localhost', '127.0.0.1')}/login")
        finally:
            await host.close()


def test_what_the_user_has_decided_in_their_own_store_holds(authority, tmp_path):
    """Their database is made with the same writer as ours; it is read, and not changed."""
    added, distrusted = Authority(tmp_path / "added", "Added"), Authority(tmp_path / "distrusted", "Distrusted")
    home = tmp_path / "home"
    user_store = home / ".pki/nssdb"
    user_store.mkdir(parents=True)
    lines = [
        f"{trust} {base64.b64encode(ca.der).decode()}"
        for trust, ca in (("authority", added), ("distrusted", distrusted))
    ]
    nss_store._write(user_store, lines)
    before = {file.name: file.read_bytes() for file in user_store.iterdir()}
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.pem.read_bytes() + distrusted.pem.read_bytes())
    found = certificate_environment({"HOME": str(home), "SSL_CERT_FILE": str(bundle)}, tmp_path / "state")
    assert nss_store._user_trust(Path(found["HOME"])) == {
        authority.der: "authority",
        added.der: "authority",
        distrusted.der: "distrusted",
    }
    assert {file.name: file.read_bytes() for file in user_store.iterdir()} == before
    assert Path(found["HOME"]).is_relative_to(tmp_path / "state")
    assert not {path.stat().st_mode & 0o077 for path in (tmp_path / "state").rglob("*")} - {0}


def test_public_authorities_are_left_to_the_browser(authority, tmp_path, monkeypatch):
    """Many name the whole list with their own at its end; some append it to the list of requests itself."""
    public = Authority(tmp_path / "public", "Public").pem.read_bytes()
    installed_list = install_certifi(tmp_path / "packages", public)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.setattr(certificates, "_public_authorities", certificates._public_authorities.__wrapped__)
    assert certificate_environment({"REQUESTS_CA_BUNDLE": str(installed_list)}, tmp_path) == {}
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(public + authority.pem.read_bytes())
    assert added_certificates({"REQUESTS_CA_BUNDLE": str(bundle), "SSL_CERT_FILE": "/no/such/file"}) == [authority.der]
    installed_list.write_bytes(bundle.read_bytes())
    assert authority.der in added_certificates({"REQUESTS_CA_BUNDLE": str(installed_list)})


def install_certifi(folder, content):
    """A package of this name, as pip leaves it; gives its list."""
    (folder / "certifi").mkdir(parents=True)
    about = folder / "certifi-2100.1.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: certifi\nVersion: 2100.1.1\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    (about / "RECORD").write_text(f"certifi/cacert.pem,sha256={digest},{len(content)}\n")
    path = folder / "certifi/cacert.pem"
    path.write_bytes(content)
    return path
