"""The password that stands on the sign-in screen: not in a picture of it, not in what a crash leaves behind."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

from textual.widgets import Input

from tests.stopwatch import Stopwatch
from tests.ui.test_sign_in import first_start
from wandb_tui.ui.app.crash import crash_report
from wandb_tui.ui.runtime.drafts import Drafts, SignInDraft

ROOT = Path(__file__).parents[2]
PASSWORD = "correct-horse 'battery'"

CRASH = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.ui.fakes import FakeAccount, Scenario
from textual.widgets import Input
from wandb_tui.core.account import AccountState
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.app.terminal import run_app

class App(WandbTuiApp):
    def on_input_changed(self, message):
        if message.input.password:
            held = message.value
            raise ValueError("cannot take " + held, held)
    def on_ready(self):
        self.set_timer(0.2, self.fill)
    def fill(self):
        fields = [field for field in self.screen.query(Input) if field.password]
        for field in fields:
            field.value = {password!r}
        if not fields:
            self.set_timer(0.2, self.fill)

scenario = Scenario(account=FakeAccount(AccountState()), open_sign_in=None)
sys.exit(run_app(App(scenario.backend()), Path({log!r})))
"""


async def test_a_picture_of_the_sign_in_screen_hides_the_password():
    async with first_start() as (_, app, pilot):
        app.screen.query_one("#password", Input).value = "hunter2hunter2"
        app.screen.query_one("#api-key", Input).value = "k" * 40
        await pilot.pause()
        picture = app.export_screenshot()
    assert "•" * 14 in picture
    assert "hunter2" not in picture
    assert "kkkk" not in picture


def test_a_crash_report_hides_what_was_typed_into_a_dialog_that_is_closed():
    drafts = Drafts(sign_in=SignInDraft("me", PASSWORD, "k" * 40))
    try:
        int(f"{PASSWORD} and {'k' * 40}")
    except ValueError:
        report = crash_report([], str, drafts.secrets)
    assert "ValueError: invalid literal" in report
    assert "●●●● and ●●●●" in report
    assert "battery" not in report


def test_a_crash_while_the_sign_in_screen_holds_a_password(tmp_path):
    log = tmp_path / "log" / "wandb-tui.log"
    script = CRASH.format(root=str(ROOT), log=str(log), password=PASSWORD)
    screen, ours = pty.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    program = subprocess.Popen([sys.executable, "-c", script], stdin=ours, stdout=ours, stderr=ours, env=environ)
    os.close(ours)
    shown, watch = b"", Stopwatch()
    try:
        while watch.seconds < 60:
            if select.select([screen], [], [], 0.2)[0]:
                try:
                    shown += os.read(screen, 65536)
                except OSError:
                    break
            elif program.poll() is not None:
                break
        assert program.wait(60) == 1
    finally:
        program.kill()
        program.wait()
        os.close(screen)
    left = shown.decode(errors="replace") + log.read_text()
    assert "crashed" in left
    assert "ValueError" in log.read_text()
    assert "cannot take ●●●●" in log.read_text()
    assert "correct-horse" not in left
    assert "battery" not in left
