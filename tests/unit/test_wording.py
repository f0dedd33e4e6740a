"""The words that users read: plain idiomatic English, one kind of quotation marks, and no private vocabulary.

Docstrings begin with what a thing is or does, not with a question word in place of a noun.
"""

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.unit.commands import COMMANDS
from wandb_tui.cli import cli
from wandb_tui.ui.input.actions import ACTIONS

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path.relative_to(ROOT) for path in (ROOT / "wandb_tui").rglob("*.py"))
DOCUMENTED = ("wandb_tui", "tests", "examples", "screenshots")
PAGES = [ROOT / "README.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PUZZLING = re.compile(
    r"\b(whoever|somebody|nobody|anew|be it|mend(s|ed)?|goes on|went on|gone on|told|tells|in vain|no longer those"
    r"|brings? back|forgets?|forgotten|is kept|are kept|was kept|cannot be kept|drop it|none of it|folder of its own"
    r"|what it (was|is) given|asks? again|is no (command|state|goal|file|address)|wants (an?|to)"
    r"|again and again|does not let us|come to nothing)\b",
    re.IGNORECASE,
)
# At the beginning of a docstring; there, or at that of a sentence or an entry in it; anywhere. Questions may begin so.
NO_NOUN = re.compile(
    r'(?:(?:\A|""")(?:Which|Whose|Why|How)|(?:\A|"""|[.:]\s+)(?:What|Who))\b[^.?]*(?:\.|\Z)'
    r"|(?i:\b(?:somebody|nobody|whoever)\b)"
)
# Words of other programs and services, which are matched or quoted as they are.
QUOTED = {"phrases.py", "probe_query.py", "page_view.py", "fork.py", "schema.py"}


def literals(path):
    """The texts of a source file that are not docstrings; expressions in them become “…”."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    bodies = [node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list)]
    skipped = {stmt.value for body in bodies for stmt in body if isinstance(stmt, ast.Expr)}
    skipped |= {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def docstrings(path):
    """The docstrings of a file, also of attributes and constants; none where no word of it is suspicious."""
    source = path.read_text(encoding="utf-8")
    # Only then: to parse all files takes seconds.
    statements = ast.walk(ast.parse(source)) if NO_NOUN.search(source) else ()
    values = [stmt.value for stmt in statements if isinstance(stmt, ast.Expr)]
    return [one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def is_sentence(text):
    return len(re.findall(r"\b[A-Za-z]{2,}\b", text)) > 2 and not re.search(r"[{}<>]|\bSELECT\b|\\b|\(\?", text)


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_sentences_in_the_sources(path):
    texts = [] if path.name in QUOTED else [text for text in literals(path) if is_sentence(text)]
    assert [text for text in texts if PUZZLING.search(text)] == []
    assert [text for text in texts if re.search(r"(?<!\w)'[A-Za-z …]+'(?!\w)", text)] == [], "quotation marks are “ ”"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sentences_in_the_pages(page):
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if PUZZLING.search(line)] == []


@pytest.mark.parametrize("command", ["", *COMMANDS], ids=lambda name: name or "wandb-tui")
def test_the_help_of_each_command(command):
    shown = CliRunner().invoke(cli, [command, "--help"] if command else ["--help"], terminal_width=100).output
    assert shown.startswith("Usage:")
    assert PUZZLING.findall(shown) == []


def test_each_action_is_explained_in_one_sentence():
    for action in ACTIONS:
        assert re.fullmatch(r"[A-Z][^\n]*\.|[^.]*/regex/\.", action.help), action.help
        assert not PUZZLING.search(action.help), action.help


@pytest.mark.parametrize("folder", DOCUMENTED)
def test_docstrings_begin_with_a_noun_or_a_verb(folder):
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths
    odd = {path.relative_to(ROOT): [text for text in docstrings(path) if NO_NOUN.search(text)] for path in paths}
    assert {str(path): texts for path, texts in odd.items() if texts} == {}
