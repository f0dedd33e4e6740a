"""The package's structure: no import cycle, and names that are unique and plain."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

import wandb_tui
from wandb_tui import sandbox

PACKAGE = Path(wandb_tui.__file__).parent
ROOT = PACKAGE.parent

# Imports that are written as text, which no tool sees: a module, and those that it imports by name.
IMPORTS_BY_TEXT = {
    "wandb_tui": set(wandb_tui._HOMES),
    "wandb_tui.sandbox": {f"wandb_tui.sandbox.{home}" for home in sandbox._HOMES.values()},
    # Packages of others.
    "wandb_tui.core.optional_package": set(),
}
# The package itself only hands on public names, and nothing in it imports them from there.
FACADES = {"wandb_tui"}

# Public, one for each training library.
NAMED_ALIKE = {"HistoryCallback"}

# Nouns that look like verb forms.
NOUNS = {
    "listing", "listings", "paging", "rendering", "wiring", "wrapping",
    # The work that users of these libraries do.
    "_training", "lightning",
}  # fmt: skip
NO_NOUNS = {"here", "late", "way", "leave", "apart", "away", "soon", "once", "again", "decide", "look", "go", "move"}

# Names of the first version that mean nothing else.
OLD_NAMES = {
    "ABSENT", "CameOf", "Cautions", "Clinic", "Crew", "DressedApp", "Drawn", "Habit", "KeptRun", "LateServices",
    "LogRows", "Mend", "OnDisk", "OneHand", "SleepGauge", "SleepGuard", "Starter", "THERE", "TROUBLE",
    "WithRuns", "_strain", "applied_to", "gauge", "keeper", "keepers", "take_visit_wish", "typeahead",
}  # fmt: skip
OLD_MODULES = {
    "adding", "answer", "answers", "arrangement", "artifacts", "asked", "bridge", "cautions", "children", "clinic",
    "commands", "countdown", "daemon", "decide", "entrance", "habit", "hand", "handover", "hearing", "here", "jobs",
    "keeper", "kept", "late", "leave", "look", "looking", "marks", "misbehaviour", "moves", "outcomes", "pasted",
    "patience", "questions", "record", "scrub", "seconds", "sequences", "shared", "shares", "shell", "signing",
    "sleeping", "threads", "typeahead", "waiting", "watch", "watched", "way", "wish", "words", "world",
}  # fmt: skip


def python_files(*folders):
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def trees():
    return {path: ast.parse(path.read_text()) for path in python_files("wandb_tui")}


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_no_module_imports_itself_in_a_circle():
    graph = grimp.build_graph("wandb_tui", exclude_type_checking_imports=False, cache_dir=None)
    for importer, imported in IMPORTS_BY_TEXT.items():
        for module in imported - FACADES:
            assert module in graph.modules, module
            graph.add_import(importer=importer, imported=module)
    # A package's __init__ runs before its modules do, but needs only what it imports itself.
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules - FACADES}
    try:
        list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


def test_every_import_by_text_is_listed():
    found = defaultdict(list)
    for path, tree in trees().items():
        for node in ast.walk(tree):
            name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
            if name in {"import_module", "__import__"}:
                found[module_of(path)].append(ast.unparse(node))
    assert set(found) == set(IMPORTS_BY_TEXT), dict(found)


def test_each_class_name_is_unique():
    # One class inside another has its name: `FindBar.Changed`, as Textual's own `Input.Changed`.
    places = defaultdict(list)
    for path, tree in trees().items():
        for node in tree.body:
            for part in ast.walk(node) if isinstance(node, ast.If) else [node]:
                if isinstance(part, ast.ClassDef):
                    places[part.name].append(module_of(path))
    assert {name: modules for name, modules in places.items() if len(modules) > 1 and name not in NAMED_ALIKE} == {}


def test_modules_are_named_by_nouns():
    names = {path.stem for path in python_files("wandb_tui")}
    verbs = {name for name in names if re.search(r"(ing|[^e]ed|ly)$", name)}
    assert verbs | (names & NO_NOUNS) <= NOUNS
    assert names & OLD_MODULES == set()


def test_no_name_of_the_first_version_is_left():
    old = re.compile(rf"\b({'|'.join(sorted(OLD_NAMES))})\b")
    found = {
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in python_files("wandb_tui", "tests", "examples", "screenshots")
        if path != Path(__file__)
        for line in path.read_text().splitlines()
        if old.search(line)
    }
    assert not found
