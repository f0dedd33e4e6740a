"""The account: which secrets win, what may be an API key, what is blotted out, and which browser is taken."""

import base64
import logging
from urllib.parse import quote

import pytest

from wandb_tui.core.account import Credentials, Source
from wandb_tui.core.errors import ApiKeyError, KeyringError, NoBrowserError, SignInProblem
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.browser.discovery import find_browser
from wandb_tui.services.browser.launch import proxy_for
from wandb_tui.services.credentials.account import KeyringAccount
from wandb_tui.services.credentials.api_keys import read_netrc, validated
from wandb_tui.services.credentials.redaction import MASK, RedactingFilter, Redactor
from wandb_tui.services.credentials.trusted_origins import TrustedOrigins
from wandb_tui.services.credentials.vault import Vault
from wandb_tui.services.signin.errors import sign_in_error
from wandb_tui.services.signin.origins import Origins, origin_of

SERVER = ServerInfo("https://acme.wandb.io", "https://acme.wandb.io")
FORGE = ServerInfo("https://api.forge.coreweave.com", "https://forge.coreweave.com/wandb")
KEY, OTHER = "a" * 40, "b" * 40


class FakeVault(Vault):
    def __init__(self, folder, broken=False):
        super().__init__(SERVER, folder)
        self.entries, self.broken, self.asked = {}, broken, 0

    def _ask(self, work):
        raise NotImplementedError

    def _check(self):
        self.asked += 1
        if self.broken:
            raise KeyringError("No keyring.", "Start one.")

    def _get(self, entry, *, no_dialog=False):
        self._check()
        return self.entries.get(entry)

    def _set(self, entry, value):
        self._check()
        self.entries[entry] = value

    def _delete(self, *entries):
        self._check()
        for entry in entries:
            self.entries.pop(entry, None)


@pytest.fixture
def vault(tmp_path):
    return FakeVault(tmp_path)


def account(vault, environ=None, **options):
    return KeyringAccount(SERVER, vault, {"HOME": str(vault.folder), **(environ or {})}, **options)


def test_what_is_passed_wins_over_environment_netrc_and_keyring(vault):
    vault.save_credentials(Credentials("kept", "kept-password"))
    vault.save_api_key(OTHER)
    netrc = vault.folder / ".netrc"
    assert account(vault).state().password is account(vault).state().api_key is Source.KEYRING
    netrc.write_text(f"machine acme.wandb.io\n login user\n password {KEY}\n")
    assert (account(vault).state().api_key, account(vault).api_key()) == (Source.NETRC, KEY)
    environ = {"WANDB_VIEWER_MAIL": "me@x", "WANDB_VIEWER_PW": "env-password", "WANDB_API_KEY": "c" * 40}
    state = account(vault, environ).state()
    assert (state.username, state.password, state.api_key) == ("me@x", Source.ENVIRONMENT, Source.ENVIRONMENT)
    given = account(vault, environ, credentials=Credentials("you", "given-password"), api_key="d" * 40)
    assert given.credentials().username == "you"
    assert given.api_key() == "d" * 40


def test_with_credentials_in_the_environment_the_keyring_is_left_alone(vault):
    both = account(vault, {"WANDB_VIEWER_MAIL": "me@x", "WANDB_VIEWER_PW": "env-password"})
    assert both.credentials().password == "env-password"
    assert vault.asked == 0


def test_without_a_keyring_it_says_so_and_uses_what_was_typed(tmp_path):
    broken = account(FakeVault(tmp_path, broken=True))
    assert broken.credentials() is None
    assert "No keyring" in broken.state().keyring_problem
    with pytest.raises(KeyringError):
        broken.save(Credentials("me", "typed-password"), KEY, remember=True)
    assert broken.credentials() == Credentials("me", "typed-password")
    assert broken.state().password is Source.MEMORY


def test_a_keyring_that_is_unlocked_later_is_read_and_lets_those_go_on_who_wait(vault):
    vault.save_credentials(Credentials("me", "kept-password"))
    vault.broken = True
    one, requests = account(vault), []
    one.subscribe(lambda: requests.append(one.sign_in_requests))
    assert one.state().keyring_problem
    one.retry_keyring()
    assert one.state().keyring_problem
    vault.broken = False
    assert one.state().keyring_problem, "not asked by itself: it may open a dialog each time"
    one.retry_keyring()
    assert (one.credentials().username, one.state().keyring_problem, requests) == ("me", "", [1])
    one.retry_keyring()
    asked = vault.asked
    assert (one.credentials().username, vault.asked, requests) == ("me", asked, [1])


