"""A server that does not answer: whom we ask is said after two seconds, and no longer than that holds."""

from tests.stopwatch import until
from wandb_tui.cli.wait import first_answer
from wandb_tui.cli.wait.first_answer import PATIENCE, FirstAnswerNotice, note_if_unanswered
from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import Event, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.state import State

SERVER = "http://127.0.0.1:1"


def event(status=None):
    return Event(RunAddress("lab", "forks", "abc"), 1, State.WAITING, "…", Goal(), status=status)


def test_it_is_said_after_two_seconds_until_an_answer_comes():
    now = 0.0
    asking = FirstAnswerNotice(SERVER, lambda: now)
    asking.hear(event(MonitorStatus.MONITORING))
    assert asking.note == ""
    now = PATIENCE
    assert asking.note == "Asking http://127.0.0.1:1: no answer yet"
    asking.hear(event())
    assert asking.note == ""


def test_what_comes_before_the_monitors_is_not_silent_either(monkeypatch, capsys):
    monkeypatch.setattr(first_answer, "PATIENCE", 0.01)
    with note_if_unanswered(SERVER):
        told = []
        until(lambda: told.append(capsys.readouterr().err) or "".join(told))
    assert "".join(told) == f"Asking {SERVER}: no answer yet\n"
    monkeypatch.setattr(first_answer, "PATIENCE", 60)
    with note_if_unanswered(SERVER):
        pass
    assert capsys.readouterr().err == ""
