"""One table of exit statuses: several runs have the gravest one's, and the help shows them all."""

import re

from click.testing import CliRunner

from wandb_tui.cli import cli
from wandb_tui.cli.options import GOALS
from wandb_tui.core.exit_codes import ExitCode, gravest
from wandb_tui.core.goal import goal_examples


def test_the_gravest_wins_and_a_failed_command_counts_last():
    assert gravest(()) is ExitCode.DONE
    assert gravest({ExitCode.DONE, ExitCode.COMMAND_FAILED}) is ExitCode.COMMAND_FAILED
    assert gravest({ExitCode.COMMAND_FAILED, ExitCode.TIMED_OUT}) is ExitCode.TIMED_OUT
    assert gravest({ExitCode.TIMED_OUT, ExitCode.FAILED}) is ExitCode.FAILED
    assert gravest({ExitCode.FAILED, ExitCode.REFUSED}) is ExitCode.REFUSED


def test_the_help_of_wait_names_each_status_that_it_can_have():
    done = CliRunner().invoke(cli, ["wait", "--help"], terminal_width=100)
    sentence = " ".join(done.output.partition("Exit status:")[2].split())
    assert [int(code) for code in re.findall(r"(?:^|; )(\d+)", sentence)] == [0, 1, 2, 3, 4, 5, 130]
    assert ExitCode.COMMAND_FAILED.meaning in sentence


def test_the_help_names_a_goal_of_each_kind():
    assert goal_examples() == GOALS
