"""A browser for a page, and tmux's clipboard."""

from __future__ import annotations

import sys

import pytest

from wandb_tui.services import desktop

URL = "https://forge.coreweave.com/wandb/lab/forks/runs/abc"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the programs are Linux's")


@pytest.fixture
def programs(tmp_path):
    """Makes programs that alone are found; each writes down what it is called with."""

    def make(name, status=0):
        path = tmp_path / name
        path.write_text(
            f'#!/bin/sh\necho "$0 $* $WANDB_API_KEY" >> {tmp_path}/called\n[ -t 0 ] && exit 9\nexit {status}\n'
        )
        path.chmod(0o755)

    make.path = {"PATH": str(tmp_path)}
    make.called = lambda: (tmp_path / "called").read_text() if (tmp_path / "called").exists() else ""
    return make


def test_a_page_is_opened_without_secrets(programs):
    programs("xdg-open")
    assert desktop.open_page(URL, {**programs.path, "DISPLAY": ":0", "WANDB_API_KEY": "secret"}) == ""
    assert f"xdg-open {URL}" in programs.called()
    assert "secret" not in programs.called()


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({}, "no display"),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "1 2 3 4"}, "SSH"),
        ({"DISPLAY": ":10", "SSH_TTY": "/dev/pts/1"}, "SSH"),
    ],
)
def test_where_there_is_no_window_nothing_is_started(programs, environ, says):
    programs("xdg-open")
    assert says in desktop.open_page(URL, programs.path | environ)
    assert not programs.called()


def test_what_cannot_open_is_reported(programs):
    assert "no xdg-open" in desktop.open_page(URL, {**programs.path, "DISPLAY": ":0"})
    programs("xdg-open", status=3)
    assert desktop.open_page(URL, {**programs.path, "DISPLAY": ":0"}) == "xdg-open could not open a browser"


def test_a_browser_that_stays_is_not_waited_for(programs, tmp_path, monkeypatch):
    monkeypatch.setattr(desktop, "_OPENER_TIMEOUT_S", 0.1)
    (tmp_path / "xdg-open").write_text("#!/bin/sh\nexec /bin/sleep 1\n")
    (tmp_path / "xdg-open").chmod(0o755)
    assert desktop.open_page(URL, {**programs.path, "DISPLAY": ":0"}) == ""


def test_a_tmux_that_fails_is_reported(programs):
    assert desktop.into_tmux("text", programs.path) is False
    programs("tmux", status=1)
    assert desktop.into_tmux("text", programs.path) is False
    programs("tmux")
    assert desktop.into_tmux("text", programs.path) is True
    assert "load-buffer -w -" in programs.called()


def test_a_notification_is_shown_without_secrets_and_without_markup(programs):
    programs("notify-send")
    environ = {**programs.path, "WANDB_API_KEY": "secret"}
    assert desktop.show_notification("wandb-tui: Failed", "-r <b>1</b> & more", environ) == ""
    assert "--app-name=wandb-tui -- wandb-tui: Failed -r &lt;b&gt;1&lt;/b&gt; &amp; more" in programs.called()
    assert "secret" not in programs.called()


def test_why_a_notification_is_not_shown(programs, monkeypatch, tmp_path):
    assert desktop.show_notification("title", "text", programs.path) == "notify-send is not installed"
    programs("notify-send", status=1)
    assert desktop.show_notification("title", "text", programs.path) == "notify-send failed"
    monkeypatch.setattr(desktop, "_NOTIFICATION_TIMEOUT_S", 0.05)
    (tmp_path / "notify-send").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    assert "no answer" in desktop.show_notification("title", "text", programs.path)


def test_on_macos_the_texts_are_no_script(programs, monkeypatch):
    programs("osascript")
    monkeypatch.setattr(desktop.sys, "platform", "darwin")
    monkeypatch.setenv("PATH", programs.path["PATH"])
    assert desktop.show_notification("title", '" & (do shell script "id") & "', programs.path) == ""
    assert '-e end run title " & (do shell script "id") & "' in programs.called()
