"""A server that does not answer: after two seconds without an answer it is named, until one comes."""

from tests.stopwatch import until
from wandb_tui.cli.wait import first_answer
from wandb_tui.cli.wait.first_answer import NOTICE_AFTER_S, FirstAnswerNotice, notice_if_unanswered
from wandb_tui.core.address import RunAddress
from wandb_tui.core.events import MonitorEvent, MonitorStatus
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import text_notice
from wandb_tui.core.state import State

SERVER = "http://127.0.0.1:1"


def event(status=None):
    return MonitorEvent(RunAddress("lab", "forks", "abc"), 1, State.WAITING, text_notice("…"), Goal(), status=status)


def test_the_notice_comes_after_two_seconds_and_goes_with_the_first_answer():
    now = 0.0
    notice = FirstAnswerNotice(SERVER, lambda: now)
    notice.on_event(event(MonitorStatus.MONITORING))
    assert notice.text == ""
    now = NOTICE_AFTER_S
    assert notice.text == "Asking http://127.0.0.1:1: no answer yet"
    notice.on_event(event())
    assert notice.text == ""


def test_a_slow_start_gets_the_notice_as_well(monkeypatch, capsys):
    monkeypatch.setattr(first_answer, "NOTICE_AFTER_S", 0.01)
    with notice_if_unanswered(SERVER):
        printed = []
        until(lambda: printed.append(capsys.readouterr().err) or "".join(printed))
    assert "".join(printed) == f"Asking {SERVER}: no answer yet\n"
    monkeypatch.setattr(first_answer, "NOTICE_AFTER_S", 60)
    with notice_if_unanswered(SERVER):
        pass
    assert capsys.readouterr().err == ""
