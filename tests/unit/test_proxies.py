"""The proxy that a request goes through: the same for requests, for Chromium and for the SDK."""

import os

import pytest

from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.browser.launch import proxy_for
from wandb_tui.services.proxies import ProxySettings, is_loopback, keep_sdk_off_proxy

PROXY = {"HTTPS_PROXY": "http://me:pa%40ss@proxy.lan:3128", "http_proxy": "proxy.lan:8080"}


@pytest.mark.parametrize(
    ("url", "no_proxy", "address"),
    [
        ("https://api.wandb.ai/graphql", "", "proxy.lan:3128"),
        ("http://wandb.lan/graphql", "", "proxy.lan:8080"),
        ("https://api.wandb.ai", "wandb.ai", None),
        ("https://api.wandb.ai", "*.wandb.ai", None),
        ("https://api.wandb.ai", ".WANDB.ai , x", None),
        ("https://badwandb.ai", "wandb.ai", "proxy.lan:3128"),
        ("https://api.wandb.ai:8443", "wandb.ai:443", "proxy.lan:3128"),
        ("https://api.wandb.ai", "wandb.ai:443", None),
        ("https://10.1.2.3", "10.0.0.0/8", None),
        ("https://11.1.2.3", "10.0.0.0/8", "proxy.lan:3128"),
        ("https://[fd00::1]:8080", "fd00::/8", None),
        ("https://api.wandb.ai", "*", None),
        ("http://localhost:8080", "", None),
        ("http://sub.localhost", "", None),
        ("http://127.0.0.2:8080", "", None),
        ("http://[::1]:8080", "", None),
        ("https://localhost.example.com", "", "proxy.lan:3128"),
    ],
)
def test_the_proxy_for_a_url(url, no_proxy, address):
    settings = ProxySettings({**PROXY, "NO_PROXY": no_proxy})
    proxy = settings.for_url(url)
    assert (proxy and proxy.address) == address
    proxies = settings.for_requests(url)
    assert set(proxies.values()) == ({None} if address is None else {proxies["https"]})
    assert address is None or proxies["https"].endswith(address)


def test_small_letters_win_also_when_empty():
    settings = ProxySettings({"HTTPS_PROXY": "http://big", "https_proxy": "", "ALL_PROXY": ""})
    assert settings.for_url("https://api.wandb.ai") is None
    assert ProxySettings({"ALL_PROXY": "socks5h://s:1080"}).for_url("https://x.org").scheme == "socks5h"


@pytest.mark.parametrize(
    ("proxy", "problem"),
    [("http://p", ""), ("socks5://p:1080", "needs PySocks"), ("htp://p", "unknown scheme “htp://”")],
)
def test_a_proxy_that_cannot_be_used_says_why(monkeypatch, proxy, problem):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = ProxySettings({"HTTPS_PROXY": proxy}).for_url("https://api.wandb.ai").problem
    assert problem in found
    assert bool(found) == bool(problem)


def test_credentials_are_not_part_of_what_is_shown():
    proxy = ProxySettings(PROXY).for_url("https://api.wandb.ai")
    assert (proxy.address, proxy.username, proxy.password) == ("proxy.lan:3128", "me", "pa@ss")


def test_chromium_is_given_the_same():
    server = ServerInfo("https://api.acme.com", "https://app.acme.com")
    proxy = proxy_for(server, {**PROXY, "NO_PROXY": "*.lan, 10.0.0.0/8"})
    assert (proxy["server"], proxy["password"]) == ("http://proxy.lan:3128", "pa@ss")
    assert proxy["bypass"].split(",") == [
        "localhost",
        "*.localhost",
        "127.0.0.0/8",
        "[::1]",
        "lan",
        "*.lan",
        "10.0.0.0/8",
    ]


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("LOCALHOST.", True), ("127.1.2.3", True), ("::1", True), ("10.0.0.1", False), ("", False)],
)
def test_this_machine(host, expected):
    assert is_loopback(host) is expected


def test_the_sdk_is_kept_off_the_proxy_for_this_machine_alone(monkeypatch):
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://p")
    monkeypatch.setenv("no_proxy", "x.lan")
    keep_sdk_off_proxy("https://api.wandb.ai")
    assert "NO_PROXY" not in os.environ
    monkeypatch.setenv("NO_PROXY", "")
    for _ in range(2):
        keep_sdk_off_proxy("http://127.0.0.1:8080")
    assert (os.environ["no_proxy"], os.environ["NO_PROXY"]) == ("x.lan,127.0.0.1", "127.0.0.1")
