"""The dashboard in a real GNU screen, a real mosh and a real tmux, and what it leaves behind there."""

import os
import re
import shlex
import sys
import time
from pathlib import Path

import pytest

from tests.integration.terminal import Terminal
from tests.integration.terminal_layers import MoshTerminal, ScreenTerminal
from tests.stopwatch import until

ROOT = Path(__file__).parents[2]
STORY = """
import os, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.ui.fakes import NOT_YET, FakeProber, Scenario, there
from wandb_tui.core.checks import report
from wandb_tui.doctor.report import run_check
from wandb_tui.doctor.terminal import check_terminal, terminal_facts
from wandb_tui.services.desktop import into_tmux
from wandb_tui.services.disk.paths import write_private
from wandb_tui.text.terminals import identify
from wandb_tui.ui.app.app import WandbTuiApp
from wandb_tui.ui.app.terminal import run_app

if "doctor" in sys.argv:
    print(report([run_check("terminal", lambda: check_terminal(terminal_facts()))]))
    sys.exit()
answers = {{"waits": [NOT_YET]}}
scenario = Scenario(
    FakeProber(answers, default=there(3)),
    into_tmux=into_tmux if os.environ.get("TMUX") else None,
    save_copy=lambda text: write_private(Path({copied!r}), text),
)
app = WandbTuiApp(scenario.backend(), runs=sys.argv[1:], links=identify(os.environ).links)
sys.exit(run_app(app, Path({log!r})))
"""
MANY = [f"run{number:03}" for number in range(60)]


@pytest.fixture
def environ(tmp_path):
    names = ("WANDB_", "XDG_", "TMUX", "STY", "SSH_", "NCURSES_", "NO_COLOR", "ESCDELAY")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    return kept | {"HOME": str(tmp_path), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "COLORTERM": "truecolor"}


@pytest.fixture
def copied(tmp_path):
    return tmp_path / "state" / "copied.txt"


@pytest.fixture
def story(tmp_path, copied):
    """A line for the shell that runs the dashboard on scripted services."""
    script = tmp_path / "story.py"
    script.write_text(STORY.format(root=str(ROOT), copied=str(copied), log=str(tmp_path / "log")))
    return shlex.join([sys.executable, str(script)])


def start(terminal, story, *runs):
    terminal.type(f"{story} {' '.join(runs)}\n")
    return terminal.until("q Quit", f"{len(runs)} ready")


def back(terminal):
    """The screen, once the shell is back."""
    return terminal.until("shell-is-back$")


def test_in_screen_escape_works_and_no_key_is_lost(story, environ):
    with ScreenTerminal(environ, columns=120, lines=30) as terminal:
        start(terminal, story, "abc")
        assert "1" not in terminal.modes().split()[1], "the mouse would make screen hold Escape back"
        terminal.keys("a")
        terminal.until("Add runs")
        terminal.keys("Escape")
        terminal.gone("Add runs")
        terminal.keys("?")
        terminal.until("Add runs: paste")
        terminal.keys("Escape")
        terminal.gone("Add runs: paste")
        terminal.keys("q")
        back(terminal)


def test_in_screen_the_text_has_its_colours(story, environ):
    with ScreenTerminal(environ, columns=120, lines=30) as terminal:
        start(terminal, story, "abc")
        drawn = terminal._tmux("capture-pane", "-p", "-e")
        assert re.search(r"\x1b\[38;5;\d+m", drawn)
        assert not re.search(r"\x1b\[(?:\d+;)*2(?:;\d+)*m", re.sub(r"[34]8;5;\d+", "", drawn)), "nothing is faint"
        terminal.keys("q")
        back(terminal)


def test_in_screen_a_copy_goes_to_a_file_and_never_over_the_header(story, environ, copied):
    with ScreenTerminal(environ, columns=160, lines=40) as terminal:
        start(terminal, story, *MANY)
        terminal.keys("*", "y", "p")
        screen = terminal.until("Not copied", "GNU screen does not pass copies on", "copied.txt")
        assert "of 60 runs copied" not in screen
        assert screen.splitlines()[0].split()[0] == "wandb-tui"
        assert copied.read_text().splitlines() == [f"lab/forks/{run}" for run in MANY]
        terminal.keys("q")
        back(terminal)


def test_screen_gets_its_screen_back_without_an_alternate_one(story, environ):
    with ScreenTerminal(environ, columns=120, lines=30) as terminal:
        start(terminal, story, "abc")
        terminal.keys("q")
        assert back(terminal).split() == ["shell-is-back$"], "nothing of the dashboard stays"
        terminal.type("echo still-$((40 + 2))\n")
        terminal.until("still-42")


def test_the_doctor_tells_of_screen(story, environ):
    with ScreenTerminal(environ, columns=160, lines=40) as terminal:
        # Without the variables of the tmux outside, screen is known without being asked.
        terminal.type(f"env -u TMUX {story} doctor\n")
        terminal.until("256 colours", "GNU screen", "without the mouse", "saves copies to a file")


def test_mosh_passes_on_what_fits_and_the_rest_goes_to_a_file(story, environ, copied):
    long = ["x" * 100 + f"-{number}" for number in range(130)]
    with MoshTerminal(environ, columns=160, lines=40) as terminal:
        start(terminal, story, *long)
        terminal.keys("y", "p")
        terminal.until("Path of the run copied")
        until(lambda: terminal.copied() == f"lab/forks/{long[0]}")
        terminal.keys("*", "y", "p")
        terminal.until("Not copied", "Mosh passes on copies of at most 12 kB", "copied.txt")
        assert len(copied.read_text().splitlines()) == len(long)
        assert terminal.copied() == f"lab/forks/{long[0]}", "and nothing that is cut off"
        terminal.keys("q")
        assert back(terminal).split() == ["shell-is-back$"]


@pytest.mark.parametrize("kind", [Terminal, MoshTerminal])
def test_a_slow_line_does_not_tear_an_arrow_key_apart(story, environ, kind):
    with kind(environ, columns=120, lines=30) as terminal:
        # More than the limit over SSH, so that a busy machine does not use it up.
        start(terminal, f"ESCDELAY=30000 {story}", "abc", "def")
        terminal.until("─ ✔ abc ")
        terminal.keys("-H", "1b")
        # Longer than an ESC is waited for at home.
        time.sleep(0.3)
        terminal.keys("-H", "5b", "42")
        terminal.until("─ ✔ def ")
        terminal.keys("q")
        back(terminal)


def test_ctrl_enter_as_xterm_may_send_it_adds(story, environ):
    with Terminal(environ, columns=120, lines=30) as terminal:
        start(terminal, story, "abc")
        terminal.keys("a")
        terminal.until("Add runs")
        terminal.type("lab/forks/def")
        terminal.until("lab/forks/def")
        terminal.keys("-H", *["1b", "5b", "32", "37", "3b", "35", "3b", "31", "33", "7e"])
        terminal.until("2 ready")
        terminal.keys("q")
        back(terminal)


def test_ctrl_c_three_times_at_once_ends_it_and_gives_the_terminal_back(story, environ):
    with Terminal(environ, columns=120, lines=30) as terminal:
        terminal.type(f"{story} waits abc; echo status-$?\n")
        terminal.until("q Quit", "1 waiting", "1 ready")
        terminal.keys("C-c", "C-c", "C-c")
        screen = terminal.until("status-0")
        assert "Traceback" not in screen
        assert terminal.modes() == "0 0 1"
        terminal.type("echo still-$((40 + 2))\n")
        terminal.until("still-42")
