"""The library's reference: every public name is on the page, documented, typed, with its units and its errors."""

import ast
import re
import textwrap
from functools import cache
from pathlib import Path

import pytest
import yaml

import wandb_tui

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
BUILD = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
# Left out of the page: for this package's own use, or Python's.
INSIDE = {"args", "of", "judge", "describe", "describe_warning", "warnings", "enough_logged", "needs_coverage", "rule"}
# Their bases are not public, so what they inherit would otherwise be on no page.
WITH_INHERITED = {"Event", "MonitorGroup"}
SECONDS = re.compile(r"timeout|max_wait_time|check_interval|wait_time|elapsed|next_(check|probe)")


@cache
def package():
    import griffe

    loader = griffe.GriffeLoader(search_paths=[ROOT])
    found = loader.load("wandb_tui")
    loader.resolve_aliases(implicit=False, external=False)
    return found


def public_names():
    """Every public name by its path: the package's own, and those of the integrations."""
    yield from (f"wandb_tui.{name}" for name in wandb_tui.__all__ if not name.startswith("__"))
    # Read from the source: all tests are collected by each worker, and griffe takes a second to load the package.
    for source in (ROOT / "wandb_tui" / "integrations").glob("[!_]*.py"):
        for node in ast.parse(source.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                yield f"wandb_tui.integrations.{source.stem}.{node.name}"


NAMES = sorted(public_names())


def public(path):
    found = package()[path.removeprefix("wandb_tui.")]
    return found.final_target if found.is_alias else found


def members(thing):
    """The public methods, properties and attributes of a class, the inherited ones too that the page shows."""
    for name, member in all_members(thing).items():
        if not name.startswith("_") and name not in INSIDE and not member.is_alias:
            yield name, member


def all_members(thing):
    inherited = thing.inherited_members if thing.name in WITH_INHERITED else {}
    return {name: member.final_target for name, member in inherited.items()} | thing.members


def callables(path):
    """The callables of a public name: a function, or a class's making and its public methods; by name."""
    thing = public(path)
    if thing.is_function:
        yield path, thing
    elif thing.is_class:
        made = all_members(thing).get("__init__")
        if made is not None and made.docstring:
            yield f"{path}.__init__", made
        yield from ((f"{path}.{name}", member) for name, member in members(thing) if member.is_function)


def sections(thing, kind):
    """The entries of a docstring's section of that kind, by name."""
    for section in thing.docstring.parse("google") if thing.docstring else ():
        if section.kind.value == kind:
            for entry in section.value:
                yield (str(entry.annotation) if kind == "raises" else entry.name), entry.description


def text(thing):
    return thing.docstring.value.strip() if thing.docstring else ""


def summary(path):
    return re.split(r"(?<=\.)\s", text(public(path)), maxsplit=1)[0].replace("\n", " ")


def names_table():
    rows = [f"| `{path.removeprefix('wandb_tui.')}` | {summary(path)} |" for path in NAMES]
    return "\n".join(["| name | what it is |", "| --- | --- |", *rows])


def test_the_page_lists_every_public_name():
    shown = re.search(r"<!-- names -->\n(.*?)\n?<!-- /names -->", PAGE, re.DOTALL)
    assert shown[1] == names_table()
    assert sorted(re.findall(r"^::: (\S+)$", PAGE, re.MULTILINE)) == NAMES


def test_what_is_left_out_of_the_page_is_known():
    options = BUILD["plugins"][1]["mkdocstrings"]["handlers"]["python"]["options"]
    assert set(options["filters"]) == {"!^_", *(f"!^{name}$" for name in INSIDE)}


@pytest.mark.parametrize("path", NAMES)
def test_it_is_documented_and_so_is_all_that_is_public_of_it(path):
    thing = public(path)
    assert text(thing)
    described = dict(sections(thing, "attributes")) if thing.is_class else {}
    for name, member in members(thing) if thing.is_class else ():
        doc = text(member) or described.get(name, "")
        assert doc, f"{path}.{name} has no docstring"
        if member.is_attribute and not str(thing.bases).count("Enum"):
            assert member.annotation is not None, f"{path}.{name} is not typed"
        if member.is_attribute and SECONDS.fullmatch(name):
            assert "second" in doc.lower(), f"{path}.{name} is in seconds, and does not say so"


def test_what_a_class_inherits_is_documented_where_it_is_defined_and_on_the_page():
    assert {"run", "state", "elapsed", "error", "time"} <= public("wandb_tui.Event").inherited_members.keys()
    assert {"__init__", "add", "cancel", "results"} <= public("wandb_tui.MonitorGroup").inherited_members.keys()
    for cls in WITH_INHERITED:
        for name, member in public(f"wandb_tui.{cls}").inherited_members.items():
            assert name.startswith("_") or text(member.final_target), f"{cls}.{name} has no docstring"
    shown = re.findall(r"^::: wandb_tui\.(\w+)\n +options:\n +inherited_members: true$", PAGE, re.MULTILINE)
    assert set(shown) == WITH_INHERITED


@pytest.mark.parametrize("path", NAMES)
def test_what_can_be_called_tells_types_units_and_errors(path):
    for name, called in callables(path):
        described = dict(sections(called, "parameters"))
        assert called.returns is not None, f"{name} does not say what it returns"
        for parameter in called.parameters:
            if parameter.name in {"self", "cls"} or (
                parameter.kind.name.startswith("var") and "object" in str(parameter.annotation)
            ):
                continue
            assert parameter.annotation is not None, f"{name}: {parameter.name} is not typed"
            doc = described.get(parameter.name.lstrip("*"), "")
            doc = doc or (text(called) if f"`{parameter.name}`" in text(called) else "")
            assert doc, f"{name}: {parameter.name} is not described"
            if SECONDS.fullmatch(parameter.name):
                assert "second" in doc.lower(), f"{name}: {parameter.name} is in seconds, and does not say so"
        undocumented = set(raised(called)) - dict(sections(called, "raises")).keys()
        assert not undocumented, f"{name} raises {undocumented}, and does not say so"


@pytest.mark.parametrize("path", NAMES)
def test_the_types_that_it_names_are_public(path):
    known = {name.rpartition(".")[2] for name in NAMES} | {"Wiring", "WandbTuiError"}
    for name, called in callables(path):
        words = " ".join(str(part) for part in [called.returns, *(p.annotation for p in called.parameters)])
        ours = {word for word in re.findall(r"[A-Z]\w+", words) if is_ours(called, word)}
        assert ours <= known, f"{name} names {ours - known}"


def is_ours(called, word):
    import griffe

    try:
        return str(called.resolve(word)).startswith("wandb_tui.")
    except griffe.NameResolutionError:
        return False


def raised(called):
    """The errors that a function's own body raises by name."""
    lines = called.filepath.read_text(encoding="utf-8").splitlines()[called.lineno - 1 : called.endlineno]
    for node in ast.walk(ast.parse(textwrap.dedent("\n".join(lines)))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            yield node.exc.func.id
