"""The commands and snippets of the README and of ``docs/``, and how the tests run each."""

import re

import pytest

from tests.doc_tables import PAGES, ROOT

# Run elsewhere, as they need more than a server and a home.
ELSEWHERE = {
    "-m tests": "CI is this command",
    "wandb-tui demo --yes": "test_story.py",
    "login --window": "test_sign_in_window.py and test_commands.py",
    "wandb-tui login": "test_story_sign_in.py",
}
INSTALL = re.compile(r"^(uv tool|pipx) install \S+$")
DASHBOARD = re.compile(r"^wandb-tui lab/")


def fenced(page, language):
    """The blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def blocks(language):
    """The distinct blocks in a language, with a readable id each."""
    found = {}
    for page in PAGES:
        for text in fenced(page, language):
            found.setdefault(text, f"{page.relative_to(ROOT).with_suffix('')}-{len(found)}")
    return [pytest.param(text, id=name) for text, name in found.items()]


def lines(text):
    """The commands of a block, without comments."""
    return [line for line in re.sub(r"(^|  )#.*", "", text, flags=re.MULTILINE).splitlines() if line]


def kind(text):
    """The way in which a block is run."""
    if any(part in text for part in ELSEWHERE):
        return "elsewhere"
    if all(INSTALL.match(line) for line in lines(text)):
        return "install"
    return "dashboard" if any(DASHBOARD.match(line) for line in lines(text)) else "script"


SHELL = blocks("sh")


def shell(wanted):
    """The shell blocks that are run in one way."""
    return [block for block in SHELL if kind(block.values[0]) == wanted]
