"""The README tells the truth: its keys and its commands are the program's own."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.unit.commands import COMMANDS, SHOWN
from wandb_tui.core.exit_codes import ExitCode
from wandb_tui.core.goal import GoalKind
from wandb_tui.services.disk.settings import HookCommands, Notify, Settings
from wandb_tui.ui.input.actions import ACTIONS, Scope
from wandb_tui.ui.input.key_map import KeyMap

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


SCREENS = {
    Scope.ANYWHERE: "Everywhere",
    Scope.DASHBOARD: "On the table",
    Scope.RUNS: "On the table and in the details",
    Scope.LOGS: "In the logs",
    Scope.DETAILS: "In the details",
}
DIALOGS = {
    Scope.ADD: "While adding",
    Scope.PICK: "While picking",
    Scope.GOAL: "While changing a goal",
    Scope.COLUMNS: "While choosing columns",
    Scope.COPY: "While choosing what to copy",
    Scope.DOCTOR: "At the doctor",
    Scope.CONFIRM: "At a question",
    Scope.SIGN_IN: "While signing in",
    Scope.HELP: "In the help",
}


def keys():
    """The tables as they must stand in the README: one for each place, and every action in one of them."""
    screens, dialogs = (
        "\n\n".join(f"**{title}**\n\n{key_table(where)}" for where, title in group.items())
        for group in (SCREENS, DIALOGS)
    )
    return f"{screens}\n\n<details><summary>In the dialogs</summary>\n\n{dialogs}\n\n</details>"


def key_table(where):
    rows = [
        f"| {' '.join(f'`{key}`' for key in action.all_keys.split())} | **{action.label}.** {action.help} |"
        for action in ACTIONS
        if action.where is where
    ]
    return "\n".join(["| key | does |", "| --- | --- |", *rows])


def test_the_table_of_goals_is_the_one_of_the_program():
    rows = [f"| `{kind.rule.example}` | {kind.rule.meaning} |" for kind in GoalKind]
    shown = re.search(r"<!-- goals -->\n(.*?)\n<!-- /goals -->", README, re.DOTALL)
    assert shown[1] == "\n".join(["| goal | met when |", "| --- | --- |", *rows])


def test_the_key_tables_are_the_one_of_the_program():
    assert {action.where for action in ACTIONS} == {*SCREENS, *DIALOGS}
    shown = re.search(r"<!-- keys -->\n(.*?)\n<!-- /keys -->", README, re.DOTALL)
    assert shown[1] == keys()


@pytest.mark.parametrize("name", SHOWN)
def test_every_command_is_described(name):
    assert f"`wandb-tui {name}" in README


def test_every_option_that_is_described_exists():
    described = set(re.findall(r"`(--[a-z-]+)", README)) - {"--help", "--fix", "--unlock"}
    known = {option for command in COMMANDS.values() for param in command.params for option in param.opts}
    assert described <= known


def test_the_exit_statuses_are_those_of_the_program():
    rows = [f"| {code} | {code.meaning} |" for code in ExitCode]
    shown = re.search(r"<!-- exit -->\n(.*?)\n<!-- /exit -->", README, re.DOTALL)
    assert shown[1] == "\n".join(["| exit status | meaning |", "| --- | --- |", *rows])


def test_runs_from_stdin_are_described():
    assert "wandb-tui wait -" in README
    assert '"-"' in COMMANDS["wait"].help


def test_every_setting_is_described(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text(re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1])
    described = tomllib.loads(file.read_text())
    assert set(described) == set(Settings.__dataclass_fields__)
    assert set(described["notify"]) == set(Notify.__dataclass_fields__)
    assert set(described["hooks"]) == set(HookCommands.__dataclass_fields__)
    assert KeyMap(dict(Settings.load(file).keys)).complaints == []


def test_the_ids_for_keys_are_those_of_the_actions():
    shown = re.search(r"<!-- ids -->\n(.*?)\n<!-- /ids -->", README, re.DOTALL)
    assert shown[1] == " ".join(f"`{action.full_id}`" for action in ACTIONS)