def test_only_what_concerns_signing_in_is_a_new_request(vault):
    one = account(vault)
    requests = []
    one.subscribe(lambda: requests.append(one.sign_in_requests))
    one.save(None, KEY, remember=True)
    one.save(Credentials("me", "typed-password"), None, remember=False)
    one.save(None, None, remember=False)
    one.continue_signed_out()
    assert requests == [0, 1, 2, 3]
    assert vault.entries == {"api-key": KEY}
    one.forget()
    assert (one.credentials(), one.api_key(), one.anonymous, vault.entries) == (None, None, False, {})


def test_a_name_from_a_handed_over_session_is_no_password(vault):
    one = account(vault)
    one.adopt("me")
    assert one.credentials() is None
    assert (one.state().username, one.state().password) == ("me", Source.NONE)


@pytest.mark.parametrize("key", ["", "short", "a" * 39, "a" * 20 + " " + "a" * 20, "local-" + "a" * 39, "ä!" * 30])
def test_what_cannot_be_an_api_key(vault, key):
    with pytest.raises(ApiKeyError):
        validated(key)
    with pytest.raises(ApiKeyError):
        account(vault).save(None, key, remember=True)


@pytest.mark.parametrize("key", [KEY, f" {KEY}\n", "local-" + KEY, "head.payload.signature"])
def test_what_can_be_one(key):
    assert validated(key) == key.strip()


@pytest.mark.parametrize(
    ("lines", "base_url", "found"),
    [
        (f"default login user password {KEY}", "https://acme.wandb.io", None),
        (f"machine api.wandb.ai login user password {KEY}", "https://api.forge.coreweave.com", KEY),
        (f"machine api.wandb.ai login user password {KEY}", "https://acme.wandb.io", None),
        (f"machine localhost:8080 login user password {KEY}", "http://localhost:8080", KEY),
    ],
)
def test_netrc(tmp_path, lines, base_url, found):
    (tmp_path / "netrc").write_text(lines + "\n")
    assert read_netrc(tmp_path / "netrc", base_url) == found


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"machine localhost login user password {KEY}", "names localhost without its port"),
        ("machine localhost:8080 login user", "has no password for localhost:8080"),
    ],
)
def test_an_entry_of_netrc_that_gives_no_key_is_named(tmp_path, line, says):
    (tmp_path / "netrc").write_text(f"{line}\n")
    with pytest.raises(ApiKeyError, match=says):
        read_netrc(tmp_path / "netrc", "http://localhost:8080")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"machine api.wandb.ai\n login user\n passwort " + KEY.encode(), "syntax error in line 3"),
        (b"machine \xff\xfe login\n", "not UTF-8 at byte 8"),
    ],
)
def test_a_damaged_netrc_is_named_without_what_stands_in_it(vault, content, reason):
    path = vault.folder / ".netrc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    found = account(vault)
    assert found.api_key() is None
    problem = found.state().api_key_problem
    assert str(path) in problem
    assert reason in problem
    assert KEY not in problem


def test_a_key_that_cannot_be_one_is_reported_where_it_comes_from(vault):
    found = account(vault, {"WANDB_API_KEY": "too-short"})
    assert found.api_key() is None
    assert found.state().api_key_problem.startswith("WANDB_API_KEY: An API key has at least 40")
    assert not account(vault, {"WANDB_API_KEY": KEY}).state().api_key_problem


def test_every_form_of_a_secret_is_blotted_out():
    secret, redactor = 'pä"ss w/o&rd', Redactor()
    redactor.learn(secret, None, "", "abc")
    basic = base64.b64encode(f"api:{secret}".encode()).decode()
    for form in (secret, quote(secret, safe=""), repr(secret)[1:-1], 'p\\u00e4\\"ss w/o&rd', f"Basic {basic}"):
        assert MASK in redactor.redact(f"before {form} after")
    assert redactor.redact("abc") == "abc"


def test_log_records_and_tracebacks_lose_their_secrets():
    from wandb_tui.services.credentials.redaction import learn

    learn("hush-hush-secret")
    try:
        int("fill('hush-hush-secret')")
    except ValueError as error:
        record = logging.LogRecord(
            "x", 20, "x.py", 1, "typed %s", ("hush-hush-secret",), (ValueError, error, error.__traceback__)
        )
    assert RedactingFilter().filter(record)
    assert "hush" not in logging.Formatter().format(record)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://id.coreweave.com", True),
        ("https://forge.coreweave.com:443", True),
        ("https://id.coreweave.com.evil.example", False),
        ("https://id.coreweave.com:8443", False),
        ("http://id.coreweave.com", False),
        ("https://idcoreweave.com", False),
        ("null", False),
        ("", False),
    ],
)
def test_where_a_password_may_be_typed_on_forge(origin, allowed):
    assert bool(Origins(FORGE).problem(origin)) is not allowed


