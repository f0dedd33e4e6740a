"""The README and the pages of ``docs/`` tell the truth: tables, keys, commands, options and links are real."""

import re
import tomllib

import pytest

from tests.doc_tables import BLOCK, DIALOGS, PAGES, ROOT, SCREENS, TABLES, filled
from tests.unit.commands import COMMANDS, SHOWN
from wandb_tui.services.disk.settings import HookCommands, Notify, Settings
from wandb_tui.ui.input.actions import ACTIONS
from wandb_tui.ui.input.key_map import KeyMap

TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PAGES}
COMMANDS_PAGE, SETTINGS_PAGE = TEXTS["docs/commands.md"], TEXTS["docs/settings.md"]
MAX_README_LINES = 150


def anchors(text):
    """The addresses within a page: GitHub and mkdocs make them of its headings in the same way."""
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("page", TEXTS)
def test_the_tables_are_the_ones_of_the_program(page):
    assert filled(TEXTS[page]) == TEXTS[page], "python -m tests.doc_tables writes them"


def test_every_table_stands_somewhere_and_every_action_in_one_of_them():
    assert {block["name"] for text in TEXTS.values() for block in BLOCK.finditer(text)} == set(TABLES)
    assert {action.where for action in ACTIONS} == {*SCREENS, *DIALOGS}


def test_the_readme_is_short():
    assert len(TEXTS["README.md"].splitlines()) <= MAX_README_LINES


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", TEXTS[page]):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("name", SHOWN)
def test_every_command_is_described(name):
    assert f"`wandb-tui {name}" in COMMANDS_PAGE


def test_every_option_that_is_described_exists():
    described = set(re.findall(r"`(--[a-z-]+)", "\n".join(TEXTS.values()))) - {
        "--help",
        "--fix",
        "--unlock",
        "--signal",
    }
    known = {option for command in COMMANDS.values() for param in command.params for option in param.opts}
    assert described <= known


def test_runs_from_stdin_are_described():
    assert "wandb-tui wait - " in COMMANDS_PAGE
    assert '"-"' in COMMANDS["wait"].help


def test_every_setting_is_in_the_example_with_its_default(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text(re.search(r"```toml\n(.*?)```", SETTINGS_PAGE, re.DOTALL)[1])
    described = tomllib.loads(file.read_text())
    assert set(described) == set(Settings.__dataclass_fields__)
    assert set(described["notify"]) == set(Notify.__dataclass_fields__)
    assert set(described["hooks"]) == set(HookCommands.__dataclass_fields__)
    loaded, default = Settings.load(file), Settings()
    assert KeyMap(dict(loaded.keys)).complaints == []
    without = {"host", "entity", "project", "keys", "commands", "views"}
    assert {name for name in described if getattr(loaded, name) != getattr(default, name)} == without
