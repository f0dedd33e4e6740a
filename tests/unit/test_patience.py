"""A server that does not answer: whom we ask is said after two seconds, and no longer than that holds."""

import time

from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Event, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.state import State
from wandb_tui.waiting import patience
from wandb_tui.waiting.patience import PATIENCE, Asking, said_when_late

SERVER = "http://127.0.0.1:1"


def event(status=None):
    return Event(RunAddress("lab", "forks", "abc"), 1, State.WAITING, "…", Goal(), status=status)


def test_it_is_said_after_two_seconds_until_an_answer_comes():
    now = 0.0
    asking = Asking(SERVER, lambda: now)
    asking.hear(event(MonitorStatus.MONITORING))
    assert asking.note == ""
    now = PATIENCE
    assert asking.note == "Asking http://127.0.0.1:1: no answer yet"
    asking.hear(event())
    assert asking.note == ""


def test_what_comes_before_the_monitors_is_not_silent_either(monkeypatch, capsys):
    monkeypatch.setattr(patience, "PATIENCE", 0.01)
    with said_when_late(SERVER):
        deadline = time.monotonic() + 5
        while not (told := capsys.readouterr().err) and time.monotonic() < deadline:
            time.sleep(0.01)
    assert told == f"Asking {SERVER}: no answer yet\n"
    monkeypatch.setattr(patience, "PATIENCE", 60)
    with said_when_late(SERVER):
        pass
    assert capsys.readouterr().err == ""