def test_plain_http_only_on_this_machine():
    for url, allowed in (("http://localhost:8080", True), ("http://127.0.0.1:1", True), ("http://wandb.lan", False)):
        assert bool(Origins(ServerInfo(url, url)).problem(url)) is not allowed
    assert not Origins(ServerInfo("http://wandb.lan", "http://wandb.lan"), plain_http=True).problem("http://wandb.lan")
    assert not Origins(SERVER, ["https://sso.acme.example/"]).problem("https://sso.acme.example")
    assert origin_of("HTTPS://User@Host.Example:443/x?y") == "https://host.example"


def test_a_browser_proxy():
    environ = {"HTTPS_PROXY": "http://me:pass@proxy:3128", "NO_PROXY": "lan.example,.corp,10.0.0.0/8"}
    proxy = proxy_for(SERVER, environ)
    assert (proxy["server"], proxy["username"], proxy["password"]) == ("http://proxy:3128", "me", "pass")
    assert proxy["bypass"] == "localhost,*.localhost,127.0.0.0/8,[::1],lan.example,*.lan.example,corp,*.corp,10.0.0.0/8"
    assert proxy_for(SERVER, {"HTTP_PROXY": "http://proxy"}) is None
    assert proxy_for(SERVER, {**environ, "NO_PROXY": "*"}) is None


def test_which_browser(tmp_path):
    def program(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return path

    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin"), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "pw")}
    system = program(tmp_path / "bin" / "google-chrome")
    assert find_browser(environ) == system
    program(tmp_path / "pw" / "chromium-999" / "chrome-linux" / "chrome")
    own = program(tmp_path / "pw" / "chromium-1255" / "chrome-linux64" / "chrome")
    assert find_browser(environ) == own
    assert find_browser({**environ, "WANDB_TUI_BROWSER": str(system)}) == system
    system.chmod(0o644)
    for named in (system, tmp_path / "none"):
        with pytest.raises(NoBrowserError, match="WANDB_TUI_BROWSER"):
            find_browser({**environ, "WANDB_TUI_BROWSER": str(named)})


def test_a_session_of_another_user_leaves_the_password_alone(vault):
    vault.save_credentials(Credentials("me", "my-password"))
    account(vault).adopt("you")
    again = account(vault)
    assert (again.state().username, again.state().password, again.credentials()) == ("you", Source.NONE, None)
    assert vault.credentials() == Credentials("me", "my-password")
    again.adopt("me")
    assert account(vault).credentials() == Credentials("me", "my-password")
    again.adopt("you")
    again.save(Credentials("me", "new-password"), None, remember=True)
    assert account(vault).credentials() == Credentials("me", "new-password")
    again.adopt("you")
    again.forget()
    assert (vault.entries, account(vault).state().username) == ({}, "")


def test_a_page_that_the_user_trusts_is_remembered_for_its_server(vault):
    folder = vault.folder / "servers"
    one = account(vault, trusted=TrustedOrigins(folder, "https://acme.wandb.io"))
    one.report_unknown_origin("https://id.acme.example")
    assert one.state().unknown_origin == "https://id.acme.example"
    requests = []
    one.subscribe(lambda: requests.append(one.sign_in_requests))
    one.allow("https://id.acme.example")
    assert (requests, one.unknown_origin) == ([1], "")
    TrustedOrigins(folder, "https://acme.wandb.io").add("https://two.example")
    again = TrustedOrigins(folder, "https://acme.wandb.io")
    assert again.read() == ("https://id.acme.example", "https://two.example")
    assert TrustedOrigins(folder, "https://other.wandb.io").read() == ()
    [path] = folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("not toml at all [")
    assert again.read() == ()
    assert one.allowed_origins() == ("https://id.acme.example",)


def test_a_new_request_takes_the_question_back(vault):
    one = account(vault)
    one.report_unknown_origin("https://id.acme.example")
    one.save(Credentials("me", "typed-password"), None, remember=False)
    assert one.unknown_origin == ""


def test_the_user_is_asked_only_about_what_is_not_known():
    unknown = Origins(SERVER).problem("https://Id.Acme.example:443/login")
    assert sign_in_error(SignInProblem.UNKNOWN_HOST, "acme", detail=unknown).origin == "https://id.acme.example"
    plain = Origins(ServerInfo("http://wandb.lan", "http://wandb.lan")).problem("http://wandb.lan")
    assert sign_in_error(SignInProblem.UNKNOWN_HOST, "acme", detail=plain).origin == ""
    origins = Origins(SERVER)
    origins.allow(["https://id.acme.example"])
    assert not origins.problem("https://id.acme.example/login")
    assert origins.problem("https://id.acme.example:8443")


def test_a_handed_over_session_is_stored_only_where_things_are(vault):
    one = account(vault)
    one.save(Credentials("me", "typed-password"), None, remember=False)
    one.adopt("you")
    assert vault.entries == {}
    assert one.state().username == "you"
